import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BackupTarget, PostgresDb, Retention, Schedule, Secret, Size } from '../../lib';
import { Build, Deployment, stack } from './support/deployment';
import { engine, logs } from './support/docker';
import { dumped, expectSame, MILLION } from './support/dumped';
import { eventually } from './support/http';
import { prepareS3, S3Server } from './support/s3-server';

// Backups in a bucket of a real server of S3.
const deployment = new Deployment('backup-s3');
const never = Schedule.cron('0 3 1 1 *');
const keys = { id: 'AKIDEXAMPLEOFATEST', secret: 'wJalrXUtnFEMIexampleKEYofAtest0123456789' };
const folder = mkdtempSync(join(tmpdir(), 'cdktf-django-s3-'));
const root = join(__dirname, '..', '..');
const MARK = 'a sentence that nobody may read in a bucket';
let s3: S3Server;

function build(endpoint: string): Build {
  return stack((made) => {
    const db = new PostgresDb(made, 'Db', { databaseName: 'ledger', memory: Size.mebibytes(256) });
    const target = BackupTarget.s3({
      endpoint,
      bucket: 'shop-backups',
      prefix: 'some/where',
      accessKeyId: Secret.fromFile(join(folder, 'id')),
      secretAccessKey: Secret.fromFile(join(folder, 'secret')),
      encryptionKey: Secret.generated(),
    });
    db.addBackup('Nightly', { schedule: never, keep: Retention.of({ last: 2 }), target });
    db.addRestoreDrill('Weekly', { schedule: never, query: 'SELECT count(*) = 1000 FROM notes' });
  });
}

const server = `${deployment.namespace}-db-server`;
const worker = `${deployment.namespace}-db-nightly-scheduler`;
const drill = `${deployment.namespace}-db-weekly-scheduler`;

function sql(statement: string): string {
  return engine('exec', server, 'sh', '/run/cdktf-django/psql-admin.sh', '-d', 'ledger', '-qAt', '-v', 'ON_ERROR_STOP=1', '-c', statement);
}

function inContainer(container: string, ...command: string[]) {
  const { status, stdout, stderr } = spawnSync('docker', ['exec', container, 'python3', ...command], { encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

const runNow = (container: string) => inContainer(container, '/run/cdktf-backup/schedule.py', '--run-now');
const program = (...args: string[]) => inContainer(worker, '/run/cdktf-backup/backup.py', ...args);
const names = () => (JSON.parse(program('list').output) as { name: string }[]).map(({ name }) => name);

beforeAll(async () => {
  // As containers of another user read them; what they are is in no real bucket.
  for (const [name, value] of Object.entries(keys)) writeFileSync(join(folder, name), `${value}\n`, { mode: 0o644 });
  spawnSync('chmod', ['755', folder]);
  s3 = new S3Server(`${deployment.namespace}-server-of-s3`, prepareS3(), keys);
  deployment.deploy(build(s3.endpoint));
  s3.start(`${deployment.namespace}-db-nightly-bucket-egress`, engine('inspect', server, '--format', '{{.Image}}'));
  await eventually(() => expect(sql('SELECT 1')).toBe('1'), 60);
  sql(`CREATE TABLE notes AS SELECT n, '${MARK}'::text AS text FROM generate_series(1, 1000) AS n`);
});

afterAll(() => {
  s3.remove();
  try {
    deployment.clean();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a backup goes to the bucket, encrypted, is read back, and is rehearsed', () => {
  expect(runNow(worker)).toMatchObject({ status: 0 });
  expect(names()).toHaveLength(1);
  expect(s3.onDisk('find . -type f | wc -l')).not.toBe('0');
  expect(s3.onDisk('ls shop-backups/some/where')).toBe(`${deployment.namespace}-db-nightly`);
  expect(s3.onDisk(`grep -rlaE '${MARK}|ledger_owner|PGDMP' . || true`)).toBe('');
  expect(engine('exec', worker, 'sh', '-c', `ls /backups/${deployment.namespace}-db-nightly | grep -c '^2' || true`)).toBe('0');
  expect(program('health')).toMatchObject({ status: 0, output: expect.stringContaining('newest backup of') });
  expect(runNow(drill)).toMatchObject({ status: 0, output: expect.stringContaining('"event": "drill"') });
  for (const container of [worker, drill]) {
    const seen = logs({}, container) + engine('inspect', container);
    for (const value of Object.values(keys)) expect(seen.includes(value)).toBe(false);
  }
});

test('as many stay as are wanted', () => {
  const [first] = names();
  for (let count = 0; count < 2; count++) expect(runNow(worker)).toMatchObject({ status: 0 });
  expect(names()).toHaveLength(2);
  expect(names()).not.toContain(first);
});

test('without the server of S3 a run fails and says so; the next one with it is good', () => {
  s3.stop();
  const { status, output } = runNow(worker);
  expect({ status, output }).toMatchObject({ status: 1, output: expect.stringContaining('the bucket did not answer within 30 s') });
  expect(program('health')).toMatchObject({ status: 1 });
  expect(program('status').output).toMatch(/"backups": null,[^]*"ok": false/);
  s3.restart();
  expect(runNow(worker)).toMatchObject({ status: 0 });
  expect(program('status').output).toContain('"ok": true');
});

test('the newest comes back, with a million rows and to the last byte of a dump, whatever was done to the database', () => {
  sql(`SET ROLE ledger_owner; ${MILLION}`);
  expect(runNow(worker)).toMatchObject({ status: 0 });
  const before = dumped(server, 'ledger');
  sql('DROP TABLE notes, million');
  const options = ['--import', 'tsx', join(root, 'lib', 'cli', 'cdktf-django.ts'), 'restore', '--output', deployment.folder, '--yes'];
  const { status, stdout, stderr } = spawnSync(process.execPath, options, { cwd: root, encoding: 'utf8' });
  expect({ status, output: stdout + stderr }).toMatchObject({
    status: 0,
    output: expect.stringContaining('Database ledger is the restored one now.'),
  });
  expectSame(dumped(server, 'ledger'), before);
  expect(deployment.plan()).toEqual([]);
});

test('a bit that flipped in the bucket fails the drill', () => {
  expect(runNow(drill)).toMatchObject({ status: 0 });
  const packs = `shop-backups/some/where/${deployment.namespace}-db-nightly/data`;
  // A byte in the middle of each pack.
  s3.onDisk(
    `for one in $(find ${packs} -type f); do size=$(stat -c %s "$one"); printf X | dd of="$one" bs=1 seek=$((size / 3)) conv=notrunc status=none; done`,
  );
  const { status, output } = runNow(drill);
  expect({ status, output }).toMatchObject({ status: 1, output: expect.stringMatching(/restic \w+ failed|is damaged/) });
});
