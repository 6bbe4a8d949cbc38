import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runtimeFolder } from '../../lib/image/default-images';

/*
 * What the scripts refuse and leave alone, with stand-ins for the server's programs. The end-to-end tests run them with a real one.
 */

let root: string;
let volume: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'postgres-scripts-'));
  volume = join(root, 'volume');
  mkdirSync(volume);
  mkdirSync(join(root, 'bin'));
  program('postgres', 'if [ "$1" = --version ]; then echo "postgres (PostgreSQL) 18.6 (Debian 18.6-3)"; else echo "served $*"; fi');
  program('initdb', 'echo "initdb must not run"; exit 70');
  writeFileSync(join(root, 'password'), 'secret-of-the-login');
  writeFileSync(join(root, 'superuser'), 'secret-of-the-superuser');
});

afterEach(() => rmSync(root, { recursive: true }));

function program(name: string, text: string): void {
  writeFileSync(join(root, 'bin', name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(root, 'bin', name), 0o755);
}

function run(script: string, environment: Record<string, string> = {}, ...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('sh', [join(runtimeFolder, 'postgres', script), ...args], {
    encoding: 'utf8',
    env: {
      PATH: `${join(root, 'bin')}:${process.env.PATH}`,
      DATABASE_VOLUME: volume,
      DATABASE_MAJOR: '18',
      DATABASE_CODENAME: 'trixie',
      DATABASE_NAME: 'app',
      DATABASE_OWNER: 'app_owner',
      DATABASE_USER: 'app',
      DATABASE_SUPERUSER_PASSWORD_FILE: join(root, 'superuser'),
      LOCK_TIMEOUT: '0',
      ...environment,
    },
  });
  return { status, output: stdout + stderr };
}

const MARKER = 'format=1\nid=1234\nmajor=18\ncodename=trixie\ndatabase=app\nowner=app_owner\nuser=app\n';

function database(marker = MARKER): void {
  mkdirSync(join(volume, '18', 'docker'), { recursive: true });
  writeFileSync(join(volume, '18', 'docker', 'PG_VERSION'), '18\n');
  writeFileSync(join(volume, '18', 'docker', 'cdktf-django.database'), MARKER);
  if (marker) writeFileSync(join(volume, 'cdktf-django.database'), marker);
}

describe('serve.sh', () => {
  test('serves what fits, and removes what a killed server left', () => {
    database();
    writeFileSync(join(volume, '18', 'docker', 'postmaster.pid'), '7\n');
    expect(run('serve.sh', {}, '-c', 'work_mem=4MB')).toEqual({ status: 0, output: `served -D ${volume}/18/docker -c work_mem=4MB\n` });
    expect(existsSync(join(volume, '18', 'docker', 'postmaster.pid'))).toBe(false);
  });

  test('loads libraries with the server', () => {
    database();
    expect(
      run('serve.sh', { DATABASE_PRELOAD: 'auto_explain,pg_stat_statements', DATABASE_MAJOR: '18' }, '-c', 'shared_preload_libraries=other').output,
    ).toBe(`served -D ${volume}/18/docker -c shared_preload_libraries=other -c shared_preload_libraries=auto_explain,pg_stat_statements\n`);
  });

  test('refuses a volume without a marker, and writes nothing to it', () => {
    expect(run('serve.sh')).toMatchObject({ status: 1, output: expect.stringMatching(/holds no initialised database/) });
    expect(readdirSync(volume)).toEqual([]);
  });

  test.each([
    ['DATABASE_MAJOR', '17', /a database of Postgres 18, and this is Postgres 17.*\n.*set version back to 18/],
    ['DATABASE_CODENAME', 'forky', /made on Debian trixie, and this image stands on forky/],
  ])('refuses another %s', (name, value, message) => {
    database();
    expect(run('serve.sh', { [name]: value })).toMatchObject({ status: 1, output: expect.stringMatching(message) });
  });

  test('refuses a directory that another process has open', () => {
    database();
    // The first one holds the lock and starts the second as its server, without the inherited descriptor.
    program('postgres', `if [ -n "$INNER" ]; then echo both; else INNER=1 sh '${join(runtimeFolder, 'postgres', 'serve.sh')}' 9>&-; fi`);
    expect(run('serve.sh')).toMatchObject({ status: 1, output: expect.stringMatching(/^Another process has the database in .* open/) });
  });
});

const BAD_PASSWORDS: [string, RegExp][] = [
  ['', /is empty, or begins with an empty line/],
  ['\nvalue', /is empty, or begins with an empty line/],
  ['one\ntwo\n', /has more than one line/],
];

describe('initialize.sh', () => {
  test('does nothing where a database fits', () => {
    database();
    expect(run('initialize.sh')).toEqual({ status: 0, output: 'database app is there (id 1234)\n' });
    expect(readdirSync(volume).sort()).toEqual(['18', 'cdktf-django.database']);
  });

  test.each([
    ['DATABASE_MAJOR', '17', /a database of Postgres 18, and this is Postgres 17/],
    ['DATABASE_CODENAME', 'forky', /made on Debian trixie/],
    ['DATABASE_NAME', 'shop', /with databaseName 'app', and the stack says 'shop'.*\nEither set databaseName: 'app'/],
    ['DATABASE_USER', 'shop', /with user 'app', and the stack says 'shop'/],
  ])('refuses another %s', (name, value, message) => {
    database();
    expect(run('initialize.sh', { [name]: value })).toMatchObject({ status: 1, output: expect.stringMatching(message) });
  });

  test('says once that files of the first start are other ones now', () => {
    database();
    writeFileSync(join(volume, 'cdktf-django.init'), 'those of the first start\n');
    const there = 'database app is there (id 1234)\n';
    expect(run('initialize.sh').output).toMatch(/^database app is there .*\ninitFiles are other ones than those that database app was made with\./);
    expect(run('initialize.sh')).toEqual({ status: 0, output: there });
  });

  test('completes a run that was interrupted before the marker', () => {
    database('');
    expect(run('initialize.sh')).toMatchObject({ status: 0, output: expect.stringMatching(/interrupted in its last step.*\ndatabase app is there/) });
    expect(run('serve.sh').status).toBe(0);
  });

  test('removes the directory of an interrupted run, and begins afresh', () => {
    mkdirSync(join(volume, '17', 'docker.unfinished-1'), { recursive: true });
    mkdirSync(join(volume, '18', 'docker.unfinished-2'), { recursive: true });
    expect(run('initialize.sh')).toMatchObject({
      status: 70,
      output: expect.stringMatching(/docker.unfinished-1\n.*docker.unfinished-2\ninitdb must not run/),
    });
    expect(readdirSync(volume).sort()).toEqual(['18', 'cdktf-django.init', 'cdktf-django.lock']);
    expect(existsSync(join(volume, '18', 'docker.unfinished-2'))).toBe(false);
  });

  test.each(['PG_VERSION', '.hidden', '17'])('touches nothing beside %s, which is not its own', (name) => {
    mkdirSync(join(volume, name));
    expect(run('initialize.sh')).toMatchObject({ status: 1, output: expect.stringContaining(`something that PostgresDb did not make: ${name}.`) });
  });

  test('does not take a data directory without our marker for its own', () => {
    mkdirSync(join(volume, '18', 'docker'), { recursive: true });
    expect(run('initialize.sh')).toMatchObject({ status: 1, output: expect.stringContaining('PostgresDb did not make: 18.') });
    expect(existsSync(join(volume, '18', 'docker'))).toBe(true);
  });

  test.each(BAD_PASSWORDS)("refuses the superuser's password %j", (value, message) => {
    writeFileSync(join(root, 'superuser'), value);
    expect(run('initialize.sh')).toMatchObject({ status: 1, output: expect.stringMatching(message) });
    expect(readdirSync(volume)).toEqual([]);
  });

  test('refuses an image with a server of another version', () => {
    program('postgres', 'echo "postgres (PostgreSQL) 17.2 (Debian 17.2-18.pgdg)"');
    expect(run('initialize.sh')).toMatchObject({ status: 1, output: expect.stringMatching(/server is Postgres 17.2 .*, and the stack says 18/) });
  });
});

describe('logins.sh', () => {
  const asked = () => (existsSync(join(root, 'asked')) ? readFileSync(join(root, 'asked'), 'utf8') : '');

  /** Roles as the server has them: `true 1` can log in with version 1. */
  function server(roles: Record<string, string>, login = ''): void {
    program('pg_isready', '');
    program('sleep', `echo "slept $1" >>'${root}/asked'`);
    for (const [role, state] of Object.entries(roles)) writeFileSync(join(root, `role-${role}`), state);
    program(
      'psql',
      [
        // A login of the role itself, by which its password is tried.
        `case " $* " in *' --command=SELECT '*) [ -z '${login}' ] || { echo '${login}' >&2; exit 2; }; exit 0 ;; esac`,
        `for word; do case $word in --set=role=*) role=\${word#--set=role=} ;; esac; done`,
        'program=$(cat)',
        // What is declared no more: nothing is.
        `case $program in '-- report'*) exit 0 ;; esac`,
        `if [ -n "$role" ]; then cat '${root}/role-'"$role" 2>/dev/null || true; exit 0; fi`,
        `printf '%s\n' "$*" "$program" >>'${root}/asked'`,
        `case $program in *pg_terminate_backend*) if [ -e '${root}/ended' ]; then echo 0; else echo 2; touch '${root}/ended'; fi ;; esac`,
      ].join('\n'),
    );
  }

  const logins = (command: string, more: Record<string, string> = {}) =>
    run(
      'logins.sh',
      {
        DATABASE_HOST: 'db',
        DATABASE_PORT: '5432',
        DATABASE_LOGIN: 'app_alt',
        DATABASE_OTHER_LOGIN: 'app',
        DATABASE_LOGIN_VERSION: '2',
        DATABASE_PASSWORD_FILE: join(root, 'password'),
        DATABASE_GRACE_SECONDS: '30',
        DATABASE_PATIENCE: '1',
        ...more,
      },
      command,
    );

  test('opens a role that is not there, and no argument has its password', () => {
    server({ app: 'true 1' });
    expect(logins('open')).toEqual({ status: 0, output: 'role app_alt was opened with password version 2\n' });
    expect(asked()).toContain('ALTER ROLE :"login" LOGIN PASSWORD');
    expect(asked()).toContain('--set=comment=cdktf-django: password version 2');
    expect(asked()).not.toContain('secret-of');
  });

  const CONTENTS = (password: string) =>
    [
      'database metrics metrics_owner',
      'access reporting_access app read-only app_owner',
      `login reporting reporting_alt 1 ${password} member reporting_access app 5`,
      `login metrics_alt metrics 2 ${password} owner metrics_owner metrics -1`,
    ].join('\n');

  test('brings what is declared, in its order, and no argument or log has a password', () => {
    server({ app_alt: 'true 2', metrics: 'true 1' });
    const { status, output } = logins('open', { DATABASE_CONTENTS: CONTENTS(join(root, 'password')), DATABASE_MAJOR: '18' });
    expect({ status, output }).toEqual({
      status: 0,
      output: [
        'role app_alt can log in with password version 2',
        'database metrics was made: owner metrics_owner',
        'role reporting has read-only access to database app',
        'role reporting was opened with password version 1',
        'role metrics_alt was opened with password version 2',
        '',
      ].join('\n'),
    });
    const words = asked();
    expect(words).not.toContain('secret-of');
    const programs = [
      'CREATE DATABASE %I OWNER %I',
      'ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT SELECT ON TABLES',
      'ALTER ROLE :"login" LOGIN PASSWORD',
    ];
    const places = programs.map((text) => words.indexOf(text));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(-1);
    expect(words).toContain(
      '--dbname=app --set=database=app --set=group=reporting_access --set=owner=app_owner --set=changed=off --set=reads=on --set=writes=off',
    );
    expect(words).toContain('--set=login=reporting --set=limit=5');
    expect(words).toContain('--set=login=metrics_alt --set=limit=-1');
    // One acts as the owner, the other does not.
    expect(words).toContain('--set=login=reporting --set=group=reporting_access --set=acts=off');
    expect(words).toContain('--set=login=metrics_alt --set=group=metrics_owner --set=acts=on');
  });

  test.each([
    ['access reporting_access app read-only app_owner', 'foreign', /Role reporting_access is there, and PostgresDb did not make it/],
    [
      'access reporting_access app read-only app_owner',
      'read-only to database metrics',
      /Role reporting has access to database metrics, and the stack says app/,
    ],
    ['database metrics metrics_owner', 'foreign none', /Role metrics_owner is there, and PostgresDb did not make it/],
    ['database metrics metrics_owner', 'none foreign', /Database metrics is there, and PostgresDb did not make it/],
    ['extension app vector -', '', /has no extension vector\. Nothing was changed in its databases.*\n.*postgresql-18-pgvector/],
  ])('refuses %s where the server says %j', (line, answer, message) => {
    server({ app_alt: 'true 2' });
    const psql = readFileSync(join(root, 'bin', 'psql'), 'utf8');
    writeFileSync(
      join(root, 'bin', 'psql'),
      psql.replace(/^printf/m, `case $program in 'SELECT coalesce('*) echo '${answer}'; exit 0 ;; esac\nprintf`),
    );
    expect(logins('open', { DATABASE_CONTENTS: line, DATABASE_MAJOR: '18' })).toMatchObject({ status: 1, output: expect.stringMatching(message) });
    expect(asked()).not.toMatch(/CREATE (ROLE|DATABASE)/);
  });

  test('closes the other role of each login, and gives time once', () => {
    server({ app: 'false 1', app_alt: 'true 2', metrics: 'true 1', metrics_alt: 'true 2', reporting: 'true 1' });
    expect(logins('close', { DATABASE_LOGINS: 'metrics_alt 2 metrics\nreporting 1 reporting_alt' })).toEqual({
      status: 0,
      output: [
        'role app_alt is the only one that can log in',
        'role metrics was closed, and its sessions are ended',
        'role reporting is the only one that can log in',
        '',
      ].join('\n'),
    });
    expect(asked().match(/slept 30/g)).toHaveLength(1);
  });

  test('opens a role again that was closed, with its own version or another', () => {
    for (const state of ['false 2', 'false 4']) {
      server({ app: 'true 3', app_alt: state });
      expect(logins('open')).toEqual({ status: 0, output: 'role app_alt was opened with password version 2\n' });
    }
  });

  test('leaves a role that is open as it is', () => {
    server({ app_alt: 'true 2' });
    expect(logins('open')).toEqual({ status: 0, output: 'role app_alt can log in with password version 2\n' });
    expect(asked()).toBe('');
  });

  test('refuses another password for a role that is open, and says what to do', () => {
    server({ app_alt: 'true 2' }, 'psql: error: FATAL:  password authentication failed for user "app_alt"');
    expect(logins('open')).toMatchObject({
      status: 1,
      output: expect.stringMatching(/is not the one of role app_alt: its source was changed.*\nNothing was changed.*\nSet passwordVersion to 3,/),
    });
    expect(asked()).toBe('');
  });

  test("fails for any other reason of the server's in its own words", () => {
    server({ app_alt: 'true 2' }, 'psql: error: FATAL:  sorry, too many clients already');
    expect(logins('open')).toMatchObject({
      status: 1,
      output: expect.stringContaining('app_alt cannot log in: psql: error: FATAL:  sorry, too many'),
    });
  });

  test('refuses to take a role from the clients of another version', () => {
    server({ app_alt: 'true 4' });
    expect(logins('open')).toMatchObject({
      status: 1,
      output: expect.stringMatching(/app_alt still logs in with password version 4.*\nTwo roles take turns.*: set passwordVersion to 5 first/),
    });
    expect(asked()).toBe('');
  });

  test.each(['true foreign', 'false foreign'])('refuses a role of somebody else: %s', (state) => {
    server({ app_alt: state });
    expect(logins('open')).toMatchObject({ status: 1, output: expect.stringContaining('Role app_alt is there, and PostgresDb did not make it') });
    expect(asked()).toBe('');
  });

  test.each(BAD_PASSWORDS)('refuses the password %j', (value, message) => {
    server({});
    writeFileSync(join(root, 'password'), value);
    expect(logins('open')).toMatchObject({ status: 1, output: expect.stringMatching(message) });
    expect(asked()).toBe('');
  });

  test('closes the other role after the time that requests have, and ends its sessions', () => {
    server({ app: 'true 1', app_alt: 'true 2' });
    expect(logins('close')).toEqual({ status: 0, output: 'role app was closed, and its sessions are ended\n' });
    expect(asked()).toMatch(/^slept 30\n/);
    expect(asked().match(/NOLOGIN PASSWORD NULL/g)).toHaveLength(2);
  });

  test.each([
    [{ app_alt: 'true 2' }, 'role app_alt is the only one that can log in\n'],
    [{ app_alt: 'true 2', app: 'false 1' }, 'role app_alt is the only one that can log in\n'],
    [{ app_alt: 'true 2', app: 'true foreign' }, 'role app was not made by PostgresDb and stays as it is\n'],
  ])('closes nothing of %j', (roles, output) => {
    server(roles);
    expect(logins('close')).toEqual({ status: 0, output });
    expect(asked()).toBe('');
  });

  test.each<Record<string, string>>([{ app: 'true 1' }, { app: 'true 1', app_alt: 'false 2' }, { app: 'true 1', app_alt: 'true 4' }])(
    'closes none while the new one is not open: %j',
    (roles) => {
      server(roles);
      expect(logins('close')).toMatchObject({ status: 1, output: expect.stringContaining('so role app stays open') });
      expect(asked()).toBe('');
    },
  );

  test('says where to look when the server does not answer', () => {
    server({});
    program('pg_isready', 'exit 1');
    expect(logins('open')).toMatchObject({ status: 1, output: 'The server db did not answer within 1 s. Its log says why: docker logs db\n' });
  });
});

describe('pooler.sh', () => {
  const pooler = (more: Record<string, string> = {}) =>
    run('pooler.sh', {
      POOLER_FOLDER: root,
      POOLER_FILES: '64',
      POOLER_RESOLVES: 'yes',
      DATABASE_PASSWORD_FILE: join(root, 'password'),
      DATABASE_HOST: 'shop-db-server',
      DATABASE_PORT: '5432',
      ...more,
    });
  const users = () => readFileSync(join(root, 'users'), 'utf8');

  const databases = () => readFileSync(join(root, 'databases.ini'), 'utf8');

  beforeEach(() => {
    program('pgbouncer', 'echo "pools $*"');
    // It looks again, and again, as long as PgBouncer runs.
    program('sleep', 'exit 1');
    program('getent', `[ "$*" = 'ahostsv4 shop-db-server' ] && printf '%s STREAM x\n' 172.18.0.7 172.18.0.9`);
  });

  test('hands PgBouncer the login in a file that nobody else reads', () => {
    expect(pooler()).toEqual({ status: 0, output: `pools ${join(runtimeFolder, 'postgres', 'pgbouncer.ini')}\n` });
    expect(users()).toBe('"app" "secret-of-the-login"\n');
    expect(statSync(join(root, 'users')).mode & 0o777).toBe(0o600);
    expect(databases()).toBe("[databases]\napp = host='172.18.0.7' port=5432 dbname='app'\n");
  });

  test('takes an address of another kind where there is none of IPv4, and a name where it has to', () => {
    program('getent', `[ "$*" = 'hosts shop-db-server' ] && echo '2001:db8::7 shop-db-server'`);
    pooler();
    expect(databases()).toContain("host='2001:db8::7'");
    pooler({ POOLER_RESOLVES: 'no' });
    expect(databases()).toContain("host='shop-db-server'");
  });

  test('waits for a server that has no address yet, and tells PgBouncer of another one', () => {
    program('sleep', `exec /bin/sleep 0.02`);
    // Nothing, one, nothing again, the same and another one, others.
    program(
      'getent',
      `n=$(cat '${root}/n' 2>/dev/null || echo 0); echo $((n + 1)) >'${root}/n'; case $n in 0 | 1 | 3 | 4) exit 2 ;; 2) echo 10.0.0.1 x ;; 5) printf '%s x\\n' 10.0.0.9 10.0.0.1 ;; *) printf '%s x\\n' 10.0.0.2 10.0.0.3 ;; esac`,
    );
    program('pgbouncer', `cat '${root}/databases.ini'; trap 'cat "${root}/databases.ini"; exit 0' HUP; while :; do /bin/sleep 0.02; done`);
    const { status, output } = pooler();
    expect(status).toBe(0);
    expect(output.match(/.*(pooler|app).*/g)).toEqual([
      'pooler: waiting for the address of shop-db-server',
      "app = host='10.0.0.1' port=5432 dbname='app'",
      'pooler: shop-db-server is at 10.0.0.2, and no longer at 10.0.0.1',
      "app = host='10.0.0.2' port=5432 dbname='app'",
    ]);
  });

  /** As PgBouncer reads a line (load_auth_file in src/loader.c). */
  const fields = (line: string) => [...line.matchAll(/"((?:[^"]|"")*)"/g)].map(([, field]) => field.replaceAll('""', '"'));

  test('whatever user and password are', () => {
    const text = fc.string({ unit: fc.constantFrom(...`ab"'\\ ;$%&#`, '`', '\u00e9', '\u2028'), minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(text, text, fc.constantFrom('', '\n'), (user, password, end) => {
        writeFileSync(join(root, 'password'), `1${password}${end}`);
        expect(pooler({ DATABASE_USER: user })).toMatchObject({ status: 0 });
        expect(fields(users())).toEqual([user, `1${password}`]);
        expect(users().split('\n')).toHaveLength(2);
      }),
      { numRuns: 25 },
    );
  });

  test.each([...BAD_PASSWORDS, [`md5${'0'.repeat(32)}`, /has the form of a hash/] as [string, RegExp]])(
    'refuses the password %j',
    (value, message) => {
      writeFileSync(join(root, 'password'), value);
      expect(pooler()).toMatchObject({ status: 1, output: expect.stringMatching(message) });
      expect(existsSync(join(root, 'users'))).toBe(false);
    },
  );

  test('opens as many files as there may be connections, or says why it cannot', () => {
    program('pgbouncer', 'ulimit -n');
    expect(Number(pooler({ POOLER_FILES: '300' }).output)).toBeGreaterThanOrEqual(300);
    expect(pooler({ POOLER_FILES: '2147483647' })).toMatchObject({
      status: 1,
      output: expect.stringMatching(/^The engine lets a container open \d+ files, and 2147483647 are needed\.\nEither lower maxClientConnections/),
    });
  });
});

describe('pooler-health.sh', () => {
  test('asks for an answer of the server until there was one, then the console', () => {
    const script = readFileSync(join(runtimeFolder, 'postgres', 'pooler-health.sh'), 'utf8').replace('/tmp/proven', join(root, 'proven'));
    writeFileSync(join(root, 'health.sh'), script);
    const health = () =>
      spawnSync('sh', [join(root, 'health.sh')], {
        encoding: 'utf8',
        env: {
          PATH: `${join(root, 'bin')}:${process.env.PATH}`,
          POOLER_PORT: '5432',
          POOLER_FOLDER: '/tmp/pgbouncer',
          DATABASE_NAME: 'app',
          DATABASE_USER: 'app_alt',
          POOLER_HEALTH_PAUSE: '0',
          DATABASE_PASSWORD_FILE: join(root, 'password'),
        },
      }).status;
    const asked = () => readFileSync(join(root, 'asked'), 'utf8').trimEnd().split('\n').at(-1);
    program('psql', `echo "$PGPASSWORD $*" >>'${root}/asked'; exit 2`);
    expect(health()).toBe(2);
    expect(asked()).toMatch(/^secret-of-the-login .*--port=5432 --host=127\.0\.0\.1 --username=app_alt --dbname=app --command=SELECT 1$/);
    expect(health()).toBe(2);
    expect(asked()).toMatch(/--command=SELECT 1$/);
    program('psql', `echo "$PGPASSWORD $*" >>'${root}/asked'`);
    expect([health(), health()]).toEqual([0, 0]);
    expect(asked()).toMatch(/^ .*--host=\/tmp\/pgbouncer --username=pgbouncer --dbname=pgbouncer --command=SHOW VERSION$/);
  });
});
