import { TerraformStack, TerraformVariable } from 'cdktf';
import { ContainerImage, Duration, HealthCheck, Job, Network, RemovalPolicy, Secret, Service, Size, UpdateStrategy } from '../../lib';
import { PostgresDb, PostgresDbAttributes, PostgresDbProps } from '../../lib/postgres/postgres-db';
import { PostgresSslMode } from '../../lib/postgres/postgres-ssl-mode';
import { PostgresStorage } from '../../lib/postgres/postgres-storage';
import { PostgresVersion } from '../../lib/postgres/postgres-version';
import { violations } from '../support/graph';
import { Arguments, label, newStack, Synthesized } from '../support/synth';

const image = ContainerImage.fromRegistry('localhost/client:1');

function synthDb(props?: PostgresDbProps): Synthesized {
  const stack = newStack();
  new PostgresDb(stack, 'Db', props);
  return new Synthesized(stack);
}

const failing = (props: object) => () => new PostgresDb(newStack(), 'Db', props as PostgresDbProps);

function mountedAt(container: Arguments, target: string): Arguments | undefined {
  return container.mounts.find((mount: Arguments) => mount.target === target);
}

describe('the server', () => {
  test('has its fixed name, signal, patience, memory and no port', () => {
    const server = synthDb().container('shop/Db/Server');
    expect(server).toMatchObject({
      name: 'shop-db-server',
      user: '10070:10070',
      entrypoint: ['sh', '/run/cdktf-django/serve.sh'],
      stop_signal: 'SIGINT',
      stop_timeout: 120,
      destroy_grace_seconds: 120,
      memory: 1024,
      shm_size: 256,
      read_only: true,
      ports: [],
      restart: 'unless-stopped',
      env: [
        'DATABASE_CODENAME=trixie',
        'DATABASE_MAJOR=18',
        'DATABASE_SUPERUSER_PASSWORD_FILE=/run/secrets/db-superuser-password/value',
        'DATABASE_VOLUME=/var/lib/postgresql',
      ],
    });
    expect(server.healthcheck).toMatchObject({
      test: ['CMD', 'pg_isready', '--quiet', '--host=127.0.0.1', '--username=postgres', '--dbname=postgres'],
      interval: '10s',
    });
    expect(server.lifecycle?.create_before_destroy).toBeUndefined();
    expect(mountedAt(server, '/run/secrets/db-password')).toBeUndefined();
  });

  test('is tuned to its memory, and parameters of the user win', () => {
    const { command } = synthDb({
      memory: Size.gibibytes(4),
      cpus: 4,
      storage: PostgresStorage.HDD,
      maxConnections: 50,
      parameters: { work_mem: '32MB', 'pg_stat_statements.max': '1000' },
    }).container('shop/Db/Server');
    expect(command.filter((argument: string) => argument !== '-c')).toEqual([
      'max_connections=50',
      'shared_buffers=1GB',
      'effective_cache_size=3GB',
      'maintenance_work_mem=256MB',
      'work_mem=32MB',
      'wal_buffers=16MB',
      'min_wal_size=1GB',
      'max_wal_size=4GB',
      'max_slot_wal_keep_size=4GB',
      'checkpoint_completion_target=0.9',
      'default_statistics_target=100',
      'random_page_cost=4',
      'effective_io_concurrency=2',
      'huge_pages=off',
      'jit=off',
      'wal_compression=lz4',
      'max_worker_processes=4',
      'max_parallel_workers_per_gather=2',
      'max_parallel_workers=4',
      'max_parallel_maintenance_workers=2',
      'pg_stat_statements.max=1000',
      'listen_addresses=*',
      'port=5432',
      'unix_socket_directories=/run/postgresql',
      'hba_file=/run/cdktf-django/pg_hba.conf',
      'password_encryption=scram-sha-256',
    ]);
    expect(command.length).toBe(52);
  });

  test.each([
    [Size.mebibytes(128), 256],
    [Size.gibibytes(4), 1024],
  ])('has shared memory for parallel queries with %s', (memory, megabytes) => {
    expect(synthDb({ memory }).container('shop/Db/Server').shm_size).toBe(megabytes);
  });

  test('starts after the first start is complete', () => {
    expect(synthDb().container('shop/Db/Server').depends_on).toContainEqual(expect.stringMatching(/^docker_container\.Db_Initialize_[0-9A-F]{8}$/));
  });
});

describe('the first start', () => {
  test("is a job that gets names, and the superuser's password as a file", () => {
    const job = synthDb({ databaseName: 'orders', user: 'shop' }).container('shop/Db/Initialize');
    expect(job.entrypoint).toEqual(['sh', '/run/cdktf-django/initialize.sh']);
    expect(job.env).toEqual([
      'DATABASE_CODENAME=trixie',
      'DATABASE_MAJOR=18',
      'DATABASE_NAME=orders',
      'DATABASE_OWNER=orders_owner',
      'DATABASE_SUPERUSER_PASSWORD_FILE=/run/secrets/db-superuser-password/value',
      'DATABASE_USER=shop',
      'DATABASE_VOLUME=/var/lib/postgresql',
    ]);
    expect(job.user).toBe('10070:10070');
    expect(mountedAt(job, '/run/secrets/db-password')).toBeUndefined();
    expect(job.networks_advanced).toHaveLength(1);
  });

  test('its program is not in the folder of the server, which an edit of it would restart', () => {
    const files = (path: string) =>
      synthDb()
        .container(path)
        .upload.map((file: Arguments) => file.file);
    expect(files('shop/Db/InitializeFiles')).toEqual([
      '/files/cluster.sh',
      '/files/counts.sh',
      '/files/image.sh',
      '/files/init-files.sh',
      '/files/initialize.sh',
      '/files/marker.sh',
    ]);
    expect(files('shop/Db/ServerFiles')).toEqual([
      '/files/image.sh',
      '/files/marker.sh',
      '/files/pg_hba.conf',
      '/files/psql-admin.sh',
      '/files/serve.sh',
    ]);
  });
});

describe('data and secrets', () => {
  test.each([
    [PostgresVersion.V17, '/var/lib/postgresql/data'],
    [PostgresVersion.V18, '/var/lib/postgresql'],
  ])('the volume is mounted where the image declares one, and has no version in its name', (version, target) => {
    const synth = synthDb({ version });
    for (const path of ['shop/Db/Server', 'shop/Db/Initialize']) {
      expect(mountedAt(synth.container(path), target)).toEqual({ type: 'volume', source: 'shop-db-data', target, read_only: false });
    }
  });

  test('are never owned by Terraform by default, and are with DESTROY, together', () => {
    const names = (synth: Synthesized) =>
      Object.values(synth.all('docker_volume'))
        .map((volume) => volume.name)
        .filter((name) => !name.includes('-files-'));
    expect(names(synthDb())).toEqual([]);
    expect(names(synthDb({ removalPolicy: RemovalPolicy.DESTROY })).sort()).toEqual([
      'shop-db-data',
      'shop-db-password',
      'shop-db-superuser-password',
    ]);
  });

  test('no password is generated beside data', () => {
    for (const path of ['shop/Db/Password', 'shop/Db/SuperuserPassword']) {
      const { command, mounts } = synthDb().container(path);
      expect(command).toContain('cdktf-django.database');
      expect(mounts).toContainEqual({ type: 'volume', source: 'shop-db-data', target: '/guarded', read_only: true });
    }
  });

  test('a volume can be adopted', () => {
    expect(mountedAt(synthDb({ volumeName: 'old_data' }).container('shop/Db/Server'), '/var/lib/postgresql')?.source).toBe('old_data');
  });
});

describe('clients', () => {
  test('join the network, read the password and wait for their login, but not for the server', () => {
    const stack = newStack();
    const db = new PostgresDb(stack, 'Db');
    db.addClient(new Job(stack, 'Migrate', { image }));
    const synth = new Synthesized(stack);
    const job = synth.container('shop/Migrate');
    const network = Object.keys(synth.all('docker_network'))[0];
    expect(job.networks_advanced).toEqual([{ name: `\${docker_network.${network}.id}` }]);
    expect(synth.all('docker_network')[network].internal).toBe(true);
    expect(mountedAt(job, '/run/secrets/db-password')).toMatchObject({ source: 'shop-db-password', read_only: true });
    expect(job.group_add).toEqual([String(db.passwordSecret.group)]);
    expect(job.depends_on.join(' ')).toMatch(/Db_OpenLogin_/);
    expect(job.depends_on.join(' ')).not.toMatch(/Db_Server_/);
  });

  test('find it by one name', () => {
    const db = new PostgresDb(newStack(), 'Db');
    expect(db).toMatchObject({
      host: 'shop-db-server',
      port: 5432,
      databaseName: 'app',
      user: 'app',
      owner: 'app_owner',
      sslMode: PostgresSslMode.DISABLE,
    });
    expect(db.passwordSecret.path).toBe('/run/secrets/db-password/value');
    expect(db.node.defaultChild).toBe(db.server);
    expect(db.server.updateStrategy).toBe(UpdateStrategy.STOP_FIRST);
  });

  test('may have several databases', () => {
    const stack = newStack();
    const client = new Job(stack, 'Client', { image });
    const long = new Network(stack, 'AVeryLongNameOfAScopeInWhichADatabaseIs');
    const databases = [stack, new Network(stack, 'Orders'), long].map((scope) => new PostgresDb(scope, 'Db'));
    for (const db of databases) db.addClient(client);
    expect(databases.map((db) => db.passwordSecret.secretName)).toEqual([
      'db-password',
      'orders-db-password',
      expect.stringMatching(/^a-very-long-name-of-a-scop-[0-9a-f]{6}-password$/),
    ]);
  });
});

describe('the login role', () => {
  interface Logins {
    readonly user: string;
    readonly open: Arguments;
    readonly close: Arguments;
    readonly client: Arguments;
    readonly synth: Synthesized;
  }

  function logins(props: PostgresDbProps, more: (db: PostgresDb, stack: TerraformStack) => void = () => undefined): Logins {
    const stack = newStack();
    const db = new PostgresDb(stack, 'Db', props);
    db.addClient(new Service(stack, 'App', { image, stopGracePeriod: Duration.seconds(45) }));
    more(db, stack);
    const synth = new Synthesized(stack);
    const [open, close, client] = ['Db/OpenLogin', 'Db/CloseLogin', 'App'].map((path) => synth.container(`shop/${path}`));
    return { user: db.user, open, close, client, synth };
  }

  const value = (container: Arguments, name: string) => container.env.find((line: string) => line.startsWith(`${name}=`))?.slice(name.length + 1);
  const names = ['DATABASE_LOGIN', 'DATABASE_OTHER_LOGIN', 'DATABASE_LOGIN_VERSION'];

  test.each([
    [undefined, 'shop', 'shop_alt', '1', 'shop-db-password'],
    [1, 'shop', 'shop_alt', '1', 'shop-db-password'],
    [2, 'shop_alt', 'shop', '2', 'shop-db-password-v2'],
    [3, 'shop', 'shop_alt', '3', 'shop-db-password-v3'],
  ])('of version %s is %s, with a password of its own in the same place', (passwordVersion, user, other, version, source) => {
    const made = logins({ databaseName: 'shop', passwordVersion });
    expect(made.user).toBe(user);
    for (const job of [made.open, made.close]) expect(names.map((name) => value(job, name))).toEqual([user, other, version]);
    for (const container of [made.open, made.client]) {
      expect(mountedAt(container, '/run/secrets/db-password')).toMatchObject({ source, read_only: true });
    }
    expect(value(made.open, 'DATABASE_PASSWORD_FILE')).toBe('/run/secrets/db-password/value');
    expect(mountedAt(made.close, '/run/secrets/db-password')).toBeUndefined();
    expect(violations(made.synth)).toEqual([]);
  });

  test('of another version runs both jobs again, and replaces clients alone', () => {
    const fingerprints = (passwordVersion: number) => {
      const { synth } = logins({ passwordVersion });
      return ['OpenLogin', 'CloseLogin', 'Initialize', 'Server', 'SuperuserPassword', 'Data/Prepare']
        .map((path) => `shop/Db/${path}`)
        .concat('shop/App')
        .filter((path) => !path.endsWith('Prepare'))
        .map((path) => [path, label(synth.container(path), 'org.cdktf-django.fingerprint')]);
    };
    const before = fingerprints(1);
    const changed = fingerprints(2).filter((one, index) => one[1] !== before[index][1]);
    expect(changed.map(([path]) => path)).toEqual(['shop/Db/OpenLogin', 'shop/Db/CloseLogin', 'shop/App']);
  });

  test('is opened before clients, and the other one is closed after all that waits for them', () => {
    const { synth, open, close, client } = logins({}, (db, stack) => {
      const nightly = new Service(stack, 'Nightly', { image, updateStrategy: UpdateStrategy.STOP_FIRST });
      db.addClient(nightly);
      const publish = new Job(stack, 'Publish', { image });
      publish.runAfter(stack.node.findChild('App') as Service);
      new Job(stack, 'Later', { image }).runAfter(publish);
      new Job(stack, 'Apart', { image });
      const other = new PostgresDb(stack, 'Other');
      other.addClient(stack.node.findChild('App') as Service);
    });
    const waits = (container: Arguments) =>
      container.depends_on.map((address: string) => /^docker_container\.(.+)_[0-9A-F]{8}$/.exec(address)?.[1]).filter(Boolean);
    expect(waits(open)).toContain('Db_Initialize');
    expect(waits(client)).toContain('Db_OpenLogin');
    expect(waits(close)).toEqual(expect.arrayContaining(['Db_OpenLogin', 'App', 'Nightly', 'Publish', 'Later']));
    expect(waits(close)).not.toContain('Apart');
    expect(waits(close).join(' ')).not.toContain('CloseLogin');
    expect(close).toMatchObject({ name: 'shop-db-close-login', attach: true });
    expect(close.lifecycle).toBeUndefined();
    expect(violations(synth)).toEqual([]);
  });

  test('has the time of a release before it is closed: the longest of its clients', () => {
    const slow = (db: PostgresDb, stack: TerraformStack) => {
      const stopGracePeriod = Duration.seconds(600);
      db.addClient(new Service(stack, 'Slow', { image, stopGracePeriod }));
      db.addClient(new Service(stack, 'Nightly', { image, stopGracePeriod: Duration.seconds(800), updateStrategy: UpdateStrategy.STOP_FIRST }));
    };
    expect(value(logins({}).close, 'DATABASE_GRACE_SECONDS')).toBe('45');
    expect(value(logins({}, slow).close, 'DATABASE_GRACE_SECONDS')).toBe('600');
    const stack = newStack();
    new PostgresDb(stack, 'Db');
    expect(value(new Synthesized(stack).container('shop/Db/CloseLogin'), 'DATABASE_GRACE_SECONDS')).toBe('0');
  });

  test('of a later version has a password that is made beside data', () => {
    const { synth } = logins({ passwordVersion: 2 });
    expect(synth.container('shop/Db/PasswordV2').command).not.toContain('cdktf-django.database');
    expect(synth.container('shop/Db/SuperuserPassword').command).toContain('cdktf-django.database');
  });

  test('is closed by nothing that another may wait for', () => {
    const stack = newStack();
    const db = new PostgresDb(stack, 'Db');
    new Job(stack, 'After', { image }).runAfter(db.node.findChild('CloseLogin') as Job);
    expect(() => new Synthesized(stack)).toThrow(/^shop\/After: cannot run after shop\/Db\/CloseLogin/);
  });
});

describe('bad input is refused with the path of the construct', () => {
  test.each([
    [
      'a version that is none',
      { version: { major: 18 } },
      /^shop\/Db: version must be a PostgresVersion such as PostgresVersion.V18, got \[object Object\]$/,
    ],
    [
      'an unknown version',
      { version: PostgresVersion.of(9, 'postgres:9.6-stretch') },
      /^shop\/Db: version must be one of Postgres 15, 16, 17, 18, got 9$/,
    ],
    [
      'an upgrade to the same version',
      { version: PostgresVersion.V17, upgradeFrom: PostgresVersion.of(17, 'postgres:17.1-bookworm') },
      /^shop\/Db: upgradeFrom must be a lower major version than version, which is 17, got 17; a minor version needs no upgradeFrom$/,
    ],
    [
      'an upgrade from an unknown version',
      { upgradeFrom: PostgresVersion.of(9, 'postgres:9.6-stretch') },
      /^shop\/Db: upgradeFrom: version must be one of Postgres/,
    ],
    ['the tag latest', { version: PostgresVersion.of(18, 'postgres:latest') }, /^shop\/Db: version 18 must name an image .*, got "postgres:latest"$/],
    ['a quote', { databaseName: `sh'op` }, /^shop\/Db: databaseName must be made of lower-case letters, .*, got "sh'op"$/],
    ['a double quote', { databaseName: 'sh"op' }, /^shop\/Db: databaseName must be made of/],
    ['a line break', { databaseName: 'shop\n' }, /^shop\/Db: databaseName must be made of/],
    ['an empty name', { databaseName: '' }, /^shop\/Db: databaseName must be made of/],
    ['a name that begins with a digit', { databaseName: '1shop' }, /^shop\/Db: databaseName must be made of/],
    ['a long name', { databaseName: 'a'.repeat(58) }, /^shop\/Db: databaseName must have at most 57 characters, got "aaa/],
    ['a database of the server', { databaseName: 'postgres' }, /^shop\/Db: databaseName must not be "postgres"/],
    ['an upper-case user', { user: 'Shop' }, /^shop\/Db: user must be made of/],
    ['a long user', { user: 'a'.repeat(64) }, /^shop\/Db: user must have at most 63 characters/],
    ['a long user of two', { user: 'a'.repeat(60), passwordVersion: 2 }, /^shop\/Db: user must have at most 59 characters/],
    ['a version below the first', { passwordVersion: 0 }, /^shop\/Db: passwordVersion must be an integer from 1 to 999999, got 0$/],
    ['the superuser', { user: 'postgres' }, /^shop\/Db: user must not be "postgres"/],
    ['a reserved user', { user: 'pg_monitor' }, /^shop\/Db: user must not be "pg_monitor"/],
    ['the owner', { user: 'app_owner' }, /^shop\/Db: user must not be "app_owner"/],
    ['too little memory', { memory: Size.mebibytes(64) }, /^shop\/Db: memory must be 128 MiB or more, got 64 MiB$/],
    ['too few connections', { maxConnections: 9 }, /^shop\/Db: maxConnections must be an integer from 10 to 10000, got 9$/],
    ['no CPU', { cpus: 0 }, /^shop\/Db\/Server: cpus must be from 0.01 to 1024, got 0$/],
    [
      'a parameter with spaces',
      { parameters: { 'work mem': '1MB' } },
      /^shop\/Db: the name of a parameter must be lower-case letters, .*, got "work mem"$/,
    ],
    [
      'a parameter of ours',
      { parameters: { max_connections: '5' } },
      /^shop\/Db: parameter max_connections cannot be set: set the prop maxConnections$/,
    ],
    ['another one of ours', { parameters: { hba_file: '/x' } }, /^shop\/Db: parameter hba_file cannot be set/],
    ['a number as parameter', { parameters: { work_mem: 4 } }, /^shop\/Db: parameter work_mem must be a string such as "16MB", got 4$/],
    ['two lines', { parameters: { work_mem: '1\n2' } }, /^shop\/Db: parameter work_mem must be one line/],
    [
      'an adopted volume to be destroyed',
      { volumeName: 'old', removalPolicy: RemovalPolicy.DESTROY },
      /^shop\/Db\/Data: volume old exists outside this stack/,
    ],
  ])('%s', (_what, props, message) => {
    expect(failing(props)).toThrow(message);
  });

  test('a job that would wait for the server', () => {
    const stack = newStack();
    const db = new PostgresDb(stack, 'Db');
    const rolling = new Service(stack, 'App', { image, healthCheck: HealthCheck.command(['true']) });
    expect(() => {
      rolling.runAfter(db.server);
      new Synthesized(stack);
    }).toThrow(/shop\/App.*shop\/Db\/Server/);
  });
});

describe('a database elsewhere', () => {
  const attributes: PostgresDbAttributes = {
    host: 'db.example.com',
    databaseName: 'Shop-1',
    user: 'shop@tenant',
    password: Secret.fromFile('/etc/shop/password'),
  };

  test('is known by its attributes, and encrypted unless said otherwise', () => {
    expect(PostgresDb.fromAttributes(newStack(), 'Db', attributes)).toMatchObject({
      host: 'db.example.com',
      port: 5432,
      databaseName: 'Shop-1',
      user: 'shop@tenant',
      sslMode: PostgresSslMode.REQUIRE,
    });
    expect(PostgresDb.fromAttributes(newStack(), 'Db', { ...attributes, port: 6432, sslMode: PostgresSslMode.VERIFY_FULL })).toMatchObject({
      port: 6432,
      sslMode: PostgresSslMode.VERIFY_FULL,
    });
  });

  test('makes nothing but a network with a way out', () => {
    const stack = newStack();
    const db = PostgresDb.fromAttributes(stack, 'Db', attributes);
    db.addClient(new Job(stack, 'Migrate', { image }));
    const synth = new Synthesized(stack);
    expect(Object.keys(synth.all('docker_container')).length).toBe(1);
    expect(Object.values(synth.all('docker_image')).map((one) => one.name)).toEqual(['localhost/client:1']);
    expect(Object.values(synth.all('docker_network'))).toEqual([expect.objectContaining({ name: 'shop-db-network', internal: false })]);
    expect(mountedAt(synth.container('shop/Migrate'), '/run/secrets/db-password/value')).toEqual({
      type: 'bind',
      source: '/etc/shop/password',
      target: '/run/secrets/db-password/value',
      read_only: true,
    });
  });

  test('can be in a network that is there', () => {
    const stack = newStack();
    const network = Network.fromNetworkName(stack, 'Net', 'company');
    PostgresDb.fromAttributes(stack, 'Db', { ...attributes, network }).addClient(new Job(stack, 'Migrate', { image }));
    const synth = new Synthesized(stack);
    expect(synth.all('docker_network')).toEqual({});
    expect(synth.container('shop/Migrate').networks_advanced).toEqual([{ name: 'company' }]);
  });

  test('may have its password in a variable', () => {
    const stack = newStack();
    const password = Secret.fromVariable(new TerraformVariable(stack, 'password', { type: 'string', sensitive: true }));
    PostgresDb.fromAttributes(stack, 'Db', { ...attributes, password }).addClient(new Job(stack, 'Migrate', { image }));
    expect(mountedAt(new Synthesized(stack).container('shop/Migrate'), '/run/secrets/db-password')).toBeDefined();
  });

  test.each([
    [{ host: 'db example' }, /^shop\/Db: host must be a host name or an address, got "db example"$/],
    [{ port: 0 }, /^shop\/Db: port must be an integer from 1 to 65535, got 0$/],
    [{ databaseName: `a'b` }, /^shop\/Db: databaseName must be text of at most 63 characters without quotes/],
    [{ user: 'a\nb' }, /^shop\/Db: user must be text/],
    [{ password: Secret.generated() }, /^shop\/Db: password must be one that the database has already/],
  ])('refuses %o', (change, message) => {
    expect(() => PostgresDb.fromAttributes(newStack(), 'Db', { ...attributes, ...change })).toThrow(message);
  });
});
