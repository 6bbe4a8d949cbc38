import { PostgresDb, PostgresDbProps, PostgresImport, PostgresVersion } from '../../lib';
import { violations } from '../support/graph';
import { Arguments, newStack, Synthesized } from '../support/synth';

const from: PostgresImport = { volumeName: 'shop_postgres_data', databaseName: 'shop' };

function synthImport(importFrom: Partial<PostgresImport> = {}, props: PostgresDbProps = {}): Synthesized {
  const stack = newStack();
  new PostgresDb(stack, 'Db', { importFrom: { ...from, ...importFrom }, ...props });
  return new Synthesized(stack);
}

const mounts = (container: Arguments) =>
  container.mounts.map((mount: Arguments) => `${mount.type} ${mount.source} ${mount.target}${mount.read_only ? ' read-only' : ''}`);

test('the volume is dumped by the programs of its own version, as its own user, without a network', () => {
  const dump = synthImport({ version: PostgresVersion.V15, user: 'shop' }).container('shop/Db/ImportDump');
  expect(dump).toMatchObject({ user: '999:10070', network_mode: 'none', entrypoint: ['sh', '/run/cdktf-django/import.sh'] });
  expect(dump.env.sort()).toEqual([
    'DATABASE_CODENAME=trixie',
    'DATABASE_MAJOR=15',
    'DATABASE_VOLUME=/run/cdktf-django-source',
    'IMPORT_DATABASE=shop',
    'IMPORT_USER=shop',
  ]);
  expect(mounts(dump)).toEqual([
    expect.stringMatching(/ \/run\/cdktf-django read-only$/),
    expect.stringMatching(/^volume \$\{docker_volume\.Db_Import_[0-9A-F]{8}\.name\} \/run\/cdktf-django-import$/),
    'volume shop_postgres_data /run/cdktf-django-source',
  ]);
  expect(synthImport({ userId: 70 }).container('shop/Db/ImportDump').user).toBe('70:10070');
});

test('the first start has the dump alone, to read, and comes after it; the server knows nothing of it', () => {
  const synthesized = synthImport();
  const initialize = synthesized.container('shop/Db/Initialize');
  expect(mounts(initialize)).toContainEqual(expect.stringMatching(/ \/run\/cdktf-django-import read-only$/));
  expect(mounts(initialize).join()).not.toContain('shop_postgres_data');
  expect(initialize.depends_on).toContainEqual(expect.stringMatching(/^docker_container\.Db_ImportDump_/));
  expect(mounts(synthesized.container('shop/Db/Server')).join()).not.toContain('import');
  expect(violations(synthesized)).toEqual([]);
});

test.each<[Partial<PostgresImport>, PostgresDbProps, string]>([
  [{ version: PostgresVersion.V18 }, { version: PostgresVersion.V17 }, 'importFrom.version must not be newer than version, which is 17, got 18'],
  [{ databaseName: "it's" }, {}, 'importFrom.databaseName must be text of at most 63 characters without quotes, backslashes and control characters'],
  [{ user: '' }, {}, 'importFrom.user must be text of at most 63 characters'],
  [{ userId: 0 }, {}, 'importFrom.userId must be an integer from 1 to 2147483647, got 0'],
  [{ volumeName: '../x' }, {}, 'volumeName must be a volume name of the engine'],
])('%j is refused', (importFrom, props, message) => {
  expect(() => synthImport(importFrom, props)).toThrow(message);
});
