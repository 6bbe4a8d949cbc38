import { ContainerImage, DjangoService, Duration, NginxProxy, PostgresDb, RedisCache, RemovalPolicy, Size } from '../../lib';
import { CeleryProject } from './support/celery-project';
import { Applied, Build, Deployment, stack } from './support/deployment';
import { engine, logs } from './support/docker';
import { ask, eventually } from './support/http';
import { FOR_LOAD, LoadGroup, moment, underLoad } from './support/load';
import { freePort } from './support/port';
import { SecretSweep } from './support/secret-sweep';
import { prepareStandIn } from './support/stand-in';
import { tracesOf } from './support/traces';

// A project with Celery: a release under a stream of tasks, beat, a broker that is killed, a worker that hangs.
const deployment = new Deployment('celery');
const project = new CeleryProject();
const HOST = 'site.localhost';
const GRACE_SECONDS = 20;
let port: number;

function build(release: number): Build {
  return stack((made) => {
    const common = { removalPolicy: RemovalPolicy.DESTROY };
    const redis = new RedisCache(made, 'Redis', { ...common, memory: Size.mebibytes(64) });
    const site = new DjangoService(made, 'Site', {
      ...common,
      image: ContainerImage.fromDjangoProject(project.release(release)),
      project: 'site1',
      database: new PostgresDb(made, 'Db', { ...common, memory: Size.mebibytes(256) }),
      cache: redis,
      sessions: redis,
      broker: redis,
      replicas: 1,
      workers: 2,
    });
    site.addWorker('Tasks', { replicas: 2, concurrency: 2, memory: Size.mebibytes(256), stopGracePeriod: Duration.seconds(GRACE_SECONDS) });
    site.addBeat();
    site.addProcess('Follower', { command: ['python', '-c', 'import time; print("following", flush=True); time.sleep(100000)'] });
    const proxy = new NginxProxy(made, 'Proxy', { address: '127.0.0.1', httpPort: port, limits: FOR_LOAD });
    proxy.addRoute({ host: HOST, target: site });
  });
}

beforeAll(async () => {
  prepareStandIn('valkey');
  port = await freePort();
  deployment.deploy(build(1));
});

afterAll(() => {
  project.remove();
  deployment.clean();
});

const get = (path: string, cookie = '') => ask({ port, host: HOST, path, headers: cookie === '' ? {} : { Cookie: cookie } });
const json = async (path: string, cookie = ''): Promise<object> => {
  const { status, body } = await get(path, cookie);
  return { status, ...(status === 200 ? (JSON.parse(body) as object) : {}) };
};
const redis = () => `${deployment.namespace}-redis-server`;
const workers = () => deployment.containers('Site/Tasks/Process');
const beats = () => deployment.containers('Site/Beat/Process');
const health = (container: string) => engine('inspect', container, '--format', '{{.State.Health.Status}}');

function sql(statement: string): string[] {
  const rows = engine(
    'exec',
    `${deployment.namespace}-db-server`,
    'sh',
    '/run/cdktf-django/psql-admin.sh',
    '-At',
    '-v',
    'ON_ERROR_STOP=1',
    '-c',
    statement,
  );
  return rows === '' ? [] : rows.split('\n');
}

test('tasks are done, results come back, beat beats, and the plan is empty', async () => {
  expect(await json('/result/')).toEqual({ status: 200, sum: 42 });
  await eventually(() => expect(sql("SELECT count(*) > 1 FROM jobs_run WHERE token = 'tick'")).toEqual(['t']), 20);
  expect([workers().length, beats().length, deployment.containers('Site/Follower/Process').length]).toEqual([2, 1, 1]);
  for (const container of [...workers(), ...beats()]) expect(health(container)).toBe('healthy');
  expect(engine('exec', redis(), 'sh', '/run/cdktf-django/cli.sh', 'CONFIG', 'GET', 'maxmemory-policy')).toBe('maxmemory-policy\nvolatile-ttl');
  expect(deployment.plan()).toEqual([]);
});

const groups: LoadGroup[] = [{ name: 'tasks', count: 4, every: 150, path: '/rows/', contains: '', kind: 'rows' }];

/** `CDKTF_DJANGO_CELERY=long`: ten releases, and 10,000 tasks. */
const [RELEASES, TASKS] = process.env.CDKTF_DJANGO_CELERY === 'long' ? [10, 10_000] : [1, 1200];
const MINUTES = 10 * RELEASES;

test(
  'releases under a stream of tasks lose none of them, and beat goes on',
  async () => {
    const began = sql('SELECT now()')[0];
    // One that does not end in time, and is begun again.
    expect(await json('/long/too-long/300/')).toMatchObject({ status: 200 });
    await eventually(() => expect(sql("SELECT token FROM jobs_run WHERE token LIKE 'begun %'")).toEqual(['begun too-long']), 10);
    const wanted = new Set<string>();
    for (let release = 2; release <= RELEASES + 1; release++) {
      const before = [...workers(), ...beats()];
      let applied: Applied | undefined;
      const result = await underLoad({ port, host: HOST, groups, minimum: TASKS / RELEASES }, async () => {
        deployment.synth(build(release));
        applied = await deployment.applyMeanwhile();
      });
      expect({ ok: applied!.ok, output: applied!.ok ? '' : applied!.output.slice(-4000) }).toEqual({ ok: true, output: '' });
      expect(result).toMatchObject({ failed: 0, failures: [] });
      expect([...workers(), ...beats()].filter((one) => before.includes(one))).toEqual([]);
      for (const token of result.acknowledged) wanted.add(token);
      // What an old worker has given back is done soon; nobody waits for the visibility timeout.
      await eventually(() => {
        const effects = new Set(sql('SELECT token FROM jobs_effect'));
        expect([...wanted].filter((token) => !effects.has(token))).toEqual([]);
      }, 90);
      process.stdout.write(`celery: release ${release - 1}: ${wanted.size} tasks until now; ${result.seconds.toFixed(0)} s\n`);
    }
    expect(wanted.size).toBeGreaterThanOrEqual(TASKS * 0.8);
    const [runs, again] = sql(
      "SELECT count(*), count(*) - count(DISTINCT token) FROM jobs_run WHERE token NOT LIKE '%too-long' AND token <> 'tick'",
    )[0].split('|');
    process.stdout.write(`celery: ${wanted.size} tasks during ${RELEASES} releases, ${runs} runs, ${again} of them again\n`);
    expect(Number(runs)).toBeGreaterThanOrEqual(wanted.size);

    await eventually(() => expect(sql("SELECT count(*) FROM jobs_effect WHERE token = 'too-long'")).toEqual(['1']), 30);
    expect(sql("SELECT count(*) FROM jobs_run WHERE token = 'begun too-long'")).toEqual(['2']);

    // Every two seconds one: two beats would send twice as many, and none would leave a gap.
    const [ticks, expected, gap] = sql(
      `SELECT count(*), extract(epoch FROM max(at) - min(at)) / 2 + 1, max(step) FROM (SELECT at, extract(epoch FROM at - lag(at) OVER (ORDER BY at)) AS step
     FROM jobs_run WHERE token = 'tick' AND at > '${began}') AS steps`,
    )[0]
      .split('|')
      .map(Number);
    process.stdout.write(`celery: ${ticks} ticks where ${expected.toFixed(1)} were due, the longest gap ${gap.toFixed(1)} s\n`);
    expect(ticks).toBeLessThanOrEqual(expected + 2);
    expect(gap).toBeLessThan(10);
    expect(logs({}, beats()[0])).toContain('standing by until the beat before this one has ended');
    expect(deployment.plan()).toEqual([]);
  },
  MINUTES * 60_000,
);

test('Redis is killed: the site serves, nobody is logged out, and all is there when it is back', async () => {
  const first = await get('/visits/');
  const cookie = String(first.headers['set-cookie']).split(';')[0];
  expect(await json('/visits/', cookie)).toEqual({ status: 200, visits: 2 });
  const { value } = (await json('/cached/')) as { value: number };
  const lives = () =>
    [...workers(), ...beats(), ...deployment.containers('Site/App/Server')].map((name) =>
      engine('inspect', name, '--format', '{{.Name}} {{.State.StartedAt}} {{.RestartCount}} {{.State.Health.Status}}'),
    );
  const before = lives();
  // It is on the disk a second after it was written.
  await moment(1500);
  engine('kill', '--signal', 'KILL', redis());
  const away = Date.now();
  expect(await json('/plain/')).toEqual({ status: 200, well: true });
  expect(((await json('/cached/')) as { value: number }).value).not.toBe(value);
  const stranger = await get('/visitor/', cookie);
  expect([stranger.status, stranger.body, stranger.headers['set-cookie']]).toEqual([200, '{"visits": null}', undefined]);
  const started = Date.now();
  expect(await json('/plain/')).toEqual({ status: 200, well: true });
  expect(Date.now() - started).toBeLessThan(1000);
  await moment(12_000 - (Date.now() - away));
  expect(lives()).toEqual(before);
  engine('start', redis());
  const back = Date.now();
  await eventually(async () => expect(await json('/visits/', cookie)).toEqual({ status: 200, visits: 3 }), 20);
  expect(await json('/cached/')).toEqual({ status: 200, value });
  await eventually(async () => expect(await json('/result/')).toEqual({ status: 200, sum: 42 }), 60);
  process.stdout.write(`celery: tasks were done again ${((Date.now() - back) / 1000).toFixed(1)} s after Redis was started\n`);
  expect(lives()).toEqual(before);
});

test('a worker that hangs is unhealthy, and no other one; meanwhile: the password of Redis is nowhere', async () => {
  const [hanging, other] = workers();
  // The main process: the init of the container has the first id.
  const pid = engine('exec', hanging, 'sh', '-c', 'cat /proc/1/task/1/children').trim().split(' ')[0];
  engine('exec', hanging, 'python', '-c', `import os; os.kill(${pid}, 19)`);
  const secrets = { redis: engine('exec', redis(), 'cat', '/run/secrets/redis-password/value') };
  expect(secrets.redis).toMatch(/^[A-Za-z0-9]{64}$/);
  expect(new SecretSweep(secrets).leaks(tracesOf(deployment))).toEqual([]);
  await eventually(() => expect(health(hanging)).toBe('unhealthy'), 110);
  expect(health(other)).toBe('healthy');
  engine('exec', hanging, 'python', '-c', `import os; os.kill(${pid}, 18)`);
  await eventually(() => expect(health(hanging)).toBe('healthy'), 40);
});
