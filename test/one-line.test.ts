import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import ts from 'typescript';
import { folder } from './support/folder';
import { blocks, root } from './support/snippets';
import { Arguments } from './support/synth';

// From one engine to a Swarm: the program of the README's first screen, with one statement more, which is in the README, too.
const readme = blocks('README.md').map(({ code }) => code);
const onEngine = readme.find((code) => code.includes('class ShopStack extends'))!;
const statement = /^Platform\.use\(\n.*?^\);\n/ms.exec(readme.find((code) => code.includes('new DockerSwarm('))!)![0];
const onSwarm = onEngine
  .replace(/import \{ (.*) \} from 'cdktf-django';/, "import { $1, DockerSwarm, Platform, SwarmNodes } from 'cdktf-django';")
  .replace(/^ *new DockerProvider\(.*\n/m, `$&${statement}`);

/** Runs a program as it stands, but for where it finds the project and where it writes, and gives what Terraform gets. */
function run(program: string): Arguments {
  const outdir = folder();
  const here = program
    .replace('new App()', `new App({ outdir: ${JSON.stringify(outdir)} })`)
    .replace("'../shop'", JSON.stringify(join(root, 'examples', 'shop')));
  const { outputText } = ts.transpileModule(here, { compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 } });
  const others = createRequire(__filename);
  const library = (name: string): unknown => (name === 'cdktf-django' ? jest.requireActual('../lib') : jest.requireActual(others.resolve(name)));
  (new Function('require', 'exports', outputText) as (require: (name: string) => unknown, exports: object) => void)(library, {});
  return JSON.parse(readFileSync(join(outdir, 'stacks', 'shop', 'cdk.tf.json'), 'utf8')) as Arguments;
}

/** The constructs that the resources of a type belong to. */
function paths(synthesized: Arguments, type: string): string[] {
  const all = Object.values((synthesized.resource as Record<string, Record<string, Arguments>>)[type] ?? {});
  return all.map(({ labels }) => (labels as { label: string; value: string }[]).find(({ label }) => label === 'org.cdktf-django.path')!.value);
}

const words = (program: string) => program.split('\n').filter((line) => !line.startsWith('import '));

test('the program for a Swarm is the one for an engine, and one statement', () => {
  const [engine, swarm] = [words(onEngine), words(onSwarm)];
  const same = engine.findIndex((line, index) => line !== swarm[index]);
  const more = swarm.length - engine.length;
  expect(swarm.slice(same, same + more).join('\n')).toBe(statement.trimEnd());
  expect([...swarm.slice(0, same), ...swarm.slice(same + more)]).toEqual(engine);
  expect(ts.createSourceFile('one.ts', statement, ts.ScriptTarget.ES2022).statements.length).toBe(1);
});

test('both are whole programs, with the same servers and jobs', () => {
  const [engine, swarm] = [run(onEngine), run(onSwarm)];
  const found = [paths(engine, 'docker_container'), paths(swarm, 'docker_service')];
  for (const path of ['Db/Server', 'Shop/App/Release', 'Shop/App/Preflight', 'Shop/App/Server', 'Shop/ClearSessions/Scheduler', 'Proxy/Server']) {
    expect(found.map((all) => all.includes(`shop/${path}`))).toEqual([true, true]);
  }
  expect([paths(engine, 'docker_service'), paths(swarm, 'docker_container')]).toEqual([[], []]);
});

test('no system asks which platform it is on', () => {
  const asking = ['celery', 'django', 'gunicorn', 'nginx', 'postgres', 'readiness', 'redis', 'workload'].flatMap((layer) =>
    readdirSync(join(root, 'lib', layer), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join('lib', layer, name))
      // In comments they may be named.
      .filter((name) => /DockerSwarm|DockerEngine|docker-swarm|docker-engine/.test(withoutComments(readFileSync(join(root, name), 'utf8')))),
  );
  expect(asking).toEqual([]);
});

function withoutComments(source: string): string {
  return ts.transpileModule(source, { compilerOptions: { removeComments: true, target: ts.ScriptTarget.ES2022 } }).outputText;
}
