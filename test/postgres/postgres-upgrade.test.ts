import { PostgresDb, PostgresVersion } from '../../lib';
import { Arguments, newStack, Synthesized } from '../support/synth';

const { V17, V18 } = PostgresVersion;

function upgraded(upgradeFrom?: PostgresVersion): Synthesized {
  const stack = newStack();
  new PostgresDb(stack, 'Db', { version: V18, upgradeFrom });
  return new Synthesized(stack);
}

const format = (synth: Synthesized) => Object.values<Arguments>(synth.all('terraform_data')).find(({ input }) => input !== undefined);

test('the state remembers the form of the data, and no plan passes that has another one', () => {
  const record = format(upgraded())!;
  expect(record).toMatchObject({ input: 'Postgres 18 of Debian trixie', lifecycle: { ignore_changes: ['input'] } });
  expect(record.triggers_replace).toBeUndefined();
  const [{ condition, error_message: message }] = record.lifecycle.postcondition;
  expect(condition).toBe('${self.output == "Postgres 18 of Debian trixie"}');
  expect(message).toContain(
    'shop/Db/Data: the volume holds ${self.output}, and the stack says Postgres 18 of Debian trixie. Nothing was changed.\nYou can:\n',
  );
});

test('an upgrade has another record', () => {
  expect(format(upgraded(V17))).toMatchObject({ triggers_replace: 'Postgres 17 of Debian trixie to Postgres 18 of Debian trixie' });
});

test('without one there is no job for it', () => {
  const addresses = Object.keys(upgraded().addresses()).join('\n');
  expect(addresses).not.toContain('Upgrade');
});

test("the old version's programs dump, the new one's load, and the database is looked for after that", () => {
  const synth = upgraded(V17);
  const [dump, load, initialize] = ['UpgradeDump', 'UpgradeLoad', 'Initialize'].map((id) => synth.container(`shop/Db/${id}`));
  expect([dump, load].map(({ command, network_mode: network }) => [command, network])).toEqual([
    [['dump'], 'none'],
    [['load'], 'none'],
  ]);
  expect(dump.image).not.toBe(load.image);
  expect(load.image).toBe(initialize.image);
  for (const [job, version] of [
    [dump, V17],
    [load, V18],
  ] as const) {
    expect(job.env).toEqual(
      expect.arrayContaining(['UPGRADE_FROM=17', 'UPGRADE_TO=18', `DATABASE_MAJOR=${version.major}`, `DATABASE_VOLUME=${version.mountPath}`]),
    );
    expect(job.mounts).toContainEqual(expect.objectContaining({ source: 'shop-db-data', target: version.mountPath, read_only: false }));
  }
  const address = (container: Arguments) => Object.entries(synth.addresses()).find(([, one]) => one === container)![0];
  expect(load.depends_on).toContain(address(dump));
  expect(initialize.depends_on).toContain(address(load));
});
