import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ContainerImage, DjangoService, Duration, NginxProxy, PostgresDb, RemovalPolicy, Schedule, Size } from '../../lib';
import { Applied, Build, Deployment, stack } from './support/deployment';
import { engine, logs } from './support/docker';
import { FOR_LOAD, LoadGroup, LoadResult, underLoad } from './support/load';
import { freePort } from './support/port';
import { SoakProject } from './support/soak-project';

// A new password of the database while clients read and write: none of them may notice, whether the release with it succeeds, fails, or is taken back.
const deployment = new Deployment('rotation');
const project = new SoakProject('');
const folder = project.release(0);
const HOST = 'shop.localhost';
let port: number;

/** A statement that takes longer than a release needs to publish its routes: it is under way on an old server when the role of that server is to be closed. */
const LONG = `
from django.db import connection


def long(request):
    with connection.cursor() as cursor:
        cursor.execute('SELECT current_user, session_user, pg_sleep(4)')
        return JsonResponse({'user': cursor.fetchone()[:2]})
`;

const groups: LoadGroup[] = [
  { name: 'reads', count: 4, every: 50, path: '/db/', contains: '"product"' },
  { name: 'rows', count: 2, every: 100, path: '/rows/', contains: '', kind: 'rows' },
  { name: 'rows on kept connections', count: 2, every: 100, path: '/rows/', contains: '', kind: 'rows', keep: true },
  { name: 'long statements', count: 2, every: 200, path: '/long/', contains: '"app_owner"' },
];

function build(passwordVersion: number, from = folder): Build {
  return stack((made) => {
    const db = new PostgresDb(made, 'Db', {
      memory: Size.mebibytes(256),
      passwordVersion,
      // Whoever logs all statements must not log a password with them.
      parameters: { log_statement: 'all', log_min_duration_statement: '0' },
    });
    const shop = new DjangoService(made, 'Shop', {
      image: ContainerImage.fromDjangoProject(from),
      project: 'shop',
      database: db,
      replicas: 2,
      workers: 2,
      threads: 4,
      timeout: Duration.seconds(10),
      gracefulTimeout: Duration.seconds(10),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    shop.addCommand('Nightly', { schedule: Schedule.cron('0 4 * * *'), command: ['clearsessions'] });
    const proxy = new NginxProxy(made, 'Proxy', { address: '127.0.0.1', httpPort: port, limits: FOR_LOAD });
    proxy.addRoute({ host: HOST, target: shop });
  });
}

beforeAll(async () => {
  port = await freePort();
  appendFileSync(join(folder, 'catalogue', 'views.py'), LONG);
  const urls = join(folder, 'catalogue', 'urls.py');
  writeFileSync(urls, readFileSync(urls, 'utf8').replace("path('db/'", "path('long/', views.long),\n    path('db/'"));
  deployment.deploy(build(1));
  // As it is in a database that was made before passwords had versions.
  sql('COMMENT ON ROLE app IS NULL');
});

afterAll(() => {
  project.remove();
  deployment.clean();
});

const server = () => `${deployment.namespace}-db-server`;

function sql(statement: string): string {
  return engine('exec', server(), 'sh', '/run/cdktf-django/psql-admin.sh', '-At', '-v', 'ON_ERROR_STOP=1', '-c', statement);
}

/** The login roles: whether they can log in, whether they have a password, and how many sessions. */
function roles(): Record<string, string> {
  const rows = sql(
    "SELECT rolname, rolcanlogin, rolpassword IS NOT NULL, (SELECT count(*) > 0 FROM pg_stat_activity WHERE usename = rolname) FROM pg_authid WHERE rolname LIKE 'app%' ORDER BY 1",
  );
  const words = (row: string[]) => `${row[0] === 't' ? 'open' : 'closed'}${row[1] === 't' ? ', password' : ''}${row[2] === 't' ? ', sessions' : ''}`;
  return Object.fromEntries(rows.split('\n').map((row) => [row.split('|')[0], words(row.split('|').slice(1))]));
}

/** A password, read as root of the host would. */
function password(version: number): string {
  const volume = `${deployment.namespace}-db-password${version === 1 ? '' : `-v${version}`}`;
  return inVolume(volume, 'cat /volume/value');
}

function inVolume(volume: string, script: string): string {
  const image = engine('inspect', server(), '--format', '{{.Image}}');
  return engine('run', '--rm', '--network', 'none', '--user', '0', '-v', `${volume}:/volume`, '--entrypoint', 'sh', image, '-c', script);
}

/** What the server says to a login by TCP. */
function login(user: string, secret: string): string {
  try {
    return engine('exec', '-e', `PGPASSWORD=${secret}`, server(), 'psql', '-h', '127.0.0.1', '-U', user, '-d', 'app', '-Atc', 'SELECT current_user');
  } catch (error) {
    return (error as Error).message;
  }
}

/** Deploys while clients ask, and gives what came of it. Nothing may have failed for them. */
async function underClients(wanted: Build): Promise<{ applied: Applied; result: LoadResult }> {
  let applied: Applied | undefined;
  const result = await underLoad({ port, host: HOST, groups, minimum: 500 }, async () => {
    deployment.synth(wanted);
    applied = await deployment.applyMeanwhile();
  });
  expect(result).toMatchObject({ failed: 0, failures: [] });
  expect(result.requests).toBeGreaterThanOrEqual(500);
  const there = new Set(sql('SELECT token FROM catalogue_entry').split('\n'));
  expect(result.acknowledged.length).toBeGreaterThan(100);
  expect(result.acknowledged.filter((token) => !there.has(token))).toEqual([]);
  process.stdout.write(`rotation: ${result.requests} requests in ${result.seconds.toFixed(0)} s, ${result.failed} failed\n`);
  return { applied: applied!, result };
}

async function rotated(version: number): Promise<void> {
  const { applied } = await underClients(build(version));
  expect({ ok: applied.ok, output: applied.ok ? '' : applied.output.slice(-4000) }).toEqual({ ok: true, output: '' });
  expect(deployment.plan()).toEqual([]);
}

const owners = () => sql("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'");

test('a second version: another role with another password, and the first one is closed when its clients have gone', async () => {
  expect(roles()).toEqual({ app: 'open, password, sessions', app_owner: 'closed' });
  expect(login('app', password(1))).toBe('app_owner');
  const database = engine('inspect', server(), '--format', '{{.Id}} {{.State.StartedAt}}');

  await rotated(2);

  expect(roles()).toEqual({ app: 'closed', app_alt: 'open, password, sessions', app_owner: 'closed' });
  expect(password(2)).not.toBe(password(1));
  expect(login('app_alt', password(2))).toBe('app_owner');
  expect(login('app', password(1))).toMatch(/password authentication failed|not permitted to log in/);
  expect(owners()).toBe('app_owner');
  // Neither server nor data were touched.
  expect(engine('inspect', server(), '--format', '{{.Id}} {{.State.StartedAt}}')).toBe(database);
});

test('a release that fails leaves the role of those that serve, and taking it back closes the other one', async () => {
  const servers = deployment.containers('Shop/App/Server');
  const { applied } = await underClients(build(3, project.broken(0)));
  expect(applied.ok).toBe(false);
  expect(applied.output).toContain('a_till_that_nobody_installed');
  expect(deployment.containers('Shop/App/Server')).toEqual(servers);
  // Both are open. What the migration of the broken release made belongs to the owner, though the other role made it.
  expect(roles()).toMatchObject({ app: expect.stringMatching(/^open, password/), app_alt: 'open, password, sessions' });
  expect(owners()).toBe('app_owner');

  await rotated(2);
  expect(roles()).toEqual({ app: 'closed', app_alt: 'open, password, sessions', app_owner: 'closed' });
});

test('a third version takes the first role again, with a third password, and an earlier version comes back with its own', async () => {
  await rotated(3);
  expect(roles()).toEqual({ app: 'open, password, sessions', app_alt: 'closed', app_owner: 'closed' });
  expect(new Set([1, 2, 3].map(password)).size).toBe(3);
  expect(login('app', password(3))).toBe('app_owner');
  expect(login('app', password(1))).toContain('password authentication failed');

  const second = password(2);
  await rotated(2);
  expect(roles()).toEqual({ app: 'closed', app_alt: 'open, password, sessions', app_owner: 'closed' });
  expect(password(2)).toBe(second);
  expect(login('app_alt', second)).toBe('app_owner');
});

test('a version that would take the role from its clients is refused, and they notice nothing', async () => {
  const servers = deployment.containers('Shop/App/Server');
  const { applied } = await underClients(build(4));
  expect(applied.ok).toBe(false);
  expect(applied.output).toContain(
    'Role app_alt still logs in with password version 2, and its clients would lose it to version 4. Nothing was changed.',
  );
  expect(applied.output).toContain('set passwordVersion to 3 first');
  expect(deployment.containers('Shop/App/Server')).toEqual(servers);
  expect(roles()).toEqual({ app: 'closed', app_alt: 'open, password, sessions', app_owner: 'closed' });
  deployment.deploy(build(2));
  expect(deployment.plan()).toEqual([]);
});

test('a value that was changed where it comes from is refused, and gets in with the next version', async () => {
  inVolume(`${deployment.namespace}-db-password-v2`, 'printf %s another-password-of-the-second-version >/volume/value');
  engine('rm', '-f', '-v', ...deployment.containers('Db/OpenLogin', { all: true }));
  const { applied } = await underClients(build(2));
  expect(applied.ok).toBe(false);
  expect(applied.output).toContain('The password that the stack has for version 2 is not the one of role app_alt');
  expect(applied.output).toContain('Set passwordVersion to 3, whatever the source');

  await rotated(3);
  expect(roles()).toEqual({ app: 'open, password, sessions', app_alt: 'closed', app_owner: 'closed' });
});

test('no password is in what Terraform wrote, in a log, or in what the engine tells', () => {
  const traces = deployment.traces();
  const containers = engine('ps', '-aq', '--filter', `label=org.cdktf-django.namespace=${deployment.namespace}`).split('\n');
  const told = [engine('inspect', ...containers), ...containers.map((container) => logs({}, container))].join('\n');
  // The server does log statements, those of the jobs but for the ones of the superuser.
  expect(logs({}, server())).toContain('pg_sleep(4)');
  for (const version of [1, 2, 3]) {
    expect(traces).not.toContain(password(version));
    expect(told).not.toContain(password(version));
  }
  expect(logs({}, server())).not.toContain('SCRAM-SHA-256$');
});
