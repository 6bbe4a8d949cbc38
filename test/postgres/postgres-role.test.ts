import { ContainerImage, Duration, Job, PostgresAccess, PostgresDb, PostgresRole, PostgresRoleOptions, Secret, Service } from '../../lib';
import { declared, variable } from '../support/contents';
import { violations } from '../support/graph';
import { Arguments, label, newStack, Synthesized } from '../support/synth';

const image = ContainerImage.fromRegistry('localhost/client:1');
const mountedAt = (container: Arguments, target: string) => container.mounts.find((mount: Arguments) => mount.target === target);

function withRole(options?: PostgresRoleOptions, name = 'reporting') {
  const stack = newStack();
  const db = new PostgresDb(stack, 'Db');
  const role = db.addRole(name, options);
  role.addClient(new Service(stack, 'Dashboard', { image, stopGracePeriod: Duration.seconds(50) }));
  return { db, role, synth: new Synthesized(stack) };
}

test('is what a client needs', () => {
  const { role } = withRole();
  expect(role).toMatchObject({
    host: 'shop-db-server',
    port: 5432,
    databaseName: 'app',
    user: 'reporting',
    accessRole: 'reporting_access',
    sslMode: 'disable',
    passwordVersion: 1,
  });
  expect(role.passwordSecret.path).toBe('/run/secrets/db-role-reporting-password/value');
});

test('a client joins the network, reads the password of the role alone and waits for the login', () => {
  const { role, synth } = withRole();
  const client = synth.container('shop/Dashboard');
  expect(client.networks_advanced).toHaveLength(1);
  expect(mountedAt(client, '/run/secrets/db-role-reporting-password')).toMatchObject({ source: 'shop-db-role-reporting-password', read_only: true });
  expect(mountedAt(client, '/run/secrets/db-password')).toBeUndefined();
  expect(client.group_add).toEqual([String(role.passwordSecret.group)]);
  expect(client.depends_on.join(' ')).toMatch(/Db_OpenLogin_/);
  expect(client.depends_on.join(' ')).not.toMatch(/Db_Server_/);
  expect(violations(synth)).toEqual([]);
});

test.each([
  [undefined, 'access reporting_access app read-only app_owner'],
  [{ access: PostgresAccess.READ_WRITE }, 'access reporting_access app read-write app_owner'],
  [{ access: PostgresAccess.MONITOR }, 'access reporting_access app monitor app_owner'],
  [{ access: PostgresAccess.NONE }, 'access reporting_access app none app_owner'],
])('with %j is brought by the job that opens logins', (options, access) => {
  const { synth } = withRole(options);
  expect(declared(synth)).toEqual([
    access,
    'login reporting reporting_alt 1 /run/secrets/db-role-reporting-password/value member reporting_access app -1',
  ]);
  const open = synth.container('shop/Db/OpenLogin');
  expect(mountedAt(open, '/run/secrets/db-role-reporting-password')).toMatchObject({ source: 'shop-db-role-reporting-password' });
  expect(variable(open, 'DATABASE_MAJOR')).toBe('18');
});

test('has a limit of connections where it is given', () => {
  expect(declared(withRole({ connectionLimit: 5 }).synth)[1]).toMatch(/ app 5$/);
});

test('another version of its password is for its second role, which takes the place of the first', () => {
  const { role, synth } = withRole({ passwordVersion: 2 });
  expect(role.user).toBe('reporting_alt');
  expect(declared(synth)[1]).toBe('login reporting_alt reporting 2 /run/secrets/db-role-reporting-password/value member reporting_access app -1');
  expect(mountedAt(synth.container('shop/Dashboard'), '/run/secrets/db-role-reporting-password')).toMatchObject({
    source: 'shop-db-role-reporting-password-v2',
  });
  const close = synth.container('shop/Db/CloseLogin');
  expect(variable(close, 'DATABASE_LOGINS')).toBe('reporting_alt 2 reporting');
  expect(variable(close, 'DATABASE_GRACE_SECONDS')).toBe('50');
});

test('its password may be a file', () => {
  const { synth } = withRole({ password: Secret.fromFile('/etc/shop/reporting') });
  expect(mountedAt(synth.container('shop/Db/OpenLogin'), '/run/secrets/db-role-reporting-password/value')).toMatchObject({
    type: 'bind',
    source: '/etc/shop/reporting',
  });
});

test('a role more replaces no server, no client and no first start', () => {
  const fingerprints = (roles: string[]) => {
    const stack = newStack();
    const db = new PostgresDb(stack, 'Db');
    for (const role of roles) db.addRole(role);
    db.addClient(new Job(stack, 'Client', { image }));
    const synth = new Synthesized(stack);
    return ['Db/Server', 'Db/Initialize', 'Client', 'Db/OpenLogin', 'Db/CloseLogin'].map((path) =>
      label(synth.container(`shop/${path}`), 'org.cdktf-django.fingerprint'),
    );
  };
  const [before, after] = [fingerprints([]), fingerprints(['reporting'])];
  expect(before.map((one, index) => one === after[index])).toEqual([true, true, true, false, false]);
});

test('a server with nothing declared has no word of it', () => {
  const stack = newStack();
  new PostgresDb(stack, 'Db');
  const { text } = new Synthesized(stack);
  expect(text).not.toMatch(/"DATABASE_(CONTENTS|LOGINS|PRELOAD)=/);
});

describe('refused are', () => {
  test.each<[string, PostgresRoleOptions, RegExp]>([
    ['Reporting', {}, /^shop\/Db\/Role-Reporting: the name of a role must be made of lower-case letters, .*, got "Reporting"$/],
    ['re"porting', {}, /^shop\/Db\/Role-re"porting: the name of a role must be made of/],
    ['', {}, /^shop\/Db\/Role-: the name of a role must be made of/],
    ['a'.repeat(57), {}, /: the name of a role must have at most 56 characters, got "aaa/],
    ['postgres', {}, /^shop\/Db\/Role-postgres: the name of a login role must not be "postgres", which the server has for itself/],
    ['pg_monitor', {}, /must not be "pg_monitor"/],
    ['app', {}, /^shop\/Db\/Role-app: role "app" is there already: a login role of the first database; give one of the two another name$/],
    ['app_alt', {}, /role "app_alt" is there already: the second one of app, a login role of the first database/],
    ['app_owner', {}, /role "app_owner" is there already: the owner of the first database/],
    ['twice', {}, /There is already a Construct with name 'Role-twice'|role "twice" is there already/],
    ['twice_alt', {}, /role "twice_alt" is there already: the second one of twice/],
    ['twice_access', {}, /role "twice_access" is there already: the role with the privileges of another/],
    ['reporting', { connectionLimit: 0 }, /: connectionLimit must be an integer from 1 to 10000, got 0$/],
    ['reporting', { passwordVersion: 1.5 }, /: passwordVersion must be an integer from 1 to 999999, got 1.5$/],
    ['reporting', { access: 'all' as never }, /^shop\/Db\/Role-reporting: access must be a PostgresAccess, got "all"$/],
  ])('%s with %j', (name, options, message) => {
    const db = new PostgresDb(newStack(), 'Db');
    db.addRole('twice');
    expect(() => db.addRole(name, options)).toThrow(message);
  });

  test('a database of another server', () => {
    const stack = newStack();
    const [db, other] = ['Db', 'Other'].map((id) => new PostgresDb(stack, id));
    const database = other.addDatabase('metrics');
    expect(() => new PostgresRole(stack, 'Role', { server: db, database, roleName: 'reporting' })).toThrow(
      /^shop\/Role: database metrics is not in the server shop\/Db; give the server that it is in$/,
    );
  });
});
