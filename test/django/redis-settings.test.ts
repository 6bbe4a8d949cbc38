import { ContainerImage, DjangoService, DjangoServiceProps, DjangoSettings, RedisCache, RedisUse, Secret } from '../../lib';
import { Arguments, newStack, Synthesized } from '../support/synth';

const image = ContainerImage.fromRegistry('localhost/shop:1');

function made(props: (redis: (use?: RedisUse) => RedisCache) => Partial<DjangoServiceProps>): Synthesized {
  const stack = newStack();
  let count = 0;
  const redis = (use?: RedisUse) => new RedisCache(stack, `Redis${++count}`, { use });
  new DjangoService(stack, 'Shop', { image, project: 'shop', replicas: 1, ...props(redis) });
  return new Synthesized(stack);
}

function file(synth: Synthesized, name: string): Arguments {
  return JSON.parse(synth.container('shop/Shop/App/Files').upload.find((one: Arguments) => one.file === `/files/${name}`).content as string);
}

const problemOf = (props: Parameters<typeof made>[0]): string => {
  try {
    made(props);
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
};

const server = (host: string, database: number) => ({
  host,
  port: 6379,
  user: 'default',
  passwordFile: `/run/secrets/${host.replace(/^shop-(.*)-server$/, '$1')}-password/value`,
  tls: false,
  database,
  prefix: 'shop/Shop',
});

test('cache, sessions and broker are databases of their own, and the password is in files alone', () => {
  const synth = made((redis) => {
    const one = redis();
    return { cache: one, sessions: one, broker: one };
  });
  expect(file(synth, 'django.json')).toMatchObject({ cache: server('shop-redis1-server', 1), sessions: server('shop-redis1-server', 2) });
  expect(file(synth, 'launch.json').templates).toEqual({
    CELERY_BROKER_URL: 'redis://default:{url:/run/secrets/redis1-password/value}@shop-redis1-server:6379/0',
  });
  for (const path of ['shop/Shop/App/Server', 'shop/Shop/App/Release', 'shop/Shop/App/Preflight']) {
    const container = synth.container(path);
    expect(container.mounts.map((mount: Arguments) => mount.target)).toContain('/run/secrets/redis1-password');
    expect(container.networks_advanced).toHaveLength(1);
  }
});

test('each may be a server of its own', () => {
  const synth = made((redis) => ({ cache: redis(RedisUse.CACHE), sessions: redis(), broker: redis(RedisUse.BROKER) }));
  expect(file(synth, 'django.json')).toMatchObject({ cache: server('shop-redis1-server', 1), sessions: server('shop-redis2-server', 2) });
  expect(file(synth, 'launch.json').templates.CELERY_BROKER_URL).toContain('@shop-redis3-server:6379/0');
});

test('without any, nothing is said of it', () => {
  const synth = made(() => ({}));
  expect(Object.keys(file(synth, 'django.json'))).not.toEqual(expect.arrayContaining(['cache']));
  expect(file(synth, 'launch.json').templates).toEqual({});
});

test('a project that reads its environment gets URLs, under names that can be mapped', () => {
  const settings = DjangoSettings.environment('config.settings', { celeryBrokerUrl: 'BROKER' });
  const synth = made((redis) => {
    const one = redis();
    return { cache: one, broker: one, settings };
  });
  expect(file(synth, 'launch.json').templates).toMatchObject({
    REDIS_URL: 'redis://default:{url:/run/secrets/redis1-password/value}@shop-redis1-server:6379/1',
    BROKER: 'redis://default:{url:/run/secrets/redis1-password/value}@shop-redis1-server:6379/0',
  });
});

test('a server elsewhere is reached by TLS, and its certificate is checked', () => {
  const stack = newStack();
  const broker = RedisCache.fromAttributes(stack, 'Redis', { host: 'redis.example.com', user: 'a@b', password: Secret.fromFile('/p') });
  new DjangoService(stack, 'Shop', { image, project: 'shop', replicas: 1, broker, cache: broker });
  const synth = new Synthesized(stack);
  expect(file(synth, 'launch.json').templates.CELERY_BROKER_URL).toBe(
    'rediss://a%40b:{url:/run/secrets/redis-password/value}@redis.example.com:6379/0?ssl_cert_reqs=required',
  );
  expect(file(synth, 'django.json').cache).toMatchObject({ tls: true, user: 'a@b' });
});

test('a server that is not for it is refused, with what would happen', () => {
  expect(problemOf((redis) => ({ broker: redis(RedisUse.CACHE) }))).toBe(
    'shop/Shop: broker must not be shop/Redis1: a server with RedisUse.CACHE evicts what was not used for long, and forgets all at a restart: tasks would be lost; give one with RedisUse.BROKER',
  );
  expect(problemOf((redis) => ({ cache: redis(RedisUse.BROKER) }))).toBe(
    'shop/Shop: cache must not be shop/Redis1: a server with RedisUse.BROKER evicts nothing, so that cached values would fill it, and it would refuse tasks; give one with RedisUse.CACHE',
  );
  expect(problemOf((redis) => ({ sessions: redis(RedisUse.CACHE) }))).toMatch(
    /RedisUse.CACHE forgets all at a restart.*; give one with RedisUse.SHARED$/,
  );
  expect(problemOf((redis) => ({ sessions: redis(), settings: DjangoSettings.environment('a') }))).toMatch(
    /^shop\/Shop: sessions are for DjangoSettings.overlay\(\)/,
  );
});

test('a broker has one project: workers would get tasks of another one', () => {
  const stack = newStack();
  const redis = new RedisCache(stack, 'Redis');
  new DjangoService(stack, 'Shop', { image, project: 'shop', broker: redis });
  new DjangoService(stack, 'Blog', { image, project: 'blog', cache: redis });
  expect(() => new DjangoService(stack, 'News', { image, project: 'news', broker: redis })).toThrow(
    'shop/News: broker must not be shop/Redis, which shop/Shop has: the workers of one would get tasks of the other; add a RedisCache of its own',
  );
});
