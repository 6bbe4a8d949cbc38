import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ContainerImage, DjangoService, Duration, NginxProxy, PostgresDb, RemovalPolicy, Schedule, Service, Size } from '../../lib';
import { Applied, Build, Deployment, stack } from './support/deployment';
import { engine, logs } from './support/docker';
import { ask, eventually } from './support/http';
import { FOR_LOAD, LoadGroup, LoadResult, underLoad } from './support/load';
import { freePort } from './support/port';
import { SoakProject } from './support/soak-project';
import { prepareStandIn } from './support/stand-in';

// The example behind a pooler: what Django may do there, many more clients than the server has connections for, a release with another password under load, and a server that goes and comes back.
const deployment = new Deployment('pooler');
const project = new SoakProject('');
const HOST = 'shop.localhost';
const CLIENTS = 500;
const POOL = 10;
const REPLICAS = 2;
let port: number;

const VIEWS = `
from django.conf import settings
from django.db import connection, transaction


def stream(request):
    """What would be a server-side cursor, outside of a transaction and in one."""
    outside = [product.name for product in Product.objects.order_by('pk').iterator(chunk_size=1)]
    with transaction.atomic():
        inside = [product.name for product in Product.objects.order_by('pk').iterator(chunk_size=1)]
        # One server connection for all of it.
        pids = set()
        for _ in range(5):
            with connection.cursor() as cursor:
                cursor.execute('SELECT pg_backend_pid()')
                pids.add(cursor.fetchone()[0])
    database = settings.DATABASES['default']
    return JsonResponse({'count': len(outside), 'same': inside == outside, 'pids': len(pids), 'hosts': len(database['HOST'].split(',')),
                         'cursors': not database['DISABLE_SERVER_SIDE_CURSORS'], 'kept': database['CONN_MAX_AGE']})


def undone(request):
    """A transaction that fails leaves nothing, in its database and on its connection."""
    try:
        with transaction.atomic():
            Entry.objects.create(token='undone')
            with connection.cursor() as cursor:
                cursor.execute('SELECT 1 / 0')
    except Exception as error:
        return JsonResponse({'error': type(error).__name__, 'rows': Entry.objects.filter(token='undone').count()})


def long(request):
    with connection.cursor() as cursor:
        cursor.execute('SELECT current_user, session_user, pg_sleep(3)')
        return JsonResponse({'user': cursor.fetchone()[:2]})
`;

// Connects so many clients, and when all are there, or refused, lets each ask. Prints what came of it.
const CROWD = `
import asyncio, collections, json, os, sys
import psycopg

host, count = sys.argv[1], int(sys.argv[2])
with open(os.environ['PASSWORD_FILE']) as file:
    login = {'host': host, 'dbname': os.environ['PGDATABASE'], 'user': os.environ['PGUSER'], 'password': file.read().strip()}


async def connected(problems):
    try:
        return await psycopg.AsyncConnection.connect(**login, autocommit=True, connect_timeout=60)
    except psycopg.Error as error:
        problems[str(error).strip().splitlines()[-1].split('FATAL: ')[-1].strip()] += 1


async def asked(connection, problems):
    try:
        cursor = await connection.execute('SELECT pg_backend_pid(), pg_sleep(0.02)')
        return (await cursor.fetchone())[0]
    except psycopg.Error as error:
        problems[str(error)] += 1


async def main():
    refused, failed = collections.Counter(), collections.Counter()
    all_of_them = [one for one in await asyncio.gather(*[connected(refused) for _ in range(count)]) if one]
    backends = [one for one in await asyncio.gather(*[asked(one, failed) for one in all_of_them]) if one]
    for one in all_of_them:
        await one.close()
    print(json.dumps({'connected': len(all_of_them), 'served': len(backends), 'backends': len(set(backends)), 'refused': dict(refused), 'failed': dict(failed)}))


asyncio.run(main())
`;

const groups: LoadGroup[] = [
  { name: 'reads', count: 4, every: 50, path: '/db/', contains: '"product"' },
  { name: 'streams', count: 2, every: 100, path: '/stream/', contains: '"same": true' },
  { name: 'rows', count: 2, every: 100, path: '/rows/', contains: '', kind: 'rows' },
  { name: 'rows on kept connections', count: 2, every: 100, path: '/rows/', contains: '', kind: 'rows', keep: true },
  { name: 'long statements', count: 2, every: 200, path: '/long/', contains: '"app_owner"' },
];

function build(release: number, passwordVersion = 1): Build {
  return stack((made) => {
    const db = new PostgresDb(made, 'Db', { memory: Size.mebibytes(256), passwordVersion });
    const pooler = db.addPooler('Pooler', { defaultPoolSize: POOL, replicas: REPLICAS });
    const image = ContainerImage.fromDjangoProject(project.release(release));
    const shop = new DjangoService(made, 'Shop', {
      image,
      project: 'shop',
      database: pooler,
      replicas: 2,
      workers: 2,
      threads: 4,
      timeout: Duration.seconds(10),
      gracefulTimeout: Duration.seconds(10),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    shop.addCommand('Nightly', { schedule: Schedule.cron('0 4 * * *'), command: ['clearsessions'] });
    // Who may come by both ways.
    const crowd = new Service(made, 'Crowd', {
      image,
      entrypoint: ['sleep', '100000'],
      user: '10090:10090',
      memory: Size.mebibytes(384),
      stopGracePeriod: Duration.seconds(1),
      environment: { PGDATABASE: db.databaseName, PGUSER: db.user, PASSWORD_FILE: db.passwordSecret.path, POOLER: pooler.host },
    });
    db.addClient(crowd, { connections: 1 });
    pooler.addClient(crowd, { connections: 100 });
    const proxy = new NginxProxy(made, 'Proxy', { address: '127.0.0.1', httpPort: port, limits: FOR_LOAD });
    proxy.addRoute({ host: HOST, target: shop });
  });
}

beforeAll(async () => {
  prepareStandIn('pgbouncer');
  port = await freePort();
  const folder = project.release(0);
  appendFileSync(join(folder, 'catalogue', 'views.py'), VIEWS);
  const urls = join(folder, 'catalogue', 'urls.py');
  const paths = ['stream', 'undone', 'long'].map((name) => `path('${name}/', views.${name}),\n    `).join('');
  writeFileSync(urls, readFileSync(urls, 'utf8').replace("path('db/'", `${paths}path('db/'`));
  deployment.deploy(build(0));
});

afterAll(() => {
  project.remove();
  deployment.clean();
});

const server = () => `${deployment.namespace}-db-server`;
const poolers = () => deployment.containers('Db/Pooler/Server');
const json = async (path: string) => {
  const { status, body } = await ask({ port, host: HOST, path });
  return { status, ...(status === 200 ? (JSON.parse(body) as object) : {}) };
};

function sql(statement: string): string {
  return engine('exec', server(), 'sh', '/run/cdktf-django/psql-admin.sh', '-At', '-v', 'ON_ERROR_STOP=1', '-c', statement);
}

/** What the console of a PgBouncer says, by column. */
function show(pooler: string, what: string): Record<string, string>[] {
  const command = ['psql', '--host=/tmp/pgbouncer', '--port=5432', '--username=pgbouncer', 'pgbouncer', '--no-psqlrc', '-A', '-c', `SHOW ${what}`];
  const [head, ...rows] = engine('exec', pooler, ...command).split('\n');
  return rows
    .filter((row) => row.includes('|'))
    .map((row) => Object.fromEntries(row.split('|').map((cell, index) => [head.split('|')[index], cell])));
}

interface Crowd {
  readonly connected: number;
  readonly served: number;
  readonly backends: number;
  readonly refused: Record<string, number>;
  readonly failed: Record<string, number>;
}

function crowd(host: string): Crowd {
  const [container] = deployment.containers('Crowd');
  return JSON.parse(deployment.exec(container, 'sh', '-c', 'exec python -c "$0" "$@"', CROWD, host, String(CLIENTS))) as Crowd;
}

test('Django works through it: transactions, and what would be server-side cursors; the plan is empty', async () => {
  expect(await json('/stream/')).toEqual({ status: 200, count: 3, same: true, pids: 1, hosts: REPLICAS, cursors: false, kept: 60 });
  expect(await json('/undone/')).toEqual({ status: 200, error: 'DataError', rows: 0 });
  expect(await json('/long/')).toEqual({ status: 200, user: ['app_owner', 'app'] });
  expect(deployment.plan()).toEqual([]);
});

test('the servers come by way of the pooler alone, and the release job past it', () => {
  const addresses = new Set(sql("SELECT DISTINCT client_addr FROM pg_stat_activity WHERE usename = 'app'").split('\n'));
  const inDatabaseNetwork = (container: string) =>
    engine(
      'inspect',
      container,
      '--format',
      `{{with index .NetworkSettings.Networks "${deployment.namespace}-db-network-internal"}}{{.IPAddress}}{{end}}`,
    );
  const known = poolers().map(inDatabaseNetwork);
  expect(known).toHaveLength(REPLICAS);
  expect([...addresses].filter((address) => !known.includes(address))).toEqual([]);
  for (const container of deployment.containers('Shop/App/Server')) expect(inDatabaseNetwork(container)).toBe('');
  const [job] = deployment.containers('Shop/App/Release', { all: true });
  expect(logs({}, job)).toContain(`the database ${server()}:5432/app answers`);
});

test(`${CLIENTS} clients at once are served, where the server alone refuses most of them`, () => {
  const alone = crowd(server());
  expect(alone.connected).toBeLessThan(100);
  const refused = Object.values(alone.refused).reduce((sum, count) => sum + count, 0);
  expect(alone.connected + refused).toBe(CLIENTS);
  expect(Object.keys(alone.refused).join()).toMatch(/too many clients already|remaining connection slots are reserved/);

  const pooled = crowd(deployment.exec(deployment.containers('Crowd')[0], 'printenv', 'POOLER'));
  expect(pooled).toMatchObject({ connected: CLIENTS, served: CLIENTS, refused: {}, failed: {} });
  expect(pooled.backends).toBeGreaterThan(1);
  expect(pooled.backends).toBeLessThanOrEqual(POOL * REPLICAS);
  process.stdout.write(
    `pooler: of ${CLIENTS} clients the server took ${alone.connected}, the pooler ${pooled.connected} on ${pooled.backends} connections\n`,
  );
});

/** Deploys while clients ask, and gives what came of it. Nothing may have failed for them. */
async function underClients(wanted: Build): Promise<LoadResult> {
  let applied: Applied | undefined;
  const result = await underLoad({ port, host: HOST, groups, minimum: 500 }, async () => {
    deployment.synth(wanted);
    applied = await deployment.applyMeanwhile();
  });
  expect({ ok: applied!.ok, output: applied!.ok ? '' : applied!.output.slice(-4000) }).toEqual({ ok: true, output: '' });
  expect(result).toMatchObject({ failed: 0, failures: [] });
  const there = new Set(sql('SELECT token FROM catalogue_entry').split('\n'));
  expect(result.acknowledged.length).toBeGreaterThan(100);
  expect(result.acknowledged.filter((token) => !there.has(token))).toEqual([]);
  process.stdout.write(
    `pooler: ${result.requests} requests in ${result.seconds.toFixed(0)} s, ${result.failed} failed, slowest ${result.slowest} ms\n`,
  );
  return result;
}

test('a release with a migration and another password of the database loses no request', async () => {
  const before = poolers();
  project.next(0);
  const database = engine('inspect', server(), '--format', '{{.Id}} {{.State.StartedAt}}');
  await underClients(build(1, 2));
  expect(poolers().filter((one) => before.includes(one))).toEqual([]);
  expect(poolers()).toHaveLength(REPLICAS);
  expect(sql("SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname IN ('app', 'app_alt') ORDER BY 1")).toBe('app|f\napp_alt|t');
  expect(sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'")).toBe('0');
  expect(sql("SELECT count(*) FROM information_schema.columns WHERE column_name = 'column_1'")).toBe('1');
  expect(engine('inspect', server(), '--format', '{{.Id}} {{.State.StartedAt}}')).toBe(database);
  expect(deployment.plan()).toEqual([]);
});

test('the server is stopped and started again under it: all is well soon after, and nothing else was restarted', async () => {
  const lives = () =>
    [...poolers(), ...deployment.containers('Shop/App/Server')].map((name) =>
      engine('inspect', name, '--format', '{{.Name}} {{.State.StartedAt}} {{.RestartCount}} {{.State.Health.Status}}'),
    );
  const before = lives();
  expect(before.join()).not.toContain('unhealthy');
  engine('stop', server());
  // Those that come first wait for a connection for a while, the others are told at once.
  const statuses = async () =>
    (await Promise.all(Array.from({ length: 20 }, () => ask({ port, host: HOST, path: '/db/' })))).map(({ status }) => status);
  expect(new Set(await statuses())).toEqual(new Set([500]));
  const asked = Date.now();
  expect(new Set(await statuses())).toEqual(new Set([500]));
  expect(Date.now() - asked).toBeLessThan(5000);
  engine('start', server());
  const started = Date.now();
  await eventually(async () => {
    expect(new Set(await statuses())).toEqual(new Set([200]));
  }, 20);
  const recovered = (Date.now() - started) / 1000;
  process.stdout.write(`pooler: all served ${recovered.toFixed(1)} s after the server was started again\n`);
  expect(recovered).toBeLessThan(10);
  expect(lives()).toEqual(before);
});

test('one of the poolers is gone: clients go on with the other one, and use it again when it is back', async () => {
  const [one] = poolers();
  engine('kill', '--signal', 'KILL', one);
  const answers = await Promise.all(Array.from({ length: 40 }, () => ask({ port, host: HOST, path: '/db/' })));
  // Whoever had a statement under way on it has lost that one; nobody had.
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  engine('start', one);
  await eventually(() => expect(engine('inspect', one, '--format', '{{.State.Health.Status}}')).toBe('healthy'), 60);
  expect(show(one, 'DATABASES').find(({ name }) => name === 'app')).toMatchObject({ pool_size: String(POOL), max_connections: String(POOL) });
});

test('no password is in what Terraform wrote, in a log, or in what the engine tells', () => {
  const traces = deployment.traces();
  const containers = engine('ps', '-aq', '--filter', `label=org.cdktf-django.namespace=${deployment.namespace}`).split('\n');
  const told = [engine('inspect', ...containers), ...containers.map((container) => logs({}, container))].join('\n');
  for (const container of poolers()) {
    const password = engine('exec', container, 'cat', '/run/secrets/db-password/value');
    expect(engine('exec', container, 'cat', '/tmp/pgbouncer/users')).toBe(`"app_alt" "${password}"`);
    expect(traces).not.toContain(password);
    expect(told).not.toContain(password);
    expect(logs({}, container)).toContain('process up: PgBouncer');
  }
});
