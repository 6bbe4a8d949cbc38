import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { TerraformVariable } from 'cdktf';
import {
  BackupTarget,
  ContainerImage,
  DjangoService,
  Duration,
  PostgresBackupOptions,
  PostgresDb,
  PostgresVersion,
  Retention,
  Schedule,
  Size,
  Volume,
} from '../../../lib';
import { runtimeFile, runtimeFolder } from '../../../lib/image/default-images';
import { violations } from '../../support/graph';
import { Arguments, label, newStack, Synthesized } from '../../support/synth';

const nightly = Schedule.cron('0 3 * * *');

function synthBackup(options: Partial<PostgresBackupOptions> = {}): Synthesized {
  const stack = newStack();
  new PostgresDb(stack, 'Db', { databaseName: 'orders' }).addBackup('Nightly', { schedule: nightly, ...options });
  return new Synthesized(stack);
}

const scheduler = (synthesized: Synthesized) => synthesized.container('shop/Db/Nightly/Scheduler');

/** A file of the scheduler's, as its carrier brings it. */
function file(synthesized: Synthesized, name: string): string {
  const carrier = synthesized.container('shop/Db/Nightly/Files');
  return carrier.upload.find((one: Arguments) => one.file === `/files/${name}`).content;
}

const settings = (synthesized: Synthesized) => JSON.parse(file(synthesized, 'backup.json'));
const mounts = (container: Arguments) =>
  container.mounts.map((mount: Arguments) => `${mount.type} ${mount.source} ${mount.target}${mount.read_only ? ' read-only' : ''}`);

describe('what makes backups', () => {
  test('is one container that is stopped before the next one starts, of a user of its own', () => {
    const container = scheduler(synthBackup());
    expect(container).toMatchObject({
      name: 'shop-db-nightly-scheduler',
      user: '10075:10075',
      entrypoint: ['python3', '/run/cdktf-backup/backup.py'],
      command: ['serve'],
      memory: 512,
      read_only: true,
      restart: 'unless-stopped',
      stop_signal: 'SIGTERM',
      stop_timeout: 45,
      ports: [],
      env: [],
      wait: false,
    });
    expect(container.lifecycle?.create_before_destroy).toBeUndefined();
    expect(container.healthcheck).toMatchObject({
      test: ['CMD', 'python3', '-IS', '/run/cdktf-backup/backup.py', 'health'],
      interval: '30s',
      timeout: '10s',
      retries: 2,
    });
  });

  test("stands on the server's own image, with Python", () => {
    const synthesized = synthBackup();
    const [image] = Object.values(synthesized.all('docker_image')).filter((one) => one.build);
    expect(image.name).toMatch(/^cdktf-django\/shop-postgres-backup:[0-9a-f]{16}$/);
    expect(image.build).toMatchObject({ dockerfile: 'Dockerfile' });
  });

  test('is in the network of the database, and reads the password of its superuser, which is in none of its settings', () => {
    const synthesized = synthBackup();
    const server = synthesized.container('shop/Db/Server');
    expect(scheduler(synthesized).networks_advanced).toEqual(server.networks_advanced);
    expect(scheduler(synthesized).group_add).toEqual(server.group_add);
    expect(mounts(scheduler(synthesized))).toEqual([
      'volume shop-db-nightly-backups /backups',
      expect.stringMatching(/ \/run\/cdktf-backup read-only$/),
      'volume shop-db-superuser-password /run/secrets/db-superuser-password read-only',
    ]);
  });

  test('is told what to do', () => {
    const synthesized = synthBackup({ keep: Retention.of({ last: 2, daily: 5 }), maxAge: Duration.hours(30), timeout: Duration.minutes(90) });
    expect(settings(synthesized)).toEqual({
      name: 'Nightly',
      id: 'shop-db-nightly',
      target: '/backups',
      server: { host: 'shop-db-server', port: 5432, database: 'orders', passwordFile: '/run/secrets/db-superuser-password/value' },
      keep: { last: 2, daily: 5, weekly: 0, monthly: 0 },
      maxAgeSeconds: 108_000,
      media: [],
    });
    expect(JSON.parse(file(synthesized, 'schedule.json'))).toMatchObject({
      name: 'Nightly',
      command: ['python3', '/run/cdktf-backup/backup.py', 'run'],
      schedule: { kind: 'cron', expression: '0 3 * * *' },
      timeoutSeconds: 5400,
      graceSeconds: 30,
    });
    expect(file(synthesized, 'schedule.py')).toBe(runtimeFile('python/schedule.py').replace(/\$\{/g, '$$${').replace(/%\{/g, '%%{'));
  });

  test('keeps a week, a month and half a year unless told otherwise', () => {
    expect(settings(synthBackup())).toMatchObject({ keep: { last: 0, daily: 7, weekly: 4, monthly: 6 }, maxAgeSeconds: null });
    expect(JSON.parse(file(synthBackup(), 'schedule.json')).timeoutSeconds).toBe(14_400);
  });

  test.each<[string, Partial<PostgresBackupOptions>]>([
    ['schedule', { schedule: Schedule.rate(Duration.hours(1)) }],
    ['keep', { keep: Retention.of({ last: 9 }) }],
    ['target', { target: BackupTarget.directory('/srv/backups') }],
    ['maxAge', { maxAge: Duration.hours(30) }],
    ['timeout', { timeout: Duration.hours(1) }],
    ['cpus', { cpus: 2 }],
  ])('is replaced by an edit of %s, and the server is not', (_name, options) => {
    const told = (synthesized: Synthesized) => {
      const fingerprint = (path: string) => label(synthesized.container(path), 'org.cdktf-django.fingerprint');
      return {
        server: fingerprint('shop/Db/Server'),
        backup: [fingerprint('shop/Db/Nightly/Scheduler'), settings(synthesized), file(synthesized, 'schedule.json')],
      };
    };
    const [before, after] = [told(synthBackup()), told(synthBackup(options))];
    expect(after.server).toBe(before.server);
    expect(after.backup).not.toEqual(before.backup);
  });

  test('has all programs', () => {
    const files = synthBackup()
      .container('shop/Db/Nightly/Files')
      .upload.map((one: Arguments) => one.file.replace('/files/', ''));
    const programs = readdirSync(join(runtimeFolder, 'backup'));
    expect(files.sort()).toEqual([...programs, 'schedule.py', 'schedule.json', 'backup.json'].sort());
  });

  test('waits for no server, and starts nothing twice', () => expect(violations(synthBackup())).toEqual([]));
});

describe('the target', () => {
  test('is a volume that outlives the stack', () => {
    const synthesized = synthBackup();
    expect(Object.values(synthesized.all('docker_volume')).map((one) => one.name)).not.toContain('shop-db-nightly-backups');
    expect(synthesized.container('shop/Db/Nightly/Backups').command).toContain('10075:10075');
  });

  test('is a volume that is there', () => {
    expect(mounts(scheduler(synthBackup({ target: BackupTarget.volume({ volumeName: 'nas' }) })))).toContain('volume nas /backups');
  });

  test('is a folder of the host', () => {
    const synthesized = synthBackup({ target: BackupTarget.directory('/srv/back ups') });
    expect(mounts(scheduler(synthesized))).toContain('bind /srv/back ups /backups');
    expect(() => synthesized.container('shop/Db/Nightly/Backups')).toThrow('0 resources');
  });

  test('may be shared: each backup has a folder of its own', () => {
    const stack = newStack();
    const db = new PostgresDb(stack, 'Db');
    const target = BackupTarget.directory('/srv/backups');
    const backups = ['Nightly', 'Hourly'].map((id) => db.addBackup(id, { schedule: nightly, target }));
    expect(backups.map(({ folderName }) => folderName)).toEqual(['shop-db-nightly', 'shop-db-hourly']);
    expect(db.backups).toEqual(backups);
    expect(Object.values(new Synthesized(stack).all('docker_image')).filter((one) => one.build)).toHaveLength(1);
  });
});

describe('files', () => {
  test('of volumes are read', () => {
    const stack = newStack();
    const db = new PostgresDb(stack, 'Db');
    const shop = new DjangoService(stack, 'Shop', { image: ContainerImage.fromRegistry('localhost/shop:1'), project: 'shop', database: db });
    db.addBackup('Nightly', { schedule: nightly, media: [shop.mediaVolume] });
    const synthesized = new Synthesized(stack);
    expect(mounts(scheduler(synthesized))).toContain('volume shop-shop-media /media/shop-media read-only');
    expect(settings(synthesized).media).toEqual([{ name: 'shop-media', path: '/media/shop-media' }]);
  });

  test('of two volumes have two names', () => {
    const stack = newStack();
    const db = new PostgresDb(stack, 'Db');
    const volumes = ['Up-Loads', 'UpLoads'].map((id) => new Volume(stack, id, { volumeName: `v${id}` }));
    expect(() => db.addBackup('Nightly', { schedule: nightly, media: volumes })).toThrow(
      'shop/Db/Nightly: media has two volumes by the name "up-loads": shop/Up-Loads and shop/UpLoads; rename one',
    );
    expect(() => db.addBackup('Other', { schedule: nightly, media: [volumes[0], volumes[0]] })).toThrow(
      'shop/Db/Other: media has the volume shop/Up-Loads twice; name it once',
    );
  });
});

test.each<[Partial<PostgresBackupOptions>, string]>([
  [{ timeout: Duration.millis(1500) }, 'timeout must be in whole seconds, from 1s to 604800s, got 1500ms'],
  [{ timeout: Duration.days(8) }, 'timeout must be in whole seconds, from 1s to 604800s, got 691200s'],
  [{ maxAge: Duration.seconds(59) }, 'maxAge must be in whole seconds, from 60s to 316224000s, got 59s'],
  [{ memory: Size.mebibytes(1) }, 'memory must be 6 MiB or more'],
])('%j is refused', (options, message) => {
  const db = new PostgresDb(newStack(), 'Db');
  expect(() => db.addBackup('Nightly', { schedule: nightly, ...options })).toThrow(message);
  expect(db.backups).toEqual([]);
});

test('a name that only the deploy knows is quoted by it', () => {
  const stack = newStack();
  const databaseName = new TerraformVariable(stack, 'name', {}).stringValue;
  new PostgresDb(stack, 'Db', { databaseName, user: 'shop' }).addBackup('Nightly', { schedule: nightly });
  expect(file(new Synthesized(stack), 'backup.json')).toContain('"database": ${jsonencode(var.name)},');
});

test('another version has another image', () => {
  const contexts = [PostgresVersion.V17, PostgresVersion.V18].map((version) => {
    const stack = newStack();
    new PostgresDb(stack, 'Db', { version }).addBackup('Nightly', { schedule: nightly });
    return Object.values(new Synthesized(stack).all('docker_image')).find((one) => one.build)!.name;
  });
  expect(new Set(contexts).size).toBe(2);
});
