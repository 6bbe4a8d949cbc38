import { App } from 'cdktf';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exampleStack } from '../support/example';

const root = join(__dirname, '..', '..');
const picture = join(root, 'docs', 'example.svg');
const output = mkdtempSync(join(tmpdir(), 'cdktf-django-diagram-'));

beforeAll(() => {
  const app = new App({ outdir: output });
  exampleStack(app);
  app.synth();
});

afterAll(() => rmSync(output, { recursive: true, force: true }));

function diagram(...args: string[]) {
  const program = ['--import', 'tsx', join(root, 'lib', 'cli', 'cdktf-django.ts'), 'diagram', '--output', output, ...args];
  return spawnSync(process.execPath, program, { cwd: root, encoding: 'utf8' });
}

test("the README's picture is the one of the example as it is (CDKTF_DJANGO_WRITE_DOCS=1 draws it anew)", () => {
  const { status, stdout, stderr } = diagram();
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  if (process.env.CDKTF_DJANGO_WRITE_DOCS === '1') writeFileSync(picture, stdout);
  expect(stdout).toBe(readFileSync(picture, 'utf8'));
  expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain('](docs/example.svg)');
});

test('the same stack gives the same bytes, in a file too', () => {
  const file = join(output, 'picture.svg');
  expect(diagram('shop', '--file', file)).toMatchObject({ status: 0, stdout: '' });
  expect(readFileSync(file, 'utf8')).toBe(diagram('shop').stdout);
});

test('its text is for a Graphviz of your own', () => {
  expect(diagram('--format', 'dot').stdout).toMatch(/^digraph "shop" \{\n/);
});

test('wrong names are refused', () => {
  expect(diagram('blog')).toMatchObject({ status: 1, stderr: `cdktf-django: there is no stack "blog" in ${output}, only shop\n` });
  expect(diagram('--file', '/nowhere/picture.svg').stderr).toContain('cdktf-django: /nowhere/picture.svg cannot be written: ENOENT');
});
