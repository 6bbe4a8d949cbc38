import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ContainerImage, Secret, SecretFile, Volume } from '../../lib';
import { generateSecretCommand, guardSecretCommand, prepareVolumeCommand } from '../../lib/platform/root-commands';
import { folder } from '../support/folder';
import { newStack } from '../support/synth';

const image = ContainerImage.fromRegistry('redis:8');

/** Runs a command as the engine would, with folders of the test in place of those of the container, and without the right to chown. */
function run(command: string[], root: string) {
  const bin = join(root, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'chown'), `#!/bin/sh\necho "$@" >>${root}/chown.log\n`);
  chmodSync(join(bin, 'chown'), 0o755);
  const script = command.map((argument) => argument.replace(/(?<![\w/])\/(volume|secret|guarded)\b/g, `${root}/$1`));
  return spawnSync(script[0], script.slice(1), { encoding: 'utf8', env: { PATH: `${bin}:${process.env.PATH}` } });
}

function newSecret(guarded = false): SecretFile {
  const stack = newStack();
  const guard = guarded ? { volume: new Volume(stack, 'Data'), file: 'marker', what: 'the database' } : undefined;
  return new SecretFile(stack, 'Key', { secret: Secret.generated({ length: 32 }), secretName: 'key', image, guard });
}

test('a fresh volume is handed over, one in use is not', () => {
  const root = folder();
  mkdirSync(join(root, 'volume'));
  const command = prepareVolumeCommand({ user: 10001, group: 10002, image });
  expect(run(command, root)).toMatchObject({ status: 0, stdout: 'fresh volume handed to user and group 10001:10002\n' });
  expect(readFileSync(join(root, 'chown.log'), 'utf8')).toBe(`0:0 ${root}/volume\n10001:10002 ${root}/volume\n`);
  writeFileSync(join(root, 'volume', 'data'), '');
  expect(run(command, root)).toMatchObject({ status: 0, stdout: 'volume is in use, its owners stay as they are\n' });
  expect(readFileSync(join(root, 'chown.log'), 'utf8').split('\n')).toHaveLength(3);
});

describe('a secret', () => {
  test('is made once, for its group alone, and is never printed', () => {
    const root = folder();
    mkdirSync(join(root, 'secret'));
    const secret = newSecret();
    const first = run(generateSecretCommand(secret, 'shop-key'), root);
    expect(first).toMatchObject({ status: 0, stderr: '', stdout: 'secret key made\n' });
    const value = readFileSync(join(root, 'secret', 'value'), 'utf8');
    expect(value).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(statSync(join(root, 'secret', 'value')).mode & 0o777).toBe(0o440);
    expect(readFileSync(join(root, 'chown.log'), 'utf8')).toBe(`0:${secret.group} ${root}/secret/value.new\n`);
    expect(run(generateSecretCommand(secret, 'shop-key'), root)).toMatchObject({ status: 0, stdout: 'secret key is there\n' });
    expect(readFileSync(join(root, 'secret', 'value'), 'utf8')).toBe(value);
  });

  test('is not made beside the data that it opens, and the way out is told', () => {
    const root = folder({ 'guarded/marker': '', 'secret/x': '' });
    const secret = newSecret(true);
    const result = run(generateSecretCommand(secret, 'shop-key'), root);
    expect(result.status).toBe(1);
    expect(result.stdout).toContain('Secret key is missing, but the database that it opens is there');
    expect(result.stdout).toContain(`volume shop-key, owned by 0:${secret.group} with mode 0440`);
    expect(() => readFileSync(join(root, 'secret', 'value'))).toThrow(/ENOENT/);
  });

  test('is made where its data is not there yet', () => {
    const root = folder({ 'guarded/other': '', 'secret/x': '' });
    expect(run(generateSecretCommand(newSecret(true), 'shop-key'), root)).toMatchObject({ status: 0, stdout: 'secret key made\n' });
  });
});

test('the scripts are of POSIX', () => {
  for (const command of [prepareVolumeCommand({ user: 1, group: 1, image }), generateSecretCommand(newSecret(), 'v')]) {
    expect(() => execFileSync('sh', ['-n', '-c', command[2]])).not.toThrow();
  }
});

describe('a secret that Terraform makes', () => {
  const guard = newSecret(true).guard!;
  const judge = (root: string) => run(guardSecretCommand('key', guard, 'shop-db-password-20260102030405'), root);
  const marked = (at: string) => {
    const root = folder({ 'guarded/marker': '' });
    utimesSync(join(root, 'guarded', 'marker'), new Date(at), new Date(at));
    return root;
  };

  test('comes before the data, or is as old as they are', () => {
    expect(judge(folder({}))).toMatchObject({ status: 0, stdout: 'nothing is there yet that secret key opens\n' });
    for (const at of ['2026-01-02T03:04:05Z', '2026-05-01T00:00:00Z', '2026-01-02T03:03:05Z']) {
      expect([at, judge(marked(at)).stdout]).toEqual([at, 'secret key is as old as the database\n']);
    }
  });

  test('is refused beside older data, with the ways out', () => {
    const refused = judge(marked('2026-01-02T03:03:04Z'));
    expect(refused.status).toBe(1);
    expect(refused.stdout).toBe(
      'Secret key has just been made, but the database that it shall open is older: the one that opens it went with a destroy, or with its state.\n' +
        'Give the old value, from a copy of that state, by Secret.fromVariable(), or, if the data is not wanted any more, remove its volume, and deploy again.\n',
    );
  });
});
