import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerImage, GunicornApp, NginxProxy, Size } from '../../lib';
import { Attack, Attackers, Experience, Victim } from './support/attackers';
import { AttackFinding, writeAttackReport } from './support/attack-report';
import { Build, Deployment, stack } from './support/deployment';
import { engine } from './support/docker';
import { moment } from './support/load';
import { freePort } from './support/port';

// What is done to a site by one address must not be noticed at another one. The proxy is on its defaults; attackers and client are in containers of the test's own
// network. `npm test` attacks with less and for a shorter time; `CDKTF_DJANGO_ATTACK=long npm run e2e -- attack` with all, and writes its figures.
const LONG = process.env.CDKTF_DJANGO_ATTACK === 'long';
const SECONDS = LONG ? 30 : 5;
const COUNTS = LONG ? { headers: 10_000, bodies: 2000, readers: 2000 } : { headers: 2000, bodies: 600, readers: 600 };
/** Requests a second that are allowed by default, more than fifty times that, and how many more are allowed at once. */
const RATE = 50;
const FLOOD = 55 * RATE;
const BURST = 200;
/** The client may get the address that the attackers had, of which everything has been asked. */
const REFILL_SECONDS = 2;
/** What a good client may notice. */
const MORE_MILLISECONDS = 20;
const HOST = 'shop.localhost';
/** One that is nobody else's (RFC 4193). */
const PREFIX = `fd${randomBytes(5).toString('hex')}`.replace(/^(....)(....)(....)$/, '$1:$2:$3');
const UPLOAD = 90 * 1024 * 1024;

const APP = `
LARGE = b"x" * (1 << 20)


def app(environ, start_response):
    if environ["PATH_INFO"] == "/large":
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(4 * len(LARGE)))])
        return [LARGE] * 4
    size = 0
    while part := environ["wsgi.input"].read(1 << 16):
        size += len(part)
    body = b"here\\n" if size == 0 else f"{size} bytes\\n".encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
`;

const deployment = new Deployment('attack');
const project = join(mkdtempSync(join(tmpdir(), 'cdktf-django-attack-')), 'target');
const found: AttackFinding[] = [];
let attackers: Attackers;
let proxy: Victim;
let overIpv6: Victim;
let small: Victim;
let gunicorn: Victim;

function build(port: number, smallPort: number): Build {
  return stack((made) => {
    const target = new GunicornApp(made, 'Target', {
      image: ContainerImage.fromPythonProject(project, { withoutRequirements: true }),
      module: 'app:app',
      replicas: 1,
      workers: 2,
    });
    new NginxProxy(made, 'Proxy', { address: '127.0.0.1', httpPort: port, ipv6: { subnet: `${PREFIX}::/48`, address: '::1' } }).addRoute({
      host: HOST,
      target,
    });
    const less = new NginxProxy(made, 'Small', { address: '127.0.0.1', httpPort: smallPort, memory: Size.mebibytes(128) });
    less.addRoute({ host: HOST, target, maxBodySize: Size.mebibytes(100) });
  });
}

beforeAll(async () => {
  mkdirSync(project);
  writeFileSync(join(project, 'app.py'), APP);
  deployment.deploy(build(await freePort(), await freePort()));
  const { namespace } = deployment;
  const [app] = deployment.containers('Target/Server');
  attackers = new Attackers(namespace, engine('inspect', app, '--format', '{{.Image}}'));
  const of = (what: string) =>
    engine('inspect', `${namespace}-proxy-server`, '--format', `{{range $name, $network := .NetworkSettings.Networks}}{{${what}}}{{end}}`);
  proxy = { host: `${namespace}-proxy-server`, network: of('$name'), port: 8080, name: HOST };
  overIpv6 = { ...proxy, host: of('$network.GlobalIPv6Address'), port: 8082, prefix: PREFIX };
  small = { ...proxy, host: `${namespace}-small-server`, network: `${namespace}-small-edge` };
  gunicorn = { ...proxy, host: app, port: 8000 };
});

afterAll(() => {
  rmSync(join(project, '..'), { recursive: true, force: true });
  if (LONG) writeAttackReport(found);
  try {
    attackers?.remove();
  } finally {
    deployment.clean();
  }
});

/** What tells that a container, its nginx and its workers have not been restarted, nor been killed for their memory. */
function lives(container: string): string {
  const started = engine('inspect', container, '--format', '{{.State.StartedAt}} {{.RestartCount}} {{.State.OOMKilled}}');
  const processes = engine('top', container, '-o', 'pid,cmd').split('\n');
  return [started, ...processes.filter((line) => /nginx: (?:master|worker) process/.test(line))].join('\n');
}

/** The memory of a container, in MiB. */
function memory(container: string): number {
  return Number(engine('stats', '--no-stream', '--format', '{{.MemUsage}}', container).replace(/MiB.*$/, ''));
}

/** A client before and after an attack, and one during it. */
async function attacked(what: string, options: { kind: string; count: number; [name: string]: unknown }, victim = proxy) {
  const quietly = () => attackers.client(victim, Math.max(2, SECONDS / 3));
  const before = lives(proxy.host);
  const first = await quietly();
  const { attack, result } = await attackers.during(victim, options, async () => {
    // nginx closes what is too slow, and the attackers open it again.
    const held = connections();
    const client = await attackers.client(victim, SECONDS);
    return { client, connections: Math.max(held, connections()), mebibytes: memory(victim === gunicorn ? victim.host : proxy.host) };
  });
  expect(lives(proxy.host)).toBe(before);
  // What else the machine does meanwhile is no attack of ours.
  await moment(REFILL_SECONDS * 1000);
  const last = await quietly();
  const quiet = { requests: first.requests + last.requests, failures: [...first.failures, ...last.failures], p99: Math.max(first.p99, last.p99) };
  found.push({ what, attack, quiet, ...result });
  return { quiet, attack, ...result };
}

/** The connections that nginx has. */
function connections(): number {
  return Number(/Active connections: (\d+)/.exec(engine('exec', proxy.host, 'curl', '-s', 'http://127.0.0.1:8081/status'))![1]);
}

function expectUnnoticed({ quiet, client }: { quiet: Experience; client: Experience }): void {
  expect(quiet).toMatchObject({ failures: [] });
  expect(client).toMatchObject({ failures: [] });
  expect(client.requests).toBeGreaterThan(SECONDS * (LONG ? 20 : 5));
  expect(client.p99).toBeLessThanOrEqual(Math.max(2 * quiet.p99, quiet.p99 + MORE_MILLISECONDS));
}

const refused = (attack: Attack) => attack.statuses['429'] ?? 0;

describe.each([
  ['IPv4', () => proxy],
  ['IPv6', () => overIpv6],
])('over %s a good client does not notice', (family, victim) => {
  test('headers that do not end', async () => {
    const result = await attacked(`${COUNTS.headers} half-sent headers, ${family}`, { kind: 'headers', count: COUNTS.headers }, victim());
    expectUnnoticed(result);
    expect(result.connections).toBeGreaterThan(COUNTS.headers * 0.9);
  });

  test('slow bodies, of which most are refused', async () => {
    const result = await attacked(`${COUNTS.bodies} slow bodies, ${family}`, { kind: 'bodies', count: COUNTS.bodies }, victim());
    expectUnnoticed(result);
    expect(result.attack.most).toBe(COUNTS.bodies);
    expect(refused(result.attack)).toBeGreaterThan(COUNTS.bodies - 500);
  });

  test('slow readers of a large answer, of whom most are refused', async () => {
    const result = await attacked(`${COUNTS.readers} slow readers of 4 MiB, ${family}`, { kind: 'readers', count: COUNTS.readers }, victim());
    expectUnnoticed(result);
    expect(refused(result.attack)).toBeGreaterThan(COUNTS.readers - 500);
  });

  test('a flood of fifty times what one address may ask', async () => {
    const result = await attacked(`${FLOOD} requests a second, ${family}`, { kind: 'flood', count: 10, rate: FLOOD }, victim());
    expectUnnoticed(result);
    const { seconds, statuses } = result.attack;
    expect(Object.keys(statuses).sort()).toEqual(['200', '429']);
    expect(statuses[200]).toBeGreaterThan(BURST);
    expect(statuses[200]).toBeLessThanOrEqual(BURST + RATE * seconds + 1);
    expect(refused(result.attack)).toBeGreaterThan((LONG ? 50 : 4) * RATE * seconds);
  });
});

test('with IPv6, too, the plan is empty after the deploy', () => {
  expect(deployment.plan()).toEqual([]);
});

test('three uploads of 90 MB at once do not kill a proxy of 128 MB', async () => {
  const before = lives(small.host);
  const answers = await Promise.all([1, 2, 3].map(() => attackers.upload(small, UPLOAD)));
  for (const answer of answers) {
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toContain(`${UPLOAD} bytes\n`);
  }
  expect(lives(small.host)).toBe(before);
  const temporary = deployment.exec(small.host, 'sh', '-c', 'find /var/cache/proxy/temporary -type f | wc -l');
  expect(temporary).toBe('0');
});

if (LONG) {
  test('the same headers straight at Gunicorn are an outage', async () => {
    const { client } = await attacked('500 half-sent headers, straight at Gunicorn', { kind: 'headers', count: 500 }, gunicorn);
    expect(client.failures.length).toBe(client.requests);
  });

  test('headers that do not end, each as large as it may be, fit into the memory of the proxy, whose clients lose nothing', async () => {
    const result = await attacked(`${COUNTS.headers} half-sent headers of 14 KiB`, { kind: 'headers', count: COUNTS.headers, bytes: 14_000 });
    expect(result.client).toMatchObject({ failures: [] });
    // Half of the default.
    expect(result.mebibytes).toBeLessThan(512);
  });
}
