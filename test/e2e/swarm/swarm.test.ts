import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ShopStack } from '../../../bin/shop-stack';
import { ContainerImage, DockerSwarm, Duration, HealthCheck, NginxProxy, Service, SwarmNodes } from '../../../lib';
import { defaultImages } from '../../../lib/image/default-images';
import { cli, RunningCli } from '../support/cli';
import { Build, Deployment } from '../support/deployment';
import { EngineNode } from '../support/engine-node';
import { Answer, ask, eventually, Session } from '../support/http';
import { ENGINE_NETWORKS, LoadOptions, LoadResult, underLoad } from '../support/load';
import { Swarm } from '../support/swarm';

// The example of the README on three engines. The stack differs from the one for an engine by the line with its platform.
const LONG = process.env.CDKTF_DJANGO_SWARM === 'long';
const RELEASES = LONG ? 5 : 1;
const REQUESTS = LONG ? 50_000 : 2000;
const LONGEST = 40 * 60_000;
const PORT = 8080;
const HOST = `shop.localhost:${PORT}`;
const folder = mkdtempSync(join(tmpdir(), 'cdktf-django-swarm-'));
const project = join(folder, 'shop');
let swarm: Swarm;
let deployment: Deployment;
let mirror: string;

beforeAll(async () => {
  cpSync(join(__dirname, '..', '..', '..', 'examples', 'shop'), project, { recursive: true });
  swarm = await Swarm.start('swarm', 3);
  mirror = swarm.pushImages();
  deployment = new Deployment('swarm', swarm.environment);
  deployment.deploy(build());
});

afterAll(() => {
  deployment?.forget();
  swarm?.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** A server beside the example. */
interface Echo {
  readonly script: string;
  readonly word: string;
}

const GOOD: Echo = { script: 'touch /tmp/up; exec sleep 100000', word: 'first' };

const EDITED: Echo = { ...GOOD, word: 'second' };

function build(echo: Echo = GOOD): Build {
  return (app, id) => {
    const platform = new DockerSwarm({
      dataNode: swarm.nodes[1].name,
      edgeNodes: SwarmNodes.all(),
      sharedFolder: swarm.sharedFolder,
      imageRegistry: `${swarm.registry}/shop`,
      imageMirror: mirror,
    });
    const stack = new ShopStack(app, id, { port: PORT, address: '0.0.0.0', project, platform });
    new DockerProvider(stack, 'Docker', { registryAuth: swarm.registryAuth });
    new Service(stack, 'Echo', {
      image: ContainerImage.fromRegistry(defaultImages.nginx),
      entrypoint: ['sh', '-c', echo.script],
      environment: { WORD: echo.word },
      replicas: 2,
      stopGracePeriod: Duration.seconds(5),
      healthCheck: HealthCheck.command(['test', '-e', '/tmp/up'], { interval: Duration.seconds(1), startPeriod: Duration.seconds(2) }),
    });
    // What is tested is something else than the limits of a client.
    for (const network of ENGINE_NETWORKS) (stack.node.findChild('Proxy') as NginxProxy).exemptFromLimits(network);
  };
}

function get(node: EngineNode, path = '/'): Promise<Answer> {
  return ask({ address: swarm.address(node), port: PORT, host: HOST, path });
}

const service = (name: string) => `${deployment.namespace}-${name}`;
const tasksOf = (name: string) =>
  swarm
    .tasks(service(name))
    .map(({ id }) => id)
    .sort();

const wordOfEcho = () => swarm.docker('service', 'inspect', service('echo'), '--format', '{{join .Spec.TaskTemplate.ContainerSpec.Env " "}}');

/** Clients at all nodes. */
function load(minimum: number): LoadOptions {
  const groups = swarm.nodes.map((node) => ({
    name: node.name,
    count: LONG ? 8 : 4,
    every: 50,
    path: '/',
    contains: 'The corner shop',
    at: { address: swarm.address(node), port: PORT },
  }));
  return { port: PORT, host: HOST, groups, minimum };
}

function expectNoneFailed(result: LoadResult, minimum: number): void {
  expect(result).toMatchObject({ failed: 0, failures: [] });
  expect(result.requests).toBeGreaterThanOrEqual(minimum);
}

describe('the shop', () => {
  test('answers through each of the nodes', async () => {
    for (const node of swarm.nodes) {
      const page = await get(node);
      expect([node.name, page.status, page.headers.server]).toEqual([node.name, 200, 'nginx']);
      expect(page.body).toContain('The corner shop');
    }
  });

  test('is served by two replicas, on two nodes', async () => {
    const seen = new Set<string>();
    for (let count = 0; count < 40; count++) seen.add(JSON.parse((await get(swarm.nodes[count % 3], '/whoami/')).body).hostname as string);
    expect(seen.size).toBe(2);
    expect(new Set(swarm.tasks(service('shop-app-server')).map(({ node }) => node)).size).toBe(2);
  });

  test('has its database on the node with the data, and a proxy on each', () => {
    expect(swarm.tasks(service('db-server')).map(({ node }) => node)).toEqual([swarm.nodes[1].name]);
    const proxies = swarm.tasks(service('proxy-server')).map(({ node }) => node);
    expect(proxies.sort()).toEqual(swarm.nodes.map(({ name }) => name).sort());
  });

  test('serves its static files, whichever node has them', async () => {
    const path = /\/static\/[^"]+\.css/.exec((await get(swarm.nodes[0])).body)![0];
    for (const node of swarm.nodes) {
      const file = await get(node, path);
      expect([node.name, file.status, file.headers['cache-control']]).toEqual([node.name, 200, 'public, max-age=31536000, immutable']);
    }
  });

  test('keeps a row and an upload that came through one node, and shows them through another', async () => {
    const session = new Session(PORT, HOST, swarm.address(swarm.nodes[0]));
    expect((await session.post('/', { name: 'A row of the Swarm', price: '12.50' })).status).toBe(302);
    expect((await session.upload('/pictures/', 'file', 'note.txt', 'uploaded text', { title: 'A note' }, '/')).status).toBe(302);
    const page = await get(swarm.nodes[2]);
    expect(page.body).toContain('A row of the Swarm');
    const upload = /\/media\/[^"]+note[^"]*/.exec(page.body)![0];
    expect((await get(swarm.nodes[1], upload)).body).toBe('uploaded text');
  });

  test('sees the addresses of its clients', async () => {
    const gateway = swarm.address(swarm.nodes[2]).replace(/\d+$/, '1');
    const who = JSON.parse((await get(swarm.nodes[2], '/whoami/')).body) as Record<string, string>;
    expect(who.x_forwarded_for).toBe(gateway);
  });
});

test('the plan is empty after the deploy', () => expect(deployment.plan()).toEqual([]));

test(
  `${RELEASES === 1 ? 'a release' : `${RELEASES} releases`} and an edit under load lose no request at any node, and arrive`,
  async () => {
    const before = tasksOf('shop-app-server');
    // It goes on over a release, whose jobs are other services than before.
    const following = new RunningCli(['logs', 'Shop/App', '--follow', '--tail', '0'], swarm.nodes[0].environment);
    const result = await underLoad(load(REQUESTS), () => {
      for (let release = 1; release <= RELEASES; release++) {
        writeFileSync(join(project, 'released.txt'), `a new content is a new image: ${release}`);
        deployment.deploy(build(EDITED));
      }
    });
    await following.prints('Booting worker');
    expect(await following.signal('SIGTERM')).toBe(143);
    expect(following.stderr).toBe('');
    const { requests, failed, slowest, seconds, failures } = result;
    process.stderr.write(`swarm: ${RELEASES} releases: ${JSON.stringify({ requests, failed, slowest, seconds, failures })}\n`);
    expectNoneFailed(result, REQUESTS);
    const after = tasksOf('shop-app-server');
    expect(after.filter((id) => before.includes(id))).toEqual([]);
    expect(after.length).toBe(2);
    expect(wordOfEcho()).toBe('WORD=second');
    expect(deployment.plan()).toEqual([]);
  },
  LONGEST,
);

test('servers that do not start leave their predecessors where they are, and fail the deploy', async () => {
  deployment.synth(build({ script: 'exit 3', word: 'third' }));
  const applied = deployment.apply();
  expect(applied.ok).toBe(false);
  expect(applied.output).toMatch(/service rollback completed|update paused due to failure or early termination of task/);
  expect(wordOfEcho()).toBe('WORD=second');
  expect(swarm.tasks(service('echo')).map(({ state }) => state)).toEqual(['Running', 'Running']);
  expect(deployment.plan().map(({ address, actions }) => [address.replace(/_[0-9A-F]{8}$/, ''), actions])).toEqual([
    ['docker_service.Echo', ['update']],
  ]);
});

describe('the command', () => {
  const at = (node: EngineNode, ...args: string[]) => cli(args, { environment: node.environment });
  const onManager = (...args: string[]) => at(swarm.nodes[0], ...args);

  test('tells what runs on which node', () => {
    const { status, stdout, stderr } = onManager('status', '--json');
    expect([status, stderr]).toEqual([0, '']);
    const { servers, jobs } = JSON.parse(stdout) as {
      servers: { system: string; node: string; health?: string }[];
      jobs: { job: string; exitCode: number }[];
    };
    const of = (system: string) => servers.filter((one) => one.system === system);
    expect(of('Shop/App').map(({ health }) => health)).toEqual(['healthy', 'healthy']);
    expect(
      of('Shop/App')
        .map(({ node }) => node)
        .sort(),
    ).toEqual(
      swarm
        .tasks(service('shop-app-server'))
        .map(({ node }) => node)
        .sort(),
    );
    expect(of('Db').map(({ node }) => node)).toEqual([swarm.nodes[1].name]);
    expect(
      of('Proxy')
        .map(({ node }) => node)
        .sort(),
    ).toEqual(swarm.nodes.map(({ name }) => name).sort());
    expect(jobs).toContainEqual(expect.objectContaining({ job: 'Shop/App/Release', exitCode: 0 }));
    expect(onManager('status').stdout).toMatch(/^SYSTEM +SERVERS +NODES +STATE /m);
  });

  test('prints the logs of all nodes', async () => {
    for (const node of swarm.nodes) await get(node, '/a-path-for-the-log/');
    await eventually(() => {
      const { status, stdout, stderr } = onManager('logs', 'Proxy', '--tail', 'all', '--json');
      expect([status, stderr]).toEqual([0, '']);
      const lines = stdout.split('\n').filter((line) => line.includes('/a-path-for-the-log/'));
      const names = new Set(lines.map((line) => (JSON.parse(line) as { container: string }).container));
      expect([...names].sort()).toEqual(swarm.nodes.map(({ name }) => `${service('proxy-server')}.${name}`).sort());
    }, 30);
    expect(onManager('logs', 'Shop/App/Release').stdout).toContain('migrat');
  });

  test('manages the project on a node that has it, and says which one has', () => {
    const homes = swarm.tasks(service('shop-app-server')).map(({ node }) => node);
    for (const node of swarm.nodes) {
      const { status, stdout, stderr } = at(
        node,
        'manage',
        'shell',
        '--no-imports',
        '-c',
        'from catalogue.models import Product; print(Product.objects.count() > 0)',
      );
      if (homes.includes(node.name)) expect([node.name, status, stdout.trim()]).toEqual([node.name, 0, 'True']);
      else
        expect([node.name, status, stderr]).toEqual([
          node.name,
          1,
          expect.stringMatching(
            /runs on node|runs on this node of the Swarm|has no container of a Django project on this engine|no stack of this library/,
          ),
        ]);
    }
  });

  test('opens the database where its own container is beside the project', () => {
    const homes = swarm.tasks(service('shop-app-server')).map(({ node }) => node);
    for (const node of swarm.nodes.filter(({ name }) => homes.includes(name))) {
      const { status, stdout, stderr } = at(node, 'manage', 'dbshell', '--', '-Atc', 'SELECT 7 * 6');
      if (node === swarm.nodes[1]) expect([status, stdout.trim()]).toEqual([0, '42']);
      else expect([status, stderr]).toEqual([1, expect.stringContaining('which runs on another node of the Swarm: ask a node with both')]);
    }
  });

  test('says what it cannot do', () => {
    const worker = swarm.nodes[2];
    expect(at(worker, 'status').stderr).toMatch(
      /is on a Swarm, and this engine \(\S+\) is a worker of it, which knows its own containers alone: ask a manager/,
    );
    expect(at(worker, 'logs').status).toBe(1);
    expect(onManager('run', 'true').stderr).toContain('on a Swarm, a program gets no input, and one is piped in');
    const folder = ['--output', deployment.folder];
    expect(onManager('sweep', '--dry-run', ...folder).stderr).toMatch(
      /^cdktf-django: the state of \S+ is of a Swarm, which keeps its containers itself/,
    );
    for (const args of [['secrets', 'export', '--file', '/dev/null', '--passphrase-file', '/dev/null'], ['restore', '--yes'], ['diagram']]) {
      expect([args[0], onManager(...args, ...folder).stderr]).toEqual([
        args[0],
        expect.stringMatching(/stack \S+ is for a Swarm, and this works on one engine/),
      ]);
    }
    expect(onManager('status', 'nobody').stderr).toContain('there is no stack "nobody"');
    expect(onManager('logs', 'Nobody').stderr).toContain('there is no system "Nobody" in stack');
  });
});

test('a failed migration stops the deploy before any task is replaced, and says why', async () => {
  const migration = join(project, 'catalogue', 'migrations', '0003_broken.py');
  writeFileSync(
    migration,
    "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    dependencies = [('catalogue', '0002_first_products')]\n    operations = [migrations.RunSQL('SELECT no_such_column')]\n",
  );
  const before = ['shop-app-server', 'shop-files-server', 'hello-server', 'proxy-server', 'db-server'].map((name) => [name, tasksOf(name)]);
  try {
    const result = await underLoad(load(500), () => {
      deployment.synth(build(EDITED));
      const applied = deployment.apply();
      expect(applied.ok).toBe(false);
      expect(applied.output).toContain('no_such_column');
      expect(applied.output).toContain('Shop/App/Release failed');
    });
    expectNoneFailed(result, 500);
    expect(['shop-app-server', 'shop-files-server', 'hello-server', 'proxy-server', 'db-server'].map((name) => [name, tasksOf(name)])).toEqual(
      before,
    );
  } finally {
    rmSync(migration);
  }
  // The next deploy tries again.
  deployment.deploy(build(EDITED));
  expect(deployment.plan()).toEqual([]);
});

test('a destroy takes away all but the data', () => {
  expect(deployment.destroy()).toMatchObject({ ok: true });
  const left = (kind: string) => swarm.docker(kind, 'ls', '--quiet', '--filter', `name=${deployment.namespace}`);
  expect(['service', 'config', 'secret', 'network'].map((kind) => [kind, left(kind)])).toEqual(
    ['service', 'config', 'secret', 'network'].map((kind) => [kind, '']),
  );
  expect(swarm.nodes[1].docker('volume', 'ls', '--quiet')).toContain(`${deployment.namespace}-db-data`);
});

test('a deploy beside data whose password went with the destroy is refused, before a server starts', () => {
  deployment.synth(build(EDITED));
  const applied = deployment.apply();
  expect(applied.ok).toBe(false);
  expect(applied.output).toContain('Secret db-password has just been made, but database shop that it shall open is older');
  expect(swarm.docker('service', 'ls', '--format', '{{.Name}}').split('\n')).not.toContain(service('db-server'));
});
