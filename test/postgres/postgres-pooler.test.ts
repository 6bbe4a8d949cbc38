import { Token } from 'cdktf';
import {
  ContainerImage,
  Duration,
  Job,
  PostgresDb,
  PostgresDbProps,
  PostgresPooler,
  PostgresPoolerOptions,
  PostgresPoolMode,
  PostgresSslMode,
  Secret,
  Service,
  Size,
} from '../../lib';
import { violations } from '../support/graph';
import { Arguments, label, newStack, Synthesized } from '../support/synth';

const image = ContainerImage.fromRegistry('localhost/client:1');

interface Made {
  readonly pooler: PostgresPooler;
  readonly synth: Synthesized;
  readonly servers: Arguments[];
  readonly client: Arguments;
}

function made(options: PostgresPoolerOptions = {}, db: PostgresDbProps = {}): Made {
  const stack = newStack();
  const pooler = new PostgresDb(stack, 'Db', db).addPooler('Pooler', options);
  pooler.addClient(new Service(stack, 'App', { image, stopGracePeriod: Duration.seconds(45) }), { connections: 8 });
  const synth = new Synthesized(stack);
  const servers = Object.values(synth.all('docker_container')).filter((one) => label(one, 'org.cdktf-django.path') === 'shop/Db/Pooler/Server');
  return { pooler, synth, servers, client: synth.container('shop/App') };
}

const value = (container: Arguments, name: string) => container.env.find((line: string) => line.startsWith(`${name}=`))?.slice(name.length + 1);
const waits = (container: Arguments) =>
  container.depends_on.map((address: string) => /^docker_container\.(.+)_[0-9A-F]{8}$/.exec(address)?.[1]).filter(Boolean);
const file = (synth: Synthesized, name: string) =>
  synth.container('shop/Db/Pooler/Files').upload.find((one: Arguments) => one.file === `/files/${name}`).content as string;

describe('the containers', () => {
  test('are two that are replaced without a gap, confined, and healthy when the server has answered through them', () => {
    const { servers } = made();
    expect(servers).toHaveLength(2);
    for (const server of servers) {
      expect(server).toMatchObject({
        user: '10071:10071',
        entrypoint: ['sh', '/run/cdktf-django/pooler.sh'],
        stop_signal: 'SIGTERM',
        destroy_grace_seconds: 30,
        memory: 127,
        read_only: true,
        ports: [],
        wait: true,
        lifecycle: { create_before_destroy: true, ignore_changes: ['name'] },
        env: [
          'DATABASE_HOST=shop-db-server',
          'DATABASE_NAME=app',
          'DATABASE_PASSWORD_FILE=/run/secrets/db-password/value',
          'DATABASE_PORT=5432',
          'DATABASE_USER=app',
          'POOLER_FILES=1084',
          'POOLER_FOLDER=/tmp/pgbouncer',
          'POOLER_PORT=5432',
          'POOLER_RESOLVES=yes',
        ],
      });
      expect(server.healthcheck.test).toEqual(['CMD', 'sh', '/run/cdktf-django/pooler-health.sh']);
      expect(server.name).toMatch(/^shop-db-pooler-server-[12]-\$\{formatdate/);
    }
  });

  test('have what they were given', () => {
    const { servers, synth, pooler } = made({
      replicas: 1,
      defaultPoolSize: 5,
      maxClientConnections: 200,
      memory: Size.mebibytes(40),
      image: ContainerImage.fromRegistry('localhost/bouncer:2'),
      poolMode: PostgresPoolMode.SESSION,
      parameters: { server_lifetime: '60' },
    });
    expect(servers.map((server) => [server.memory, value(server, 'POOLER_FILES')])).toEqual([[40, '269']]);
    expect(Object.values(synth.all('docker_image')).map((one) => one.name)).toContain('localhost/bouncer:2');
    const ini = file(synth, 'pgbouncer.ini');
    for (const line of ['pool_mode = session', 'default_pool_size = 5', 'max_db_connections = 5', 'max_client_conn = 200', 'server_lifetime = 60'])
      expect(ini.split('\n')).toContain(line);
    expect(pooler).toMatchObject({ poolMode: 'session', defaultPoolSize: 5, maxClientConnections: 200 });
  });

  test('are clients of the database, in a network without a way out besides', () => {
    const { servers, synth } = made();
    expect(Object.values(synth.all('docker_network')).map((one) => [one.name, one.internal])).toEqual([
      ['shop-db-network-internal', true],
      ['shop-db-pooler-network-internal', true],
    ]);
    for (const server of servers) {
      expect(server.networks_advanced).toHaveLength(2);
      expect(waits(server)).toContain('Db_OpenLogin');
      expect(waits(server)).not.toContain('Db_Server');
    }
    expect(violations(synth)).toEqual([]);
  });

  test('have no password in anything that is written', () => {
    const { synth } = made();
    expect(file(synth, 'pgbouncer.ini')).not.toMatch(/password/);
    expect(file(synth, 'pooler.sh')).toMatch(/^#!\/bin\/sh\n/);
  });
});

describe('clients', () => {
  test('find both under names of their own, with the login of the database, and reach nothing else', () => {
    const { pooler, client, synth } = made();
    expect(pooler).toMatchObject({ port: 5432, databaseName: 'app', user: 'app', sslMode: PostgresSslMode.DISABLE });
    expect(pooler.passwordSecret.path).toBe('/run/secrets/db-password/value');
    expect(pooler.host.split(',')).toHaveLength(2);
    const network = Object.entries(synth.all('docker_network')).find(([, one]) => one.name === 'shop-db-pooler-network-internal')![0];
    expect(client.networks_advanced).toEqual([{ name: `\${docker_network.${network}.id}` }]);
    expect(waits(client)).toEqual(expect.arrayContaining(['Db_Pooler_Server', 'Db_Pooler_Server_Replica2']));
  });

  test('have to fit into one replica', () => {
    const stack = newStack();
    const pooler = new PostgresDb(stack, 'Db').addPooler('Pooler', { maxClientConnections: 100 });
    pooler.addClient(new Service(stack, 'App', { image, replicas: 5 }), { connections: 10 });
    expect(() => new Synthesized(stack)).toThrow(
      'shop/Db/Pooler: maxClientConnections is 100, and 101 connections may be open at once:\n' +
        '  100  shop/App: 5 x 10, and as many during a release\n' +
        '    1  the health check: one connection\n' +
        'Set maxClientConnections to 120, or use fewer replicas, workers or threads.',
    );
  });

  test('do not count in the budget of the server, but the pool does, twice', () => {
    const refused = () => made({ defaultPoolSize: 20 }, { maxConnections: 87 });
    expect(refused).toThrow(/^shop\/Db: maxConnections is 87, and 88 .*\n {2}80 {2}shop\/Db\/Pooler\/Server: 2 x 20, and as many during a release\n/);
    expect(made({ defaultPoolSize: 20 }, { maxConnections: 88 }).servers).toHaveLength(2);
  });
});

describe('another password', () => {
  test('is another pooler, beside the old one', () => {
    const [before, after] = [1, 2].map((passwordVersion) => made({}, { passwordVersion }).servers[0]);
    expect(label(after, 'org.cdktf-django.fingerprint')).not.toBe(label(before, 'org.cdktf-django.fingerprint'));
    expect(value(after, 'DATABASE_USER')).toBe('app_alt');
    expect(after.mounts).toContainEqual({ type: 'volume', source: 'shop-db-password-v2', target: '/run/secrets/db-password', read_only: true });
  });

  test('closes the role of the old one when clients of the pooler have had their time', () => {
    const close = made().synth.container('shop/Db/CloseLogin');
    expect(value(close, 'DATABASE_GRACE_SECONDS')).toBe('45');
    expect(waits(close)).toEqual(expect.arrayContaining(['Db_Pooler_Server', 'App']));
  });
});

describe('a database elsewhere', () => {
  const attributes = { host: 'db.example.com', databaseName: 'shop-1', user: 'shop@tenant', password: Secret.fromFile('/etc/shop/password') };

  test('can have a pooler, too', () => {
    const stack = newStack();
    for (const [id, sslMode] of [
      ['Db', PostgresSslMode.REQUIRE],
      ['Verified', PostgresSslMode.VERIFY_FULL],
    ] as const) {
      const database = PostgresDb.fromAttributes(stack, id, { ...attributes, sslMode });
      const pooler = new PostgresPooler(stack, `${id}Pooler`, { database, replicas: 1 });
      pooler.addClient(new Job(stack, `${id}Job`, { image }));
      expect(pooler.sslMode).toBe(PostgresSslMode.DISABLE);
    }
    const synth = new Synthesized(stack);
    const ini = synth.container('shop/DbPooler/Files').upload.find((one: Arguments) => one.file.endsWith('.ini')).content as string;
    expect(ini).toContain('server_tls_sslmode = require\n');
    const told = ['DATABASE_HOST', 'DATABASE_NAME', 'DATABASE_USER', 'POOLER_RESOLVES'];
    const server = synth.container('shop/DbPooler/Server');
    expect(told.map((name) => value(server, name))).toEqual(['db.example.com', 'shop-1', 'shop@tenant', 'yes']);
    // A name is needed to check a certificate.
    expect(value(synth.container('shop/VerifiedPooler/Server'), 'POOLER_RESOLVES')).toBe('no');
  });

  test.each(['pgbouncer', 'a b', 'a=b', '-a'])('but not under the name %j', (databaseName) => {
    const stack = newStack();
    const database = PostgresDb.fromAttributes(stack, 'Db', { ...attributes, databaseName });
    expect(() => new PostgresPooler(stack, 'Pooler', { database })).toThrow(/^shop\/Pooler: the name of a database behind a pooler must be made of/);
  });
});

describe('bad input is refused with the path of the construct', () => {
  test.each([
    [{ defaultPoolSize: 0 }, 'defaultPoolSize must be an integer from 1 to 1000, got 0'],
    [{ defaultPoolSize: Token.asNumber('${var.a}') }, 'defaultPoolSize must be known at synth, got a token: connections are counted'],
    [{ maxClientConnections: 9 }, 'maxClientConnections must be an integer from 10 to 50000, got 9'],
    [{ poolMode: 'statement' }, 'poolMode must be PostgresPoolMode.TRANSACTION or PostgresPoolMode.SESSION, got "statement"'],
    [{ memory: Size.mebibytes(16) }, 'memory must be 32 MiB or more, got 16 MiB'],
    [{ parameters: { listen_port: '1' } }, 'parameter listen_port cannot be set: clients find the pooler by host and port'],
  ])('%j', (options, message) => {
    expect(() => new PostgresDb(newStack(), 'Db').addPooler('Pooler', options as PostgresPoolerOptions)).toThrow(`shop/Db/Pooler: ${message}`);
  });

  test('a number of replicas', () => {
    expect(() => new PostgresDb(newStack(), 'Db').addPooler('Pooler', { replicas: 0 })).toThrow(
      'shop/Db/Pooler/Server: replicas must be an integer from 1 to 1000, got 0',
    );
  });

  test('a pooler in front of a pooler', () => {
    const stack = newStack();
    const database = new PostgresDb(stack, 'Db').addPooler();
    expect(() => new PostgresPooler(stack, 'Second', { database })).toThrow(
      'shop/Second: database must be a server, got shop/Db/Pooler, which is a pooler; give the database behind it',
    );
  });
});
