import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppOptions, ContainerImage, Duration, GunicornApp, NginxProxy, PostgresDb, RemovalPolicy, Size } from '../../lib';
import { Build, Deployment, stack } from './support/deployment';
import { engine } from './support/docker';
import { ask } from './support/http';
import { freePort } from './support/port';

// Every edit of a stack arrives in the process that it concerns, and replaces nothing else.
const deployment = new Deployment('edits');
const project = join(mkdtempSync(join(tmpdir(), 'cdktf-django-edits-')), 'hello');
let port: number;

interface Variant extends AppOptions {
  readonly healthInterval?: Duration;
  readonly extraPath?: string;
}

function build(variant: Variant): Build {
  return stack((made) => {
    new PostgresDb(made, 'Db', { removalPolicy: RemovalPolicy.DESTROY, memory: Size.mebibytes(256) });
    const hello = new GunicornApp(made, 'Hello', {
      image: ContainerImage.fromPythonProject(project),
      module: 'app:app',
      ...variant,
      health: { interval: variant.healthInterval ?? Duration.seconds(2) },
    });
    const other = new GunicornApp(made, 'Other', {
      image: ContainerImage.fromPythonProject(join(__dirname, '..', '..', 'examples', 'hello')),
      module: 'app:app',
      replicas: 1,
      health: { interval: Duration.seconds(2) },
    });
    const proxy = new NginxProxy(made, 'Proxy', { address: '127.0.0.1', httpPort: port });
    proxy.addRoute({ host: 'hello.localhost', target: hello });
    proxy.addRoute({ host: 'other.localhost', target: other });
    if (variant.extraPath) proxy.addRoute({ host: 'other.localhost', path: variant.extraPath, target: hello });
  });
}

const first: Variant = { replicas: 2, environment: { GREETING: 'first' } };

beforeAll(async () => {
  port = await freePort();
  cpSync(join(__dirname, '..', '..', 'examples', 'hello'), project, { recursive: true });
  deployment.deploy(build(first));
});

afterAll(() => {
  rmSync(project, { recursive: true, force: true });
  deployment.clean();
});

/** The ids of all running containers, by the path of their construct. */
function running(): Map<string, string[]> {
  const format = '{{.Label "org.cdktf-django.path"}} {{.ID}}';
  const lines = engine('ps', '--no-trunc', '--filter', `label=org.cdktf-django.namespace=${deployment.namespace}`, '--format', format).split('\n');
  const all = new Map<string, string[]>();
  for (const line of lines) {
    const [path, id] = line.split(' ');
    const short = path.slice(deployment.namespace.length + 1);
    all.set(short, [...(all.get(short) ?? []), id].sort());
  }
  return all;
}

/** Deploys an edit; only the servers of the app that was edited may be other ones, and the next plan must be empty. */
function edit(variant: Variant, options: { replacesNothing?: boolean } = {}): void {
  const before = running();
  deployment.deploy(build(variant));
  const after = running();
  const changed = [...after.keys()].filter((path) => after.get(path)!.join() !== before.get(path)?.join());
  expect(changed).toEqual(options.replacesNothing ? [] : ['Hello/Server']);
  expect([...after.keys()].sort()).toEqual(['Db/Server', 'Hello/Server', 'Other/Server', 'Proxy/Server']);
  expect(deployment.plan()).toEqual([]);
}

async function greetings(): Promise<Set<string | null>> {
  const seen = new Set<string | null>();
  for (let count = 0; count < 12; count++)
    seen.add(JSON.parse((await ask({ port, host: 'hello.localhost', path: '/whoami' })).body).greeting as string | null);
  return seen;
}

/** How many servers answer. */
async function hostnames(): Promise<number> {
  const seen = new Set<string>();
  for (let count = 0; count < 30; count++)
    seen.add(JSON.parse((await ask({ port, host: 'hello.localhost', path: '/whoami' })).body).hostname as string);
  return seen.size;
}

/** The limit that the kernel holds the server's processes to, read inside. */
function memoryLimit(): number {
  const [container] = deployment.containers('Hello/Server');
  const read = 'cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes';
  return Number(deployment.exec(container, 'sh', '-c', read));
}

test('the first deploy is as declared', async () => {
  expect(await greetings()).toEqual(new Set(['first']));
  expect(await hostnames()).toBe(2);
  expect(memoryLimit()).toBe(512 * 1024 * 1024);
});

test('an environment variable is changed, and one is added', async () => {
  edit({ ...first, environment: { GREETING: 'second ${HOME} %{if}', ADDED: 'yes' } });
  expect(await greetings()).toEqual(new Set(['second ${HOME} %{if}']));
  const [container] = deployment.containers('Hello/Server');
  expect(deployment.exec(container, 'printenv', 'ADDED')).toBe('yes');
});

test('environment variables are removed, and replicas go from 2 to 3', async () => {
  edit({ replicas: 3 });
  expect(await greetings()).toEqual(new Set([null]));
  expect(await hostnames()).toBe(3);
  const [container] = deployment.containers('Hello/Server');
  expect(() => deployment.exec(container, 'printenv', 'ADDED')).toThrow();
});

test('replicas go from 3 to 1, and memory and an option of Gunicorn change', async () => {
  edit({ replicas: 1, workers: 2, memory: Size.mebibytes(384), threads: 7 });
  expect(await hostnames()).toBe(1);
  expect(memoryLimit()).toBe(384 * 1024 * 1024);
  const [container] = deployment.containers('Hello/Server');
  expect(deployment.exec(container, 'sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" " "')).toContain('--threads 7');
});

test('memory alone changes in the running process', () => {
  edit({ replicas: 1, workers: 2, memory: Size.mebibytes(448), threads: 7 }, { replacesNothing: true });
  expect(memoryLimit()).toBe(448 * 1024 * 1024);
});

test('a health check changes, and with it how often the server is asked', () => {
  edit({ replicas: 1, healthInterval: Duration.seconds(4) });
  const [container] = deployment.containers('Hello/Server');
  const { Test, Interval, Timeout } = JSON.parse(engine('inspect', container, '--format', '{{json .Config.Healthcheck}}'));
  // A probe lasts from one interval to the next, but for a quarter of a second.
  expect(Test.join(' ')).toContain(' --last 3.75 ');
  expect({ Interval, Timeout }).toEqual({ Interval: 250_000_000, Timeout: 8_750_000_000 });
});

test('the content of the image changes', async () => {
  const app = join(project, 'app.py');
  writeFileSync(app, readFileSync(app, 'utf8').replace('Ask it', 'Please ask it'));
  edit({ replicas: 1, healthInterval: Duration.seconds(4) });
  expect((await ask({ port, host: 'hello.localhost' })).body).toContain('Please ask it');
  expect((await ask({ port, host: 'other.localhost' })).body).not.toContain('Please ask it');
});

test('a route comes and goes without a new server or a new proxy', async () => {
  const last = { replicas: 1, healthInterval: Duration.seconds(4) };
  edit({ ...last, extraPath: '/extra/' }, { replacesNothing: true });
  expect(JSON.parse((await ask({ port, host: 'other.localhost', path: '/extra/whoami' })).body)).toMatchObject({ script_root: '/extra' });
  edit(last, { replacesNothing: true });
  expect((await ask({ port, host: 'other.localhost', path: '/extra/whoami' })).status).toBe(404);
});
