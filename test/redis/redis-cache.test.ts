import { ContainerImage, Job, Network, RedisCache, RedisCacheAttributes, RedisCacheProps, RedisUse, RemovalPolicy, Secret, Size } from '../../lib';
import { defaultImages, runtimeFile } from '../../lib/image/default-images';
import { violations } from '../support/graph';
import { Arguments, newStack, Synthesized } from '../support/synth';

const image = ContainerImage.fromRegistry('localhost/client:1');

function made(props: RedisCacheProps = {}): Synthesized {
  const stack = newStack();
  new RedisCache(stack, 'Redis', props).addClient(new Job(stack, 'Client', { image }));
  return new Synthesized(stack);
}

const server = (synth: Synthesized) => synth.container('shop/Redis/Server');
const file = (synth: Synthesized, name: string) =>
  synth.container('shop/Redis/Files').upload.find((one: Arguments) => one.file === `/files/${name}`).content as string;

describe('the server', () => {
  test('is one, confined, that ends by itself and is stopped before the next one starts', () => {
    const synth = made();
    expect(server(synth)).toMatchObject({
      name: 'shop-redis-server',
      user: '10072:10072',
      entrypoint: ['sh', '/run/cdktf-django/serve.sh'],
      env: ['REDIS_FOLDER=/var/lib/cdktf-django/redis', 'REDIS_PASSWORD_FILE=/run/secrets/redis-password/value'],
      memory: 256,
      read_only: true,
      restart: 'unless-stopped',
      stop_signal: 'SIGTERM',
      destroy_grace_seconds: 60,
      ports: [],
      wait: false,
    });
    expect(server(synth).healthcheck.test).toEqual(['CMD', 'sh', '/run/cdktf-django/health.sh']);
    expect(server(synth).lifecycle?.create_before_destroy).toBeUndefined();
    expect(violations(synth)).toEqual([]);
    expect(Object.values(synth.all('docker_image')).map((one) => one.name)).toContain(defaultImages.valkey);
    for (const name of ['serve.sh', 'cli.sh', 'health.sh']) expect(file(synth, name)).toBe(runtimeFile(`redis/${name}`).replace(/\$\{/g, '$$${'));
  });

  test.each<[RedisUse | undefined, string, number, string, string]>([
    [undefined, '/var/lib/cdktf-django/redis', 161_061_273, 'volatile-ttl', 'yes'],
    [RedisUse.SHARED, '/var/lib/cdktf-django/redis', 161_061_273, 'volatile-ttl', 'yes'],
    [RedisUse.BROKER, '/var/lib/cdktf-django/redis', 161_061_273, 'noeviction', 'yes'],
    [RedisUse.CACHE, '/tmp', 201_326_592, 'allkeys-lru', 'no'],
  ])('for %s has its folder, memory, eviction and persistence', (use, folder, maxmemory, policy, written) => {
    expect(file(made({ use }), 'redis.conf').split('\n')).toEqual([
      '# Written by cdktf-django.',
      'port 6379',
      'bind * -::*',
      `dir ${folder}`,
      `maxmemory ${maxmemory}`,
      `maxmemory-policy ${policy}`,
      'save ""',
      `appendonly ${written}`,
      'appendfsync everysec',
      'tcp-keepalive 60',
      '',
    ]);
  });

  test('keeps its data in a volume that outlives it, or, for a cache, nowhere', () => {
    const mounts = (synth: Synthesized) => server(synth).mounts.map((mount: Arguments) => [mount.target, mount.source, mount.read_only]);
    const data = (synth: Synthesized) => mounts(synth).find(([target]: string[]) => target === '/var/lib/cdktf-django/redis');
    expect(data(made())).toEqual(['/var/lib/cdktf-django/redis', 'shop-redis-data', false]);
    expect(data(made({ volumeName: 'old-data' }))[1]).toBe('old-data');
    expect(Object.keys(made().all('docker_volume')).filter((id) => id.includes('Data'))).toEqual([]);
    expect(Object.values(made({ removalPolicy: RemovalPolicy.DESTROY }).all('docker_volume')).map((one) => one.name)).toEqual(
      expect.arrayContaining(['shop-redis-data', 'shop-redis-password']),
    );
    const cache = made({ use: RedisUse.CACHE });
    expect(mounts(cache).map(([target]: string[]) => target)).toEqual(['/run/cdktf-django', '/run/secrets/redis-password']);
    expect(Object.keys(server(cache).tmpfs).sort()).toEqual(['/data', '/tmp']);
  });

  test('is reached by its clients alone', () => {
    const stack = newStack();
    const redis = new RedisCache(stack, 'Redis', { memory: Size.mebibytes(100), cpus: 0.5, image: ContainerImage.fromRegistry('localhost/redis:8') });
    const client = new Job(stack, 'Client', { image });
    redis.addClient(client);
    expect([redis.host, redis.port, redis.user, redis.tls]).toEqual(['shop-redis-server', 6379, 'default', false]);
    expect(client.networks).toEqual([redis.network]);
    expect(client.secrets.map(({ path }) => path)).toEqual(['/run/secrets/redis-password/value']);
    const synth = new Synthesized(stack);
    expect(Object.values(synth.all('docker_network')).map((one) => [one.name, one.internal])).toEqual([['shop-redis-network-internal', true]]);
    expect(server(synth)).toMatchObject({ memory: 100, cpu_quota: 50000 });
    expect(synth.container('shop/Client').depends_on.join()).not.toContain('Redis_Server');
  });

  test.each<[object, string]>([
    [{ use: 'queue' }, 'shop/Redis: use must be RedisUse.CACHE, RedisUse.BROKER or RedisUse.SHARED, got "queue"'],
    [{ memory: Size.mebibytes(31) }, 'shop/Redis: memory must be 32 MiB or more, got 31 MiB'],
    [{ use: RedisUse.CACHE, volumeName: 'data' }, 'shop/Redis: volumeName must be left out with RedisUse.CACHE, which keeps nothing on a disk'],
    [
      { use: RedisUse.CACHE, removalPolicy: RemovalPolicy.RETAIN },
      'shop/Redis: removalPolicy must be left out with RedisUse.CACHE, which keeps nothing on a disk',
    ],
  ])('refuses %j', (props, message) => {
    expect(() => new RedisCache(newStack(), 'Redis', props)).toThrow(message);
  });
});

describe('a server elsewhere', () => {
  const given: RedisCacheAttributes = { host: 'redis.example.com', password: Secret.fromFile('/etc/redis-password') };

  test('has nothing but the way to it', () => {
    const stack = newStack();
    const redis = RedisCache.fromAttributes(stack, 'Redis', given);
    expect(redis).toMatchObject({ host: 'redis.example.com', port: 6379, user: 'default', tls: true, use: RedisUse.SHARED });
    const client = new Job(stack, 'Client', { image });
    redis.addClient(client);
    expect(client.secrets.map(({ path }) => path)).toEqual(['/run/secrets/redis-password/value']);
    expect(Object.values(new Synthesized(stack).all('docker_network')).map((one) => [one.name, one.internal])).toEqual([
      ['shop-redis-network', false],
    ]);
  });

  test('is what it was said to be', () => {
    const stack = newStack();
    const network = Network.fromNetworkName(stack, 'Backstage', 'backstage');
    const redis = RedisCache.fromAttributes(stack, 'Redis', { ...given, port: 6380, user: 'shop', tls: false, use: RedisUse.BROKER, network });
    expect(redis).toMatchObject({ port: 6380, user: 'shop', tls: false, use: RedisUse.BROKER });
    const client = new Job(stack, 'Client', { image });
    redis.addClient(client);
    expect(client.networks).toEqual([network]);
  });

  test.each<[object, string]>([
    [{ host: 'redis://x' }, 'shop/Redis: host must be a host name or an address of IPv4, got "redis://x"'],
    [{ port: 0 }, 'shop/Redis: port must be an integer from 1 to 65535, got 0'],
    [{ user: 'a:b' }, 'shop/Redis: user must be made of letters, digits, "_", ".", "@" and "-", got "a:b"'],
    [{ password: Secret.generated() }, 'shop/Redis: password must be one that the server has already'],
  ])('refuses %j', (attributes, message) => {
    expect(() => RedisCache.fromAttributes(newStack(), 'Redis', { ...given, ...attributes })).toThrow(message);
  });
});
