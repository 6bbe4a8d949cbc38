import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { TerraformStack } from 'cdktf';
import {
  ContainerImage,
  DjangoService,
  DockerSwarm,
  GunicornApp,
  NginxProxy,
  Platform,
  PostgresDb,
  PostgresVersion,
  Schedule,
  Size,
  SwarmNodes,
} from '../../../lib';
import { Build, Deployment } from '../support/deployment';
import { EngineNode } from '../support/engine-node';
import { ask, eventually } from '../support/http';
import { FOR_LOAD, Load, LoadGroup, LoadResult, moment } from '../support/load';
import { SoakProject } from '../support/soak-project';
import { Swarm } from '../support/swarm';

// What becomes of a site when nodes are lost, cut off and come back. All three of them are managers.
const PORT = 8080;
const HOST = `shop.localhost:${PORT}`;
const LIGHT_HOST = `light.localhost:${PORT}`;
const LIGHT_APP = `import socket


def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [socket.gethostname().encode()]
`;
const project = new SoakProject(LIGHT_APP);
let swarm: Swarm;
let deployment: Deployment;
let mirror: string;
/** By which clients reach the nodes, those that are lost too. */
const addresses = new Map<EngineNode, string>();

beforeAll(async () => {
  swarm = await Swarm.start('failures', 3, 3);
  for (const node of swarm.nodes) addresses.set(node, swarm.address(node));
  mirror = swarm.pushImages();
  deployment = new Deployment('failures', swarm.environment);
  deployment.deploy(build());
});

afterEach(async () => {
  // One that is up already stays as it is.
  for (const node of swarm.nodes) await node.start();
  swarm.ask(swarm.nodes[0]);
  await eventually(() => {
    if (!leads() || swarm.nodes.some((node) => swarm.state(node) !== 'ready')) throw new Error('not all nodes are ready');
  }, 90);
});

afterAll(() => {
  deployment?.forget();
  swarm?.remove();
  project.remove();
});

function build(lightReplicas = 2): Build {
  return (app, id) => {
    const stack = new TerraformStack(app, id);
    new DockerProvider(stack, 'Docker', { registryAuth: swarm.registryAuth });
    Platform.use(
      stack,
      new DockerSwarm({
        dataNode: swarm.nodes[1].name,
        edgeNodes: SwarmNodes.all(),
        sharedFolder: swarm.sharedFolder,
        imageRegistry: `${swarm.registry}/shop`,
        imageMirror: mirror,
      }),
    );
    const db = new PostgresDb(stack, 'Db', { databaseName: 'shop', version: PostgresVersion.V18, memory: Size.mebibytes(512) });
    const shop = new DjangoService(stack, 'Shop', {
      image: ContainerImage.fromDjangoProject(project.release(0)),
      project: 'shop',
      database: db,
      replicas: 3,
    });
    shop.addCommand('Tick', { schedule: Schedule.cron('* * * * *'), command: ['clearsessions'] });
    const one = new GunicornApp(stack, 'Light', {
      image: ContainerImage.fromPythonProject(project.light, { withoutRequirements: true }),
      module: 'light:application',
      replicas: lightReplicas,
      workers: 1,
      memory: Size.mebibytes(128),
    });
    const proxy = new NginxProxy(stack, 'Proxy', { httpPort: PORT, address: '0.0.0.0', limits: FOR_LOAD });
    proxy.addRoute({ host: 'shop.localhost', target: shop });
    proxy.addRoute({ host: 'light.localhost', target: one });
  };
}

const service = (name: string) => `${deployment.namespace}-${name}`;

function clients(nodes: EngineNode[], more: Partial<LoadGroup> = {}): LoadGroup[] {
  return nodes.map((node) => ({
    ...{ name: `${more.kind ?? 'pages'} at ${node.name}`, count: 4, every: 30, path: '/', contains: 'The corner shop' },
    ...{ at: { address: addresses.get(node)!, port: PORT } },
    ...more,
  }));
}

/** Lets clients ask while something is done, which may say that a phase begins. */
async function whileAsked(groups: LoadGroup[], done: (under: Load) => Promise<void>): Promise<LoadResult> {
  const under = new Load({ port: PORT, host: HOST, groups, minimum: 0 });
  try {
    await moment(3000);
    await done(under);
    await moment(3000);
  } catch (error) {
    await under.end();
    throw error;
  }
  return under.end();
}

/** What was seen, for docs/swarm.md. */
function tell(what: string, figures: object): void {
  process.stderr.write(`swarm: ${what}: ${JSON.stringify(figures)}\n`);
}

interface Lost {
  readonly requests: number;
  readonly failed: number;
  readonly slowest: number;
}

/** What came of the requests that were sent in a phase. */
function inPhase(result: LoadResult, name: string): Lost {
  const groups = result.phases.filter((phase) => phase.name === name).flatMap((phase) => Object.values(phase.groups));
  const sum = (value: (group: Lost) => number) => groups.reduce((whole, group) => whole + value(group), 0);
  return {
    requests: sum(({ requests }) => requests),
    failed: sum(({ failed }) => failed),
    slowest: Math.max(...groups.map(({ slowest }) => slowest)),
  };
}

/** Whether there is a leader that answers. */
function leads(): boolean {
  try {
    swarm.docker('node', 'ls');
    return true;
  } catch {
    return false;
  }
}

const seconds = (since: number) => Math.round((Date.now() - since) / 100) / 10;

/** Waits until something holds, and gives the seconds that it took. */
async function until(what: string, since: number, holds: () => boolean, limit = 120): Promise<number> {
  await eventually(() => {
    if (!holds()) throw new Error(`not within ${limit} s: ${what}`);
  }, limit);
  return seconds(since);
}

function replicas(name: string, on: EngineNode[]): number {
  const names = on.map((node) => node.name);
  return swarm.tasks(service(name)).filter(({ node, state }) => state === 'Running' && names.includes(node)).length;
}

/** The containers of a service that run on a node, whatever the Swarm thinks of it. */
function containersOf(node: EngineNode, name: string): string[] {
  const found = node.docker('ps', '--quiet', '--filter', `label=com.docker.swarm.service.name=${service(name)}`);
  return found === '' ? [] : found.split('\n');
}

async function everybodyServes(): Promise<void> {
  for (const node of swarm.nodes) {
    await eventually(async () => {
      const page = await ask({ address: addresses.get(node), port: PORT, host: HOST });
      if (page.status !== 200) throw new Error(`${node.name} answers ${page.status}`);
    }, 120);
  }
}

function writtenRows(): string[] {
  const node = swarm.nodes[1];
  const [server] = containersOf(node, 'db-server');
  const answer = node.docker(
    'exec',
    server,
    'sh',
    '/run/cdktf-django/psql-admin.sh',
    '-d',
    'shop',
    '-qAt',
    '-c',
    'SELECT token FROM catalogue_entry',
  );
  return answer.split('\n');
}

/** Puts one task of the shop on the first node, and two on the third. */
async function twoOnTheThird(): Promise<void> {
  const [first, , third] = swarm.nodes;
  const app = service('shop-app-server');
  for (const [count, node] of [
    [0, first],
    [1, first],
    [3, third],
  ] as const) {
    swarm.only(node);
    swarm.docker('service', 'scale', '--detach', `${app}=${count}`);
    await until(`${count} tasks`, Date.now(), () =>
      count === 0 ? containersOf(first, 'shop-app-server').length === 0 : replicas('shop-app-server', swarm.nodes) === count,
    );
  }
  swarm.only(...swarm.nodes);
  expect([replicas('shop-app-server', [first]), replicas('shop-app-server', [third])]).toEqual([1, 2]);
}

test('a node with two of three tasks stops dead: the others serve on, its tasks are made anew elsewhere, and it comes back by itself', async () => {
  const [first, second, third] = swarm.nodes;
  await twoOnTheThird();
  await everybodyServes();
  const groups = [
    ...clients([first, second]),
    ...clients([first, second], { keep: true }).map((group) => ({ ...group, name: `kept ${group.name}` })),
    ...clients([first, second], { kind: 'rows', path: '/rows/', every: 100, count: 2, contains: '' }),
  ];
  const inAll = groups.reduce((sum, { count }) => sum + count, 0);
  let seen = 0;
  let back = 0;
  const result = await whileAsked(groups, async (under) => {
    third.kill();
    const since = Date.now();
    under.begin('dead');
    seen = await until('the loss is seen', since, () => swarm.state(third) === 'down', 60);
    back = await until('three tasks elsewhere', since, () => replicas('shop-app-server', [first, second]) === 3);
    under.begin('replaced');
  });
  const [before, dead, replaced] = ['', 'dead', 'replaced'].map((phase) => inPhase(result, phase));
  tell('a node with two of three tasks', { before, dead, replaced, seen, back, failures: result.failures.map((one) => one.slice(0, 90)) });
  // What was under way there, once for each client; and what nginx sent over a connection that was open to a lost server, which waits for an answer.
  expect(before.failed).toBeLessThanOrEqual(inAll);
  expect(dead.failed).toBeLessThanOrEqual(4);
  expect(replaced.failed).toBe(0);
  expect(back - seen).toBeLessThan(30);

  const started = Date.now();
  await third.start();
  const proxied = await until('a proxy on it', started, () => replicas('proxy-server', [third]) === 1);
  await everybodyServes();
  tell('the node is back', { proxied, shopTasksOnIt: replicas('shop-app-server', [third]) });
  expect(replicas('shop-app-server', swarm.nodes)).toBe(3);
});

test('the node with the database stops dead and comes back: no row that was acknowledged is lost', async () => {
  const [first, second, third] = swarm.nodes;
  let database = 0;
  let serving = 0;
  const result = await whileAsked(clients([first, third], { kind: 'rows', path: '/rows/', contains: '' }), async (under) => {
    second.kill();
    const since = Date.now();
    under.begin('dead');
    await until('the loss is seen', since, () => swarm.state(second) === 'down', 60);
    // It has nowhere else to go.
    expect(replicas('db-server', [first, third])).toBe(0);
    under.begin('starting');
    const started = Date.now();
    await second.start();
    database = await until('the database is back', started, () => replicas('db-server', [second]) === 1);
    await everybodyServes();
    serving = seconds(started);
    under.begin('back');
    // A client that asked while the database was away may wait for its answer for so long, and counts again after it.
    await moment(62_000);
  });
  const rows = writtenRows();
  const missing = result.acknowledged.filter((token) => !rows.includes(token));
  const back = inPhase(result, 'back');
  tell('the node with the database', { database, serving, acknowledged: result.acknowledged.length, missing: missing.length, back });
  expect(missing).toEqual([]);
  expect(new Set(rows).size).toBe(rows.length);
  expect(back.requests - back.failed).toBeGreaterThan(20);
});

test('the node with the database is cut off and let in again: nothing is there twice, and it heals by itself', async () => {
  const [first, second, third] = swarm.nodes;
  const others = [first, third];
  swarm.cutOff(second);
  const since = Date.now();
  try {
    const seen = await until('the loss is seen', since, () => swarm.state(second) === 'down', 60);
    // What may run but once goes on where it is, and nowhere else, however long that is.
    for (let round = 0; round < 15; round++) {
      for (const name of ['db-server', 'shop-tick-scheduler']) {
        expect([name, others.flatMap((node) => containersOf(node, name)), containersOf(second, name).length]).toEqual([name, [], 1]);
      }
      await moment(1000);
    }
    tell('the node with the database is cut off', { seen, shopElsewhere: replicas('shop-app-server', others) });
  } finally {
    swarm.reconnect(second);
  }
  const healing = Date.now();
  let most = 0;
  const ready = await until('the node is ready', healing, () => swarm.state(second) === 'ready');
  await until('one database', healing, () => {
    most = Math.max(most, containersOf(second, 'shop-tick-scheduler').length);
    return replicas('db-server', [second]) === 1 && replicas('shop-tick-scheduler', [second]) === 1;
  });
  await everybodyServes();
  tell('it is let in again', { ready, serving: seconds(healing), mostSchedulers: most });
  await until('three tasks in all', healing, () => swarm.nodes.flatMap((node) => containersOf(node, 'shop-app-server')).length === 3);
  expect(swarm.nodes.flatMap((node) => containersOf(node, 'db-server')).length).toBe(1);
  expect(swarm.nodes.flatMap((node) => containersOf(node, 'shop-tick-scheduler')).length).toBe(1);
});

test('a manager is lost: the others serve, and a deploy through one of them scales', async () => {
  const [first, second, third] = swarm.nodes;
  let applied = { ok: false, output: '' };
  const result = await whileAsked(clients([second, third]), async (under) => {
    first.kill();
    under.begin('dead');
    swarm.ask(third);
    await until('another leader', Date.now(), () => leads() && swarm.state(first) === 'down', 60);
    under.begin('deploy');
    deployment.synth(build(12));
    applied = await deployment.applyMeanwhile();
  });
  const [before, dead, deploy] = ['', 'dead', 'deploy'].map((phase) => inPhase(result, phase));
  tell('a manager', { before, dead, deploy, failures: result.failures.map((one) => one.slice(0, 90)) });
  if (!applied.ok) throw new Error(applied.output.slice(-4000));
  expect(dead.failed).toBeLessThanOrEqual(8);
  expect(deploy.failed).toBe(0);
  expect(replicas('light-server', [second, third])).toBe(12);
  expect(deployment.plan()).toEqual([]);
});

test('twelve replicas share the requests', async () => {
  const shares = new Map<string, number>();
  const since = Date.now();
  let count = 0;
  const one = async (node: EngineNode) => {
    while (count < 3600) {
      count++;
      const { body, status } = await ask({ address: addresses.get(node), port: PORT, host: LIGHT_HOST });
      expect(status).toBe(200);
      shares.set(body, (shares.get(body) ?? 0) + 1);
    }
  };
  await Promise.all(swarm.nodes.flatMap((node) => [one(node), one(node), one(node), one(node)]));
  const perSecond = Math.round(count / ((Date.now() - since) / 1000));
  const each = [...shares.values()].sort((a, b) => a - b);
  tell('twelve replicas', { perSecond, least: each[0], most: each[11], of: count });
  expect(each.length).toBe(12);
  const average = count / 12;
  expect(each[0]).toBeGreaterThan(average * 0.8);
  expect(each[11]).toBeLessThan(average * 1.2);
});
