import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { COMMANDS } from '../../lib/cli/commands';
import { optionsOf } from '../../lib/cli/completion';
import { Trouble } from '../../lib/cli/trouble';

const root = join(__dirname, '..', '..');

function command(...args: string[]) {
  return commandWith({}, ...args);
}

function commandWith(environment: Record<string, string>, ...args: string[]) {
  const program = ['--import', 'tsx', join(root, 'lib', 'cli', 'cdktf-django.ts'), ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, program, { cwd: root, encoding: 'utf8', env: { ...process.env, ...environment } });
  return { status, stdout, stderr };
}

test.each([
  [['sweep', '--force'], "Unknown option '--force'"],
  [['sweep', 'one', 'two'], 'sweep takes one stack, got one two; see cdktf-django sweep --help'],
  [['sweep', '--yes', '--dry-run'], '--yes and --dry-run contradict each other'],
  [['sweep', 'shop', '--state', 'file'], 'a state file is of one stack; leave the name of the stack out'],
  [['sweep', '--output', '/nowhere'], 'there is no synthesized stack in /nowhere;'],
  [['restore', '--force'], "Unknown option '--force'"],
  [['restore', 'one', 'two'], 'restore takes one stack, got one two; see cdktf-django restore --help'],
  [['restore', '--json'], '--json is for --list'],
  [['restore', '--media', '--into', 'beside'], '--media brings files into the volumes in use, and --into leaves all in use as it is'],
  [['restore', '--output', '/nowhere'], 'there is no synthesized stack in /nowhere;'],
  [['secrets'], 'say "secrets export" or "secrets import"; see cdktf-django secrets --help'],
  [['secrets', 'show'], 'say "secrets export" or "secrets import"'],
  [['secrets', 'export', 'one', 'two'], 'say "secrets export" or "secrets import"'],
  [['secrets', 'export'], 'say which file: cdktf-django secrets export --file FILE'],
  [['secrets', 'export', '--passphrase', 'x'], "Unknown option '--passphrase'"],
  [['secrets', 'import', '--file', 'f', '--output', '/nowhere'], 'there is no synthesized stack in /nowhere;'],
  [['status', '--force'], "Unknown option '--force'"],
  [['status', 'one', 'two'], 'status takes one stack, got one two; see cdktf-django status --help'],
  [['logs', '--tail', 'few'], '--tail must be a number of lines or "all", got "few"'],
  [['logs', '--since', 'yesterday'], '--since must be a duration such as 10m or 1h30m, or a time such as 2026-11-24T12:00:00Z, got "yesterday"'],
  [['logs', '--lines', '3'], "Unknown option '--lines'"],
  [['manage'], 'say which command of manage.py; see cdktf-django manage --help'],
  [['manage', '--plan', 'migrate'], "Unknown option '--plan'"],
  [['manage', '--stack'], "Option '--stack <value>' argument missing"],
  [['run', '--'], 'say which program; see cdktf-django run --help'],
  [['run', '--memory', '2gb', 'sh'], '--memory must be a number with k, m or g, such as 512m or 2g, got "2gb"'],
  [['completion'], 'say which shell: bash, zsh, fish; see cdktf-django completion --help'],
  [['completion', 'tcsh'], 'say which shell: bash, zsh, fish'],
  [['completion', 'bash', 'zsh'], 'say which shell: bash, zsh, fish'],
  [['diagram', 'one', 'two'], 'diagram takes one stack, got one two; see cdktf-django diagram --help'],
  [['diagram', '--format', 'png'], '--format must be svg or dot, got "png"'],
  [['diagram', '--output', '/nowhere'], 'there is no synthesized stack in /nowhere;'],
])('%j is refused', async ([name, ...args], message) => {
  const refused = async () => COMMANDS.find((one) => one.name === name)!.run(args);
  await expect(refused).rejects.toThrow(Trouble);
  await expect(refused).rejects.toThrow(message);
});

test.each([
  [['swep'], 'there is no command "swep"; see cdktf-django --help'],
  [['help', 'swep'], 'there is no command "swep"; see cdktf-django --help'],
  [['sweep', 'one', 'two'], 'sweep takes one stack, got one two; see cdktf-django sweep --help'],
])('%j: a refusal is a line, and an exit code', (args, message) => {
  expect(command(...args)).toEqual({ status: 1, stdout: '', stderr: `cdktf-django: ${message}\n` });
});

const nobody = { DOCKER_HOST: 'tcp://127.0.0.1:9' };

test.each([['status'], ['logs'], ['manage', 'check'], ['run', 'true']])('without an engine %s says so, and which one it asked', (...args) => {
  const { status, stdout, stderr } = commandWith(nobody, ...args);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(/^cdktf-django: the engine cannot be asked:\n.*tcp:\/\/127\.0\.0\.1:9/);
  expect(stderr).toContain('\nThe engine is the docker client\'s: DOCKER_HOST, DOCKER_CONTEXT and "docker context use" choose it.\n');
});

test('without a docker client it says so', () => {
  const { status, stderr } = commandWith({ PATH: '/nowhere' }, 'status');
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: 'cdktf-django: docker cannot be run (spawnSync docker ENOENT); is it installed and in PATH?\n',
  });
});

test('a completion without an engine is silent', () => {
  expect(commandWith(nobody, '__complete', 'status', '')).toEqual({ status: 1, stdout: '', stderr: '' });
});

test('the list of commands has each with what it does', () => {
  const { status, stdout } = command('--help');
  expect(status).toBe(0);
  expect(stdout.split('\n').filter((line) => line.startsWith('  '))).toEqual(COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)}  ${summary}`));
  expect(command()).toEqual({ status: 1, stdout, stderr: '' });
});

test.each(COMMANDS.map((one) => [one.name, one] as const))(
  'the help of %s has options that there are, with a value where they take one',
  async (_name, one) => {
    const options = optionsOf(one);
    expect(options.map(({ option }) => option)).toContain('--help');
    for (const { option, value } of options) {
      // What an option lacks, or has too much, is refused before anything else.
      const refused = async () => one.run([value === undefined ? `${option}=x` : option]);
      await expect(refused).rejects.toThrow(
        one.name === 'completion' ? 'say which shell' : value === undefined ? /does not take an argument/ : /argument missing/,
      );
    }
  },
);

test('help says what is removed, and what is not', () => {
  const { status, stdout } = command('sweep', '--help');
  expect(status).toBe(0);
  expect(stdout).toContain('Sweep before you deploy again');
  for (const option of ['--yes', '--dry-run', '--json', '--output FOLDER', '--state FILE']) expect(stdout).toContain(`  ${option} `);
  expect(command('help', 'sweep').stdout).toBe(stdout);
});

test('help says what is taken elsewhere, and what is not', () => {
  const { status, stdout } = command('secrets', '--help');
  expect(status).toBe(0);
  expect(stdout).toContain('bring the files yourself');
  for (const option of ['--file FILE', '--passphrase-file FILE', '--output FOLDER']) expect(stdout).toContain(`  ${option} `);
  expect(command('help', 'secrets').stdout).toBe(stdout);
});

test('help says what a restore does to the live database', () => {
  const { status, stdout } = command('restore', '--help');
  expect(status).toBe(0);
  expect(stdout).toContain('a failure changes nothing');
  for (const option of ['--list', '--from NAME', '--into DATABASE', '--media', '--backup PATH', '--yes', '--json', '--output FOLDER']) {
    expect(stdout).toContain(`  ${option} `);
  }
  expect(command('help', 'restore').stdout).toBe(stdout);
});
