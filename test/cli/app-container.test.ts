import { appContainer, RUNTIME_PATH } from '../../lib/cli/app-container';
import { Container, containerOf, Inspected } from '../../lib/cli/engine-container';
import { EngineHome } from '../../lib/cli/engine-home';
import { EngineStack } from '../../lib/cli/engine-stack';
import { RUNTIME_PATH as OF_THE_APP } from '../../lib/gunicorn/gunicorn-app';

const labels = { namespace: 'shop', path: 'shop', owner: 'ours' };
const stack: EngineStack = { ...labels, name: 'shop', home: new EngineHome(labels, []), partial: false };
const LAUNCHER = ['python', '/run/cdktf-django/launch.py'];

interface Given {
  readonly health?: string;
  readonly status?: string;
  readonly django?: boolean;
  readonly entrypoint?: string[];
}

/** A container as far as it is looked at here. */
function container(
  path: string,
  name: string,
  { health = 'healthy', status = 'running', django = true, entrypoint = LAUNCHER }: Given = {},
): Container {
  return containerOf({
    Id: name,
    Name: `/${name}`,
    Created: '2026-11-24T12:00:00Z',
    State: { Status: status, Running: status === 'running', Health: { Status: health } },
    Config: {
      Env: ['HOME=/tmp', ...(django ? ['DJANGO_SETTINGS_MODULE=shop.settings'] : [])],
      Entrypoint: entrypoint,
      Labels: { 'org.cdktf-django.path': `shop/${path}` },
    },
    HostConfig: { RestartPolicy: { Name: /Release|Preflight/.test(path) ? 'no' : 'unless-stopped' } },
  } as unknown as Inspected);
}

const all = [
  container('Shop/App/Server', 'new', { health: 'starting' }),
  container('Shop/App/Server', 'old-2'),
  container('Shop/App/Server', 'old-1', { health: 'unhealthy' }),
  container('Shop/App/Release', 'release'),
  container('Shop/ClearSessions/Scheduler', 'clear-sessions'),
  container('Shop/Files/Server', 'files', { django: false, entrypoint: ['sh'] }),
  container('Db/Server', 'db', { django: false, entrypoint: ['sh'] }),
];
const flask = container('Hello/Server', 'hello', { django: false });
const find = (containers: Container[], system?: string, need = { django: true, running: true }) => appContainer(stack, containers, system, need).name;

test('the place of the programs is the one of the apps', () => expect(RUNTIME_PATH).toBe(OF_THE_APP));

test('on a worker of a Swarm, a container of a task is a server unless it is of a job', () => {
  const task = (path: string, labels: object) => {
    const { inspected } = container(path, 'c');
    const Labels = { ...inspected.Config.Labels, 'com.docker.swarm.task.id': 't', ...labels };
    return containerOf({
      ...inspected,
      Config: { ...inspected.Config, Labels },
      HostConfig: { ...inspected.HostConfig, RestartPolicy: { Name: '' } },
    });
  };
  const exited = { ...task('Shop/App/Server', {}), running: false, healthy: false };
  expect(() => find([exited])).toThrow('no container of Shop runs on this node of the Swarm; on a manager, cdktf-django status tells where one does');
  expect(task('Shop/App/Server', {})).toMatchObject({ server: true, system: 'Shop/App' });
  expect(task('Shop/App/Release', { 'org.cdktf-django.fingerprint': 'f' })).toMatchObject({ server: false, system: 'Shop/App/Release' });
});

test('a healthy server of the only project, before newer ones that are not, and never a job', () => {
  expect(find(all)).toBe('old-2');
  expect(find(all.filter(({ name }) => name !== 'old-2'))).toBe('new');
  expect(find([...all, flask])).toBe('old-2');
});

test('what is named is taken, a scheduled command among them', () => {
  expect(find(all, 'Shop')).toBe('old-2');
  expect(find(all, 'Shop/ClearSessions')).toBe('clear-sessions');
  expect(find([...all, flask], 'Hello', { django: false, running: true })).toBe('hello');
});

test('ASGI servers beside WSGI are a part of the project, taken when they are named', () => {
  const live = container('Shop/Live/App/Server', 'live');
  expect(find([live, ...all])).toBe('old-2');
  expect(find([live, ...all], 'Shop/Live')).toBe('live');
});

test('of several apps one has to be named', () => {
  expect(() => find([...all, container('Blog/App/Server', 'blog')])).toThrow(
    /^stack shop has several apps, say which one with --system: Blog, Shop$/,
  );
  expect(() => find([...all, flask], undefined, { django: false, running: true })).toThrow(/--system: Hello, Shop$/);
});

test('a name that there is not is refused with those that there are', () => {
  expect(() => find([...all, flask], 'Hello')).toThrow(/^there is no app "Hello" in stack shop, only Shop, Shop\/ClearSessions$/);
  expect(() => find([all[6]])).toThrow(/^stack shop has no container of a Django project on this engine; see cdktf-django status$/);
});

test('where none runs it says where to look, and a program of its own can do with one that has ended', () => {
  const ended = [container('Shop/App/Server', 'ended', { status: 'restarting' })];
  expect(() => find(ended)).toThrow(/^no container of Shop runs; the newest one, ended, is in state "restarting": cdktf-django logs Shop$/);
  expect(find(ended, undefined, { django: false, running: false })).toBe('ended');
});
