import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');

function command(...args: string[]) {
  const program = ['--import', 'tsx', join(root, 'lib', 'cli', 'cdktf-django.ts'), ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, program, { cwd: root, encoding: 'utf8' });
  return { status, stdout, stderr };
}

test.each([
  [['swep'], 'there is no command "swep"; see cdktf-django --help'],
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
])('%j is refused', (args, message) => {
  const { status, stdout, stderr } = command(...args);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toContain(`cdktf-django: ${message}`);
  expect(stderr).not.toContain('    at ');
});

test('help says what is removed, and what is not', () => {
  const { status, stdout } = command('sweep', '--help');
  expect(status).toBe(0);
  expect(stdout).toContain('Sweep before you deploy again');
  for (const option of ['--yes', '--dry-run', '--json', '--output FOLDER', '--state FILE']) expect(stdout).toContain(`  ${option} `);
  expect(command('--help').stdout).toContain(stdout);
});

test('help says what is taken elsewhere, and what is not', () => {
  const { status, stdout } = command('secrets', '--help');
  expect(status).toBe(0);
  expect(stdout).toContain('bring the files yourself');
  for (const option of ['--file FILE', '--passphrase-file FILE', '--output FOLDER']) expect(stdout).toContain(`  ${option} `);
  expect(command('--help').stdout).toContain(stdout);
});

test('help says what a restore does to the live database', () => {
  const { status, stdout } = command('restore', '--help');
  expect(status).toBe(0);
  expect(stdout).toContain('a failure changes nothing');
  for (const option of ['--list', '--from NAME', '--into DATABASE', '--media', '--backup PATH', '--yes', '--json', '--output FOLDER']) {
    expect(stdout).toContain(`  ${option} `);
  }
  expect(command('--help').stdout).toContain(stdout);
});
