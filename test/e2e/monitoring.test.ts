import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Construct } from 'constructs';
import { ContainerImage, Duration, GunicornApp, Monitoring, NginxProxy, PostgresDb, RedisCache, RemovalPolicy, Schedule, Size } from '../../lib';
import { Build, Deployment, stack } from './support/deployment';
import { engine, logs } from './support/docker';
import { ask, eventually } from './support/http';
import { FOR_LOAD } from './support/load';
import { freePort } from './support/port';
import { addressIn, reaches } from './support/reach';
import { RULE_TESTS } from './support/rule-cases';
import { testRules } from './support/rule-tests';
import { SecretSweep } from './support/secret-sweep';
import { prepareStandIns } from './support/stand-ins';
import { tracesOf } from './support/traces';

// Prometheus and its exporters beside a database with backups, Redis and a proxy: what it is told is true, it is loud, and nobody gets further through it.
const deployment = new Deployment('monitoring');
const HOST = 'hello.localhost';
/** Fails when it is told to. */
const APP = `
def app(environ, start_response):
    if environ["PATH_INFO"] == "/broken":
        raise RuntimeError("broken on purpose")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]
`;
const project = join(mkdtempSync(join(tmpdir(), 'cdktf-django-monitoring-')), 'target');
let port: number;
let prometheus: number;

const build = (): Build =>
  stack((made: Construct) => {
    const common = { removalPolicy: RemovalPolicy.DESTROY };
    const db = new PostgresDb(made, 'Db', { ...common, memory: Size.mebibytes(256) });
    const schedule = Schedule.cron('0 3 29 2 *');
    const nightly = db.addBackup('Nightly', { schedule, maxAge: Duration.days(1) });
    const drill = nightly.addRestoreDrill('Drill', { schedule, query: 'SELECT false' });
    const app = new GunicornApp(made, 'Hello', {
      image: ContainerImage.fromPythonProject(project, { withoutRequirements: true }),
      module: 'app:app',
      replicas: 1,
      workers: 1,
    });
    const redis = new RedisCache(made, 'Redis', { ...common, memory: Size.mebibytes(64) });
    // As DjangoService.addWorker does.
    redis._watchList(0, 'celery');
    const proxy = new NginxProxy(made, 'Proxy', { address: '127.0.0.1', httpPort: port, limits: FOR_LOAD });
    proxy.addRoute({ host: HOST, target: app });
    const monitoring = new Monitoring(made, 'Monitoring', { ...common, port: prometheus, scrapeInterval: Duration.seconds(1) });
    for (const target of [db, nightly, drill, redis, proxy, app]) monitoring.addTarget(target);
    monitoring.addAlert({ name: 'Asked', expression: 'nginx_http_requests_total > 1e9', summary: 'Very popular.' });
  });

beforeAll(async () => {
  mkdirSync(project);
  writeFileSync(join(project, 'app.py'), APP);
  prepareStandIns('valkey', 'prometheus', 'statsd', ...['node', 'nginx', 'postgres', 'redis'].map((kind) => `exporter-${kind}`));
  [port, prometheus] = [await freePort(), await freePort()];
  deployment.deploy(build());
});

afterAll(() => {
  deployment.clean();
  rmSync(dirname(project), { recursive: true, force: true });
});

const name = (path: string) => `${deployment.namespace}-${path}`;

async function api<T>(path: string): Promise<T> {
  const { status, body } = await ask({ port: prometheus, path: `/api/v1/${path}` });
  const answer = JSON.parse(body) as { status: string; data: T };
  expect([status, answer.status]).toEqual([200, 'success']);
  return answer.data;
}

/** The value of each series that an expression gives, by a label. */
async function values(expression: string, label = 'system'): Promise<Record<string, number>> {
  const { result } = await api<{ result: { metric: Record<string, string>; value: [number, string] }[] }>(
    `query?query=${encodeURIComponent(expression)}`,
  );
  return Object.fromEntries(result.map(({ metric, value }) => [metric[label] ?? '', Number(value[1])]));
}

const states = async () => {
  const { alerts } = await api<{ alerts: { labels: Record<string, string>; state: string }[] }>('alerts');
  return Object.fromEntries(alerts.map(({ labels, state }) => [labels.alertname, state]));
};

test('each rule fires when it has to and not otherwise, by promtool', () => {
  const rules = engine('exec', name('monitoring-server'), 'cat', '/run/cdktf-django/rules.yml');
  const known = (JSON.parse(rules) as { groups: { rules: { alert: string }[] }[] }).groups[0].rules.map(({ alert }) => alert);
  expect([...new Set(known)].filter((alert) => alert !== 'Asked').sort()).toEqual([...new Set(RULE_TESTS.map(({ alert }) => alert))].sort());
  const image = engine('inspect', name('monitoring-server'), '--format', '{{.Image}}');
  expect(testRules(image, rules, RULE_TESTS)).toContain('SUCCESS');
  // What it said of them before Prometheus got them.
  expect(logs({}, deployment.containers('Monitoring/Check', { all: true })[0])).toMatch(
    /is valid prometheus config file[^]*SUCCESS: \d+ rules found/,
  );
});

test('all targets are up, what they say is true, and the plan is empty', async () => {
  await eventually(
    async () => expect(await values('up', 'job')).toEqual({ prometheus: 1, host: 1, nginx: 1, postgres: 1, redis: 1, gunicorn: 1 }),
    30,
  );
  await eventually(async () => expect(await values('nginx_up')).toEqual({ Proxy: 1 }), 10);
  expect(await values('pg_up')).toEqual({ Db: 1 });
  expect(await values('pg_settings_max_connections')).toEqual({ Db: 100 });
  expect(Object.keys(await values('node_filesystem_avail_bytes', 'mountpoint'))).toEqual(['/disk']);

  // nginx counts the exporter's own questions, too; these come once a second.
  const counted = async () => (await values('nginx_http_requests_total')).Proxy;
  const [before, began] = [await counted(), Date.now()];
  for (let sent = 0; sent < 500; sent++) expect((await ask({ port, host: HOST })).status).toBe(200);
  await eventually(async () => expect((await counted()) - before).toBeGreaterThanOrEqual(500), 10);
  expect((await counted()) - before).toBeLessThanOrEqual(500 + 2 * ((Date.now() - began) / 1000 + 3));
  expect(deployment.plan()).toEqual([]);
});

test('a backup is known when it is made; one that fails and a drill that fails are loud, until it is well again', async () => {
  const scheduler = name('db-nightly-scheduler');
  engine('exec', scheduler, 'python3', '/run/cdktf-backup/schedule.py', '--run-now');
  const made = Date.now() / 1000;
  const report = (container: string, kind: string[] = []) => {
    try {
      engine('exec', container, 'python3', '-IS', '/run/cdktf-backup/backup.py', 'health', ...kind);
    } catch {
      // Unhealthy.
    }
  };
  report(scheduler);
  await eventually(
    async () => expect(Object.keys(await values('cdktf_django_backup_newest_timestamp_seconds', 'backup'))).toEqual(['Db/Nightly']),
    10,
  );
  const newest = (await values('cdktf_django_backup_newest_timestamp_seconds', 'backup'))['Db/Nightly'];
  expect(Math.abs(newest - made)).toBeLessThan(20);
  expect(await values('cdktf_django_backup_due_timestamp_seconds - cdktf_django_backup_newest_timestamp_seconds', 'backup')).toEqual({
    'Db/Nightly': 86400,
  });
  expect(await values('cdktf_django_backup_last_run_ok', 'backup')).toEqual({ 'Db/Nightly': 1 });

  // Its query says no.
  expect(() => engine('exec', name('db-nightly-drill-scheduler'), 'python3', '/run/cdktf-backup/schedule.py', '--run-now')).toThrow('drill failed');
  report(name('db-nightly-drill-scheduler'), ['drill']);
  await eventually(async () => expect(await states()).toMatchObject({ RestoreDrillFailed: 'firing' }), 10);

  // A server that answers and lets nobody in fails a backup at once; for one that is away it waits a minute.
  const postgres = (statement: string) =>
    engine('exec', name('db-server'), 'sh', '/run/cdktf-django/psql-admin.sh', '-d', 'postgres', '-qc', statement);
  postgres('ALTER DATABASE app ALLOW_CONNECTIONS false');
  expect(() => engine('exec', scheduler, 'python3', '/run/cdktf-backup/schedule.py', '--run-now')).toThrow('not currently accepting connections');
  report(scheduler);
  await eventually(async () => expect(await states()).toMatchObject({ BackupFailed: 'firing' }), 10);
  expect(await values('cdktf_django_backup_last_run_ok', 'backup')).toEqual({ 'Db/Nightly': 0, 'Db/Nightly/Drill': 0 });
  postgres('ALTER DATABASE app ALLOW_CONNECTIONS true');
  engine('exec', scheduler, 'python3', '/run/cdktf-backup/schedule.py', '--run-now');
  report(scheduler);
  await eventually(async () => expect(await states()).not.toHaveProperty('BackupFailed'), 60);
});

test('a database that is stopped is seen at once, and is well again afterwards', async () => {
  engine('stop', name('db-server'));
  // What a minute makes of it promtool has told.
  await eventually(async () => expect(await states()).toMatchObject({ PostgresDown: 'pending' }), 30);
  // By the exporter, or by its silence: the name of a server that is away is looked for longer than this test gives it.
  expect(await values('pg_up == 0 or up{job="postgres"} == 0')).toEqual({ Db: 0 });
  engine('start', name('db-server'));
  await eventually(async () => expect(await values('pg_up')).toEqual({ Db: 1 }), 30);
  // At the next evaluation of the rules.
  await eventually(async () => expect(await states()).not.toHaveProperty('PostgresDown'), 60);
});

test('Redis: the length of a queue, and one that is stopped', async () => {
  const redis = name('redis-server');
  for (let task = 0; task < 7; task++) engine('exec', redis, 'sh', '/run/cdktf-django/cli.sh', 'LPUSH', 'celery', `task ${task}`);
  await eventually(async () => expect(await values('redis_key_size', 'key')).toEqual({ celery: 7 }), 10);
  expect(await values('redis_memory_max_bytes')).toEqual({ Redis: Math.floor(64 * 1024 * 1024 * 0.6) });
  expect(await values('redis_instance_info', 'maxmemory_policy')).toEqual({ 'volatile-ttl': 1 });
  engine('stop', redis);
  await eventually(async () => expect(await states()).toMatchObject({ RedisDown: 'pending' }), 20);
  expect(await values('redis_up == 0 or up{job="redis"} == 0')).toEqual({ Redis: 0 });
  engine('start', redis);
  await eventually(async () => expect(await values('redis_up')).toEqual({ Redis: 1 }), 20);
});

test('Gunicorn: answers and their time are counted, and an exporter that is away costs the app nothing', async () => {
  const counted = async (status: string) => (await values(`gunicorn_responses_total{status="${status}"}`)).Hello ?? 0;
  const before = await counted('2xx');
  for (let sent = 0; sent < 50; sent++) expect((await ask({ port, host: HOST })).status).toBe(200);
  await eventually(async () => expect(await counted('2xx')).toBeGreaterThanOrEqual(before + 50), 30);
  expect((await values('histogram_quantile(0.95, gunicorn_request_duration_seconds_bucket)')).Hello).toBeLessThan(2.5);

  for (let sent = 0; sent < 100; sent++) expect((await ask({ port, host: HOST, path: '/broken' })).status).toBe(500);
  await eventually(async () => expect(await counted('5xx')).toBe(100), 30);
  // It fires after a minute, as promtool has told.
  await eventually(async () => expect(await states()).toMatchObject({ AppErrors: 'pending' }), 30);

  const app = deployment.containers('Hello/Server')[0];
  engine('stop', name('hello-exporter'));
  const began = Date.now();
  for (let sent = 0; sent < 50; sent++) expect((await ask({ port, host: HOST })).status).toBe(200);
  expect(Date.now() - began).toBeLessThan(10_000);
  // It starts without the exporter, too, and finds it when it is back.
  engine('restart', app);
  await eventually(async () => expect((await ask({ port, host: HOST })).status).toBe(200), 60);
  engine('start', name('hello-exporter'));
  await eventually(async () => {
    await ask({ port, host: HOST });
    expect(await counted('2xx')).toBeGreaterThan(0);
  }, 60);
  expect(logs({}, app)).not.toContain('statsd');
});

test('nginx that is killed comes back with its figures', async () => {
  const pid = () => engine('exec', name('proxy-server'), 'cat', '/tmp/nginx.pid');
  const killed = pid();
  engine('exec', name('proxy-server'), 'sh', '-c', `kill -9 ${killed}`);
  // Another nginx, and not the answer of the one before it.
  await eventually(() => expect(pid()).not.toBe(killed), 30);
  await eventually(async () => expect((await ask({ port, host: HOST })).status).toBe(200), 30);
  await eventually(async () => expect(await values('nginx_up')).toEqual({ Proxy: 1 }), 30);
});

test('from the edge nobody reaches an exporter, Prometheus or the database; its passwords are nowhere', () => {
  const monitoring = name('monitoring-network-internal');
  const app = deployment.containers('Hello/Server')[0];
  for (const [container, listens] of [
    ['monitoring-server', 9090],
    ['monitoring-exporter', 9100],
    ['proxy-exporter', 9113],
    ['db-exporter', 9187],
    ['redis-exporter', 9121],
  ] as const) {
    const address = addressIn(name(container), monitoring);
    for (const from of [app, name('proxy-server'), name('db-server')])
      expect([from, container, reaches(from, address, listens)]).toEqual([from, container, false]);
    // Where it has to be reached, it is.
    expect([container, reaches(name('monitoring-server'), address, listens)]).toEqual([container, true]);
  }
  const database = addressIn(name('db-server'), name('db-network-internal'));
  expect([app, name('monitoring-server'), name('proxy-exporter')].map((from) => reaches(from, database, 5432))).toEqual([false, false, false]);
  expect(reaches(name('db-exporter'), database, 5432)).toBe(true);
  const cache = addressIn(name('redis-server'), name('redis-network-internal'));
  expect([app, name('monitoring-server')].map((from) => reaches(from, cache, 6379))).toEqual([false, false]);

  const secrets = { monitoring: engine('exec', name('db-exporter'), 'cat', '/run/secrets/db-role-monitoring-password/value') };
  const all = { ...secrets, redis: engine('exec', name('redis-server'), 'cat', '/run/secrets/redis-password/value') };
  expect(secrets.monitoring).toMatch(/^[A-Za-z0-9]{64}$/);
  expect(new SecretSweep(all).leaks(tracesOf(deployment))).toEqual([]);
});
