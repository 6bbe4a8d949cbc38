import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { folder, write } from '../support/folder';
import { blocks } from '../support/snippets';

const root = resolve(__dirname, '..', '..');

function run(cwd: string, program: string, ...args: string[]): string {
  const result = spawnSync(program, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${result.stdout}\n${result.stderr}`);
  return result.stdout;
}

/** The checkout as npm packs it, built in a copy: other tests read the checkout at the same time. */
function copyOfCheckout(): string {
  const copy = folder({}, 'cdktf-django');
  for (const name of ['lib', 'runtime', 'package.json', 'package-lock.json', 'README.md', 'CHANGELOG.md', 'LICENSE', 'tsconfig.json', '.npmrc']) {
    if (existsSync(join(root, name)))
      cpSync(join(root, name), join(copy, name), { recursive: true, filter: (path) => !path.includes('__pycache__') });
  }
  // What must not be packed, to see that it is not.
  for (const path of ['test/x.test.ts', 'examples/x.py', 'tools/x.mjs', 'bin/x.ts', '.env', 'terraform.tfstate', 'cdktf.out/x'])
    write(copy, path, 'x');
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

interface Packed {
  readonly filename: string;
  readonly files: { readonly path: string }[];
  readonly bundled: string[];
}

describe('the package', () => {
  let copy: string;
  let packed: Packed;

  beforeAll(() => {
    copy = copyOfCheckout();
    run(copy, 'npm', 'run', 'build');
    // A linked folder is not bundled.
    run(copy, 'rm', 'node_modules');
    const { bundledDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { bundledDependencies: string[] };
    for (const name of bundledDependencies) cpSync(join(root, 'node_modules', name), join(copy, 'node_modules', name), { recursive: true });
    [packed] = JSON.parse(run(copy, 'npm', 'pack', '--json', '--ignore-scripts')) as Packed[];
  });

  test('has what is needed and nothing else', () => {
    const allowed = [
      /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|\.jsii)$/,
      /^build\/[a-z0-9/-]+\.(js|d\.ts)$/,
      /^runtime\/images\.json$/,
      /^runtime\/postgres\/parameters\/\d+\.json$/,
      /^runtime\/[a-z0-9_/-]+(\.(py|sh|conf|conf\.py))?$/,
      /^runtime\/nginx\/(README\.md|page\.html)$/,
      /^node_modules\/@balena\/dockerignore\/(package\.json|README\.md|LICENSE.*|CHANGELOG\.md|.*\.(js|ts))$/,
    ];
    const paths = packed.files.map((file) => file.path);
    expect(paths.filter((path) => !allowed.some((pattern) => pattern.test(path)))).toEqual([]);
    for (const path of ['.jsii', 'LICENSE', 'README.md', 'build/index.js', 'build/index.d.ts', 'runtime/images.json']) expect(paths).toContain(path);
    expect(packed.bundled).toEqual(['@balena/dockerignore']);
  });

  test('has a compiled file for each source, and no other', () => {
    const sources = readdirSync(join(copy, 'lib'), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
    const compiled = packed.files.map((file) => file.path).filter((path) => path.startsWith('build/') && path.endsWith('.js'));
    expect(compiled.sort()).toEqual(sources.map((path) => `build/${path.replace(/\.ts$/, '.js')}`).sort());
  });

  test('is installed into an empty app, which then synthesizes the stack of the README', () => {
    const app = folder({
      'app/package.json': JSON.stringify({ name: 'app', version: '1.0.0', private: true }),
      'shop/manage.py': '',
      'shop/requirements.txt': 'Django\n',
      'hello/requirements.txt': 'flask\n',
    });
    const home = join(app, 'app');
    run(home, 'npm', 'install', '--offline', '--legacy-peer-deps', '--no-audit', '--no-fund', join(copy, packed.filename));
    expect(run(home, join('node_modules', '.bin', 'cdktf-django'), '--help')).toContain('sweep');
    // The peers are those of this checkout: a registry would give the same ones, slowly.
    const { peerDependencies } = JSON.parse(readFileSync(join(home, 'node_modules', 'cdktf-django', 'package.json'), 'utf8')) as {
      peerDependencies: object;
    };
    expect(Object.keys(peerDependencies).sort()).toEqual(['@cdktf/provider-docker', 'cdktf', 'constructs']);
    for (const name of Object.keys(peerDependencies)) cpSync(join(root, 'node_modules', name), join(home, 'node_modules', name), { recursive: true });
    const program = blocks('README.md').find(({ code }) => /app\.synth\(\)/.test(code));
    expect(program).toBeDefined();
    write(home, 'main.ts', program!.code);
    run(home, process.execPath, join(root, 'node_modules/tsx/dist/cli.mjs'), 'main.ts');
    const stacks = readdirSync(join(home, 'cdktf.out', 'stacks'));
    const json = JSON.parse(readFileSync(join(home, 'cdktf.out', 'stacks', stacks[0], 'cdk.tf.json'), 'utf8')) as {
      resource: { docker_container: object };
    };
    expect(Object.keys(json.resource.docker_container).length).toBeGreaterThan(10);
  });
});
