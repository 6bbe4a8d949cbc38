import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PostgresDb, Size } from '../../lib';
import { Deployment, stack } from './support/deployment';
import { engine } from './support/docker';
import { eventually } from './support/http';

// A move to another host, which a second namespace stands for: data and secrets are brought there before the first deploy.
const root = join(__dirname, '..', '..');
const home = mkdtempSync(join(tmpdir(), 'cdktf-django-secrets-'));
const [file, passphrase] = [join(home, 'shop.secrets'), join(home, 'passphrase')];
const source = new Deployment('secrets');
const target = new Deployment('moved');
const build = stack((made) => void new PostgresDb(made, 'Db', { memory: Size.mebibytes(256) }));
const volumes = ['db-password', 'db-superuser-password'];
let postgres: string;

beforeAll(() => {
  writeFileSync(passphrase, 'correct horse battery\n');
  for (const one of [source, target]) one.synth(build);
});

afterAll(() => {
  rmSync(home, { recursive: true });
  try {
    source.clean();
  } finally {
    target.clean();
  }
});

function secrets(verb: string, of: Deployment, ...more: string[]) {
  const options = ['--output', of.folder, '--file', file, '--passphrase-file', passphrase, ...more];
  const program = ['--import', 'tsx', join(root, 'lib', 'cli', 'cdktf-django.ts'), 'secrets', verb, ...options];
  const { status, stdout, stderr } = spawnSync(process.execPath, program, { cwd: root, encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** Runs a script as root with a deployment's volume, as root of the host would. */
function inVolume(of: Deployment, volume: string, script: string, ...more: string[]): string {
  const mount = ['-v', `${of.namespace}-${volume}:/volume`, ...more];
  return engine('run', '--rm', '--network', 'none', '--user', '0', ...mount, '--entrypoint', 'sh', postgres, '-c', script);
}

const values = (of: Deployment) => volumes.map((volume) => inVolume(of, volume, 'cat /volume/value'));
const rights = (of: Deployment) => volumes.map((volume) => inVolume(of, volume, 'stat -c "%a %u" /volume/value; stat -c "%a %u:%g" /volume'));
const sql = (of: Deployment, statement: string) =>
  engine('exec', `${of.namespace}-db-server`, 'sh', '/run/cdktf-django/psql-admin.sh', '-At', '-c', statement);

/** Images and containers that are there, but for those of deployments. */
const left = () => [
  engine('images', '--quiet', '--filter', 'dangling=true'),
  engine('ps', '-aq', '--filter', 'status=created', '--filter', 'name=none'),
];

test('nothing is exported before there is something', () => {
  expect(secrets('export', source)).toEqual({
    status: 1,
    stdout: '',
    stderr: expect.stringContaining(`secret Db/Password is not on this engine: volume ${source.namespace}-db-password has no value. Deploy first`),
  });
  expect(source.volumes()).toEqual([]);
});

test('secrets are exported under a passphrase, and the file is for its owner', () => {
  source.deploy(build);
  postgres = engine('inspect', `${source.namespace}-db-server`, '--format', '{{.Image}}');
  sql(source, "CREATE TABLE kept AS SELECT 'since the first host' AS since");
  const before = left();
  expect(secrets('export', source)).toEqual({
    status: 0,
    stdout: `2 secrets are in ${file}:\n  Db/Password\n  Db/SuperuserPassword\n`,
    stderr: '',
  });
  expect(left()).toEqual(before);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  for (const value of values(source)) expect(readFileSync(file, 'utf8')).not.toContain(value);
  expect(source.plan()).toEqual([]);
  // A file that is there is not overwritten.
  expect(secrets('export', source)).toMatchObject({ status: 1, stderr: expect.stringContaining('EEXIST') });
});

test('they open the data on another host, whose first deploy finds both', () => {
  expect(source.destroy()).toMatchObject({ ok: true });
  inVolume(source, 'db-data', 'cp -a /volume/. /to/', '-v', `${target.namespace}-db-data:/to`);
  // Without them the deploy would be refused, and change nothing.
  const refused = target.apply();
  expect(refused.ok).toBe(false);
  expect(refused.output).toContain('is missing, but database app that it opens is there');

  expect(secrets('import', target)).toEqual({
    status: 0,
    stdout: 'Secrets on this engine:\n  Db/Password: imported\n  Db/SuperuserPassword: imported\n',
    stderr: '',
  });
  expect(values(target)).toEqual(values(source));
  expect(rights(target)).toEqual(rights(source));

  target.deploy(build);
  expect(sql(target, 'SELECT since FROM kept')).toBe('since the first host');
  const password = values(target)[0];
  const login = ['psql', '-h', '127.0.0.1', '-U', 'app', '-d', 'app', '-Atc', 'SELECT current_user'];
  expect(engine('exec', '-e', `PGPASSWORD=${password}`, `${target.namespace}-db-server`, ...login)).toBe('app_owner');
  expect(values(target)).toEqual(values(source));
  expect(target.plan()).toEqual([]);
});

test('an import again changes nothing, and one beside other values is refused as a whole', async () => {
  expect(secrets('import', target)).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('  Db/Password: was there\n  Db/SuperuserPassword: was there\n'),
  });
  const [password] = values(target);
  inVolume(target, 'db-password', 'rm /volume/value');
  inVolume(target, 'db-superuser-password', 'printf %s another >/volume/value');
  expect(secrets('import', target)).toEqual({
    status: 1,
    stdout: '',
    stderr: expect.stringContaining(
      `other values are on this engine already, so nothing was imported: Db/SuperuserPassword (volume ${target.namespace}-db-superuser-password)`,
    ),
  });
  expect(inVolume(target, 'db-password', 'ls /volume')).toBe('');
  inVolume(target, 'db-superuser-password', 'rm /volume/value');
  expect(secrets('import', target).status).toBe(0);
  expect(values(target)[0]).toBe(password);
  await eventually(() => expect(sql(target, 'SELECT 1')).toBe('1'), 10);
});

test('another passphrase and another stack are refused', () => {
  writeFileSync(passphrase, 'incorrect horse battery');
  expect(secrets('import', target)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('the passphrase is another one, or the file was changed'),
  });
  writeFileSync(passphrase, 'short');
  expect(secrets('import', target)).toMatchObject({ status: 1, stderr: expect.stringContaining('the passphrase must have 12 characters or more') });
  writeFileSync(passphrase, 'correct horse battery');
  target.synth(stack((made) => void new PostgresDb(made, 'Other', { memory: Size.mebibytes(256) })));
  expect(secrets('import', target)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('the file has secrets that this stack has not, so nothing was imported: Db/Password, Db/SuperuserPassword'),
  });
  target.synth(build);
});
