import { TerraformVariable } from 'cdktf';
import { BackupTarget, PostgresDb, S3BackupTargetProps, Schedule, Secret } from '../../../lib';
import { Arguments, newStack, Synthesized } from '../../support/synth';

test.each(['srv', '/', '//', '', '/a\nb', undefined as never])('the folder %j is refused', (path) => {
  expect(() => BackupTarget.directory(path)).toThrow(/^BackupTarget.directory: the path must be absolute on the engine's host, and not "\/", got /);
});

test('a folder that only the deploy knows', () => {
  expect(() => BackupTarget.directory(new TerraformVariable(newStack(), 'folder', {}).stringValue)).not.toThrow();
});

describe('a bucket', () => {
  const props: S3BackupTargetProps = {
    endpoint: 'https://s3.example.com',
    bucket: 'shop-backups',
    accessKeyId: Secret.fromFile('/etc/s3/id'),
    secretAccessKey: Secret.fromFile('/etc/s3/secret'),
    encryptionKey: Secret.generated(),
  };

  test.each<[Partial<S3BackupTargetProps>, string]>([
    [
      { endpoint: 's3.example.com' },
      'endpoint must be a scheme and a host, such as "https://s3.eu-central-1.amazonaws.com", without a path, got "s3.example.com"',
    ],
    [{ endpoint: 'https://s3.example.com/' }, 'endpoint must be'],
    [{ endpoint: 'https://user:pass@s3.example.com' }, 'endpoint must be'],
    [{ bucket: 'Shop' }, 'bucket must be from 3 to 63 lower-case letters, digits, dots and dashes, got "Shop"'],
    [{ prefix: '../x' }, 'prefix must be a path such as "shop/backups", made of letters, digits, "_", "-", "." and "/", got "../x"'],
    [{ prefix: '' }, 'prefix must be'],
    [{ region: 'eu central' }, 'region must be made of lower-case letters, digits and dashes, got "eu central"'],
    [
      { accessKeyId: Secret.generated() },
      'accessKeyId must be one that the service gave: Secret.fromFile() or Secret.fromVariable(), got Secret.generated()',
    ],
    [{ secretAccessKey: Secret.generated() }, 'secretAccessKey must be one'],
  ])('%j is refused', (wrong, message) => {
    expect(() => BackupTarget.s3({ ...props, ...wrong })).toThrow(`BackupTarget.s3: ${message}`);
  });

  function synthBucket(more: Partial<S3BackupTargetProps> = {}): Synthesized {
    const stack = newStack();
    const db = new PostgresDb(stack, 'Db');
    const schedule = Schedule.cron('0 3 * * *');
    db.addBackup('Nightly', { schedule, target: BackupTarget.s3({ ...props, ...more }) });
    db.addRestoreDrill('Weekly', { schedule, query: 'SELECT true' });
    return new Synthesized(stack);
  }

  test('has a way out, its keys as files, a staging volume, and an image with restic', () => {
    const synthesized = synthBucket({ prefix: 'a/b', region: 'eu-central-1' });
    const settings = (id: string) =>
      JSON.parse(synthesized.container(`shop/Db/${id}/Files`).upload.find((one: Arguments) => one.file === '/files/backup.json').content);
    expect(settings('Nightly')).toMatchObject({
      target: '/backups',
      s3: {
        repository: 's3:https://s3.example.com/shop-backups/a/b/shop-db-nightly',
        region: 'eu-central-1',
        accessKeyIdFile: '/run/secrets/s3-access-key-id/value',
        secretAccessKeyFile: '/run/secrets/s3-secret-access-key/value',
        encryptionKeyFile: '/run/secrets/backup-encryption-key/value',
      },
    });
    expect(settings('Weekly')).toMatchObject({ target: '/scratch', s3: settings('Nightly').s3 });
    const [backup, drill] = ['Nightly', 'Weekly'].map((id) => synthesized.container(`shop/Db/${id}/Scheduler`));
    expect(backup.networks_advanced).toHaveLength(2);
    expect(drill.networks_advanced).toHaveLength(1);
    for (const container of [backup, drill]) {
      const targets = container.mounts.map((mount: Arguments) => mount.target);
      expect(targets).toEqual(expect.arrayContaining(['/run/secrets/s3-access-key-id/value', '/run/secrets/backup-encryption-key']));
      expect(targets.includes('/run/secrets/db-superuser-password')).toBe(container === backup);
    }
    expect(Object.values(synthesized.all('docker_image')).filter((one) => one.build)).toHaveLength(1);
    expect(Object.values(synthesized.all('docker_volume')).map((one) => one.name)).toEqual(
      expect.arrayContaining(['shop-db-nightly-staging', 'shop-db-weekly-scratch']),
    );
  });

  test('whose key is made on the engine says to take it elsewhere', () => {
    const warned = (encryptionKey: Secret) => {
      const stack = newStack();
      const db = new PostgresDb(stack, 'Db');
      db.addBackup('Nightly', { schedule: Schedule.cron('0 3 * * *'), target: BackupTarget.s3({ ...props, encryptionKey }) });
      return stack.node
        .findAll()
        .flatMap((one) => one.node.metadata.map(({ data }) => String(data)).filter((text) => text.includes('key of the backups')));
    };
    expect(warned(Secret.generated())).toEqual([expect.stringContaining('run "npx cdktf-django secrets export"')]);
    expect(warned(Secret.fromFile('/etc/s3/key'))).toEqual([]);
  });
});
