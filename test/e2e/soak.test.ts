import { ContainerImage, Duration, DjangoService, GunicornApp, NginxProxy, PostgresDb, RemovalPolicy, Size } from '../../lib';
import { TerraformStack } from 'cdktf';
import { Applied, Build, Deployment, stack } from './support/deployment';
import { logs } from './support/docker';
import { ask } from './support/http';
import { FOR_LOAD, Load, LoadGroup, LoadResult, moment, underLoad } from './support/load';
import { freePort } from './support/port';
import { reloadInOnePhase } from './support/single-phase';
import { SoakProject } from './support/soak-project';
import { writeSoakReport } from './support/soak-report';

// Releases in a row, while clients of every kind ask, write and wait: none of them may lose anything. `npm test` makes three releases; `npm run soak` makes
// ten and all other changes, under 100,000 requests or more, and writes its figures.
const LONG = process.env.CDKTF_DJANGO_SOAK === 'long';
const RELEASES = LONG ? 10 : 3;
const MINIMUM = LONG ? 100_000 : 10_000;
/** New connections a second, on average. `npm test` may run on a machine that others use. */
const LEAST_RATE = LONG ? 500 : 100;
/** Workers are replaced by fresh ones all the time. */
const MAX_REQUESTS = 50;
/** Deploys by which a proxy that reloads once must have lost a request. */
const CONTROL_DEPLOYS = 12;
const HOST = 'soak.localhost';
/** An app that costs next to nothing, for the clients with new connections: on two cores, Django would have no time left for releases. */
const LIGHT = '/light/';
const LIGHT_APP = `
import json, os


def app(environ, start_response):
    body = json.dumps({'greeting': os.environ.get('GREETING')}).encode()
    start_response('200 OK', [('Content-Type', 'application/json'), ('Content-Length', str(len(body)))])
    return [body]
`;

const deployment = new Deployment('soak');
const control = new Deployment('soak-control');
const project = new SoakProject(LIGHT_APP);
let port: number;
let controlPort: number;
let load: LoadResult | undefined;
let written: string[] = [];
const lost = { deploys: 0, requests: 0, failed: 0, failures: [] as string[] };

/**
 * Clients with a new connection for each request. They go to the proxy's own address: at the port of the loopback address a program of the engine copies each byte,
 * and takes as much of the two cores as nginx does.
 */
const visitors: LoadGroup = { name: 'new connections', count: 24, every: 30, path: LIGHT, contains: '"greeting"' };
const others: LoadGroup[] = [
  { name: 'kept connections', count: 4, every: 200, path: '/db/', contains: '"product"', keep: true },
  { name: 'rows', count: 2, every: 200, path: '/rows/', contains: '', kind: 'rows' },
  { name: 'rows on kept connections', count: 2, every: 200, path: '/rows/', contains: '', kind: 'rows', keep: true },
  { name: 'pages and their files', count: 2, every: 500, path: '/', contains: 'The corner shop', kind: 'pages', keep: true },
  { name: 'long requests', count: 2, every: 5500, path: '/slow/?seconds=5', contains: '"slept": 5.0' },
];

/** What a deploy is made of. */
interface Version {
  readonly folder: string;
  readonly release: number;
  readonly replicas?: number;
  readonly hosts?: string[];
  readonly settings?: boolean;
}

function build(version: Version): Build {
  const { folder, release, replicas = 2, hosts = [HOST], settings = false } = version;
  return stack((made) => {
    const db = new PostgresDb(made, 'Db', { removalPolicy: RemovalPolicy.DESTROY, memory: Size.mebibytes(512), maxConnections: 400 });
    const shop = new DjangoService(made, 'Shop', {
      image: ContainerImage.fromDjangoProject(folder),
      project: 'shop',
      database: db,
      replicas,
      ...recycling(6),
      environment: { GREETING: `release ${release}` },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const light = lightApp(made, replicas, `release ${release}`);
    const proxy = new NginxProxy(made, 'Proxy', {
      address: '127.0.0.1',
      httpPort: port,
      limits: FOR_LOAD,
      // A zone keeps its key for as long as nginx runs (a reload with another one is refused), so another key comes with another zone.
      httpSnippet: `limit_req_zone "$binary_remote_addr of ${release}" zone=release_${release}:1m rate=100000r/s;`,
      ...(settings ? { gzip: false, clientTimeouts: { keepalive: Duration.seconds(20) }, upstreamKeepalive: 16 } : {}),
    });
    const snippet = `limit_req zone=release_${release} burst=10000 nodelay;`;
    for (const host of hosts) {
      proxy.addRoute({ host, target: shop, snippet });
      proxy.addRoute({ host, path: LIGHT, target: light, snippet });
    }
  });
}

function buildControl(greeting: string): Build {
  return stack((made) => {
    const proxy = new NginxProxy(made, 'Proxy', { address: '127.0.0.1', httpPort: controlPort, limits: FOR_LOAD });
    proxy.addRoute({ host: HOST, path: LIGHT, target: lightApp(made, 2, greeting) });
    reloadInOnePhase(proxy);
  });
}

/** Workers that are replaced after few requests. One that is leaves its place empty for 2 s, while it waits for who may have kept a connection. */
function recycling(workers: number) {
  return { workers, memory: Size.gibibytes(1), preload: true, maxRequests: MAX_REQUESTS, maxRequestsJitter: 10 };
}

function lightApp(made: TerraformStack, replicas: number, greeting: string): GunicornApp {
  return new GunicornApp(made, 'Light', {
    image: ContainerImage.fromPythonProject(project.light),
    module: 'light:app',
    replicas,
    ...recycling(16),
    environment: { GREETING: greeting },
  });
}

/** A deploy while others ask. */
async function release(version: Version): Promise<Applied> {
  deployment.synth(build(version));
  return deployment.applyMeanwhile({ aside: true });
}

async function released(version: Version): Promise<void> {
  const applied = await release(version);
  if (!applied.ok) throw new Error(`terraform apply failed:\n${applied.output.slice(-6000)}`);
}

function sql(statement: string): string[] {
  const [server] = deployment.containers('Db/Server');
  return deployment.exec(server, 'sh', '/run/cdktf-django/psql-admin.sh', '-At', '-v', 'ON_ERROR_STOP=1', '-c', statement).split('\n');
}

/** What became of the rows that were acknowledged. */
function rows({ acknowledged }: LoadResult): { acknowledged: number; missing: number; doubled: number } {
  const there = new Set(written);
  return {
    acknowledged: acknowledged.length,
    missing: acknowledged.filter((token) => !there.has(token)).length,
    doubled: written.length - there.size,
  };
}

/** The release that answers. */
async function greeting(): Promise<string> {
  return JSON.parse((await ask({ port, host: HOST, path: '/whoami/' })).body).greeting;
}

beforeAll(async () => {
  port = await freePort();
  controlPort = await freePort();
});

afterAll(() => {
  project.remove();
  if (LONG && load) writeSoakReport({ load, rows: rows(load), control: lost });
  try {
    deployment.clean();
  } finally {
    control.clean();
  }
});

describe('releases in a row', () => {
  let clients: Load;

  /** A phase of the load: what is done, and a moment in which it has to hold. */
  async function phase(name: string, done: () => Promise<void>): Promise<void> {
    clients.begin(name);
    await done();
    await moment(2000);
  }

  beforeAll(async () => {
    deployment.deploy(build({ folder: project.release(0), release: 0 }));
    const direct = { ...visitors, at: { address: deployment.address(deployment.containers('Proxy/Server')[0]), port: 8080 } };
    clients = new Load({ port, host: HOST, groups: [direct, ...others], minimum: MINIMUM, first: true });
    let last = 0;
    try {
      await phase('nothing', () => moment(5000));
      for (; last < RELEASES; last++) {
        const number = last + 1;
        project.next(last);
        await phase(`release ${number}`, () => released({ folder: project.release(number), release: number }));
        expect(await greeting()).toBe(`release ${number}`);
      }
      if (LONG) await everyOtherChange(last);
    } finally {
      load = await clients.end();
    }
    written = sql('SELECT token FROM catalogue_entry');
  }, 60 * 60_000);

  async function everyOtherChange(last: number): Promise<void> {
    const version = { folder: project.release(last), release: last };
    const other = 'other.localhost';
    await phase('a route more', () => released({ ...version, hosts: [HOST, other] }));
    expect((await ask({ port, host: other, path: '/whoami/' })).status).toBe(200);
    await phase('a route less', () => released(version));
    await phase('other settings of nginx', () => released({ ...version, settings: true }));
    await phase('a replica more', () => released({ ...version, replicas: 3 }));
    await phase('two replicas less', () => released({ ...version, replicas: 1 }));
    await phase('two replicas again', () => released(version));
    await phase('the release before', () => released({ folder: project.release(last - 1), release: last - 1 }));
    expect(await greeting()).toBe(`release ${last - 1}`);
    const broken = project.broken(last);
    await phase('a release that fails after its migration', async () => {
      const applied = await release({ folder: broken, release: last + 1 });
      expect(applied.output).toContain("ModuleNotFoundError: No module named 'a_till_that_nobody_installed'");
      expect(applied.ok).toBe(false);
    });
    expect(await greeting()).toBe(`release ${last - 1}`);
    project.mend(broken, last + 1);
    await phase('the release that is mended', () => released({ folder: project.release(last + 1), release: last + 1 }));
    expect(await greeting()).toBe(`release ${last + 1}`);
  }

  test('lose no request of any client', () => {
    expect(load).toMatchObject({ failed: 0, failures: [] });
    expect(load!.requests).toBeGreaterThanOrEqual(MINIMUM);
  });

  test(`are made while ${visitors.count} clients open ${LEAST_RATE} connections a second or more`, () => {
    const opened = load!.phases.reduce((sum, one) => sum + one.groups[visitors.name].requests, 0);
    expect(opened / load!.seconds).toBeGreaterThanOrEqual(LEAST_RATE);
  });

  test('lose and double no row', () => {
    expect(load!.acknowledged.length).toBeGreaterThan(100);
    expect(rows(load!)).toEqual({ acknowledged: load!.acknowledged.length, missing: 0, doubled: 0 });
    expect([...written].sort()).toEqual([...load!.acknowledged].sort());
  });

  test('changed the table that was written', () => {
    const columns = sql(
      "SELECT column_name FROM information_schema.columns WHERE table_name = 'catalogue_entry' AND is_nullable = 'NO' AND column_name LIKE 'column%'",
    );
    expect(columns).toEqual(expect.arrayContaining(Array.from({ length: RELEASES }, (_, index) => `column_${index + 1}`)));
  });

  test('were served by workers that were replaced all the time', () => {
    const [server] = deployment.containers('Shop/App/Server');
    expect(logs({}, server)).toContain('Autorestarting worker after current request.');
  });
});

describe('releases through a proxy that reloads once', () => {
  test('lose requests of the same clients, or all of this is void', async () => {
    control.deploy(buildControl('first'));
    while (lost.failed === 0 && lost.deploys < CONTROL_DEPLOYS) {
      lost.deploys++;
      const deploy = () => control.deploy(buildControl(`deploy ${lost.deploys}`));
      const { requests, failed, failures } = await underLoad({ port: controlPort, host: HOST, groups: [visitors], minimum: 0, first: true }, deploy);
      lost.requests += requests;
      lost.failed += failed;
      lost.failures.push(...failures);
    }
    if (lost.failed === 0) throw new Error(`void: of ${lost.requests} requests during ${lost.deploys} deploys with one reload each, none failed`);
  });
});
