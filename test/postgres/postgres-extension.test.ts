import { ContainerImage, Job, PostgresDb, PostgresDbProps } from '../../lib';
import { declared, variable } from '../support/contents';
import { label, newStack, Synthesized } from '../support/synth';

const image = ContainerImage.fromRegistry('localhost/client:1');

function synthWith(use: (db: PostgresDb) => void, props?: PostgresDbProps): Synthesized {
  const stack = newStack();
  const db = new PostgresDb(stack, 'Db', props);
  db.addClient(new Job(stack, 'Client', { image }));
  use(db);
  return new Synthesized(stack);
}

const preloaded = (synth: Synthesized) =>
  ['Server', 'Initialize', 'OpenLogin'].map((id) => variable(synth.container(`shop/Db/${id}`), 'DATABASE_PRELOAD'));

test('is brought in the order of declaration, with its version', () => {
  const synth = synthWith((db) => {
    db.addExtension('cube');
    db.addExtension('uuid-ossp', { version: '1.1' });
  });
  expect(declared(synth)).toEqual(['extension app cube -', 'extension app uuid-ossp 1.1']);
  expect(preloaded(synth)).toEqual([undefined, undefined, undefined]);
});

test('replaces neither server nor clients', () => {
  const before = synthWith(() => undefined);
  const after = synthWith((db) => {
    db.addExtension('pg_trgm');
    db.addDatabase('metrics').addExtension('pg_trgm');
    db.addExtension('hstore');
  });
  expect(declared(after)).toContain('extension app hstore -');
  const print = (synth: Synthesized, id: string) => label(synth.container(`shop/${id}`), 'org.cdktf-django.fingerprint');
  expect(print(after, 'Db/Server')).toBe(print(before, 'Db/Server'));
  expect(print(after, 'Client')).toBe(print(before, 'Client'));
});

test.each<[string[], string | undefined, string | undefined]>([
  [['pg_trgm'], undefined, undefined],
  [['pg_stat_statements'], undefined, 'pg_stat_statements'],
  [['pg_stat_statements', 'pg_cron'], undefined, 'pg_stat_statements,pg_cron'],
  [['pg_stat_statements'], 'auto_explain', 'auto_explain,pg_stat_statements'],
  [['pg_stat_statements'], 'pg_stat_statements , auto_explain', 'pg_stat_statements,auto_explain'],
  [[], ' auto_explain, pg_prewarm', 'auto_explain,pg_prewarm'],
  [[], '', undefined],
])('%j beside the parameter %j loads %s', (names, parameter, libraries) => {
  const parameters = parameter === undefined ? undefined : { shared_preload_libraries: parameter };
  const synth = synthWith((db) => names.forEach((name) => db.addExtension(name)), { parameters });
  expect(preloaded(synth)).toEqual([libraries, libraries, libraries]);
});

test('may be loaded with the server, or not, as is said', () => {
  const synth = synthWith((db) => {
    db.addExtension('pg_stat_statements', { preload: false });
    db.addExtension('mine', { preload: true });
  });
  expect(preloaded(synth)[0]).toBe('mine');
});

test.each<[string, object, RegExp]>([
  ['pg trgm', {}, /^shop\/Db: the name of an extension must be made of lower-case letters, .*, got "pg trgm"$/],
  ['pg_trgm"; DROP', {}, /the name of an extension must be/],
  ['', {}, /the name of an extension must be/],
  ['plpgsql', {}, /^shop\/Db: extension "plpgsql" is in every database already; leave it out$/],
  ['pg_trgm', {}, /^shop\/Db: extension "pg_trgm" is declared already for database app; declare it once$/],
  ['hstore', { version: "1'2" }, /^shop\/Db: version of extension hstore must be made of letters, .*, got "1'2"$/],
  ['hstore', { version: '' }, /version of extension hstore must be/],
])('refuses %s with %j', (name, options, message) => {
  const db = new PostgresDb(newStack(), 'Db');
  db.addExtension('pg_trgm');
  expect(() => db.addExtension(name, options)).toThrow(message);
});
