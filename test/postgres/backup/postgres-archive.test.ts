import { BackupTarget, Duration, PostgresArchiveOptions, PostgresDb, PostgresDbProps, PostgresVersion, Schedule, Secret, Size } from '../../../lib';
import { violations } from '../../support/graph';
import { Arguments, label, newStack, Synthesized } from '../../support/synth';

const schedule = Schedule.cron('0 1 * * *');

function database(props: PostgresDbProps = {}, id = 'Db'): PostgresDb {
  return new PostgresDb(newStack(), id, { databaseName: 'orders', ...props });
}

function synthArchive(options: Partial<PostgresArchiveOptions> = {}, props: PostgresDbProps = {}): Synthesized {
  const db = database(props);
  db.addArchive('Archive', { schedule, ...options });
  return new Synthesized(db.node.scope as never);
}

const receiver = (synthesized: Synthesized) => synthesized.container('shop/Db/Archive/Receiver');
const mounts = (container: Arguments) =>
  container.mounts.map((mount: Arguments) => `${mount.type} ${mount.source} ${mount.target}${mount.read_only ? ' read-only' : ''}`);

/** A file of the receiver's, as its carrier brings it. */
function file(synthesized: Synthesized, name: string, of = 'Archive') {
  const carrier = synthesized.container(`shop/Db/${of}/Files`);
  return JSON.parse(carrier.upload.find((one: Arguments) => one.file === `/files/${name}`).content);
}

describe('what keeps an archive', () => {
  test('is one container that is stopped before the next one starts, in the network of the server', () => {
    const container = receiver(synthArchive());
    expect(container).toMatchObject({
      name: 'shop-db-archive-receiver',
      user: '10075:10075',
      entrypoint: ['python3', '/run/cdktf-backup/backup.py'],
      command: ['serve'],
      memory: 1024,
      read_only: true,
      stop_timeout: 45,
      ports: [],
      env: [],
    });
    expect(container.lifecycle?.create_before_destroy).toBeUndefined();
    expect(container.healthcheck.test).toEqual(['CMD', 'python3', '-IS', '/run/cdktf-backup/backup.py', 'health', 'archive']);
    expect(container.networks_advanced).toHaveLength(1);
    expect(mounts(container)).toEqual([
      'volume shop-db-archive-archive /backups',
      expect.stringMatching(/ \/run\/cdktf-backup read-only$/),
      'volume shop-db-superuser-password /run/secrets/db-superuser-password read-only',
      expect.stringMatching(/^volume \$\{docker_volume\.Db_Archive_Scratch_[0-9A-F]{8}\.name\} \/scratch$/),
    ]);
    expect(violations(synthArchive())).toEqual([]);
    expect(mounts(receiver(synthArchive({ target: BackupTarget.directory('/srv/archive') })))).toContain('bind /srv/archive /backups');
  });

  test('is told what to do', () => {
    const synthesized = synthArchive({ keep: Duration.days(14), maxLag: Duration.minutes(5), maxAge: Duration.days(2), timeout: Duration.hours(1) });
    expect(file(synthesized, 'backup.json')).toEqual({
      name: 'Archive',
      id: 'shop-db-archive',
      target: '/backups',
      scratch: '/scratch',
      server: { host: 'shop-db-server', port: 5432, database: 'orders', passwordFile: '/run/secrets/db-superuser-password/value' },
      maxAgeSeconds: 172_800,
      archive: { slot: 'cdktf_shop_db_archive', keepSeconds: 1_209_600, incrementals: 6, maxLagSeconds: 300 },
    });
    expect(file(synthesized, 'schedule.json')).toMatchObject({
      command: ['python3', '/run/cdktf-backup/backup.py', 'run'],
      timeoutSeconds: 3600,
      schedule: { expression: '0 1 * * *' },
    });
    expect(file(synthArchive(), 'backup.json')).toMatchObject({ maxAgeSeconds: null, archive: { keepSeconds: 604_800, maxLagSeconds: 60 } });
  });

  test('has a drill that recovers it, without a network', () => {
    const db = database();
    db.addArchive('Archive', { schedule }).addRestoreDrill('Drill', { schedule, query: 'SELECT true' });
    const synthesized = new Synthesized(db.node.scope as never);
    expect(synthesized.container('shop/Db/Archive/Drill/Scheduler')).toMatchObject({ network_mode: 'none' });
    expect(mounts(synthesized.container('shop/Db/Archive/Drill/Scheduler'))).toContain('volume shop-db-archive-archive /backups read-only');
    expect(file(synthesized, 'backup.json', 'Archive/Drill')).toEqual({
      name: 'Drill',
      id: 'shop-db-archive',
      target: '/backups',
      scratch: '/scratch',
      query: 'SELECT true',
      archive: { slot: 'cdktf_shop_db_archive' },
      server: { database: 'orders' },
    });
  });
});

describe('the server', () => {
  const server = (synthesized: Synthesized) => label(synthesized.container('shop/Db/Server'), 'org.cdktf-django.fingerprint');
  const environment = (synthesized: Synthesized) => synthesized.container('shop/Db/Server').env as string[];
  const bare = (props: PostgresDbProps = {}) => new Synthesized(database(props).node.scope as never);

  test('keeps summaries of its WAL for incremental base backups, from 17 on', () => {
    expect(environment(synthArchive())).toContain('DATABASE_SUMMARIZE_WAL=on');
    expect(server(synthArchive({ incrementals: 0 }))).toBe(server(bare()));
    const version = PostgresVersion.V16;
    expect(server(synthArchive({}, { version }))).toBe(server(bare({ version })));
  });

  test('never holds back more than it may, with an archive and without', () => {
    expect(synthArchive().container('shop/Db/Server').command).toContain('max_slot_wal_keep_size=4GB');
    expect(bare().container('shop/Db/Server').command).toContain('max_slot_wal_keep_size=4GB');
    const parameters = { max_slot_wal_keep_size: '20GB' };
    expect(synthArchive({}, { parameters }).container('shop/Db/Server').command).toContain('max_slot_wal_keep_size=20GB');
  });
});

test('a name of a slot has at most 63 characters, and another one for each archive', () => {
  const names = ['a', 'b'].map((last) => database({}, `D${'x'.repeat(60)}${last}`).addArchive('Archive', { schedule }).slotName);
  for (const name of names) expect(name).toMatch(/^cdktf_shop_dx{40,}_[0-9a-f]{6}$/);
  expect(new Set([...names.map((name) => name.length), 63])).toEqual(new Set([63]));
  expect(names[0]).not.toBe(names[1]);
});

describe('is refused', () => {
  test.each<[Partial<PostgresArchiveOptions>, string]>([
    [{ keep: Duration.minutes(59) }, 'keep must be in whole seconds, from 3600s to 316224000s, got 3540s'],
    [{ maxLag: Duration.seconds(29) }, 'maxLag must be in whole seconds, from 30s to 86400s, got 29s'],
    [{ maxAge: Duration.seconds(1) }, 'maxAge must be in whole seconds'],
    [{ timeout: Duration.millis(1500) }, 'timeout must be in whole seconds'],
    [{ incrementals: 1001 }, 'incrementals must be an integer from 0 to 1000, got 1001'],
    [{ incrementals: 1.5 }, 'incrementals must be an integer'],
    [
      {
        target: BackupTarget.s3({
          endpoint: 'https://s3.example.com',
          bucket: 'backups',
          accessKeyId: Secret.fromFile('/etc/id'),
          secretAccessKey: Secret.fromFile('/etc/key'),
          encryptionKey: Secret.generated(),
        }),
      },
      'target must be BackupTarget.volume() or BackupTarget.directory(), got a bucket: WAL is written as it comes; for a bucket use addBackup() beside it',
    ],
  ])('%#', (options, message) => {
    expect(() => database({ memory: Size.gibibytes(1) }).addArchive('Archive', { schedule, ...options })).toThrow(`shop/Db/Archive: ${message}`);
  });

  test('incremental base backups before 17', () => {
    expect(() => database({ version: PostgresVersion.V16 }).addArchive('Archive', { schedule, incrementals: 1 })).toThrow(
      'shop/Db/Archive: incrementals must be 0 with Postgres 16, got 1; Postgres 17 and newer have them',
    );
  });

  test('a second one', () => {
    const db = database();
    expect(db.archive).toBeUndefined();
    const archive = db.addArchive('Archive', { schedule });
    expect(db.archive).toBe(archive);
    expect(() => db.addArchive('Other', { schedule })).toThrow(
      'shop/Db/Other: database orders has an archive already, shop/Db/Archive; one has all of its moments',
    );
  });

  test.each([
    ['wal_level', 'minimal'],
    ['max_wal_senders', '0'],
    ['max_replication_slots', '0'],
  ])('a server whose %s is %s', (name, value) => {
    expect(() => database({ parameters: { [name]: value } }).addArchive('Archive', { schedule })).toThrow(
      `shop/Db/Archive: the parameter ${name} of shop/Db must not be ${JSON.stringify(value)}: no WAL could be received; leave it out`,
    );
  });
});
