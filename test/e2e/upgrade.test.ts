import { PostgresVersion } from '../../lib';
import { expectLoggedIn, logIn, makeAdmin } from './support/admin';
import { Applied, Build, Deployment } from './support/deployment';
import { engine } from './support/docker';
import { example } from './support/example';
import { eventually, Session } from './support/http';
import { freePort } from './support/port';
import { prepareStandIns } from './support/stand-ins';

// The example goes from 15 to 17 to 18, and back once, as README says it: what is in its database stays the same, the site goes on, and what cannot be done changes nothing.
const { V15, V17, V18 } = PostgresVersion;
const deployment = new Deployment('upgrade');
const server = `${deployment.namespace}-db-server`;
const volume = `${deployment.namespace}-db-data`;

let port: number;
/** Who has logged in before the first upgrade, and stays so. */
let visitor: Session;

function build(postgres: PostgresVersion, upgradeFrom?: PostgresVersion): Build {
  return example(port, undefined, { postgres, upgradeFrom });
}

/** What is in it, in words that all versions have (the right to maintain a table came with 17): rows, sequences, large objects, privileges, settings. */
const DATABASES = ['shop', 'Odd "name"; with $x'];
const CONTENT = `
SELECT 'table', format('%I.%I', n.nspname, c.relname), query_to_xml(format('SELECT count(*), md5(string_agg(t::text, '','' ORDER BY t::text)) FROM %I.%I t', n.nspname, c.relname), true, true, ''), replace(c.relacl::text, 'Dxtm', 'Dxt'), c.relowner::regrole::text
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information_schema)' ORDER BY 2;
SELECT 'sequence', schemaname, sequencename, last_value FROM pg_sequences ORDER BY 2, 3;
SELECT 'large object', oid, md5(lo_get(oid)), lomacl::text FROM pg_largeobject_metadata ORDER BY oid;
SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname !~ '^(pg_|information_schema)' ORDER BY 2;
SELECT 'extension', extname FROM pg_extension ORDER BY 2;
SELECT 'database', datacl::text, datdba::regrole::text, datcollate FROM pg_database WHERE datname = current_database();
SELECT 'role', rolname, rolcanlogin, rolsuper, rolconnlimit, rolpassword, rolvaliduntil FROM pg_authid WHERE rolname !~ '^pg_' ORDER BY 2;
SELECT 'member', roleid::regrole::text, member::regrole::text, admin_option FROM pg_auth_members WHERE roleid::regrole::text !~ '^pg_' ORDER BY 2, 3;
SELECT 'setting', coalesce(datname, ''), setrole::regrole::text, setconfig::text FROM pg_db_role_setting LEFT JOIN pg_database d ON d.oid = setdatabase ORDER BY 2, 3`;

function sql(statement: string, database = 'shop'): string {
  return deployment.exec(
    server,
    'sh',
    '/run/cdktf-django/psql-admin.sh',
    '-At',
    '-v',
    'ON_ERROR_STOP=1',
    '-d',
    `dbname='${database.replace(/[\\']/g, '\\$&')}'`,
    '-c',
    statement,
  );
}

const content = () => DATABASES.map((database) => sql(CONTENT, database)).join('\n---\n');
const major = () => sql('SHOW server_version').split('.')[0];
const healthy = () => eventually(() => expect(engine('inspect', server, '--format', '{{.State.Health.Status}}')).toBe('healthy'), 60);
const run = () => engine('inspect', server, '--format', '{{.Id}} {{.State.StartedAt}}');
const host = () => `127.0.0.1:${port}`;
/** Adds a row by the form on the front page. */
const post = async (name: string) => expect((await visitor.post('/', { name, price: '12.50' })).status).toBe(302);

/** The site is whole by itself soon after: those rows are on its page, who was logged in is, and whoever knows the password can log in. */
async function serves(rows: string[]): Promise<void> {
  await eventually(async () => {
    const { status, body } = await visitor.get('/');
    expect({ status, rows: rows.filter((row) => body.includes(row)) }).toEqual({ status: 200, rows });
    await expectLoggedIn(visitor);
  }, 60);
  await logIn(new Session(port, host()));
}

const files = (path: string) => deployment.exec(server, 'sh', '-c', `ls -d ${path} 2>/dev/null || true`);

/** In the volume, with nothing else. */
function inVolume(...command: string[]): string {
  const image = engine('inspect', server, '--format', '{{.Image}}');
  return engine(
    'run',
    '--rm',
    '--user',
    '10070:10070',
    '--network',
    'none',
    '--volume',
    `${volume}:/volume`,
    '--entrypoint',
    command[0],
    image,
    ...command.slice(1),
  );
}

let before: string;
let refused: { readonly applied: Applied; readonly run: string };

beforeAll(async () => {
  port = await freePort();
  prepareStandIns('postgres-15', 'postgres-17');
  deployment.deploy(build(V15));
  await healthy();
  makeAdmin((...command) => deployment.exec(...command), deployment.containers('Shop/App/Server')[0]);
  visitor = new Session(port, host());
  await logIn(visitor);
  await post('Row of 15');
  sql(`CREATE DATABASE "${DATABASES[1].replace(/"/g, '""')}" OWNER shop_owner CONNECTION LIMIT 7`);
  sql(`
    CREATE ROLE reporting LOGIN PASSWORD 'only-for-this-test' CONNECTION LIMIT 3 VALID UNTIL '2031-01-01';
    ALTER ROLE reporting IN DATABASE shop SET timezone = 'Asia/Kathmandu';
    ALTER DATABASE shop SET statement_timeout = '61s';
    GRANT CONNECT ON DATABASE shop TO reporting;
    SET ROLE shop_owner;
    CREATE SCHEMA "Odd schema";
    CREATE TABLE "Odd schema"."t;able" (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL, word text NOT NULL, price numeric);
    INSERT INTO "Odd schema"."t;able" (at, word, price) SELECT '2026-03-29 01:59:59 Europe/Berlin'::timestamptz + n * interval '1 hour', 'Straße ' || n, n / 7.0 FROM generate_series(1, 50000) n;
    CREATE TABLE parent (n int) PARTITION BY RANGE (n);
    CREATE TABLE child PARTITION OF parent FOR VALUES FROM (0) TO (1000);
    INSERT INTO parent SELECT generate_series(0, 999);
    GRANT USAGE ON SCHEMA "Odd schema" TO reporting;
    GRANT SELECT ON "Odd schema"."t;able" TO reporting;
    SELECT lo_from_bytea(4711, decode(repeat('00ff', 300000), 'hex'));
    RESET ROLE;
    CREATE EXTENSION pg_trgm;
    CREATE INDEX words ON "Odd schema"."t;able" USING gin (word gin_trgm_ops)`);
  sql('CREATE TABLE here (x int); INSERT INTO here VALUES (1), (2)', DATABASES[1]);
  const running = run();
  deployment.synth(build(V17));
  refused = { applied: deployment.apply(), run: running };
});

afterAll(() => deployment.clean());

describe('another version without upgradeFrom', () => {
  test('is refused at the plan, and the site goes on', async () => {
    expect(refused.applied.ok).toBe(false);
    const said = refused.applied.output.replace(/\s*\n[│ ]*/g, ' ');
    expect(said).toContain(
      'Db/Data: the volume holds Postgres 15 of Debian trixie, and the stack says Postgres 17 of Debian trixie. Nothing was changed.',
    );
    expect(said).toContain('- upgrade to a higher major version: set upgradeFrom to the version that the volume holds');
    expect(run()).toBe(refused.run);
    await serves(['Row of 15']);
  });
});

describe('an upgrade', () => {
  test('that cannot be made says why, and the old version comes back with all that it had', async () => {
    before = content();
    // Gone with 17.
    sql('CREATE EXTENSION adminpack');
    deployment.synth(build(V17, V15));
    const { ok, output } = deployment.apply();
    expect(ok).toBe(false);
    expect(output).toContain('extension "adminpack" is not available');
    deployment.deploy(build(V15));
    await healthy();
    sql('DROP EXTENSION adminpack');
    expect(content()).toBe(before);
    await serves(['Row of 15']);
    expect(major()).toBe('15');
    expect(deployment.plan()).toEqual([]);
  });

  test('from 15 to 17 keeps everything, and the site with it', async () => {
    before = content();
    const { output } = deployment.deploy(build(V17, V15));
    expect(output).toMatch(/the database is one of Postgres 17 now; all \d+ counts of tables and large objects are equal/);
    await healthy();
    expect(major()).toBe('17');
    expect(content()).toBe(before);
    expect(deployment.plan()).toEqual([]);
    expect(files('/var/lib/postgresql/data/15/docker/PG_VERSION')).not.toBe('');
    expect(files('/var/lib/postgresql/data/cdktf-django.upgrade*')).toBe('');
    expect(files('/var/lib/postgresql/data/17/*unfinished*')).toBe('');
    await serves(['Row of 15']);
    await post('Row of 17');
  });

  test('needs to be named no longer when it is done, which restarts nothing', () => {
    const running = run();
    deployment.deploy(build(V17));
    expect(run()).toBe(running);
    expect(deployment.plan()).toEqual([]);
  });

  test('from 17 to 18 keeps what was written meanwhile', async () => {
    sql('INSERT INTO parent VALUES (7), (7)');
    before = content();
    deployment.deploy(build(V18, V17));
    await healthy();
    expect(major()).toBe('18');
    expect(content()).toBe(before);
    expect(deployment.plan()).toEqual([]);
    await serves(['Row of 15', 'Row of 17']);
    await post('Row of 18');
  });

  test('can be taken back, without what was written since', async () => {
    sql('INSERT INTO parent VALUES (8)');
    inVolume('mv', '/volume/cdktf-django.database.17', '/volume/cdktf-django.database');
    deployment.deploy(build(V17));
    await healthy();
    expect(major()).toBe('17');
    expect(content()).toBe(before);
    expect(deployment.plan()).toEqual([]);
    await serves(['Row of 15', 'Row of 17']);
    expect((await visitor.get('/')).body).not.toContain('Row of 18');
  });

  test('can be made again after that, and what the abandoned one had is kept', async () => {
    sql('INSERT INTO parent VALUES (9)');
    before = content();
    deployment.deploy(build(V18, V17));
    await healthy();
    expect(content()).toBe(before);
    await serves(['Row of 15', 'Row of 17']);
    expect(files('/var/lib/postgresql/18/docker.before-*/PG_VERSION')).not.toBe('');
  });
});
