import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { TerraformStack } from 'cdktf';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerImage, DockerSwarm, GunicornApp, Platform, RemovalPolicy, Secret, Size, Volume } from '../../../lib';
import { cli, CLI, Ended, RunningCli } from '../support/cli';
import { Build, Deployment } from '../support/deployment';
import { EngineNode } from '../support/engine-node';
import { eventually } from '../support/http';
import { Swarm } from '../support/swarm';
import { Terminal } from '../support/terminal';

// What an operator does from a manager for an app that can run on another node alone, which is a worker.
const APP = `
def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'light']
`;
const root = join(__dirname, '..', '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'cdktf-django-operator-'));
let swarm: Swarm;
let manager: EngineNode;
let worker: EngineNode;
let deployment: Deployment;
/** What was said of a Swarm on which there is nothing. */
let empty: Ended;

beforeAll(async () => {
  writeFileSync(join(folder, 'light.py'), APP);
  swarm = await Swarm.start('operator', 2);
  [manager, worker] = swarm.nodes;
  empty = cli(['run', 'true'], { input: null, environment: manager.environment });
  const mirror = swarm.pushImages();
  deployment = new Deployment('swarm-operator', swarm.environment);
  deployment.deploy(build(mirror));
});

afterAll(() => {
  deployment?.forget();
  swarm?.remove();
  rmSync(folder, { recursive: true, force: true });
});

function build(mirror: string): Build {
  return (app, id) => {
    const stack = new TerraformStack(app, id);
    new DockerProvider(stack, 'Docker', { registryAuth: swarm.registryAuth });
    Platform.use(stack, new DockerSwarm({ dataNode: worker.name, imageRegistry: `${swarm.registry}/light`, imageMirror: mirror }));
    const image = ContainerImage.fromPythonProject(folder, { withoutRequirements: true });
    const light = new GunicornApp(stack, 'Light', {
      ...{ image, module: 'light:application', replicas: 1, workers: 1, memory: Size.mebibytes(128), cpus: 0.5 },
      environment: { GREETING: `it's "quoted", and more` },
      secrets: { word: Secret.generated() },
    });
    light.addVolume(new Volume(stack, 'Data', { removalPolicy: RemovalPolicy.DESTROY, owner: { user: 10001, group: 10001, image } }), '/data');
  };
}

const at = (node: EngineNode, ...args: string[]) => cli(args, { input: null, environment: node.environment });
const run = (...args: string[]) => at(manager, 'run', ...args);
const running = (...args: string[]) => new RunningCli(['run', ...args], manager.environment);
const ofRun = () => swarm.docker('service', 'ls', '--quiet', '--filter', 'label=org.cdktf-django.one-off');
const specOf = (service: string) => JSON.parse(swarm.docker('service', 'inspect', service))[0].Spec;
const status = () => JSON.parse(at(manager, 'status', '--json').stdout);

afterEach(() => expect(ofRun()).toBe(''));

test('where there is no stack, that is said', () => {
  expect([empty.status, empty.stderr]).toEqual([1, expect.stringMatching(/^cdktf-django: no stack of this library is on this engine \(tcp:/)]);
});

test('status and logs, from a manager, are of the other node', () => {
  expect(status().servers.map(({ system, node, health }: Record<string, string>) => [system, node, health])).toEqual([
    ['Light', worker.name, 'healthy'],
  ]);
  const logs = at(manager, 'logs', 'Light', '--tail', 'all');
  expect([logs.status, logs.stderr]).toEqual([0, '']);
  expect(logs.stdout).toContain('Booting worker');
});

describe('run, from a manager', () => {
  test('has the secrets, the volume and the settings of the app, on its node, and gives outputs and exit code', () => {
    const code = `
import os, sys
word = open('/run/secrets/word/value').read()
open('/data/noted', 'w').write(word)
print(len(word) > 20, os.environ['GREETING'], sys.argv[1:], sys.stdin.read() == '')
print('and this', file=sys.stderr)
sys.exit(7)`;
    expect(run('--', 'python', '-c', code, 'one two', '', "it's")).toEqual({
      status: 7,
      stdout: `True it's "quoted", and more ['one two', '', "it's"] True\n`,
      stderr: 'and this\n',
    });
    expect(run('cat', '/data/noted').stdout.length).toBeGreaterThan(20);
  });

  test('gives all of a long output, in its order', () => {
    const numbers = Array.from({ length: 5000 }, (_unused, index) => `${index}\n`).join('');
    expect(run('python', '-c', 'for number in range(5000): print(number)')).toEqual({ status: 0, stdout: numbers, stderr: '' });
  });

  test('shows what comes while it goes on, is told by status, is like the app in all else, and ends with us', async () => {
    const [app] = status().servers;
    const program = 'import signal, time; print("here", flush=True); time.sleep(600)';
    const long = running('--memory', '64m', '--', 'python', '-c', program);
    try {
      await long.prints('here', 60);
      const name = swarm.docker('service', 'ls', '--format', '{{.Name}}', '--filter', 'label=org.cdktf-django.one-off');
      expect(status()).toMatchObject({ servers: [{ container: app.container }], oneOff: [`${name}.1`] });
      const [model, made] = [specOf(`${deployment.namespace}-light-server`).TaskTemplate, specOf(name).TaskTemplate];
      const { Healthcheck, Labels, Args, ...container } = model.ContainerSpec;
      expect([Healthcheck.Test[0], Object.keys(Labels).length > 0, Args.length > 0]).toEqual(['CMD', true, true]);
      const { Healthcheck: none, Args: program, ...madeContainer } = made.ContainerSpec;
      expect([none.Test, program.slice(0, 3)]).toEqual([['NONE'], ['--', 'python', '-c']]);
      // What is left out of a service is read back in one form or the other.
      const listed = (one: Record<string, unknown>) =>
        JSON.parse(JSON.stringify({ ...one, DNSConfig: undefined, Isolation: undefined, Privileges: undefined }));
      const sorted = (one: Record<string, { File: { Name: string } }[]>) => ({
        ...listed(one),
        Configs: [...one.Configs].sort((a, b) => (a.File.Name < b.File.Name ? -1 : 1)),
      });
      expect(sorted(madeContainer)).toEqual(sorted(container));
      expect(made.Resources.Limits).toEqual({ ...model.Resources.Limits, MemoryBytes: 64 * 1024 * 1024 });
      expect(made.Resources.Reservations ?? {}).toEqual({});
      const targets = (task: { Networks?: { Target: string }[] }) => (task.Networks ?? []).map(({ Target }) => Target);
      expect([targets(made), made.LogDriver, made.Placement.Constraints]).toEqual([targets(model), model.LogDriver, model.Placement.Constraints]);
      expect(made.RestartPolicy.Condition).toBe('none');
    } finally {
      expect(await long.signal('SIGTERM')).toBe(143);
    }
    await eventually(() => expect(worker.docker('ps', '--quiet', '--filter', 'name=-run-')).toBe(''), 60);
  });

  test('says what it waits for, and goes on when a node is there', async () => {
    swarm.only(manager);
    const waiting = running('echo', 'done');
    try {
      await eventually(() => expect(waiting.stderr).toMatch(/^It waits for a node: no suitable node/), 60);
    } finally {
      swarm.only(manager, worker);
    }
    await waiting.prints('done', 60);
    expect(await waiting.ended()).toBe(0);
  });

  test('tells whoever sits at a terminal that the program has none', async () => {
    const terminal = new Terminal(['env', `DOCKER_HOST=${manager.environment.DOCKER_HOST}`, ...CLI, 'run', 'sh', '-c', 'tty; exit 5'], root);
    await terminal.shows('On a Swarm, the program gets neither this terminal nor an input', 60);
    await terminal.shows('not a tty', 60);
    expect(await terminal.ended()).toBe(5);
  });

  test('a reader that has enough leaves no service', async () => {
    const piped = new Terminal(
      [
        'sh',
        '-c',
        `DOCKER_HOST=${manager.environment.DOCKER_HOST} "$@" | head -n 1`,
        'sh',
        ...CLI,
        'run',
        'sh',
        '-c',
        'while echo again; do sleep 0.1; done',
      ],
      root,
    );
    await piped.shows('again', 60);
    expect(await piped.ended()).toBe(0);
  });

  test('refuses what it cannot do', () => {
    const piped = cli(['run', 'cat'], { input: 'lost', environment: manager.environment });
    expect([piped.status, piped.stderr]).toEqual([
      1,
      expect.stringContaining('on a Swarm, a program gets no input, and one is piped in: use manage'),
    ]);
    expect(run('--system', 'Nobody', 'true').stderr).toBe(`cdktf-django: there is no app "Nobody" in stack ${deployment.namespace}, only Light\n`);
    expect(run('--stack', 'nobody', 'true').stderr).toContain('there is no stack "nobody"');
    const here = at(worker, 'run', 'true');
    expect([here.status, here.stderr]).toEqual([1, expect.stringMatching(/is a worker of it, which knows its own containers alone: ask a manager/)]);
    expect(at(manager, 'manage', 'check').stderr).toContain('has no container of a Django project on this engine');
  });

  test('a program that is not there fails as in a shell', () => {
    const { status: code, stderr } = run('no-such-program');
    expect([code, stderr]).toEqual([127, expect.stringContaining('no-such-program')]);
  });
});

test('the plan is empty afterwards', () => expect(deployment.plan()).toEqual([]));
