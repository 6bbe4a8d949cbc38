import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Build, Deployment, stack } from './support/deployment';
import { engine } from './support/docker';
import { helloBehindProxy } from './support/hello';
import { ask } from './support/http';
import { LoadResult, underLoad } from './support/load';
import { freePort } from './support/port';

// A deploy that dies: terminal closed, machine of the operator gone, out of memory. The site must go on, what the dead one left must be found, and
// nothing else, and the next deploy must succeed.
const root = join(__dirname, '..', '..');
const kills = Number(process.env.CDKTF_DJANGO_KILLS ?? 3);
const deployment = new Deployment('killed');
const decoys = [`${deployment.namespace}-of-another-namespace`, `${deployment.namespace}-of-another-stack`];
let port: number;
let greetings = 0;

function build(greeting: string): Build {
  return stack((made) => helloBehindProxy(made, { greeting, port }));
}

beforeAll(async () => {
  port = await freePort();
  deployment.deploy(build('first'));
  const [image] = engine('ps', '--format', '{{.Image}}', '--filter', `label=org.cdktf-django.path=${deployment.namespace}/Proxy/Server`).split('\n');
  // What looks most like ours: the path of a server of this stack in another namespace, and another stack in this namespace.
  const labels = [
    [`${deployment.namespace}-2`, `${deployment.namespace}/Hello/Server`],
    [deployment.namespace, `${deployment.namespace}-2/Hello/Server`],
  ];
  decoys.forEach((name, index) => {
    const [namespace, path] = labels[index];
    const given = ['--label', `org.cdktf-django.namespace=${namespace}`, '--label', `org.cdktf-django.path=${path}`];
    engine('run', '--detach', '--name', name, ...given, '--entrypoint', 'sleep', image, '10000');
  });
});

afterAll(() => {
  for (const name of decoys) spawnSync('docker', ['rm', '--force', '--volumes', name]);
  // What a failed test left would be in the way of the stack's end.
  command('--yes');
  deployment.clean();
});

interface Swept {
  readonly kind: string;
  readonly id: string;
  readonly name: string;
  readonly removed: boolean;
  readonly kept?: string;
}

function servers(): string[] {
  return deployment.containers('Hello/Server').filter((name) => !decoys.includes(name));
}

/** The command as operators run it. */
function command(...args: string[]) {
  const program = ['--import', 'tsx', join(root, 'lib', 'cli', 'cdktf-django.ts'), 'sweep', '--output', deployment.folder, ...args];
  return spawnSync(process.execPath, program, { cwd: root, encoding: 'utf8' });
}

function sweep(...args: string[]): Swept[] {
  const result = command('--json', ...args);
  if (result.status !== 0) throw new Error(`sweep failed:\n${result.stdout}${result.stderr}`);
  return JSON.parse(result.stdout) as Swept[];
}

/** The ids of what this stack has on the engine, by what the test itself knows. */
function onEngine(): string[] {
  const paths = (lines: string) => lines.split('\n').flatMap((line) => (line.includes(` ${deployment.namespace}/`) ? [line.split(' ')[0]] : []));
  const filter = ['--filter', `label=org.cdktf-django.namespace=${deployment.namespace}`];
  const format = (id: string) => ['--format', `{{.${id}}} {{.Label "org.cdktf-django.path"}}`];
  return [
    ...paths(engine('ps', '--all', '--no-trunc', ...filter, ...format('ID'))),
    ...paths(engine('network', 'ls', '--no-trunc', ...filter, ...format('ID'))),
    ...paths(engine('volume', 'ls', ...filter, ...format('Name'))),
  ].sort();
}

function inState(): string[] {
  return ['docker_container', 'docker_network', 'docker_volume'].flatMap((type) => deployment.recorded(type).map(({ id }) => id)).sort();
}

/** Does something while clients ask; none of them may notice. */
async function unnoticed(done: () => void): Promise<void> {
  const result: LoadResult = await underLoad(
    {
      port,
      host: 'hello.localhost',
      groups: [{ name: 'visitors', count: 4, every: 50, path: '/whoami', contains: '"greeting"' }],
      minimum: 50,
    },
    done,
  );
  expect(result).toMatchObject({ failed: 0, failures: [] });
}

async function greeting(): Promise<unknown> {
  return JSON.parse((await ask({ port, host: 'hello.localhost', path: '/whoami' })).body).greeting;
}

/** All is as after a deploy that nothing happened to. */
function expectTidy(): void {
  expect(deployment.plan()).toEqual([]);
  expect(onEngine()).toEqual(inState());
  expect(sweep()).toEqual([]);
  expect(engine('ps', '--format', '{{.Names}}').split('\n')).toEqual(expect.arrayContaining(decoys));
}

describe('kill -9 of Terraform and its provider, at random in a release', () => {
  let usual: number;

  beforeAll(() => {
    const started = Date.now();
    deployment.deploy(build(`release ${++greetings}`));
    usual = (Date.now() - started) / 1000;
  });

  // One in each part of a release, so that few of them see all of it.
  test.each(Array.from({ length: kills }, (_unused, index) => index + 1))('number %i', async (number) => {
    const seconds = (usual * (number - 1 + Math.random())) / kills;
    await unnoticed(() => {
      deployment.synth(build(`release ${++greetings}`));
      deployment.applyKilled(seconds);
    });
    // The engine may still be about to finish what it was asked for last.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const known = inState();
    const lost = onEngine().filter((id) => !known.includes(id));
    process.stderr.write(`killed after ${seconds.toFixed(1)} s of ${usual.toFixed(1)}: ${lost.length} lost\n`);

    await unnoticed(() => {
      const swept = sweep('--yes');
      expect(swept.map(({ id }) => id).sort()).toEqual(lost);
      expect(swept.filter(({ removed }) => !removed)).toEqual([]);
    });
    await unnoticed(() => deployment.deploy(build(`release ${++greetings}`)));
    expect(await greeting()).toBe(`release ${greetings}`);
    expectTidy();
  });
});

describe('sweep', () => {
  test('removes nothing while a deploy runs, and says so', async () => {
    deployment.synth(build(`release ${++greetings}`));
    const applying = deployment.applyMeanwhile();
    const before = Date.now();
    let refused = '';
    while (refused === '' && Date.now() < before + 30_000) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      refused = command('--yes').stderr;
    }
    expect(refused).toContain(`cdktf-django: the state of ${deployment.namespace} cannot be locked. While a deploy runs nothing can be swept;`);
    expect((await applying).ok).toBe(true);
    expectTidy();
  });

  test('lists what a state lost, and leaves it until a deploy has led the routes away from it', async () => {
    const [server, other] = servers();
    const id = engine('inspect', server, '--format', '{{.Id}}');
    const { address } = deployment.recorded('docker_container').find((one) => one.id === id)!;
    expect(deployment.terraform('state', 'rm', address).status).toBe(0);

    const proxy = engine('ps', '--format', '{{.Names}}', '--filter', `label=org.cdktf-django.path=${deployment.namespace}/Proxy/Server`);
    const kept = `${proxy} has routes to it; deploy, which leads them to servers of the state, and sweep again`;
    expect(sweep('--yes')).toEqual([expect.objectContaining({ id, name: server, removed: false, kept })]);
    const shown = command();
    expect(shown.stdout).toBe(
      [
        `Not in the state of ${deployment.namespace}, left as they are:`,
        `  container ${server} (${deployment.namespace}/Hello/Server, running)`,
        `    ${kept}`,
        '',
      ].join('\n'),
    );
    expect(servers()).toEqual([server, other]);

    await unnoticed(() => deployment.deploy(build(`release ${greetings}`)));
    expect(servers()).toContain(server);
    expect(command('--dry-run').stdout).toContain(`to be removed:\n  container ${server} (`);
    // Without a terminal nobody can be asked.
    expect(command().stdout).toContain('Give --yes to remove without being asked. Nothing was removed.');
    expect(servers()).toContain(server);
    await unnoticed(() => expect(command('--yes').stdout).toContain('Removed 1 of 1.'));
    expect(servers()).not.toContain(server);
    expectTidy();
  });

  test('refuses another engine than the one of the state', () => {
    const state = JSON.parse(deployment.terraform('state', 'pull').stdout) as { resources: { instances: { attributes: { id: string } }[] }[] };
    // The same stack on an engine elsewhere has the same names and labels, and other ids.
    for (const { instances } of state.resources) for (const { attributes } of instances) attributes.id = `elsewhere-${attributes.id}`;
    const file = join(deployment.folder, 'elsewhere.json');
    spawnSync('tee', [file], { input: JSON.stringify(state) });
    const program = ['--import', 'tsx', join(root, 'lib', 'cli', 'cdktf-django.ts'), 'sweep', '--yes', '--state', file];
    const result = spawnSync(process.execPath, program, { cwd: root, encoding: 'utf8' });
    expect(result.stderr).toContain('cdktf-django: none of the containers and networks that the state knows is on this engine');
    expect(result.status).toBe(1);
    expectTidy();
  });
});
