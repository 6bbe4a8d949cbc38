import { creation, taskEnd } from '../../lib/cli/one-off-service';
import { Task, TaskSpec } from '../../lib/cli/swarm-tasks';

const STACK = { namespace: 'shop', path: 'shop', owner: '' };
const WHOLE: TaskSpec = {
  ContainerSpec: {
    Image: 'registry:5000/shop@sha256:0f',
    Labels: { 'org.cdktf-django.path': 'shop/Shop/App/Server' },
    Command: ['python', "/run/it's/launch.py"],
    Env: ['GREETING=a "b", c', 'HOME=/tmp'],
    Dir: '/app',
    User: '10090:10090',
    Groups: ['10081'],
    ReadOnly: true,
    Init: true,
    CapabilityDrop: ['ALL'],
    CapabilityAdd: ['CAP_CHOWN'],
    StopSignal: 'SIGINT',
    StopGracePeriod: 30_000_000_000,
    Healthcheck: { Test: ['CMD', 'true'] },
    Mounts: [
      { Type: 'volume', Source: 'shop-media', Target: '/media', ReadOnly: true },
      { Type: 'bind', Source: '/mnt/a,b', Target: '/b' },
      { Type: 'tmpfs', Target: '/tmp', TmpfsOptions: { SizeBytes: 1024, Mode: 0o1777 } },
    ],
    Configs: [{ ConfigName: 'shop-launch', File: { Name: '/run/launch.py', UID: '0', GID: '0', Mode: 0o444 } }],
    Secrets: [{ SecretName: 'shop-key', File: { Name: '/run/secrets/key/value', UID: '0', GID: '10081', Mode: 0o440 } }],
  },
  Resources: { Limits: { MemoryBytes: 134217728, NanoCPUs: 500_000_000 } },
  Placement: { Constraints: ['node.hostname == beta'] },
  Networks: [{ Target: 'net1' }, { Target: 'net2' }],
  LogDriver: { Name: 'json-file', Options: { 'max-size': '10m' } },
};

const BEGINNING = [
  ...['--detach', '--quiet', '--name', 'shop-run-1', '--restart-condition', 'none', '--endpoint-mode', 'dnsrr', '--no-healthcheck'],
  ...['--no-resolve-image', '--with-registry-auth', '--label', 'org.cdktf-django.namespace=shop'],
  ...['--label', 'org.cdktf-django.path=shop/Shop/App/Run', '--label', 'org.cdktf-django.one-off=run'],
];

test('a service of run has all that the app has, and is none of its servers', () => {
  expect(creation(STACK, 'Shop/App', WHOLE, ['sh', '-c', 'echo "a b"'], { name: 'shop-run-1' })).toEqual([
    ...BEGINNING,
    ...['--env', 'GREETING=a "b", c', '--env', 'HOME=/tmp', '--user', '10090:10090', '--workdir', '/app', '--group', '10081'],
    ...['--read-only', '--init', '--cap-drop', 'ALL', '--cap-add', 'CAP_CHOWN'],
    ...['--mount', 'type=volume,source=shop-media,target=/media,readonly'],
    ...['--mount', 'type=bind,"source=/mnt/a,b",target=/b'],
    ...['--mount', 'type=tmpfs,target=/tmp,tmpfs-size=1024,tmpfs-mode=1777'],
    ...['--config', 'source=shop-launch,target=/run/launch.py,uid=0,gid=0,mode=0444'],
    ...['--secret', 'source=shop-key,target=/run/secrets/key/value,uid=0,gid=10081,mode=0440'],
    ...['--stop-signal', 'SIGINT', '--stop-grace-period', '30000000000ns', '--limit-memory', '134217728', '--limit-cpu', '0.500000000'],
    ...['--constraint', 'node.hostname == beta', '--network', 'net1', '--network', 'net2'],
    ...['--log-driver', 'json-file', '--log-opt', 'max-size=10m'],
    ...['--entrypoint', `'python' '/run/it'\\''s/launch.py'`, 'registry:5000/shop@sha256:0f', '--', 'sh', '-c', 'echo "a b"'],
  ]);
});

test('what an app has not, it has not either; memory may be another', () => {
  const spec: TaskSpec = { ContainerSpec: { Image: 'shop' } };
  expect(creation(STACK, 'Shop/App', spec, ['true'], { name: 'shop-run-1', memory: '2g' })).toEqual([
    ...BEGINNING,
    ...['--limit-memory', '2g', 'shop', '--', 'true'],
  ]);
});

function task(State: string, { DesiredState = 'shutdown', code, Err }: { DesiredState?: string; code?: number; Err?: string } = {}): Task {
  const ContainerStatus = code === undefined ? undefined : { ExitCode: code };
  return { ID: 't', CreatedAt: '', ServiceID: 's', DesiredState, Spec: WHOLE, Status: { Timestamp: '', State, Err, ContainerStatus } };
}

test.each([
  ['complete', task('complete', { code: 0 }), { code: 0 }],
  ['failed', task('failed', { code: 3, Err: 'task: non-zero exit (3)' }), { code: 3 }],
  ['failed before it had a container', task('failed', { Err: 'starting container failed' }), { reason: 'starting container failed' }],
  ['rejected', task('rejected', { Err: 'No such image: shop' }), { reason: 'No such image: shop' }],
  ['orphaned', task('orphaned'), { reason: 'its task is in state "orphaned"' }],
  ['on a lost node', task('running'), { reason: 'its node was lost, or taken out of service, while it ran' }],
  ['running', task('running', { DesiredState: 'running' }), undefined],
  ['waiting', task('pending', { DesiredState: 'running', Err: 'no suitable node' }), undefined],
])('a task that is %s', (_state, one, end) => expect(taskEnd(one)).toEqual(end));
