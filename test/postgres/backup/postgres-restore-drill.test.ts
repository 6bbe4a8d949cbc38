import { BackupTarget, Duration, PostgresDb, PostgresRestoreDrillOptions, Schedule } from '../../../lib';
import { violations } from '../../support/graph';
import { Arguments, newStack, Synthesized } from '../../support/synth';

const schedule = Schedule.cron('0 5 * * SUN');
const query = "SELECT count(*) > 0 FROM \"a b\" WHERE c = '${it''s} %{if}'";

function synthDrill(options: Partial<PostgresRestoreDrillOptions> = {}, target?: BackupTarget): Synthesized {
  const stack = newStack();
  const db = new PostgresDb(stack, 'Db');
  db.addBackup('Nightly', { schedule, target });
  db.addRestoreDrill('Weekly', { schedule, query, ...options });
  return new Synthesized(stack);
}

const scheduler = (synthesized: Synthesized) => synthesized.container('shop/Db/Weekly/Scheduler');
const mounts = (container: Arguments) =>
  container.mounts.map((mount: Arguments) => `${mount.type} ${mount.source} ${mount.target}${mount.read_only ? ' read-only' : ''}`);

test('a drill has no network and no secret, and reads the backups only', () => {
  const container = scheduler(synthDrill());
  expect(container).toMatchObject({
    name: 'shop-db-weekly-scheduler',
    user: '10075:10075',
    network_mode: 'none',
    networks_advanced: [],
    memory: 1024,
    command: ['serve'],
    env: [],
  });
  expect(container.group_add).toBeUndefined();
  expect(container.healthcheck.test).toEqual(['CMD', 'python3', '-IS', '/run/cdktf-backup/backup.py', 'health', 'drill']);
  expect(mounts(container)).toEqual([
    'volume shop-db-nightly-backups /backups read-only',
    expect.stringMatching(/ \/run\/cdktf-backup read-only$/),
    expect.stringMatching(/^volume \$\{docker_volume\.Db_Weekly_Scratch_[0-9A-F]{8}\.name\} \/scratch$/),
  ]);
  expect(mounts(scheduler(synthDrill({}, BackupTarget.directory('/srv/backups'))))).toContain('bind /srv/backups /backups read-only');
  expect(violations(synthDrill())).toEqual([]);
});

test('is told what to restore, and what to ask', () => {
  const upload = synthDrill({ timeout: Duration.hours(1) }).container('shop/Db/Weekly/Files').upload as Arguments[];
  const file = (name: string) => JSON.parse(upload.find((one) => one.file === `/files/${name}`)!.content);
  expect(file('backup.json')).toEqual({
    name: 'Weekly',
    id: 'shop-db-nightly',
    target: '/backups',
    scratch: '/scratch',
    query: query.replace('${', () => '$${').replace('%{', '%%{'),
  });
  expect(file('schedule.json')).toMatchObject({ command: ['python3', '/run/cdktf-backup/backup.py', 'drill'], timeoutSeconds: 3600 });
});

test('which of several backups it restores is known', () => {
  const db = new PostgresDb(newStack(), 'Db');
  expect(() => db.addRestoreDrill('Weekly', { schedule, query })).toThrow(
    'shop/Db: the drill "Weekly" has no backup to restore; call addBackup() first',
  );
  const [, second] = ['Nightly', 'Hourly'].map((id) => db.addBackup(id, { schedule }));
  expect(() => db.addRestoreDrill('Weekly', { schedule, query })).toThrow(
    'shop/Db: the drill "Weekly" could be of several backups, Nightly, Hourly; call addRestoreDrill() of the one that addBackup() gave',
  );
  expect(second.addRestoreDrill('Weekly', { schedule, query }).node.path).toBe('shop/Db/Hourly/Weekly');
});

test.each([
  ['', 'got ""'],
  [' ', 'got " "'],
  ['SELECT \0', 'got "SELECT \\u0000"'],
  [' \\! id', 'and no command of psql, got " \\\\! id"'],
  ['x'.repeat(10001), 'at most 10000 characters, got "xxx'],
  [5 as never, 'got 5'],
])('the query %j is refused', (bad, message) => {
  const failing = () => synthDrill({ query: bad });
  expect(failing).toThrow(
    /^shop\/Db\/Weekly: query must be SQL that gives one row with one boolean, such as "SELECT count\(\*\) > 0 FROM auth_user", at most/,
  );
  expect(failing).toThrow(message);
});

test('the timeout is in bounds', () => {
  expect(() => synthDrill({ timeout: Duration.seconds(0) })).toThrow('shop/Db/Weekly: timeout must be in whole seconds, from 1s to 604800s, got 0s');
});
