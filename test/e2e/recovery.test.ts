import { TerraformStack, TerraformVariable } from 'cdktf';
import { ContainerImage, Secret, SecretFile, Service } from '../../lib';
import { defaultImages } from '../../lib/image/default-images';
import { Deployment } from './support/deployment';
import { EngineNode } from './support/engine-node';
import { example } from './support/example';
import { ask, eventually, Session } from './support/http';
import { freePort } from './support/port';

// What a machine does to a site that nobody looks after: processes die, the power goes, an operator tidies up. The example runs on an engine
// of the test's own, since the host's must not be restarted.
const SERVERS = ['Db/Server', 'Hello/Server', 'Keeper', 'Proxy/Server', 'Shop/App/Server', 'Shop/Files/Server'];
const ROW = 'A row that stays';

let node: EngineNode;
let deployment: Deployment;
let port: number;
let upload: string;

beforeAll(async () => {
  port = await freePort();
  node = await EngineNode.start('recovery-engine', [port]);
  node.bringImages();
  deployment = new Deployment('recovery', node.environment);
  // What is open on all addresses of the node is open on the loopback of the host.
  const shop = example(port, '0.0.0.0');
  deployment.deploy((app, id) => {
    shop(app, id);
    addKeeper(app.node.findChild(id) as TerraformStack);
  });

  const session = new Session(port, `127.0.0.1:${port}`);
  expect((await session.post('/', { name: ROW, price: '12.50' })).status).toBe(302);
  expect((await session.upload('/pictures/', 'file', 'note.txt', 'uploaded text', { title: 'A note' }, '/')).status).toBe(302);
  upload = /\/media\/[^"]+note[^"]*/.exec((await session.get('/')).body)![0];
  await answers();
});

afterAll(() => {
  deployment?.forget();
  node?.remove();
});

/** A secret that Terraform knows, and a server that reads it: the example has none. */
function addKeeper(stack: TerraformStack): void {
  const image = ContainerImage.fromRegistry(defaultImages.nginx);
  const variable = new TerraformVariable(stack, 'Word', { type: 'string', sensitive: true, default: 'a word of Terraform' });
  const secret = new SecretFile(stack, 'KeptWord', { secret: Secret.fromVariable(variable), secretName: 'word', image });
  const keeper = new Service(stack, 'Keeper', { image, entrypoint: ['sh', '-c', `while sleep 1; do cat ${secret.path} >/dev/null || exit; done`] });
  keeper.addSecret(secret);
}

/** The names and ids of the containers that serve, in a stable order. */
function servers(): Map<string, string> {
  const names = SERVERS.flatMap((path) => deployment.containers(path)).sort();
  return new Map(names.map((name) => [name, inspect(name, '{{.Id}}')]));
}

function inspect(container: string, format: string): string {
  return node.docker('inspect', container, '--format', format);
}

/** Every server answers with what only it has: row, upload, both replicas, the Flask app; and no request of them all fails. */
async function serves(): Promise<void> {
  const host = `127.0.0.1:${port}`;
  const replicas = new Set<string>();
  for (let count = 0; count < 16; count++) {
    const page = await ask({ port, host });
    expect({ status: page.status, row: page.body.split(ROW).length - 1 }).toEqual({ status: 200, row: 1 });
    replicas.add(/Served by <code>([^<]+)/.exec(page.body)![1]);
  }
  expect(replicas.size).toBe(2);
  expect(await ask({ port, host, path: upload })).toMatchObject({ status: 200, body: 'uploaded text' });
  const hello = await ask({ port, host, path: '/hello/whoami' });
  expect({ status: hello.status, ...(JSON.parse(hello.body) as object) }).toMatchObject({ status: 200, script_root: '/hello' });
  expect(deployment.exec(deployment.containers('Keeper')[0], 'cat', '/run/secrets/word/value')).toBe('a word of Terraform');
}

/** The site comes back by itself, within a minute. */
async function answers(): Promise<void> {
  await eventually(serves, 60);
}

/** Process ids on the engine's machine: the container's init, the program that it started, and what that started in turn. */
function processes(container: string): { init: string; program: string; children: string[] } {
  const init = inspect(container, '{{.State.Pid}}');
  const children = (pid: string) => node.shell(`cat /proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean);
  const [program] = children(init);
  return { init, program, children: children(program) };
}

/** Kills a process of a container, and waits until the engine has started the container again and the site is whole. */
async function killed(container: string, pid: string): Promise<void> {
  const before = Number(inspect(container, '{{.RestartCount}}'));
  node.shell(`kill -9 ${pid}`);
  await eventually(() => expect(Number(inspect(container, '{{.RestartCount}}'))).toBeGreaterThan(before), 30);
  await answers();
}

describe('kill -9', () => {
  test.each(SERVERS)('of the init process, and of the main process, of each container of %s', async (path) => {
    for (const container of deployment.containers(path)) {
      await killed(container, processes(container).init);
      await killed(container, processes(container).program);
    }
  });

  test('of nginx, below its supervisor', async () => {
    const [proxy] = deployment.containers('Proxy/Server');
    const nginx = processes(proxy).children.find((pid) => node.shell(`cat /proc/${pid}/comm`) === 'nginx')!;
    await killed(proxy, nginx);
  });
});

test('a restart of each container changes nothing that a plan would see', async () => {
  const before = servers();
  expect(before.size).toBe(7);
  node.docker('restart', ...before.keys());
  await answers();
  expect(servers()).toEqual(before);
  expect(deployment.plan()).toEqual([]);
});

test('a restart of the engine', async () => {
  const before = servers();
  await node.restart();
  await answers();
  expect(servers()).toEqual(before);
  expect(deployment.plan()).toEqual([]);
});

test('a power cut', async () => {
  const before = servers();
  await node.powerCycle();
  await answers();
  expect(servers()).toEqual(before);
  expect(deployment.plan()).toEqual([]);
});

test('after "docker system prune", a deploy changes nothing that serves', async () => {
  const before = servers();
  const stopped = node.docker('ps', '-aq', '--filter', 'status=exited', '--filter', 'status=created').split('\n').length;
  expect(stopped).toBeGreaterThan(10);
  node.docker('system', 'prune', '--force');
  expect(node.docker('ps', '-aq').split('\n').length).toBe(before.size);
  await serves();

  // What is gone is made again; nothing is changed or replaced.
  const planned = deployment.plan();
  expect(planned.length).toBe(stopped);
  expect(planned.filter((change) => change.actions.join() !== 'create')).toEqual([]);

  let applying = true;
  const asked = (async () => {
    let count = 0;
    for (; applying; count++) {
      expect((await ask({ port, host: `127.0.0.1:${port}` })).status).toBe(200);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return count;
  })();
  const applied = deployment.applyMeanwhile().finally(() => (applying = false));
  const [{ ok, output }, count] = await Promise.all([applied, asked]);
  expect({ ok, output: ok ? '' : output }).toEqual({ ok: true, output: '' });
  expect(count).toBeGreaterThan(20);

  expect(servers()).toEqual(before);
  await serves();
  expect(deployment.plan()).toEqual([]);
});
