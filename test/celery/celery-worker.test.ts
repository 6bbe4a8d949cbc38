import { CeleryPool, CeleryWorkerOptions, ContainerImage, DjangoService, Duration, PostgresDb, RedisCache, Size } from '../../lib';
import { runtimeFile } from '../../lib/image/default-images';
import { violations } from '../support/graph';
import { Arguments, newStack, Synthesized } from '../support/synth';

const image = ContainerImage.fromRegistry('localhost/shop:1');

function newShop(maxConnections?: number): DjangoService {
  const stack = newStack();
  const broker = new RedisCache(stack, 'Redis');
  return new DjangoService(stack, 'Shop', { image, project: 'shop', broker, replicas: 1, database: new PostgresDb(stack, 'Db', { maxConnections }) });
}

const synthesized = (shop: DjangoService) => new Synthesized(shop.node.scope as ReturnType<typeof newStack>);

function worker(options: CeleryWorkerOptions = {}): Arguments {
  const shop = newShop();
  shop.addWorker('Mail', options);
  return synthesized(shop).container('shop/Shop/Mail/Process');
}

const celery = (container: Arguments) => container.command.slice(container.command.indexOf('worker') + 1) as string[];
const problemOf = (options: object): string => {
  try {
    newShop().addWorker('Mail', options);
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
};

test('is a worker of Celery, with limits and a sign of life', () => {
  const found = worker();
  expect(found.command).toEqual([
    ...['--', 'python', '/run/cdktf-celery/celery_process.py', '--app', 'shop', '--grace', '50', '--', 'worker'],
    ...['--pool=prefork', '--concurrency=2', '--hostname=mail@%h', '--loglevel=INFO', '--max-tasks-per-child=1000', '--max-memory-per-child=196608'],
  ]);
  expect(found).toMatchObject({ memory: 512, destroy_grace_seconds: 60, stop_signal: 'SIGTERM', wait: true });
  expect(found.healthcheck).toMatchObject({ interval: '250ms', timeout: '19s', retries: 2 });
  expect(found.healthcheck.test).toEqual([
    ...['CMD', 'python', '-IS', '/run/cdktf-django/probe.py', '--last', '9', '--heartbeat', '60', '--end-after', '60'],
    ...['--broker', 'shop-redis-server:6379'],
  ]);
});

test('is what was asked for', () => {
  const found = worker({
    celeryApp: 'config.celery_app:app',
    queues: ['mail', 'mail.slow'],
    concurrency: 4,
    maxTasksPerChild: 50,
    maxMemoryPerChild: Size.mebibytes(100),
    timeLimit: Duration.minutes(10),
    softTimeLimit: Duration.minutes(9),
    stopGracePeriod: Duration.minutes(12),
  });
  expect(found.command).toEqual(expect.arrayContaining(['config.celery_app:app', '710']));
  expect(celery(found)).toEqual([
    ...['--pool=prefork', '--concurrency=4', '--hostname=mail@%h', '--loglevel=INFO', '--queues=mail,mail.slow'],
    ...['--max-tasks-per-child=50', '--max-memory-per-child=102400', '--time-limit=600', '--soft-time-limit=540'],
  ]);
  expect(celery(worker({ pool: CeleryPool.THREADS, concurrency: 20 }))).toEqual([
    ...['--pool=threads', '--concurrency=20', '--hostname=mail@%h', '--loglevel=INFO'],
  ]);
});

test('its program is among files of its own, so that it replaces no web server', () => {
  const shop = newShop();
  shop.addWorker('Mail');
  const synth = synthesized(shop);
  const files = (path: string) => synth.container(path).upload.map((one: Arguments) => one.file);
  expect(files('shop/Shop/Mail/Files')).toEqual(['/files/celery_process.py']);
  expect(files('shop/Shop/App/Files')).not.toContain('/files/celery_process.py');
  expect(synth.container('shop/Shop/Mail/Files').upload[0].content).toBe(runtimeFile('celery/celery_process.py'));
  expect(violations(synth)).toEqual([]);
});

test('its connections to the database are counted: one for each task, and one more', () => {
  const shop = newShop(20);
  shop.addWorker('Mail', { concurrency: 4 });
  expect(() => synthesized(shop)).toThrow(/  10  shop\/Shop\/Mail\/Process: 1 x 5, and as many during a release/);
});

test.each<[object, RegExp]>([
  [{ concurrency: 0 }, /^shop\/Shop\/Mail: concurrency must be an integer from 1 to 1000, got 0$/],
  [{ queues: [] }, /^shop\/Shop\/Mail: queues must name one or more, got an empty list; leave it out for Celery's own$/],
  [{ queues: ['a,b'] }, /^shop\/Shop\/Mail: a queue must be made of letters, .* got "a,b"$/],
  [{ pool: 'solo' }, /^shop\/Shop\/Mail: pool must be CeleryPool.PREFORK, CeleryPool.THREADS or CeleryPool.GEVENT, got "solo"$/],
  [{ celeryApp: '-x' }, /^shop\/Shop\/Mail: celeryApp must be a module such as "shop" or "config.celery_app:app", got "-x"$/],
  [{ maxTasksPerChild: 0 }, /^shop\/Shop\/Mail: maxTasksPerChild must be an integer/],
  [{ maxMemoryPerChild: Size.mebibytes(1) }, /^shop\/Shop\/Mail: maxMemoryPerChild must be 16 MiB or more, got 1 MiB$/],
  [
    { concurrency: 40 },
    /^shop\/Shop\/Mail: maxMemoryPerChild must be 16 MiB or more, and 512 MiB for 40 tasks at once leave less; set memory or concurrency$/,
  ],
  [
    { timeLimit: Duration.seconds(10), softTimeLimit: Duration.seconds(10) },
    /^shop\/Shop\/Mail: softTimeLimit must be shorter than timeLimit, which is 10s, got 10s$/,
  ],
  [{ timeLimit: Duration.millis(500) }, /^shop\/Shop\/Mail: timeLimit must be in whole seconds/],
  [{ stopGracePeriod: Duration.seconds(14) }, /^shop\/Shop\/Mail: stopGracePeriod must be in whole seconds, from 15s to 21600s, got 14s$/],
  [
    { pool: CeleryPool.THREADS, timeLimit: Duration.seconds(10) },
    /^shop\/Shop\/Mail: timeLimit must be left out with the pool "threads", which cannot keep it; use CeleryPool.PREFORK$/,
  ],
])('refuses %j', (options, message) => {
  expect(problemOf(options)).toMatch(message);
});
