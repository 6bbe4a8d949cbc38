import { PostgresDb, Schedule } from '../../lib';
import { backupsOf } from '../../lib/cli/stack-backups';
import { secretsOf } from '../../lib/cli/stack-secrets';
import { folder } from '../support/folder';
import { newStack, Synthesized } from '../support/synth';

const schedule = Schedule.cron('0 3 * * *');

test('what makes backups and archives, by path; not what rehearses them', () => {
  const stack = newStack('shop', { namespace: 'staging' });
  const db = new PostgresDb(stack, 'Db');
  for (const id of ['Nightly', 'Hourly']) db.addBackup(id, { schedule }).addRestoreDrill('Drill', { schedule, query: 'SELECT true' });
  db.addArchive('Archive', { schedule }).addRestoreDrill('Drill', { schedule, query: 'SELECT true' });
  const { text } = new Synthesized(stack);
  expect(backupsOf({ name: 'shop', folder: folder({ 'cdk.tf.json': text }) })).toEqual([
    { path: 'Db/Archive', container: 'staging-db-archive-receiver', archive: true },
    { path: 'Db/Hourly', container: 'staging-db-hourly-scheduler', archive: false },
    { path: 'Db/Nightly', container: 'staging-db-nightly-scheduler', archive: false },
  ]);
});

test('a stack that cannot be read', () => {
  const empty = folder({});
  expect(() => backupsOf({ name: 'shop', folder: empty })).toThrow(`${empty}/cdk.tf.json cannot be read: ENOENT`);
});

test('a stack for a Swarm is refused, instead of having none', () => {
  const text = JSON.stringify({ resource: { docker_service: { Db: {} } } });
  const refused = 'stack shop is for a Swarm, and this works on one engine; docs/swarm.md says what to do there';
  expect(() => backupsOf({ name: 'shop', folder: folder({ 'cdk.tf.json': text }) })).toThrow(refused);
  expect(() => secretsOf({ name: 'shop', folder: folder({ 'cdk.tf.json': text }) })).toThrow(refused);
});
