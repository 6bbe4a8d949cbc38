import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { TerraformStack } from 'cdktf';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { DockerEngine, Platform } from '../../lib';
import { Build, Deployment } from './support/deployment';
import { EngineNode } from './support/engine-node';
import { helloBehindProxy } from './support/hello';
import { ask } from './support/http';
import { underLoad } from './support/load';
import { freePort } from './support/port';
import { SshAccess } from './support/ssh';

// Most sites are deployed from a laptop or a pipeline to a machine that is reached by SSH. This one has Engine 28; the other tests run on the host's.
const root = join(__dirname, '..', '..');
let node: EngineNode;
let access: SshAccess;
let deployment: Deployment;
let port: number;

/** The app is built on the far machine; files, jobs and routes go there by the same way. */
function build(greeting: string, module = 'app:app'): Build {
  return (app, id) => {
    const stack = new TerraformStack(app, id);
    new DockerProvider(stack, 'Docker', { host: access.host, sshOpts: access.options });
    Platform.use(stack, new DockerEngine({ imageMirror: process.env.CDKTF_DJANGO_IMAGE_MIRROR }));
    // What is open on all addresses of the node is open on the loopback of the host.
    helloBehindProxy(stack, { greeting, module, address: '0.0.0.0', port });
  };
}

beforeAll(async () => {
  port = await freePort();
  const sshPort = await freePort();
  node = await EngineNode.start('ssh-engine', [port, sshPort]);
  node.bringImages();
  access = SshAccess.open(node, sshPort);
  // For the docker client of the test. The provider's own host comes before DOCKER_HOST.
  deployment = new Deployment('ssh', node.environment);
});

afterAll(() => {
  deployment?.forget();
  access?.close();
  node?.remove();
});

async function greeting(): Promise<unknown> {
  return JSON.parse((await ask({ port, host: 'hello.localhost', path: '/whoami' })).body).greeting;
}

/** Does something while clients ask, none of whom may notice. */
async function unnoticed(minimum: number, done: () => void): Promise<void> {
  const result = await underLoad(
    { port, host: 'hello.localhost', groups: [{ name: 'visitors', count: 16, every: 50, path: '/whoami', contains: '"greeting"' }], minimum },
    done,
  );
  expect(result).toMatchObject({ failed: 0, failures: [] });
  expect(result.requests).toBeGreaterThanOrEqual(minimum);
}

test('a site is built, deployed and served by way of SSH alone', async () => {
  expect(access.logins()).toBe(0);
  deployment.deploy(build('first'));
  expect(access.logins()).toBeGreaterThan(0);
  expect(await greeting()).toBe('first');
  expect(node.docker('version', '--format', '{{.Server.Version}}')).toMatch(/^2[89]\./);
  expect(deployment.plan()).toEqual([]);
});

test('a release loses none of 1,000 requests or more', async () => {
  await unnoticed(1000, () => deployment.deploy(build('second')));
  expect(await greeting()).toBe('second');
  expect(deployment.containers('Hello/Server')).toHaveLength(2);
  expect(deployment.plan()).toEqual([]);
});

test('a release that cannot start is not served, and the next one leaves nothing of it behind', async () => {
  const servers = deployment.containers('Hello/Server');
  await unnoticed(200, () => {
    deployment.synth(build('third', 'nothing:app'));
    const { ok, output } = deployment.apply();
    expect(ok).toBe(false);
    expect(output).toContain("ModuleNotFoundError: No module named 'nothing'");
    expect(output).toContain('preflight: FAILED:');
  });
  expect(deployment.containers('Hello/Server')).toEqual(servers);
  expect(await greeting()).toBe('second');

  await unnoticed(200, () => deployment.deploy(build('third')));
  expect(await greeting()).toBe('third');
  expect(deployment.containers('Hello/Server')).toHaveLength(2);
  const jobs = deployment.containers('Hello', { all: true });
  expect(jobs).toEqual([...new Set(jobs)]);
  expect(deployment.plan()).toEqual([]);
});

test('sweep finds its way, too', () => {
  const labels = ['namespace=' + deployment.namespace, `path=${deployment.namespace}/Hello/Server`].flatMap((label) => [
    '--label',
    `org.cdktf-django.${label}`,
  ]);
  const [server] = deployment.containers('Hello/Server');
  const image = node.docker('inspect', server, '--format', '{{.Image}}');
  const stray = node.docker('create', '--name', `${deployment.namespace}-stray`, ...labels, image);
  const program = ['--import', 'tsx', join(root, 'lib', 'cli', 'cdktf-django.ts'), 'sweep', '--output', deployment.folder, '--yes'];
  const result = spawnSync(process.execPath, program, { cwd: root, encoding: 'utf8', env: { ...process.env, ...access.clientEnvironment() } });
  expect(result.stderr).toBe('');
  expect(result.stdout).toContain(`  container ${deployment.namespace}-stray (${deployment.namespace}/Hello/Server)`);
  expect(node.docker('ps', '--all', '--quiet', '--no-trunc')).not.toContain(stray);
  expect(deployment.plan()).toEqual([]);
});

test('a machine with another key than the known one is not talked to', () => {
  access.changeHostKey();
  deployment.synth(build('fourth'));
  const { ok, output } = deployment.apply();
  expect(ok).toBe(false);
  expect(output).toContain('Host key verification failed');
});
