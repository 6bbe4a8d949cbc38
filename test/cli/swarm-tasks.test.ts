import { asContainers, requireHere, SwarmServiceInspected, Task } from '../../lib/cli/swarm-tasks';

const NODES = [
  { id: 'n1', name: 'alpha', here: true },
  { id: 'n2', name: 'beta', here: false },
];

function service(id: string, path: string, condition?: string): SwarmServiceInspected {
  const Labels = { 'org.cdktf-django.namespace': 'shop', 'org.cdktf-django.path': `shop/${path}` };
  return {
    ID: id,
    Spec: { Name: `shop-${id}`, Labels, TaskTemplate: { RestartPolicy: condition === undefined ? undefined : { Condition: condition } } },
  };
}

const APP = service('app', 'Shop/App/Server');
const JOB = service('release', 'Shop/App/Release', 'none');

interface Given extends Partial<Omit<Task, 'Spec' | 'Status'>> {
  readonly state?: string;
  readonly exitCode?: number;
}

function task({ state = 'running', exitCode = 0, ...more }: Given = {}): Task {
  const ID = more.ID ?? 't1';
  return {
    ...{ ID, CreatedAt: '2026-12-01T12:00:00Z', ServiceID: 'app', NodeID: 'n1', Slot: 1, DesiredState: 'running' },
    Spec: {
      ContainerSpec: {
        Image: 'registry:5000/shop@sha256:0f',
        Command: ['python', '/run/cdktf-django/launch.py'],
        Healthcheck: { Test: ['CMD', 'true'] },
        Mounts: [{ Type: 'volume', Source: 'shop-media', Target: '/media' }],
      },
    },
    Status: { Timestamp: '2026-12-01T12:00:09Z', State: state, ContainerStatus: { ContainerID: `c-${ID}`, ExitCode: exitCode } },
    ...more,
  };
}

test('the tasks of a server that are to run are its containers, wherever they are', () => {
  const [second, first] = asContainers([APP], [task(), task({ ID: 't2', Slot: 2, NodeID: 'n2', CreatedAt: '2026-12-01T12:00:01Z' })], NODES);
  expect(first).toMatchObject({ id: 'c-t1', name: 'shop-app.1', system: 'Shop/App', server: true, running: true, healthy: true });
  expect([first.task, second.task]).toEqual([
    { id: 't1', node: 'alpha', here: true },
    { id: 't2', node: 'beta', here: false },
  ]);
  expect(first.inspected).toMatchObject({
    Image: 'registry:5000/shop',
    RestartCount: 0,
    State: { Status: 'running', Health: { Status: 'healthy' }, StartedAt: '2026-12-01T12:00:09Z' },
    Config: { Entrypoint: ['python', '/run/cdktf-django/launch.py'] },
    Mounts: [{ Type: 'volume', Name: 'shop-media', Destination: '/media', RW: true }],
  });
});

test('what came before in a place counts as a start, where it failed and was not released', () => {
  const before = { Slot: 1, DesiredState: 'shutdown', CreatedAt: '2026-12-01T11:00:00Z' };
  const tasks = [
    task(),
    task({ ...before, ID: 't0', state: 'failed', exitCode: 1 }),
    task({ ...before, ID: 'old', state: 'shutdown' }),
    task({ ...before, ID: 'other', Slot: 2, state: 'failed' }),
  ];
  const found = asContainers([APP], tasks, NODES);
  expect(found.map(({ inspected, task: place }) => [place?.id, inspected.RestartCount])).toEqual([['t1', 1]]);
});

test('one that is to be ready waits after a failure, and is there', () => {
  const tasks = [
    task({ state: 'ready', DesiredState: 'ready' }),
    task({ ID: 't0', state: 'failed', DesiredState: 'shutdown', CreatedAt: '2026-12-01T11:00:00Z' }),
  ];
  const found = asContainers([APP], tasks, NODES);
  expect(found.map(({ task: place, running, inspected }) => [place?.id, running, inspected.State.Status, inspected.RestartCount])).toEqual([
    ['t1', false, 'ready', 1],
  ]);
});

test.each([
  ['starting', { status: 'starting', running: false }],
  ['pending', { status: 'pending', running: false }],
] as const)('a task that is %s does not run yet', (state, { status, running }) => {
  const [one] = asContainers([APP], [task({ state })], NODES);
  expect([one.inspected.State.Status, one.running, one.healthy, one.inspected.State.StartedAt]).toEqual([
    status,
    running,
    false,
    '0001-01-01T00:00:00Z',
  ]);
});

test('of a job its last task says how it ended', () => {
  const job = { ServiceID: 'release', DesiredState: 'shutdown', Slot: 1 };
  const tasks = [
    task({ ...job, ID: 'old', state: 'complete', CreatedAt: '2026-12-01T11:00:00Z' }),
    task({ ...job, ID: 'new', state: 'failed', exitCode: 3 }),
  ];
  const [one, ...others] = asContainers([JOB], tasks, NODES);
  expect(others).toEqual([]);
  expect(one).toMatchObject({ system: 'Shop/App/Release', server: false, task: { id: 'new' } });
  expect(one.inspected.State).toMatchObject({ Status: 'exited', ExitCode: 3, FinishedAt: '2026-12-01T12:00:09Z' });
});

test('of a job on several nodes each tells how it ended there', () => {
  const job = { ServiceID: 'release', DesiredState: 'shutdown', Slot: undefined };
  const tasks = [task({ ...job, ID: 'one', state: 'failed', exitCode: 1 }), task({ ...job, ID: 'two', NodeID: 'n2', state: 'complete' })];
  const found = asContainers([JOB], tasks, NODES);
  expect(found.map(({ name, inspected }) => [name, inspected.State.ExitCode]).sort()).toEqual([
    ['shop-release.alpha', 1],
    ['shop-release.beta', 0],
  ]);
});

test('on every node of a global service a task has the name of its node', () => {
  const found = asContainers([APP], [task({ Slot: undefined, NodeID: 'n2' })], NODES);
  expect(found.map(({ name }) => name)).toEqual(['shop-app.beta']);
});

test('a program is run on the node of the container alone', () => {
  const [here, there] = asContainers([APP], [task({ CreatedAt: '2026-12-01T13:00:00Z' }), task({ ID: 't2', NodeID: 'n2', Slot: 2 })], NODES);
  expect(() => requireHere(here, 'manage ...')).not.toThrow();
  expect(() => requireHere(there, 'manage ...')).toThrow(
    /^Shop\/App runs on node beta of the Swarm, and .+ can run programs in its own containers alone\. Ask that node: DOCKER_HOST=ssh:\/\/beta cdktf-django manage \.\.\.\. What needs neither a terminal nor an input can be run from a manager: cdktf-django run python -m django \.\.\.$/,
  );
});
