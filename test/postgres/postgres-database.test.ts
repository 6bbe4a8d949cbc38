import { ContainerImage, DjangoService, Job, PostgresDatabaseOptions, PostgresDb } from '../../lib';
import { declared, variable } from '../support/contents';
import { violations } from '../support/graph';
import { newStack, Synthesized } from '../support/synth';

const image = ContainerImage.fromRegistry('localhost/client:1');

test('has an owner and a login role of its own, before what is in it', () => {
  const stack = newStack();
  const db = new PostgresDb(stack, 'Db');
  db.addRole('reporting');
  const metrics = db.addDatabase('metrics', { user: 'collector', connectionLimit: 20 });
  metrics.addRole('dashboard');
  metrics.addExtension('pg_trgm');
  expect(metrics).toMatchObject({
    host: 'shop-db-server',
    port: 5432,
    databaseName: 'metrics',
    owner: 'metrics_owner',
    user: 'collector',
    sslMode: 'disable',
    passwordVersion: 1,
  });
  const secret = (path: string) => `/run/secrets/${path}-password/value`;
  // A long one is cut, and keeps a hash.
  expect(declared(new Synthesized(stack))).toEqual([
    'database metrics metrics_owner',
    'extension metrics pg_trgm -',
    'access reporting_access app read-only app_owner',
    'access dashboard_access metrics read-only metrics_owner',
    `login reporting reporting_alt 1 ${secret('db-role-reporting')} member reporting_access app -1`,
    `login collector collector_alt 1 ${secret('db-database-metrics')} owner metrics_owner metrics 20`,
    `login dashboard dashboard_alt 1 ${secret('db-database-metrics-role-d-6687b0')} member dashboard_access metrics -1`,
  ]);
});

test('is the database of a Django project', () => {
  const stack = newStack();
  const metrics = new PostgresDb(stack, 'Db').addDatabase('metrics');
  new DjangoService(stack, 'Shop', { image, project: 'shop', database: metrics, replicas: 1 });
  const synth = new Synthesized(stack);
  expect(synth.text).toContain('metrics');
  const { mounts, depends_on } = synth.container('shop/Shop/App/Server');
  expect(mounts).toContainEqual(expect.objectContaining({ source: 'shop-db-database-metrics-password', read_only: true }));
  expect(mounts).not.toContainEqual(expect.objectContaining({ source: 'shop-db-password' }));
  expect(depends_on.join(' ')).toMatch(/Db_OpenLogin_/);
  expect(violations(synth)).toEqual([]);
});

test('its clients are waited for before another role is closed', () => {
  const stack = newStack();
  const metrics = new PostgresDb(stack, 'Db').addDatabase('metrics', { passwordVersion: 2 });
  metrics.addClient(new Job(stack, 'Client', { image }));
  const close = new Synthesized(stack).container('shop/Db/CloseLogin');
  expect(variable(close, 'DATABASE_LOGINS')).toBe('metrics_alt 2 metrics');
  expect(close.depends_on.join(' ')).toMatch(/docker_container\.Client_/);
});

test.each<[string, PostgresDatabaseOptions, RegExp]>([
  ['Metrics', {}, /^shop\/Db\/Database-Metrics: the name of a database must be made of lower-case letters/],
  ["me'trics", {}, /: the name of a database must be made of/],
  ['a'.repeat(58), {}, /: the name of a database must have at most 57 characters/],
  ['postgres', {}, /^shop\/Db\/Database-postgres: the name of a database must not be "postgres", which the server has for itself/],
  ['template1', {}, /must not be "template1"/],
  ['app', {}, /^shop\/Db\/Database-app: database "app" is declared already; give this one another name$/],
  ['twice', {}, /There is already a Construct with name 'Database-twice'|database "twice" is declared already/],
  ['metrics', { user: 'app' }, /^shop\/Db\/Database-metrics: role "app" is there already: a login role of the first database/],
  ['metrics', { user: 'pg_x' }, /must not be "pg_x"/],
  ['metrics', { user: 'a"b' }, /: the name of a login role must be made of/],
  ['metrics', { user: 'metrics_owner' }, /role "metrics_owner" is there already: the owner of database metrics/],
  ['metrics', { user: 'a'.repeat(60) }, /: the name of a login role must have at most 59 characters/],
])('refuses %s with %j', (name, options, message) => {
  const db = new PostgresDb(newStack(), 'Db');
  db.addDatabase('twice');
  expect(() => db.addDatabase(name, options)).toThrow(message);
});
