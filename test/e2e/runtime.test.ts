import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { engine } from './support/docker';
import { buildShopImage } from './support/project-image';

// The tests of what runs inside containers, inside a container: in the image of the example's project, as the user of such images.
const repository = join(__dirname, '..', '..');
const folder = join(repository, 'test', 'runtime');
const modules = readdirSync(folder).filter((name) => /^test_.*\.py$/.test(name));
const expected = modules.flatMap((name) => readFileSync(join(folder, name), 'utf8').match(/^ {4}def test_/gm) ?? []).length;
let image: string;
let output: string;
let status: number | null;

beforeAll(() => {
  image = buildShopImage('runtime');
  const mounts = ['runtime', 'test/runtime'].flatMap((path) => ['--volume', `${join(repository, path)}:/repository/${path}:ro`]);
  const confined = ['--network', 'none', '--read-only', '--tmpfs', '/tmp:mode=1777,exec', '--cap-drop', 'ALL', '--memory', '1g', '--init'];
  const program = ['python', '-m', 'unittest', 'discover', '--verbose', '--start-directory', '/repository/test/runtime'];
  const command = ['run', '--rm', '--workdir', '/repository', ...confined, ...mounts, image, ...program];
  const result = spawnSync('docker', command, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.error) throw result.error;
  status = result.status;
  output = result.stdout + result.stderr;
});

afterAll(() => {
  if (image) engine('rmi', image);
});

test('no test of the runtime fails', () => {
  const failures = output.split(/^={70}$/m).slice(1);
  expect(failures).toEqual([]);
  expect(status).toBe(0);
});

test('all tests of the runtime are run, and none is skipped', () => {
  expect(modules.length).toBeGreaterThan(0);
  expect(Number(/^Ran (\d+) tests? in /m.exec(output)?.[1])).toBe(expected);
  expect(output.trimEnd().split('\n').at(-1)).toBe('OK');
});
