import { ContainerImage, DjangoService, DjangoServiceProps, DjangoSettings, PostgresDb, PostgresPoolMode } from '../../lib';
import { Arguments, newStack, Synthesized } from '../support/synth';

const image = ContainerImage.fromRegistry('localhost/shop:1');

/** A project behind a pooler: its files, and what its containers are told. */
function pooled(props: Partial<DjangoServiceProps> = {}, poolMode?: PostgresPoolMode) {
  const stack = newStack();
  const database = new PostgresDb(stack, 'Db').addPooler('Pooler', { poolMode });
  new DjangoService(stack, 'Shop', { image, project: 'shop', database, ...props });
  const synth = new Synthesized(stack);
  const files = synth.container('shop/Shop/App/Files').upload as Arguments[];
  const json = (name: string) => JSON.parse(files.find(({ file }) => file === `/files/${name}`)!.content as string);
  return { synth, json, names: files.map(({ file }) => file.replace('/files/', '') as string) };
}

const networks = (synth: Synthesized, path: string) => {
  const all = synth.all('docker_network');
  const joined = Object.values(synth.all('docker_container')).find((one) =>
    one.labels.some((each: Arguments) => each.value === path),
  )!.networks_advanced;
  return (joined as Arguments[]).map(({ name }) => all[/docker_network\.(\w+)\.id/.exec(name)![1]].name).sort();
};

const HOSTS = /^\$\{docker_container\.Db_Pooler_Server_\w+\.name\},\$\{docker_container\.Db_Pooler_Server_Replica2_\w+\.name\}$/;

describe('a project with our settings behind a pooler', () => {
  test('knows it, and what it must not keep', () => {
    expect(pooled().json('django.json').database).toEqual({
      host: expect.stringMatching(HOSTS),
      port: 5432,
      name: 'app',
      user: 'app',
      passwordFile: '/run/secrets/db-password/value',
      connMaxAge: 60,
      pooling: 'transaction',
      options: { sslmode: 'disable' },
    });
  });

  test('keeps no connection in a pool for sessions', () => {
    expect(pooled({}, PostgresPoolMode.SESSION).json('django.json').database).toMatchObject({ connMaxAge: 0, pooling: 'session' });
    expect(pooled({ asgi: true }).json('django.json').database).toMatchObject({ connMaxAge: 0, pooling: 'transaction' });
  });

  test('has a release job that goes past it', () => {
    const { json, synth } = pooled();
    expect(json('django-direct.json').database).toEqual({
      host: 'shop-db-server',
      port: 5432,
      name: 'app',
      user: 'app',
      passwordFile: '/run/secrets/db-password/value',
      connMaxAge: 60,
      options: { sslmode: 'disable' },
    });
    expect({ ...json('django-direct.json'), database: undefined }).toEqual({ ...json('django.json'), database: undefined });
    expect(synth.container('shop/Shop/App/Release').env).toContain('CDKTF_DJANGO_CONFIG=/run/cdktf-django/django-direct.json');
    expect(synth.container('shop/Shop/App/Preflight').env.join()).not.toContain('CDKTF_DJANGO_CONFIG');
    expect(networks(synth, 'shop/Shop/App/Release')).toEqual(['shop-db-network-internal', 'shop-db-pooler-network-internal']);
    for (const path of ['shop/Shop/App/Preflight', 'shop/Shop/App/Server'])
      expect(networks(synth, path)).toEqual(['shop-db-pooler-network-internal']);
  });

  test('is told nothing by the launcher', () => expect(pooled().names).not.toContain('launch-direct.json'));
});

describe('a project that reads its environment behind a pooler', () => {
  const environment = { settings: DjangoSettings.environment('config.settings', { databaseUrl: 'DB_URL' }) };

  test('has the URL of the pooler, and its release job that of the server', () => {
    const { json, synth } = pooled(environment);
    const [through, past] = ['launch.json', 'launch-direct.json'].map((name) => json(name).templates);
    expect(through.DB_URL).toMatch(
      /^postgres:\/\/app:\{url:\/run\/secrets\/db-password\/value\}@\$\{docker_container\.\w+\.name\},\$\{docker_container\.\w+\.name\}:5432\/app\?sslmode=disable$/,
    );
    expect(past).toEqual({ ...through, DB_URL: 'postgres://app:{url:/run/secrets/db-password/value}@shop-db-server:5432/app?sslmode=disable' });
    expect(synth.container('shop/Shop/App/Release').env).toEqual(
      expect.arrayContaining([
        'CDKTF_DJANGO_CONFIG=/run/cdktf-django/django-direct.json',
        'CDKTF_LAUNCH_CONFIG=/run/cdktf-django/launch-direct.json',
      ]),
    );
  });

  test('is looked at by the release job, for what it must not use', () => {
    expect(pooled(environment).json('django-direct.json').release).toMatchObject({ pooling: 'transaction' });
    expect(pooled(environment, PostgresPoolMode.SESSION).json('django-direct.json').release).toMatchObject({ pooling: 'session' });
    expect(pooled().json('django-direct.json').release).not.toHaveProperty('pooling');
  });
});

test('without a pooler the release job has the settings of the servers', () => {
  const stack = newStack();
  new DjangoService(stack, 'Shop', { image, project: 'shop', database: new PostgresDb(stack, 'Db') });
  const synth = new Synthesized(stack);
  expect(synth.container('shop/Shop/App/Files').upload.map(({ file }: Arguments) => file)).not.toContain('/files/django-direct.json');
  expect(synth.container('shop/Shop/App/Release').env.join()).not.toContain('CDKTF_DJANGO_CONFIG');
});

test.each([0, 2.5, 10_001])('%s connections are refused', (databaseConnections) => {
  expect(() => new DjangoService(newStack(), 'Shop', { image, project: 'shop', databaseConnections })).toThrow(
    `shop/Shop: databaseConnections must be an integer from 1 to 10000, got ${databaseConnections}`,
  );
});
