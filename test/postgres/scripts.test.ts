import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runtimeFolder } from '../../lib/image/default-images';

/*
 * What the scripts refuse and leave alone, with stand-ins for the server's programs. The end-to-end tests run them with a real one.
 */

let root: string;
let volume: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'postgres-scripts-'));
  volume = join(root, 'volume');
  mkdirSync(volume);
  mkdirSync(join(root, 'bin'));
  program('postgres', 'if [ "$1" = --version ]; then echo "postgres (PostgreSQL) 18.6 (Debian 18.6-3)"; else echo "served $*"; fi');
  program('initdb', 'echo "initdb must not run"; exit 70');
  writeFileSync(join(root, 'password'), 'secret-of-the-login');
  writeFileSync(join(root, 'superuser'), 'secret-of-the-superuser');
});

afterEach(() => rmSync(root, { recursive: true }));

function program(name: string, text: string): void {
  writeFileSync(join(root, 'bin', name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(root, 'bin', name), 0o755);
}

function run(script: string, environment: Record<string, string> = {}, ...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('sh', [join(runtimeFolder, 'postgres', script), ...args], {
    encoding: 'utf8',
    env: {
      PATH: `${join(root, 'bin')}:${process.env.PATH}`,
      DATABASE_VOLUME: volume,
      DATABASE_MAJOR: '18',
      DATABASE_CODENAME: 'trixie',
      DATABASE_NAME: 'app',
      DATABASE_OWNER: 'app_owner',
      DATABASE_USER: 'app',
      DATABASE_PASSWORD_FILE: join(root, 'password'),
      DATABASE_SUPERUSER_PASSWORD_FILE: join(root, 'superuser'),
      LOCK_TIMEOUT: '0',
      ...environment,
    },
  });
  return { status, output: stdout + stderr };
}

const MARKER = 'format=1\nid=1234\nmajor=18\ncodename=trixie\ndatabase=app\nowner=app_owner\nuser=app\n';

function database(marker = MARKER): void {
  mkdirSync(join(volume, '18', 'docker'), { recursive: true });
  writeFileSync(join(volume, '18', 'docker', 'PG_VERSION'), '18\n');
  writeFileSync(join(volume, '18', 'docker', 'cdktf-django.database'), MARKER);
  if (marker) writeFileSync(join(volume, 'cdktf-django.database'), marker);
}

describe('serve.sh', () => {
  test('serves what fits, and removes what a killed server left', () => {
    database();
    writeFileSync(join(volume, '18', 'docker', 'postmaster.pid'), '7\n');
    expect(run('serve.sh', {}, '-c', 'work_mem=4MB')).toEqual({ status: 0, output: `served -D ${volume}/18/docker -c work_mem=4MB\n` });
    expect(existsSync(join(volume, '18', 'docker', 'postmaster.pid'))).toBe(false);
  });

  test('refuses a volume without a marker, and writes nothing to it', () => {
    expect(run('serve.sh')).toMatchObject({ status: 1, output: expect.stringMatching(/holds no initialised database/) });
    expect(readdirSync(volume)).toEqual([]);
  });

  test.each([
    ['DATABASE_MAJOR', '17', /a database of Postgres 18, and this is Postgres 17.*\n.*set version back to 18/],
    ['DATABASE_CODENAME', 'forky', /made on Debian trixie, and this image stands on forky/],
  ])('refuses another %s', (name, value, message) => {
    database();
    expect(run('serve.sh', { [name]: value })).toMatchObject({ status: 1, output: expect.stringMatching(message) });
  });

  test('refuses a directory that another process has open', () => {
    database();
    // The first one holds the lock and starts the second as its server, without the inherited descriptor.
    program('postgres', `if [ -n "$INNER" ]; then echo both; else INNER=1 sh '${join(runtimeFolder, 'postgres', 'serve.sh')}' 9>&-; fi`);
    expect(run('serve.sh')).toMatchObject({ status: 1, output: expect.stringMatching(/^Another process has the database in .* open/) });
  });
});

describe('initialize.sh', () => {
  test('does nothing where a database fits', () => {
    database();
    expect(run('initialize.sh')).toEqual({ status: 0, output: 'database app is there (id 1234)\n' });
    expect(readdirSync(volume).sort()).toEqual(['18', 'cdktf-django.database']);
  });

  test.each([
    ['DATABASE_MAJOR', '17', /a database of Postgres 18, and this is Postgres 17/],
    ['DATABASE_CODENAME', 'forky', /made on Debian trixie/],
    ['DATABASE_NAME', 'shop', /with databaseName 'app', and the stack says 'shop'.*\nEither set databaseName: 'app'/],
    ['DATABASE_USER', 'shop', /with user 'app', and the stack says 'shop'/],
  ])('refuses another %s', (name, value, message) => {
    database();
    expect(run('initialize.sh', { [name]: value })).toMatchObject({ status: 1, output: expect.stringMatching(message) });
  });

  test('completes a run that was interrupted before the marker', () => {
    database('');
    expect(run('initialize.sh')).toMatchObject({ status: 0, output: expect.stringMatching(/interrupted in its last step.*\ndatabase app is there/) });
    expect(run('serve.sh').status).toBe(0);
  });

  test('removes the directory of an interrupted run, and begins afresh', () => {
    mkdirSync(join(volume, '17', 'docker.unfinished-1'), { recursive: true });
    mkdirSync(join(volume, '18', 'docker.unfinished-2'), { recursive: true });
    expect(run('initialize.sh')).toMatchObject({
      status: 70,
      output: expect.stringMatching(/docker.unfinished-1\n.*docker.unfinished-2\ninitdb must not run/),
    });
    expect(readdirSync(volume).sort()).toEqual(['18', 'cdktf-django.lock']);
    expect(existsSync(join(volume, '18', 'docker.unfinished-2'))).toBe(false);
  });

  test.each(['PG_VERSION', '.hidden', '17'])('touches nothing beside %s, which is not its own', (name) => {
    mkdirSync(join(volume, name));
    expect(run('initialize.sh')).toMatchObject({ status: 1, output: expect.stringContaining(`something that PostgresDb did not make: ${name}.`) });
  });

  test('does not take a data directory without our marker for its own', () => {
    mkdirSync(join(volume, '18', 'docker'), { recursive: true });
    expect(run('initialize.sh')).toMatchObject({ status: 1, output: expect.stringContaining('PostgresDb did not make: 18.') });
    expect(existsSync(join(volume, '18', 'docker'))).toBe(true);
  });

  test.each([
    ['', /is empty, or begins with an empty line/],
    ['\nvalue', /is empty, or begins with an empty line/],
    ['one\ntwo\n', /has more than one line/],
  ])('refuses the password %j', (value, message) => {
    writeFileSync(join(root, 'password'), value);
    expect(run('initialize.sh')).toMatchObject({ status: 1, output: expect.stringMatching(message) });
    expect(readdirSync(volume)).toEqual([]);
  });

  test('refuses an image with a server of another version', () => {
    program('postgres', 'echo "postgres (PostgreSQL) 17.2 (Debian 17.2-18.pgdg)"');
    expect(run('initialize.sh')).toMatchObject({ status: 1, output: expect.stringMatching(/server is Postgres 17.2 .*, and the stack says 18/) });
  });
});
