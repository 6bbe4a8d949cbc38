import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { BackupTarget, Duration, PostgresDb, PostgresVersion, Schedule, Service, Size } from '../../lib';
import { Build, Deployment, stack } from './support/deployment';
import { engine, logs } from './support/docker';
import { eventually } from './support/http';

// Point-in-time recovery of a database that is written to all the time. The archive is on a small disk of its own, which its drill keeps mounted.
const deployment = new Deployment('archive');
const never = Schedule.cron('0 3 1 1 *');
const small = `${deployment.namespace}-small`;
const root = join(__dirname, '..', '..');
const long = process.env.CDKTF_DJANGO_ARCHIVE === 'long';
const KILLS = long ? 20 : 6;
/** In MiB. */
const DISK = 800;

// A row a commit, some fifty a second.
const WRITER = `
PGPASSWORD=$(cat "$PASSWORD_FILE"); export PGPASSWORD
while :; do
  while :; do echo "INSERT INTO written (at) VALUES (clock_timestamp());"; sleep 0.02; done | psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 >/dev/null 2>&1
  sleep 0.2
done`;

function build(): Build {
  return stack((made) => {
    const db = new PostgresDb(made, 'Db', {
      version: PostgresVersion.V18,
      databaseName: 'ledger',
      memory: Size.mebibytes(256),
      // The moment of a commit, as the server knows it; and a slot that loses WAL soon.
      parameters: { track_commit_timestamp: 'on', max_slot_wal_keep_size: '64MB', max_wal_size: '256MB', min_wal_size: '64MB' },
    });
    const writer = new Service(made, 'Writer', {
      image: db.version.image,
      entrypoint: ['sh', '-c', WRITER],
      user: '10090:10090',
      memory: Size.mebibytes(64),
      environment: { PGHOST: db.host, PGDATABASE: db.databaseName, PGUSER: db.user, PASSWORD_FILE: db.passwordSecret.path },
      stopGracePeriod: Duration.seconds(1),
    });
    db.addClient(writer);
    const archive = db.addArchive('Archive', {
      schedule: never,
      target: BackupTarget.volume({ volumeName: small }),
      maxLag: Duration.seconds(30),
      memory: Size.gibibytes(2),
    });
    archive.addRestoreDrill('Drill', { schedule: never, query: 'SELECT count(*) > 0 FROM written' });
  });
}

let server: string;
let receiver: string;
let drill: string;

function sql(statement: string, database = 'ledger'): string {
  return engine('exec', server, 'sh', '/run/cdktf-django/psql-admin.sh', '-d', database, '-qAt', '-v', 'ON_ERROR_STOP=1', '-c', statement);
}

interface Ran {
  readonly status: number | null;
  readonly output: string;
}

function inContainer(container: string, ...command: string[]): Ran {
  const { status, stdout, stderr } = spawnSync('docker', ['exec', container, 'python3', ...command], { encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

const program = (...args: string[]) => inContainer(receiver, '/run/cdktf-backup/backup.py', ...args);
const baseBackup = () => inContainer(receiver, '/run/cdktf-backup/schedule.py', '--run-now');
const health = () => program('health', 'archive');

interface Archive {
  readonly ranges: { readonly from: string; readonly until: string }[];
  readonly bases: { readonly name: string; readonly parent: string | null; readonly good: boolean }[];
}

const archived = () => JSON.parse(program('list').output) as Archive;

function cli(...args: string[]): Ran {
  const options = ['--import', 'tsx', join(root, 'lib', 'cli', 'cdktf-django.ts'), 'restore', '--output', deployment.folder, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, options, { cwd: root, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

const DIGEST = "SELECT count(*) || ' ' || coalesce(max(id), 0) || ' ' || md5(coalesce(string_agg(id::text, ',' ORDER BY id), '')) FROM written";
const committedBy = (moment: string) => sql(`${DIGEST} WHERE pg_xact_commit_timestamp(xmin) <= '${moment}'`);
let probes = 0;

/** What there is in a recovery to a moment. */
function recovered(moment: string): string {
  const name = `probe_${probes++}`;
  const { status, output } = cli('--at', moment, '--into', name, '--yes');
  expect({ status, output }).toMatchObject({ status: 0, output: expect.stringContaining(`into database ${name}`) });
  const digest = sql(DIGEST, name);
  sql(`DROP DATABASE ${name}`, 'postgres');
  return digest;
}

const now = () => Number(sql('SELECT extract(epoch FROM clock_timestamp())'));
const iso = (seconds: number) => new Date(seconds * 1000).toISOString();
const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** On a busy machine the kernel does not always get a container frozen in the time that runc gives it. */
function pause(on: boolean): void {
  for (let left = 5; ; left--) {
    try {
      engine(on ? 'pause' : 'unpause', ...deployment.containers('Writer'));
      return;
    } catch (error) {
      if (left === 0 || !/unable to freeze/.test((error as Error).message)) throw error;
    }
  }
}

/** Whole seconds of which the server has commits before and after. */
function randomMoments(from: number, until: number, count: number): string[] {
  return Array.from({ length: count }, () => iso(Math.floor(from + 1 + Math.random() * (until - from - 2))));
}

async function settled(): Promise<void> {
  await eventually(() => expect(health()).toEqual({ status: 0, output: expect.stringContaining('newest backup of') }), 90);
}

beforeAll(async () => {
  const size = ['--opt', 'type=tmpfs', '--opt', 'device=tmpfs', '--opt', `o=size=${DISK}m,uid=10075,gid=10075,mode=0700`];
  engine('volume', 'create', '--driver', 'local', ...size, small);
  deployment.deploy(build());
  [server, receiver, drill] = ['Db/Server', 'Db/Archive/Receiver', 'Db/Archive/Drill/Scheduler'].map((path) => deployment.containers(path)[0]);
  await eventually(() => sql('CREATE TABLE IF NOT EXISTS written (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz)'), 60);
  sql('ALTER TABLE written OWNER TO ledger_owner');
  // The first base backup is made without being asked for.
  await eventually(() => expect(archived().bases).toMatchObject([{ parent: null, good: true }]), 90);
});

afterAll(() => deployment.clean());

test('the first base backup is made at once; the next one has what changed; plan and health are as they should be', async () => {
  await settled();
  expect(baseBackup()).toMatchObject({ status: 0 });
  const { bases, ranges } = archived();
  expect(bases).toMatchObject([
    { good: true, parent: bases[1].name },
    { good: true, parent: null },
  ]);
  expect(ranges).toHaveLength(1);
  expect(cli('--list')).toMatchObject({ status: 0, output: expect.stringContaining(`  any moment from ${ranges[0].from} to `) });
  expect(deployment.plan()).toEqual([]);
});

test('five moments, while it is written: exactly what was committed by then', async () => {
  const from = now();
  await wait(12_000);
  const moments = randomMoments(from, now(), 5);
  for (const moment of moments) expect({ moment, rows: recovered(moment) }).toEqual({ moment, rows: committedBy(moment) });
  // A moment between two of the last commits, and with a zone and a fraction.
  const fine = `${iso(now() - 1.5).replace('Z', '')}+00:00`;
  expect(recovered(fine)).toBe(committedBy(fine));
});

test('moments that are not there, and words that are none', () => {
  const [{ from }] = archived().ranges;
  const [yesterday, tomorrow] = [-1, 1].map((days) => iso(now() + days * 86_400));
  for (const [moment, why] of [
    [yesterday, `cannot be recovered, only moments from ${from} to `],
    [tomorrow, 'is yet to come'],
    ['2026-11-24T03:00:00', 'a moment is'],
    ["'; DROP", 'a moment is'],
  ]) {
    expect(cli('--at', moment, '--yes')).toMatchObject({ status: 1, output: expect.stringContaining(why) });
  }
  expect(cli('--yes')).toMatchObject({ status: 1, output: expect.stringContaining('Db/Archive is an archive; say the moment with --at') });
});

test(`${KILLS} kills of server, receiver and base backup: what counts as good is, and nothing that was committed is missing`, async () => {
  const from = now();
  for (let kill = 0; kill < KILLS; kill++) {
    const what = kill % 3;
    const running =
      what === 2 || Math.random() < 0.5 ? spawn('docker', ['exec', receiver, 'python3', '/run/cdktf-backup/schedule.py', '--run-now']) : undefined;
    await wait(Math.random() * 2500);
    if (what === 0) {
      engine('kill', '--signal', 'KILL', server);
      engine('start', server);
    } else if (what === 1) {
      engine('kill', '--signal', 'KILL', receiver);
      engine('start', receiver);
    } else {
      inContainer(receiver, '-c', KILL_BACKUP);
    }
    running?.kill();
    await eventually(() => sql('SELECT 1'), 60);
  }
  // A run that was killed is one that failed: the container is unhealthy until the next one.
  await eventually(() => expect(baseBackup()).toMatchObject({ status: 0 }), 60);
  await settled();
  pause(true);
  try {
    const until = now();
    expect(recovered('latest')).toBe(sql(DIGEST));
    for (const moment of randomMoments(from, until, 2)) expect({ moment, rows: recovered(moment) }).toEqual({ moment, rows: committedBy(moment) });
  } finally {
    pause(false);
  }
  const good = archived().bases.filter((one) => one.good);
  for (const { name } of good) expect({ name, ...program('verify', name) }).toMatchObject({ name, status: 0 });
  expect(engine('exec', receiver, 'sh', '-c', 'ls -A /backups/* | grep -c unfinished || true')).toBe('0');
});

// The run of the clock's, and its pg_basebackup.
const KILL_BACKUP = `
import os, signal
for pid in filter(str.isdigit, os.listdir('/proc')):
    try:
        words = open(f'/proc/{pid}/cmdline').read()
    except OSError:
        continue
    if 'pg_basebackup' in words or ('backup.py' in words and words.endswith('run\\0')):
        os.kill(int(pid), signal.SIGKILL)
`;

test('a drill recovers to the end; a flipped byte in a base backup fails it, is not recovered from, and nothing is touched', () => {
  const rehearse = () => inContainer(drill, '/run/cdktf-backup/schedule.py', '--run-now');
  expect(rehearse()).toMatchObject({ status: 0, output: expect.stringContaining('"event": "drill"') });
  expect(engine('inspect', drill, '--format', '{{.HostConfig.NetworkMode}}')).toBe('none');
  const [{ name }] = archived().bases;
  const flip = `
import os
folder = '/backups/${deployment.namespace}-db-archive/${name}/data'
found = sorted((os.stat(os.path.join(path, file)).st_size, os.path.join(path, file)) for path, _folders, files in os.walk(folder) for file in files if 'base' in path)
with open(found[-1][1], 'r+b') as file:
    file.seek(found[-1][0] // 2); byte = file.read(1)[0]; file.seek(found[-1][0] // 2); file.write(bytes([byte ^ 4]))
`;
  expect(inContainer(receiver, '-c', flip)).toMatchObject({ status: 0 });
  expect(program('verify', name)).toMatchObject({ status: 1, output: expect.stringContaining('checksum mismatch for file') });
  expect(rehearse()).toMatchObject({ status: 1, output: expect.stringContaining(`base backup ${name} is damaged, so nothing was touched`) });
  expect(cli('--at', 'latest', '--yes')).toMatchObject({ status: 1, output: expect.stringContaining(`base backup ${name} is damaged`) });
  expect(inContainer(receiver, '-c', flip)).toMatchObject({ status: 0 });
  expect(program('verify', name)).toMatchObject({ status: 0 });
});

test('a mistake is undone: the second before it is the live database, and the site goes on', async () => {
  const before = iso(now());
  await wait(1500);
  const rows = committedBy(before);
  sql('DELETE FROM written');
  const { status, output } = cli('--at', before, '--yes');
  expect({ status, output }).toMatchObject({ status: 0, output: expect.stringContaining('They are started again.') });
  expect(output).toContain('The last commit in it is of ');
  const count = Number(rows.split(' ')[0]);
  await eventually(() => expect(Number(sql('SELECT count(*) FROM written'))).toBeGreaterThan(count), 30);
  expect(sql(`${DIGEST} WHERE id <= ${rows.split(' ')[1]}`)).toBe(rows);
  const aside = /DROP DATABASE (ledger_before_\w+)'/.exec(output)![1];
  sql(`DROP DATABASE ${aside}`, 'postgres');
});

test('a full disk: the server serves, health is red, nothing good goes; with space it goes on by itself, after a gap with a base backup of its own', async () => {
  await settled();
  const before = archived();
  engine('exec', receiver, 'sh', '-c', `head -c ${DISK}m /dev/zero >/backups/filler || true`);
  await eventually(
    () => expect(health()).toMatchObject({ status: 1, output: expect.stringContaining('no WAL is received: the disk of the target is full') }),
    30,
  );
  expect(baseBackup().status).not.toBe(0);
  const count = () => Number(sql('SELECT count(*) FROM written'));
  const served = count();
  await eventually(() => expect(count()).toBeGreaterThan(served), 10);
  expect(archived().bases.filter(({ good }) => good)).toEqual(before.bases.filter(({ good }) => good));
  // Of what the server wrote meanwhile it does not keep all.
  const start = now();
  sql('CREATE TABLE filling AS SELECT sha512(n::text::bytea) AS data FROM generate_series(1, 400000) AS n');
  for (let i = 0; i < 8; i++) sql('SELECT pg_switch_wal(); CHECKPOINT');
  await eventually(() => expect(sql('SELECT wal_status FROM pg_replication_slots')).toBe('lost'), 30);
  const gap = iso(start + 1);

  engine('exec', receiver, 'rm', '/backups/filler');
  await eventually(() => expect(archived().ranges).toHaveLength(2), 120);
  await settled();
  const after = archived();
  expect(after.ranges[0].from).toBe(before.ranges[0].from);
  expect(cli('--at', gap, '--yes')).toMatchObject({
    status: 1,
    output: expect.stringContaining(
      `cannot be recovered, only moments from ${after.ranges[0].from} to ${after.ranges[0].until}; from ${after.ranges[1].from} to `,
    ),
  });
  pause(true);
  try {
    expect(recovered('latest')).toBe(sql(DIGEST));
  } finally {
    pause(false);
  }
  expect(logs({}, receiver)).toContain('a stretch of WAL begins');
});

test('what no moment of the last time needs goes, and what stays is enough', () => {
  const segments = () => engine('exec', receiver, 'sh', '-c', 'ls /backups/*/wal-*/segments').split('\n').length;
  const [before, held] = [archived(), segments()];
  expect(baseBackup()).toMatchObject({ status: 0 });
  const prune = `
import sys, time
sys.path.insert(0, '/run/cdktf-backup')
from settings import read_settings
from bases import ArchiveStore
print(ArchiveStore(read_settings()).prune_archive(0, time.time()))
`;
  expect(inContainer(receiver, '-c', prune)).toMatchObject({ status: 0, output: expect.stringContaining(before.bases.at(-1)!.name) });
  const after = archived();
  // The newest, and the full one that it needs.
  expect(after.bases.map(({ parent }) => parent === null)).toEqual([false, true]);
  expect(after.ranges).toHaveLength(1);
  expect(segments()).toBeLessThan(held);
  expect(recovered('latest')).toMatch(/^\d+ \d+ /);
  expect(health()).toMatchObject({ status: 0 });
});

test('the superuser password is in no log, in nothing that the engine shows, and not in the archive', () => {
  const password = engine('exec', server, 'cat', '/run/secrets/db-superuser-password/value');
  // Processes come and go meanwhile.
  const written = [
    logs({}, receiver),
    engine('inspect', receiver),
    engine('exec', receiver, 'sh', '-c', 'cat /run/cdktf-backup/* /backups/*/*.json; cat /proc/[0-9]*/cmdline 2>/dev/null || true'),
  ];
  expect(written.join('\n')).toContain('pg_receivewal');
  expect(written.join('\n').includes(password)).toBe(false);
});

test('the server is lost with its volume: a new one, and from the archive all that the old one had', async () => {
  pause(true);
  const rows = sql(DIGEST);
  const last = now();
  await eventually(() => expect(Date.parse(archived().ranges.at(-1)!.until) / 1000).toBeGreaterThanOrEqual(Math.floor(last)), 60);
  pause(false);
  const image = engine('inspect', receiver, '--format', '{{.Image}}');
  const holder = engine('run', '--detach', '--rm', '--volume', `${small}:/backups`, '--entrypoint', 'sleep', image, '600');
  try {
    expect(deployment.destroy()).toMatchObject({ ok: true });
    engine('volume', 'rm', `${deployment.namespace}-db-data`);
    deployment.deploy(build());
  } finally {
    engine('rm', '--force', '--volumes', holder);
  }
  await eventually(() => expect(archived().ranges).toHaveLength(2), 90);
  const { until } = archived().ranges[0];
  const { status, output } = cli('--at', until, '--yes');
  expect({ status, output }).toMatchObject({ status: 0, output: expect.stringContaining('Database ledger is the restored one now.') });
  expect(sql(`${DIGEST} WHERE id <= ${rows.split(' ')[1]}`)).toBe(rows);
  await settled();
  expect(deployment.plan()).toEqual([]);
});
