import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchmark, benchmarkTable, CHECKS, Subject } from '../e2e/support/container-benchmark';
import { Inspected } from '../e2e/support/inspected';
import { root } from './snippets';

type Host = Partial<Inspected['HostConfig']>;

const secure = { appArmor: true, seccomp: true };

/** A server that passes all checks without an exception, but for what is planted. */
function subject(
  planted: { readonly host?: Host; readonly container?: Partial<Inspected>; readonly processes?: string[]; readonly path?: string } = {},
): Subject {
  const container: Inspected = {
    Name: '/shop-web',
    AppArmorProfile: 'docker-default',
    Config: {
      User: '10090:10090',
      Image: `sha256:${'0'.repeat(64)}`,
      Labels: { 'org.cdktf-django.path': `shop/${planted.path ?? 'Web'}` },
      Healthcheck: { Test: ['CMD', 'true'] },
    },
    State: { Status: 'running', StartedAt: '2026-01-01T00:00:00Z', Health: { Status: 'healthy' } },
    Mounts: [{ Type: 'volume', Source: '/var/lib/docker/volumes/x/_data', Destination: '/data', RW: true, Propagation: '' }],
    NetworkSettings: { Networks: { 'shop-edge': {} } },
    ...planted.container,
    HostConfig: {
      Binds: null,
      CapAdd: null,
      CapDrop: ['ALL'],
      CgroupParent: '',
      CpuPeriod: 100000,
      CpuQuota: 50000,
      CpuShares: 0,
      DeviceRequests: null,
      Devices: [],
      Init: true,
      IpcMode: 'private',
      LogConfig: { Type: 'json-file', Config: {} },
      Memory: 1 << 27,
      MemorySwap: 1 << 27,
      NetworkMode: 'bridge',
      PidMode: '',
      PidsLimit: 100,
      PortBindings: {},
      Privileged: false,
      ReadonlyRootfs: true,
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 5 },
      SecurityOpt: ['no-new-privileges:true'],
      Tmpfs: {},
      Ulimits: null,
      UsernsMode: '',
      UTSMode: '',
      ...planted.host,
    },
  };
  return { container, processes: planted.processes ?? ['python -m gunicorn'] };
}

const failing = (one: Subject, security = secure) =>
  benchmark([one], security)
    .filter(({ failures }) => failures.length > 0)
    .map(({ check }) => check.id);

const mount = (more: object) => ({
  container: { Mounts: [{ Type: 'volume', Source: '/x', Destination: '/data', RW: true, Propagation: '', ...more }] },
});
const published = (port: string, HostIp: string, HostPort: string) => ({ host: { PortBindings: { [port]: [{ HostIp, HostPort }] } } });
const configured = (more: object) => ({ container: { Config: { ...subject().container.Config, ...more } } });

const faults: [id: string, planted: Parameters<typeof subject>[0], others?: string[]][] = [
  ['5.1', { container: { AppArmorProfile: '' } }],
  ['5.1', { container: { AppArmorProfile: 'unconfined' } }],
  ['5.1', { host: { SecurityOpt: ['no-new-privileges:true', 'apparmor=unconfined'] } }],
  ['5.2', { host: { SecurityOpt: ['no-new-privileges:true', 'label=disable'] } }],
  ['5.3', { host: { CapAdd: ['CAP_NET_ADMIN'] } }],
  ['5.3', { host: { CapDrop: null } }],
  ['5.4', { host: { Privileged: true } }],
  ['5.5', { host: { Binds: ['/srv:/srv:ro'] } }],
  ['5.5', mount({ Type: 'bind', Source: '/etc' })],
  ['5.6', { processes: ['1 /sbin/docker-init', '7 /usr/sbin/sshd -D'] }],
  ['5.7', published('8080/tcp', '127.0.0.1', '80'), ['5.8']],
  ['5.7', published('80/tcp', '127.0.0.1', '8080'), ['5.8']],
  ['5.8', published('8080/tcp', '127.0.0.1', '8080')],
  ['5.9', { host: { NetworkMode: 'host' } }],
  ['5.10', { host: { Memory: 0 } }],
  ['5.10', { host: { MemorySwap: -1 } }],
  ['5.11', { host: { CpuQuota: 0 } }],
  ['5.12', { host: { ReadonlyRootfs: false } }],
  ['5.13', published('8080/tcp', '0.0.0.0', '8080'), ['5.8']],
  ['5.13', published('8080/tcp', '', '8080'), ['5.8']],
  ['5.14', { host: { RestartPolicy: { Name: 'always', MaximumRetryCount: 0 } } }],
  ['5.15', { host: { PidMode: 'host' } }],
  ['5.16', { host: { IpcMode: 'shareable' } }],
  ['5.17', { host: { Devices: [{}] } }],
  ['5.18', { host: { Ulimits: [{}] } }],
  ['5.19', mount({ Propagation: 'rshared' })],
  ['5.20', { host: { UTSMode: 'host' } }],
  ['5.21', { host: { SecurityOpt: ['no-new-privileges:true', 'seccomp=unconfined'] } }],
  ['5.24', { host: { CgroupParent: '/other' } }],
  ['5.25', { host: { SecurityOpt: ['no-new-privileges:false'] } }],
  ['5.26', configured({ Healthcheck: undefined })],
  ['5.26', { container: { State: { ...subject().container.State, Health: { Status: 'unhealthy' } } } }],
  ['5.27', configured({ Image: 'nginx:latest' })],
  ['5.29', { container: { NetworkSettings: { Networks: { bridge: {} } } } }],
  ['5.30', { host: { UsernsMode: 'host' } }],
  ['5.31', mount({ Source: '/var/run/docker.sock' })],
];

test('a container in which all is well passes', () => expect(failing(subject())).toEqual([]));

test.each(faults)('a fault is found by check %s alone (%#)', (id, planted, others = []) =>
  expect(failing(subject(planted))).toEqual([id, ...others].sort((one, other) => Number(one.slice(2)) - Number(other.slice(2)))),
);

test('each check finds one, but for the one that nobody passes', () => {
  expect(CHECKS.map(({ id }) => id).filter((id) => !faults.some(([known]) => known === id))).toEqual(['5.28']);
  expect(benchmark([subject({ host: { PidsLimit: null } })], secure).find(({ check }) => check.id === '5.28')!.needed).toHaveLength(1);
});

test('what the engine lacks is not asked of a container, but for seccomp', () => {
  expect(failing(subject({ container: { AppArmorProfile: '' } }), { appArmor: false, seccomp: true })).toEqual([]);
  expect(failing(subject(), { appArmor: true, seccomp: false })).toEqual(['5.21']);
});

test('an exception covers whom it names, and is in the table when somebody needs it', () => {
  const unlimited = { host: { CpuQuota: 0 } };
  const proxy = subject({ ...unlimited, path: 'Proxy/Server' });
  const server = { RestartPolicy: { Name: 'unless-stopped', MaximumRetryCount: 0 } };
  expect(failing(proxy)).toEqual([]);
  expect(failing(subject({ ...published('8080/tcp', '127.0.0.1', '8080'), path: 'Proxy/Server' }))).toEqual([]);
  expect(failing(subject({ host: server }))).toEqual([]);
  const [needed, other] = [benchmarkTable(benchmark([proxy], secure)), benchmarkTable(benchmark([subject()], secure))];
  expect(needed).toContain('| holds, but for the database, the proxy, the file server: ');
  expect(other).not.toContain('but for');
  expect(benchmarkTable(benchmark([subject(unlimited)], secure))).toContain('does not hold: 5.11 Web: no limit');
});

test('nothing that people are told to do is a docker exec as root or with privileges', () => {
  const pages = ['README.md', 'docs/containers.md', 'lib/postgres/postgres-db.ts', 'lib/django/scheduled-command.ts', 'bin/shop-stack.ts'];
  const commands = pages.flatMap((page) => readFileSync(join(root, page), 'utf8').match(/docker exec [^`\n]+/g) ?? []);
  expect(commands.length).toBeGreaterThan(3);
  expect(commands.filter((command) => /\s(--privileged|--user|-u)\b/.test(command))).toEqual([]);
});
