import fc from 'fast-check';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BackupTarget, Duration, PostgresDb, RemovalPolicy, Retention, Schedule, Service, Size, Volume } from '../../lib';
import { Build, Deployment, stack } from './support/deployment';
import { engine, logs } from './support/docker';
import { dumped, expectSame, MILLION } from './support/dumped';
import { eventually } from './support/http';

// Backups of a database with a bit of everything, all by hand: the clock never comes to it.
const deployment = new Deployment('backup');
const never = Schedule.cron('0 3 1 1 *');
const hostFolder = mkdtempSync(join(tmpdir(), 'cdktf-django-backups-'));
const small = `${deployment.namespace}-small`;
const root = join(__dirname, '..', '..');

// Has a session at all times, and says so.
const CLIENT = `
PGPASSWORD=$(cat "$PASSWORD_FILE"); export PGPASSWORD
while :; do yes 'SELECT pg_sleep(0.1);' | psql --no-psqlrc --quiet --tuples-only >/dev/null; sleep 0.2; done`;

function build(): Build {
  return stack((made) => {
    const db = new PostgresDb(made, 'Db', { databaseName: 'ledger', memory: Size.mebibytes(256) });
    const { image } = db.version;
    const client = new Service(made, 'Client', {
      image,
      entrypoint: ['sh', '-c', CLIENT],
      user: '10090:10090',
      memory: Size.mebibytes(64),
      environment: { PGHOST: db.host, PGDATABASE: db.databaseName, PGUSER: db.user, PASSWORD_FILE: db.passwordSecret.path },
      stopGracePeriod: Duration.seconds(1),
    });
    db.addClient(client);
    const media = new Volume(made, 'Media', { removalPolicy: RemovalPolicy.DESTROY, owner: { user: 10090, group: 10090, image } });
    client.addVolume(media, '/uploads');
    const nightly = db.addBackup('Nightly', { schedule: never, keep: Retention.of({ last: 2 }), media: [media] });
    nightly.addRestoreDrill('Drill', { schedule: never, query: 'SELECT count(*) = 1000 FROM "Odd Schema"."it\'s; odd"' });
    for (const id of ['Offsite', 'Offsite2']) {
      db.addBackup(id, { schedule: never, keep: Retention.of({ last: 1 }), target: BackupTarget.directory(hostFolder) });
    }
    db.addBackup('Small', { schedule: never, keep: Retention.of({ last: 1 }), target: BackupTarget.volume({ volumeName: small }) });
  });
}

// A bit of everything that a dump may lose.
const CONTENT = `
CREATE ROLE "Odd ""Role""" LOGIN CONNECTION LIMIT 3 VALID UNTIL '2099-01-01';
CREATE ROLE reporting NOLOGIN; COMMENT ON ROLE reporting IS 'it''s read only';
GRANT reporting TO "Odd ""Role""" WITH ADMIN OPTION; GRANT pg_monitor TO reporting;
ALTER ROLE reporting SET search_path TO "Odd Schema", public; ALTER ROLE reporting SET work_mem TO '7MB';
ALTER DATABASE ledger SET search_path TO "$user", public, "Odd Schema";
ALTER DATABASE ledger SET my.setting TO 'it''s; "odd"';
ALTER ROLE reporting IN DATABASE ledger SET statement_timeout TO '5s';
COMMENT ON DATABASE ledger IS 'with a \\ and a '' in it';
GRANT CONNECT ON DATABASE ledger TO reporting; GRANT TEMP ON DATABASE ledger TO "Odd ""Role""" WITH GRANT OPTION;
CREATE EXTENSION pg_trgm;
SET role TO ledger_owner;
CREATE SCHEMA "Odd Schema";
CREATE TABLE "Odd Schema"."it's; odd" (id bigint GENERATED ALWAYS AS IDENTITY (INCREMENT 7) PRIMARY KEY, "select" text, at timestamptz DEFAULT now(), data bytea);
INSERT INTO "Odd Schema"."it's; odd" ("select", data) SELECT E'line\\n\\t\\\\ ' || chr(127881) || n, decode(md5(n::text), 'hex') FROM generate_series(1, 1000) AS n;
CREATE INDEX ON "Odd Schema"."it's; odd" USING gin ("select" gin_trgm_ops);
CREATE SEQUENCE counter; SELECT setval('counter', 4711);
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT n * 2';
CREATE MATERIALIZED VIEW totals AS SELECT count(*) FROM "Odd Schema"."it's; odd";
ALTER TABLE "Odd Schema"."it's; odd" ENABLE ROW LEVEL SECURITY;
CREATE POLICY none ON "Odd Schema"."it's; odd" FOR SELECT TO reporting USING (false);
GRANT USAGE ON SCHEMA "Odd Schema" TO reporting; GRANT SELECT ON ALL TABLES IN SCHEMA "Odd Schema" TO reporting;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reporting;
SELECT lo_from_bytea(4242, decode(repeat('00ff5c27', 5000), 'hex'));
GRANT SELECT ON LARGE OBJECT 4242 TO reporting;
`;

/** Roles by names, with comments and settings, in which everything occurs that has a meaning to SQL, psql, JSON or a shell. */
function oddRoles(): string {
  const part = fc.oneof(
    fc.constantFrom(...['"', "'", '\\', '$$', '$do$', ':x', ':"x"', '%s', '%I', '{', '}', ',', '=', ' ', ';', '--', '\\gexec', '/*']),
    fc.string({ unit: 'grapheme', maxLength: 3 }),
  );
  const text = fc.array(part, { minLength: 1, maxLength: 8 }).map((parts) => parts.join('').replace(/[\0\n\r]|\p{Cs}/gu, '_'));
  const words = fc.sample(text, { numRuns: 60, seed: 11 });
  const quoted = (word: string) => `'${word.replaceAll("'", "''")}'`;
  return words
    .map((word, index) => {
      const role = `"r${index} ${word.replaceAll('"', '""')}"`;
      return `CREATE ROLE ${role}; COMMENT ON ROLE ${role} IS ${quoted(word)}; ALTER ROLE ${role} SET odd.setting TO ${quoted(word)}; GRANT CONNECT ON DATABASE ledger TO ${role};`;
    })
    .join('\n');
}

const server = `${deployment.namespace}-db-server`;
const worker = (id: string) => `${deployment.namespace}-db-${id.toLowerCase()}-scheduler`;
const drill = `${deployment.namespace}-db-nightly-drill-scheduler`;

function sql(statement: string, database = 'ledger'): string {
  return engine('exec', server, 'sh', '/run/cdktf-django/psql-admin.sh', '-d', database, '-qAt', '-v', 'ON_ERROR_STOP=1', '-c', statement);
}

const everything = () => dumped(server, 'ledger');

interface Ran {
  readonly status: number | null;
  readonly output: string;
}

function inContainer(container: string, ...command: string[]): Ran {
  const { status, stdout, stderr } = spawnSync('docker', ['exec', container, 'python3', ...command], { encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

const runNow = (container: string) => inContainer(container, '/run/cdktf-backup/schedule.py', '--run-now');
const program = (container: string, ...args: string[]) => inContainer(container, '/run/cdktf-backup/backup.py', ...args);
const health = (container: string, ...kind: string[]) => program(container, 'health', ...kind);

function backUp(id: string): void {
  expect(runNow(worker(id))).toMatchObject({ status: 0 });
}

interface Listed {
  readonly name: string;
  readonly problem: string | null;
  readonly files: string[];
}

const listed = (id: string) => JSON.parse(program(worker(id), 'list').output) as Listed[];

function cli(...args: string[]): Ran {
  const options = ['--import', 'tsx', join(root, 'lib', 'cli', 'cdktf-django.ts'), 'restore', '--output', deployment.folder, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, options, { cwd: root, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

/** As root of the host would, in a container of its own. */
function asRoot(image: string, mount: string, script: string): string {
  return engine('run', '--rm', '--network', 'none', '--user', '0', '-v', mount, '--entrypoint', 'sh', image, '-c', script);
}

const serverImage = () => engine('inspect', server, '--format', '{{.Image}}');
const sessions = () => Number(sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'ledger'"));

beforeAll(async () => {
  const size = ['--opt', 'type=tmpfs', '--opt', 'device=tmpfs', '--opt', 'o=size=24m,uid=10075,gid=10075,mode=0700'];
  engine('volume', 'create', '--driver', 'local', ...size, small);
  // Whoever runs the tests need not be root.
  const [image] = engine('images', '--format', '{{.Repository}}:{{.Tag}}')
    .split('\n')
    .filter((one) => /(^|\/)postgres:18/.test(one));
  asRoot(image, `${hostFolder}:/folder`, 'chown 10075:10075 /folder && chmod 700 /folder');
  deployment.deploy(build());
  await eventually(() => expect(sessions()).toBe(1), 60);
  sql(CONTENT);
  sql(oddRoles());
  engine('exec', ...deployment.containers('Client'), 'sh', '-c', 'mkdir -p /uploads/a && echo photo >"/uploads/a/it is.jpg"');
});

afterAll(() => {
  const [image] = deployment.containers('Db/Server').length > 0 ? [serverImage()] : [undefined];
  try {
    if (image) asRoot(image, `${hostFolder}:/folder`, `rm -rf /folder/* && chown ${process.getuid!()} /folder`);
    deployment.clean();
  } finally {
    rmSync(hostFolder, { recursive: true, force: true });
  }
});

test('a backup is made, read back and listed; one volume, and a folder that two share', () => {
  expect(health(worker('Nightly'))).toMatchObject({ status: 0, output: expect.stringContaining('no backup yet') });
  for (const id of ['Nightly', 'Offsite', 'Offsite2', 'Offsite', 'Small']) backUp(id);
  expect(listed('Nightly')).toMatchObject([{ problem: null, files: ['database.dump', 'globals.json', 'roles.sql', 'media-media.tar'] }]);
  expect(listed('Offsite')).toHaveLength(1);
  expect(listed('Offsite2')).toHaveLength(1);
  const folders = asRoot(serverImage(), `${hostFolder}:/folder`, 'cd /folder && ls -d */2*').split('\n');
  expect(folders).toEqual([
    `${deployment.namespace}-db-offsite/${listed('Offsite')[0].name}`,
    `${deployment.namespace}-db-offsite2/${listed('Offsite2')[0].name}`,
  ]);
  for (const id of ['Nightly', 'Offsite', 'Small']) expect(health(worker(id))).toMatchObject({ status: 0 });
  const status = JSON.parse(program(worker('Nightly'), 'status').output);
  expect(status).toMatchObject({ healthy: true, backups: 1, newest: { good: true }, last: { ok: true } });
  const [{ name }] = listed('Nightly');
  const tar = spawnSync('sh', [
    '-c',
    `docker exec ${worker('Nightly')} python3 /run/cdktf-backup/backup.py cat ${name} media-media.tar | tar -xO 'a/it is.jpg'`,
  ]);
  expect(tar.stdout.toString()).toBe('photo\n');
});

test('passwords are in no backup, and neither in its settings nor its log', () => {
  const values = ['db-superuser-password', 'db-password'].map((name) =>
    asRoot(serverImage(), `${deployment.namespace}-${name}:/secret`, 'cat /secret/value'),
  );
  const hash = sql("SELECT rolpassword FROM pg_authid WHERE rolname = 'ledger'");
  const written = [
    asRoot(serverImage(), `${hostFolder}:/folder`, 'cat /folder/*/2*/*; pg_restore -f - /folder/*offsite/2*/database.dump'),
    logs({}, worker('Nightly')),
    engine('inspect', worker('Nightly')),
    engine('exec', worker('Nightly'), 'sh', '-c', 'cat /run/cdktf-backup/*'),
  ].join('\n');
  expect(written).toContain('ledger_owner');
  for (const value of [...values, hash]) expect(written.includes(value)).toBe(false);
});

test('a drill restores the newest backup and asks it; a damaged one fails it with the reason, is not restored, and does not count', () => {
  expect(runNow(drill)).toMatchObject({ status: 0, output: expect.stringContaining('"event": "drill"') });
  expect(health(drill, 'drill')).toMatchObject({ status: 0 });
  expect(engine('exec', drill, 'sh', '-c', 'ls /scratch')).toBe('report.json');
  expect(engine('inspect', drill, '--format', '{{.HostConfig.NetworkMode}}')).toBe('none');

  const [{ name }] = listed('Nightly');
  const dump = `/backups/${deployment.namespace}-db-nightly/${name}/database.dump`;
  const byte = (operation: string) =>
    inContainer(worker('Nightly'), '-c', `f = open(${JSON.stringify(dump)}, 'r+b'); f.seek(0, 2); n = f.tell(); ${operation}`);
  byte('f.seek(n // 2); b = f.read(1)[0]; f.seek(n // 2); f.write(bytes([b ^ 4]))');
  expect(runNow(drill)).toMatchObject({ status: 1, output: expect.stringContaining('database.dump is not what was written: its SHA-256 is') });
  expect(health(drill, 'drill')).toMatchObject({ status: 1, output: expect.stringMatching(/^unhealthy: .*last run failed/) });
  const refused = cli('--backup', 'Db/Nightly', '--yes');
  expect(refused).toMatchObject({ status: 1, output: expect.stringContaining(`backup ${name} is damaged, so nothing was touched`) });
  expect(sessions()).toBe(1);
  byte('f.seek(n // 2); b = f.read(1)[0]; f.seek(n // 2); f.write(bytes([b ^ 4]))');
  expect(program(worker('Nightly'), 'verify')).toMatchObject({ status: 0 });

  byte('f.truncate(n - 1)');
  expect(runNow(drill)).toMatchObject({
    status: 1,
    output: expect.stringMatching(/is damaged, so nothing was touched: database\.dump has \d+ bytes instead of/),
  });
  expect(listed('Nightly')).toMatchObject([{ name, problem: expect.stringMatching(/^database\.dump has \d+ bytes instead of \d+$/) }]);
  backUp('Nightly');
  expect(runNow(drill)).toMatchObject({ status: 0 });

  // The query is the judge.
  sql('TRUNCATE "Odd Schema"."it\'s; odd"');
  backUp('Nightly');
  expect(runNow(drill)).toMatchObject({ status: 1, output: expect.stringContaining("the check query must give one row with true, and gave 'f'") });
});

test('the newest backup before a mistake is brought back, by name, while the clients are stopped; what was before stays', async () => {
  const names = listed('Nightly').filter(({ problem }) => problem === null);
  expect(names).toHaveLength(2);
  expect(cli()).toMatchObject({
    status: 1,
    output: expect.stringContaining('the stack has several backups, say which with --backup: Db/Nightly, Db/Offsite'),
  });
  expect(cli('--backup', 'Db/Nightly')).toMatchObject({ status: 0, output: expect.stringContaining('Nothing was changed.') });
  expect(cli('--list')).toMatchObject({ status: 0, output: expect.stringContaining(`  ${names[0].name}  `) });
  const [client] = deployment.containers('Client');
  sql('CREATE DATABASE cdktf_restore_20200101t000000z', 'postgres');
  engine('exec', client, 'sh', '-c', 'rm "/uploads/a/it is.jpg"; echo since >/uploads/newer');
  const { status, output } = cli('--backup', 'Db/Nightly', '--from', names[1].name, '--media', '--yes');
  expect({ status, output }).toMatchObject({ status: 0, output: expect.stringContaining(`Stopping ${client}\n`) });
  expect(output).toContain('removing what a restore left that was interrupted: cdktf_restore_20200101t000000z');
  expect(output).toContain('They are started again.');
  expect(sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'cdktf_restore%'")).toBe('0');
  expect(sql('SELECT count(*) FROM "Odd Schema"."it\'s; odd"')).toBe('1000');
  await eventually(() => expect(sessions()).toBe(1), 30);
  expect(output).toContain(`Volume ${deployment.namespace}-media: 1 files and folders were missing and are back, 1 were there.\n`);
  expect(engine('exec', client, 'sh', '-c', 'cd /uploads && cat "a/it is.jpg" newer && stat -c %u:%a "a/it is.jpg"')).toBe('photo\nsince\n10090:644');
  const aside = /DROP DATABASE (ledger_before_\w+)'/.exec(output)![1];
  expect(sql('SELECT count(*) FROM "Odd Schema"."it\'s; odd"', aside)).toBe('0');
  sql(`DROP DATABASE ${aside}`, 'postgres');
  expect(cli('--backup', 'Db/Nightly', '--into', 'beside', '--yes')).toMatchObject({ status: 0 });
  expect(sql('SELECT count(*) FROM "Odd Schema"."it\'s; odd"', 'beside')).toBe('0');
  expect(cli('--backup', 'Db/Nightly', '--into', 'beside', '--yes')).toMatchObject({
    status: 1,
    output: expect.stringContaining('there is a database beside already'),
  });
  sql('DROP DATABASE beside', 'postgres');
});

test('a run that is killed leaves nothing that counts, and the next one removes it', async () => {
  const before = listed('Nightly');
  // pg_dump waits for it.
  const lock = spawn('docker', [
    'exec',
    server,
    'sh',
    '/run/cdktf-django/psql-admin.sh',
    '-c',
    'BEGIN; LOCK TABLE "Odd Schema"."it\'s; odd"; SELECT pg_sleep(60)',
  ]);
  await eventually(
    () => expect(sql("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation IS NOT NULL")).not.toBe('0'),
    20,
  );
  const running = spawn('docker', ['exec', worker('Nightly'), 'python3', '/run/cdktf-backup/schedule.py', '--run-now']);
  const folder = `/backups/${deployment.namespace}-db-nightly`;
  await eventually(() => engine('exec', worker('Nightly'), 'sh', '-c', `ls ${folder}/.unfinished-*/roles.sql`), 30);
  expect(program(worker('Nightly'), 'run')).toMatchObject({ status: 1, output: expect.stringContaining('another backup or restore is under way') });
  engine('kill', '--signal', 'KILL', worker('Nightly'));
  running.kill();
  lock.kill();
  sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()");
  engine('start', worker('Nightly'));
  expect(listed('Nightly')).toEqual(before.map((one) => expect.objectContaining({ name: one.name, problem: one.problem })));
  const { status, output } = runNow(worker('Nightly'));
  expect({ status, output }).toMatchObject({ status: 0, output: expect.stringContaining('removed what a run left that was interrupted') });
  expect(engine('exec', worker('Nightly'), 'sh', '-c', `ls -A ${folder} | grep -c unfinished || true`)).toBe('0');
});

test('a full disk fails the run and nothing else; the good backup stays, and the next run after space came back is good', async () => {
  const before = listed('Small').map(({ name }) => name);
  expect(before).toHaveLength(1);
  sql('CREATE TABLE random AS SELECT sha512(n::text::bytea) || sha512((-n)::text::bytea) AS data FROM generate_series(1, 100000) AS n');
  engine('exec', worker('Small'), 'sh', '-c', 'head -c 12m /dev/zero >/backups/filler');
  const { status, output } = runNow(worker('Small'));
  expect({ status, output }).toMatchObject({ status: 1, output: expect.stringMatching(/the disk of the target is full|No space left on device/) });
  expect(health(worker('Small'))).toMatchObject({ status: 1, output: expect.stringContaining('unhealthy') });
  expect(listed('Small').map(({ name }) => name)).toEqual(before);
  expect(engine('exec', worker('Small'), 'sh', '-c', 'ls -A /backups/*/ | grep -c unfinished || true')).toBe('0');
  expect(sql('SELECT count(*) FROM random')).toBe('100000');
  if (process.env.CDKTF_DJANGO_BACKUP === 'long') {
    await eventually(() => expect(engine('inspect', worker('Small'), '--format', '{{.State.Health.Status}}')).toBe('unhealthy'), 120);
  }

  engine('exec', worker('Small'), 'rm', '/backups/filler');
  backUp('Small');
  expect(health(worker('Small'))).toMatchObject({ status: 0 });
  expect(listed('Small')).toHaveLength(1);
  expect(listed('Small').map(({ name }) => name)).not.toEqual(before);
});

test('what is not read back is not removed, and what it did not make is not touched', () => {
  const folder = `/backups/${deployment.namespace}-db-nightly`;
  engine(
    'exec',
    worker('Nightly'),
    'sh',
    '-c',
    `mkdir ${folder}/20200101T000000Z ${folder}/mine && echo x >${folder}/20200101T000000Z/manifest.json`,
  );
  backUp('Nightly');
  const left = engine('exec', worker('Nightly'), 'sh', '-c', `ls ${folder}`).split('\n');
  expect(left).toContain('20200101T000000Z');
  expect(left).toContain('mine');
  expect(listed('Nightly').filter(({ problem }) => problem === null)).toHaveLength(2);
  // The truncated one is no good one: it does not count, and stays for a person to look at.
  expect(listed('Nightly').filter(({ problem }) => problem !== null)).toHaveLength(1);
  expect(deployment.plan()).toEqual([]);
});

test('the database and its volume are lost: it comes back as it was, to the last byte of a dump', async () => {
  sql(`SET ROLE ledger_owner; ${MILLION}`);
  for (const id of ['Offsite', 'Nightly']) backUp(id);
  const before = everything();
  expect(before).toContain('lo_create');
  expect(before).toContain('\n1000000\t');
  expect(deployment.destroy()).toMatchObject({ ok: true });
  engine('volume', 'rm', `${deployment.namespace}-db-data`);
  deployment.deploy(build());
  await eventually(() => expect(sessions()).toBe(1), 60);
  expect(everything() === before).toBe(false);

  const { status, output } = cli('--backup', 'Db/Offsite', '--yes');
  expect({ status, output }).toMatchObject({ status: 0, output: expect.stringContaining('Roles that were missing were made, without passwords: ') });
  expect(output).toContain('Odd "Role"');
  expectSame(everything(), before);
  await eventually(() => expect(sessions()).toBe(1), 30);
  // The other backup is in a volume, which outlived the stack.
  expect(cli('--backup', 'Db/Nightly', '--yes')).toMatchObject({ status: 0 });
  expectSame(everything(), before);
  await eventually(() => expect(sessions()).toBe(1), 30);
  expect(deployment.plan()).toEqual([]);
});
