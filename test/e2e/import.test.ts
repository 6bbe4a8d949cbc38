import { PostgresDb, PostgresImport, PostgresVersion, Size } from '../../lib';
import { Build, Deployment, stack } from './support/deployment';
import { engine } from './support/docker';
import { eventually } from './support/http';
import { prepareStandIns } from './support/stand-ins';

// The database of a compose project of yesterday: the image as it comes, in a volume of its own, taken over by name.
const deployment = new Deployment('import');
// Not of the stack's namespace: it is not the deployment's to remove.
const old = `e2e-compose-${process.pid}-db`;
const volume = `e2e-compose-${process.pid}-data`;
const { V15, V18 } = PostgresVersion;

function build(importFrom?: Partial<PostgresImport>): Build {
  return stack((made) => {
    const from = importFrom && { volumeName: volume, databaseName: 'old shop', user: 'boss', version: V15, ...importFrom };
    const db = new PostgresDb(made, 'Db', { version: V18, databaseName: 'shop', memory: Size.mebibytes(256), importFrom: from });
    db.addExtension('pg_stat_statements');
  });
}

const CONTENT = `
CREATE ROLE clerk LOGIN; CREATE EXTENSION pg_trgm; CREATE EXTENSION pg_stat_statements;
CREATE SCHEMA "Odd Schema";
CREATE TABLE "Odd Schema"."it's" (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, word text, at timestamptz DEFAULT now());
INSERT INTO "Odd Schema"."it's" (word) SELECT chr(127881) || n FROM generate_series(1, 5000) AS n;
CREATE INDEX ON "Odd Schema"."it's" USING gin (word gin_trgm_ops);
CREATE TABLE clerks (n int); ALTER TABLE clerks OWNER TO clerk; INSERT INTO clerks VALUES (1), (2);
SELECT lo_from_bytea(4242, decode('00ff5c27', 'hex'))`;

/** In the old server, which lets everybody in by its socket. */
const before = (statement: string) => engine('exec', old, 'psql', '-U', 'boss', '-d', 'old shop', '-qAt', '-v', 'ON_ERROR_STOP=1', '-c', statement);

function sql(statement: string): string {
  const [server] = deployment.containers('Db/Server');
  return engine('exec', server, 'sh', '/run/cdktf-django/psql-admin.sh', '-d', 'shop', '-qAt', '-v', 'ON_ERROR_STOP=1', '-c', statement);
}

beforeAll(async () => {
  prepareStandIns('postgres-15');
  const [image] = engine('images', '--format', '{{.Repository}}:{{.Tag}}')
    .split('\n')
    .filter((one) => /(^|\/)postgres:15/.test(one));
  const settings = ['POSTGRES_USER=boss', 'POSTGRES_DB=old shop', 'POSTGRES_PASSWORD=only-here'].flatMap((one) => ['--env', one]);
  engine('run', '--detach', '--name', old, ...settings, '--volume', `${volume}:/var/lib/postgresql/data`, image);
  // Its entrypoint serves once for itself before.
  await eventually(() => expect(engine('exec', old, 'pg_isready', '--host=127.0.0.1')).toContain('accepting'), 60);
  before(CONTENT);
});

afterAll(() => {
  try {
    deployment.clean();
  } finally {
    engine('rm', '--force', '--volumes', old);
    engine('volume', 'rm', '--force', volume);
  }
});

test.each<[string, Partial<PostgresImport>, string]>([
  ['in use', {}, 'A server has the volume in use, or was killed in it'],
  ['of another user', { userId: 70 }, 'The volume belongs to user 999, and is read as user 70. Nothing was changed: set userId of importFrom to 999'],
  ['of another version', { version: V18 }, 'The volume holds a database of Postgres 15, and version of importFrom says 18'],
  ['that is none', { volumeName: `${deployment.namespace}-mistyped` }, 'The volume is empty: docker volume ls says'],
])('a volume %s is refused', (_what, from, why) => {
  deployment.synth(build(from));
  expect(deployment.apply()).toMatchObject({ ok: false, output: expect.stringContaining(why) });
  expect(before('SELECT count(*) FROM clerks')).toBe('2');
});

test("what the old server had is there, all of it the owner's", async () => {
  engine('stop', old);
  expect(deployment.deploy(build({})).output).toMatch(/all \d+ counts of tables and large objects are equal/);
  await eventually(() => expect(sql(`SELECT count(*) || ' ' || min(word) FROM "Odd Schema"."it's"`)).toBe('5000 \u{1f389}1'), 60);
  expect(sql('SELECT sum(n) FROM clerks')).toBe('3');
  expect(sql("SELECT encode(lo_get(4242), 'hex')")).toBe('00ff5c27');
  const owners =
    "SELECT DISTINCT relowner::regrole FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('r', 'i', 'S') AND nspname !~ '^(pg_|information_schema)'";
  expect(sql(owners)).toBe('shop_owner');
  expect(sql(`INSERT INTO "Odd Schema"."it's" (word) VALUES ('new') RETURNING id`)).toBe('5001');
  expect(deployment.plan()).toEqual([]);
});

test('the old server can still be started, with all that it had', async () => {
  engine('start', old);
  await eventually(() => expect(before('SELECT count(*) FROM "Odd Schema"."it\'s"')).toBe('5000'), 60);
  expect(before("SELECT relowner::regrole FROM pg_class WHERE relname = 'clerks'")).toBe('clerk');
  engine('stop', old);
});

test('it is taken once: without importFrom, and with it again, nothing is filled again, and the server goes on', () => {
  const id = () => engine('inspect', deployment.containers('Db/Server')[0], '--format', '{{.Id}} {{.State.StartedAt}}');
  const [served] = [id()];
  deployment.deploy(build());
  expect(id()).toBe(served);
  expect(deployment.deploy(build({})).output).toContain('database shop is there');
  expect(id()).toBe(served);
  expect(sql(`SELECT count(*) FROM "Odd Schema"."it's"`)).toBe('5001');
});
