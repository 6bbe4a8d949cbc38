import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { TerraformStack } from 'cdktf';
import { IPostgresDb, Job, PostgresAccess, PostgresDb, PostgresDbProps, Secret, Size } from '../../lib';
import { Parameter, parameterList } from '../../lib/postgres/parameter-list';
import { PARAMETER_VALUES } from '../support/parameter-values';
import { Applied, Build, Deployment, stack } from './support/deployment';
import { engine } from './support/docker';
import { eventually } from './support/http';

// What is declared in a server beside its first database, on a volume that is there already: it arrives, it is never dropped, and it is what it says.
const deployment = new Deployment('roles');
const files = mkdtempSync(join(tmpdir(), 'cdktf-django-init-'));
const file = (name: string, content: string | Buffer): string => {
  writeFileSync(join(files, name), content);
  return join(files, name);
};

const SEED = `CREATE TABLE product (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
INSERT INTO product (name) SELECT 'product ' || n FROM generate_series(1, 1000) AS n;
`;

/** A client that logs in as its role, does what it is told and shows what came of it. Its failure is not the deploy's. */
function client(made: TerraformStack, id: string, db: IPostgresDb, sql: string): void {
  const version = (made.node.findChild('Db') as PostgresDb).version;
  const script = 'export PGPASSWORD="$(cat "$PASSWORD_FILE")"; until pg_isready -q; do sleep 0.2; done; psql -XAt -c "$0" </dev/null 2>&1 || true';
  const job = new Job(made, id, {
    image: version.image,
    entrypoint: ['sh', '-c', script],
    command: [sql],
    user: '10091:10091',
    memory: Size.mebibytes(64),
    environment: { PGHOST: db.host, PGDATABASE: db.databaseName, PGUSER: db.user, PASSWORD_FILE: db.passwordSecret.path },
  });
  db.addClient(job);
}

type Use = (db: PostgresDb, made: TerraformStack) => void;

const build = (props: PostgresDbProps, use: Use = () => undefined): Build =>
  stack((made) => use(new PostgresDb(made, 'Db', { memory: Size.mebibytes(256), ...props }), made));

/** What the jobs of a deploy said. The plan shows what earlier ones had said, too. */
const said = (output: string) => [...output.matchAll(/ \(local-exec\): (.*)$/gm)].map(([, line]) => `${line}\n`).join('');

/** What one deploy more says, which has to succeed and to leave nothing to do. */
function deployed(wanted: Build): string {
  const { output } = deployment.deploy(wanted);
  expect(deployment.plan()).toEqual([]);
  return said(output);
}

function failed(wanted: Build): string {
  deployment.synth(wanted);
  const { ok, output }: Applied = deployment.apply();
  expect(ok).toBe(false);
  return said(output);
}

const server = () => `${deployment.namespace}-db-server`;
const runs = () => engine('inspect', server(), '--format', '{{.Id}} {{.State.StartedAt}}');
const sql = (statement: string, database = 'app') =>
  engine('exec', '-e', `PGDATABASE=${database}`, server(), 'sh', '/run/cdktf-django/psql-admin.sh', '-XAt', '-v', 'ON_ERROR_STOP=1', '-c', statement);

/** A secret's value, read as root of the host would. */
function secret(name: string): string {
  const image = engine('inspect', server(), '--format', '{{.Image}}');
  const volume = `${deployment.namespace}-db-${name}:/volume`;
  return engine('run', '--rm', '--network', 'none', '--user', '0', '-v', volume, '--entrypoint', 'cat', image, '/volume/value');
}

/** What the server says to a login by TCP. */
function as(user: string, password: string, database: string, statement: string): string {
  const login = ['psql', '-h', '127.0.0.1', '-U', user, '-d', database, '-XAt', '-c', statement];
  try {
    return engine('exec', '-e', `PGPASSWORD=${password}`, server(), ...login);
  } catch (error) {
    return /^psql: error: .*|^ERROR: .*/m.exec((error as Error).message)?.[0] ?? (error as Error).message;
  }
}

const app = (statement: string, database = 'app') => as('app', secret('password'), database, statement);
const reporting = (statement: string, database = 'app') => as('reporting', secret('role-reporting-password'), database, statement);
const metrics = (statement: string, database = 'metrics') => as('metrics', secret('database-metrics-password'), database, statement);

afterAll(() => {
  rmSync(files, { recursive: true });
  deployment.clean();
});

describe('files of the first start', () => {
  test('one that fails, fails the deploy with its file and line, and nothing is served', () => {
    const broken = `${SEED}INSERT INTO prodct (name) VALUES ('x');\n`;
    const output = failed(build({ initFiles: [file('seed.sql', broken)] }));
    expect(output).toContain('running seed.sql');
    expect(output).toContain('psql:seed.sql:3: ERROR:  relation "prodct" does not exist');
    expect(output).toContain('seed.sql failed; the reason is above. The database was not made: mend the file and deploy again, which begins afresh.');
    expect(deployment.containers('Db/Server', { all: true })).toEqual([]);
  });

  test('one that is interrupted, too; the next deploy starts afresh with all of them, as the owner', async () => {
    const good = [file('seed.sql', SEED), file('more.sql.gz', gzipSync("INSERT INTO product (name) VALUES ('packed');\n"))];
    deployment.synth(build({ initFiles: [...good, file('slow.sql', 'SELECT pg_sleep(600);\n')] }));
    const applying = deployment.applyMeanwhile();
    await eventually(() => {
      const [job] = deployment.containers('Db/Initialize');
      expect(engine('logs', job)).toContain('running slow.sql');
      engine('kill', '--signal', 'KILL', job);
    }, 120);
    expect((await applying).ok).toBe(false);

    const output = deployed(build({ initFiles: good }));
    expect(output).toContain('removing an earlier run that was interrupted');
    expect(output).toContain('running seed.sql\nrunning more.sql.gz\n');
    expect(sql('SELECT count(*), tableowner FROM product, pg_tables WHERE tablename = $$product$$ GROUP BY 2')).toBe('1001|app_owner');
    expect(engine('exec', server(), 'sh', '-c', 'ls -d /var/lib/postgresql/18/*')).toBe('/var/lib/postgresql/18/docker');
  });

  test('others are not run on a database that is there, which is said once', () => {
    const before = runs();
    const changed = build({ initFiles: [file('seed.sql', 'DROP TABLE product;\n')] });
    const told = 'initFiles are other ones than those that database app was made with. They are for the first start alone and were not run.';
    expect(deployed(changed)).toContain(told);
    expect(deployed(build({}))).toContain(told);
    expect(sql('SELECT count(*) FROM product')).toBe('1001');
    engine('rm', ...deployment.containers('Db/Initialize', { all: true }));
    expect(deployed(build({}))).not.toContain(told);
    expect(runs()).toBe(before);
  });
});

const declares: Use = (db) => {
  db.addExtension('pg_trgm', { version: '1.5' });
  db.addRole('reporting', { connectionLimit: 3 });
  db.addDatabase('metrics').addExtension('pg_trgm');
};

describe('on a volume that is there', () => {
  test('an extension that the image has not fails the deploy, says what to do, and leaves the server running', async () => {
    const before = runs();
    const output = failed(build({}, (db) => db.addExtension('vector')));
    expect(output).toContain('The image of this server (Postgres 18) has no extension vector. Nothing was changed in its databases.');
    expect(output).toContain('apt-get install --yes --no-install-recommends postgresql-18-pgvector');
    expect(runs()).toBe(before);

    // A library that is not there would keep it from starting.
    expect(failed(build({ parameters: { shared_preload_libraries: 'auto_explain,pg_cron' } }))).toContain(
      'has no library pg_cron, which shared_preload_libraries names',
    );
    await eventually(() => expect(sql('SHOW shared_preload_libraries')).toBe('auto_explain'), 30);
    deployed(build({}));
  });

  test('a role, an extension and a database arrive before their clients, without a restart', () => {
    const before = runs();
    const output = deployed(
      build({}, (db, made) => {
        declares(db, made);
        client(made, 'Reader', made.node.findChild('Db').node.findChild('Role-reporting') as never, 'SELECT count(*), current_user FROM product');
        client(made, 'Collector', db.node.findChild('Database-metrics') as never, 'CREATE TABLE sample (n int); SELECT current_user');
      }),
    );
    expect(output).toContain('database metrics was made: owner metrics_owner');
    expect(output).toContain('extension pg_trgm 1.5 was made in database app');
    expect(output).toContain('role reporting has read-only access to database app');
    expect(output).toContain('1001|reporting');
    expect(output).toContain('metrics_owner');
    expect(runs()).toBe(before);
    expect(sql("SELECT extversion FROM pg_extension WHERE extname = 'pg_trgm'")).toBe('1.5');
    expect(sql("SELECT tableowner FROM pg_tables WHERE tablename = 'sample'", 'metrics')).toBe('metrics_owner');
    expect(sql("SELECT rolconnlimit FROM pg_roles WHERE rolname = 'reporting'")).toBe('3');
  });

  test('a read-only role reads what the app makes later, and writes nothing', () => {
    expect(app('CREATE TABLE later (n int); INSERT INTO later VALUES (7); CREATE SCHEMA inner_; CREATE TABLE inner_.deep AS SELECT 8 AS n')).toMatch(
      /SELECT 1$/,
    );
    expect(reporting('SELECT (SELECT n FROM later), (SELECT n FROM inner_.deep)')).toBe('7|8');
    expect(reporting('SELECT last_value FROM product_id_seq')).toBe('1001');
    for (const [statement, message] of [
      ["INSERT INTO product (name) VALUES ('x')", 'permission denied for table product'],
      ['DELETE FROM later', 'permission denied for table later'],
      ['CREATE TABLE mine (n int)', 'permission denied for schema public'],
      ['CREATE TEMPORARY TABLE mine (n int)', 'permission denied to create temporary tables in database "app"'],
      ['ALTER TABLE product ADD x int', 'must be owner of table product'],
      ['DROP TABLE later', 'must be owner of table later'],
      ['SET ROLE app_owner', 'permission denied to set role "app_owner"'],
      ['SELECT rolpassword FROM pg_authid', 'permission denied for table pg_authid'],
      ['CREATE EXTENSION hstore', 'permission denied to create extension "hstore"'],
    ]) {
      expect(reporting(statement)).toContain(message);
    }
  });

  test('nobody else comes into a database, and no login role is a superuser', () => {
    const denied = (database: string) => `permission denied for database "${database}"`;
    expect(metrics('SELECT 1', 'app')).toContain(denied('app'));
    expect(app('SELECT 1', 'metrics')).toContain(denied('metrics'));
    expect(reporting('SELECT 1', 'metrics')).toContain(denied('metrics'));
    expect(reporting('SELECT 1', 'postgres')).toContain(denied('postgres'));
    const mighty = 'rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls';
    expect(sql(`SELECT rolname FROM pg_roles WHERE ${mighty} ORDER BY 1`)).toBe('postgres');
    expect(sql("SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles WHERE rolcanlogin")).toBe('app metrics postgres reporting');
    expect(sql('SELECT pg_get_userbyid(datdba) FROM pg_database WHERE NOT datistemplate ORDER BY datname')).toBe(
      'app_owner\nmetrics_owner\npostgres',
    );
  });

  test('edits arrive: another access, limit and version, a parameter, a library; and the server is replaced for the latter alone', () => {
    const output = deployed(
      build({ parameters: { log_min_duration_statement: '1234ms', 'pg_stat_statements.max': '2000' } }, (db) => {
        db.addExtension('pg_trgm', { version: '1.6' });
        db.addExtension('pg_stat_statements');
        db.addRole('reporting', { access: PostgresAccess.READ_WRITE });
        db.addDatabase('metrics').addExtension('pg_trgm');
      }),
    );
    expect(output).toContain('extension pg_trgm in database app was updated from 1.5 to 1.6');
    expect(output).toContain('role reporting has read-write access to database app');
    expect(sql('SHOW log_min_duration_statement')).toBe('1234ms');
    expect(sql('SHOW shared_preload_libraries')).toBe('pg_stat_statements');
    expect(Number(sql('SELECT count(*) FROM pg_stat_statements'))).toBeGreaterThan(0);
    expect(sql("SELECT rolconnlimit FROM pg_roles WHERE rolname = 'reporting'")).toBe('-1');
    expect(reporting("INSERT INTO product (name) VALUES ('written'); UPDATE later SET n = 9; DELETE FROM inner_.deep")).toMatch(/DELETE 1$/);
    expect(reporting('DROP TABLE later')).toContain('must be owner of table later');
    expect(app('CREATE TABLE latest (n int)')).toBe('CREATE TABLE');
    expect(reporting('INSERT INTO latest VALUES (1)')).toBe('INSERT 0 1');
  });

  test('what is taken back is taken: a role that may only connect', () => {
    const parameters = { log_min_duration_statement: '1234ms', 'pg_stat_statements.max': '2000' };
    const before = runs();
    const output = deployed(
      build({ parameters }, (db) => {
        db.addExtension('pg_stat_statements');
        db.addRole('reporting', { access: PostgresAccess.NONE, passwordVersion: 2 });
      }),
    );
    expect(runs()).toBe(before);
    expect(output).toContain('role reporting_alt was opened with password version 2');
    expect(output).toContain('role reporting was closed, and its sessions are ended');
    const second = (statement: string) => as('reporting_alt', secret('role-reporting-password-v2'), 'app', statement);
    expect(reporting('SELECT 1')).toMatch(/password authentication failed|not permitted to log in/);
    expect(second('SELECT count(*) FROM product')).toContain('permission denied for table product');
    expect(app('CREATE TABLE hidden (n int)')).toBe('CREATE TABLE');
    expect(second('SELECT * FROM hidden')).toContain('permission denied for table hidden');
    expect(app('GRANT SELECT ON hidden TO reporting_access')).toBe('GRANT');
    expect(second('SELECT count(*) FROM hidden')).toBe('0');
    // Declared no more: pg_trgm in both, and the database.
    expect(output).toContain('extension pg_trgm is in database app and not declared. It was left as it is.');
    expect(output).toContain('database metrics is declared no more. It was left as it is, with its data.');
    expect(output).toContain('role metrics is declared no more. It was left as it is and can log in.');
    expect(metrics('SELECT count(*) FROM sample')).toBe('0');
  });

  test('with nothing declared, all is reported and nothing dropped', () => {
    const output = deployed(build({}));
    for (const what of [
      'role reporting_alt is',
      'role metrics is',
      'database metrics is',
      'extension pg_stat_statements is',
      'extension pg_trgm is',
    ]) {
      expect(output).toContain(what);
    }
    expect(metrics('SELECT count(*) FROM sample')).toBe('0');
    expect(sql("SELECT string_agg(extname, ' ' ORDER BY extname) FROM pg_extension")).toBe('pg_stat_statements pg_trgm plpgsql');
    expect(sql("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'reporting%'")).toBe('3');
    // And comes back.
    const again: Use = (db) => {
      db.addExtension('pg_trgm');
      db.addRole('reporting', { passwordVersion: 2 });
      db.addDatabase('metrics').addExtension('pg_trgm');
    };
    const back = deployed(build({}, again));
    expect(back).toContain('database metrics is there');
    expect(back).not.toContain('database metrics is declared no more');
    expect(metrics('SELECT count(*) FROM sample')).toBe('0');
  });

  test('what others made under a declared name is refused, and left alone', () => {
    sql('CREATE ROLE stranger LOGIN');
    sql('CREATE DATABASE foreign_');
    expect(failed(build({}, (db) => db.addRole('stranger')))).toContain('Role stranger is there, and PostgresDb did not make it.');
    expect(failed(build({}, (db) => db.addDatabase('foreign_')))).toContain('Database foreign_ is there, and PostgresDb did not make it.');
    expect(sql("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'stranger'")).toBe('t');
    expect(sql("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'foreign_'")).toBe('postgres');
  });

  test('names that are words of SQL are names', () => {
    const output = deployed(
      build({}, (db) => {
        db.addDatabase('metrics');
        db.addDatabase('select', { user: 'user' }).addRole('table', { password: Secret.generated({ length: 512 }) });
      }),
    );
    expect(output).toContain('database select was made: owner select_owner');
    expect(as('user', secret('database-select-password'), 'select', 'CREATE TABLE "where" AS SELECT 1 AS n')).toBe('SELECT 1');
    expect(as('table', secret('database-select-role-table-password'), 'select', 'SELECT n FROM "where"')).toBe('1');
  });
});

test('no password is in what Terraform wrote, nor in a log of the server', () => {
  const told = [deployment.traces(), engine('logs', server())].join('\n');
  for (const name of ['password', 'superuser-password', 'role-reporting-password', 'role-reporting-password-v2', 'database-metrics-password']) {
    expect(told).not.toContain(secret(name));
  }
});

describe('the list of parameters', () => {
  const root = join(__dirname, '..', '..');

  test('is what the server says', () => {
    const said = JSON.parse(sql(readFileSync(join(root, 'tools', 'parameter-list.sql'), 'utf8'))) as Record<string, Parameter>;
    const lower = Object.fromEntries(Object.entries(said).map(([name, one]) => [name.toLowerCase(), one]));
    expect(Object.fromEntries(parameterList(18))).toEqual(lower);
  });

  test('takes and refuses the values that the server does', () => {
    // What each value is answered: "taken", or why not.
    const script =
      'for one; do postgres -C "${one%%=*}" -D /var/lib/postgresql/18/docker -c "$one" >/tmp/out 2>&1 && echo taken || head -n 1 /tmp/out; done';
    const values = PARAMETER_VALUES.flatMap(([name, accepted, refused]) => [
      ...accepted.map((value) => ({ argument: `${name}=${value}`, taken: true })),
      ...refused.map((value) => ({ argument: `${name}=${value}`, taken: false })),
    ]);
    const answers = engine('exec', server(), 'sh', '-c', script, 'sh', ...values.map(({ argument }) => argument)).split('\n');
    expect(answers).toHaveLength(values.length);
    expect(values.length).toBeGreaterThan(80);
    values.forEach(({ argument, taken }, index) => {
      const refusal = /invalid value for parameter|is outside the valid range|requires a Boolean value|out of range/;
      expect(`${argument}: ${answers[index]}`).toMatch(taken ? /: taken$/ : refusal);
    });
  });
});
