import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { TerraformStack } from 'cdktf';
import { spawnSync } from 'node:child_process';
import { ContainerImage, DockerEngine, Files, Job, Network, Platform, RemovalPolicy, Service, UpdateStrategy, Volume } from '../../lib';
import { defaultImages } from '../../lib/image/default-images';
import { Build, Deployment } from './support/deployment';
import { engine } from './support/docker';

// A second operator deploys the same code without the state of the first: a fresh clone, a backend that was not set up, the wrong machine.
const first = new Deployment('ownership');
const second = new Deployment('ownership');
const NAMESPACE = first.namespace;

/** Something of each kind, all of which would be made a second time. */
function build(word = 'first', namespace?: string): Build {
  return (app, id) => {
    const stack = new TerraformStack(app, id);
    new DockerProvider(stack, 'Docker');
    Platform.use(stack, new DockerEngine({ imageMirror: process.env.CDKTF_DJANGO_IMAGE_MIRROR, namespace }));
    const image = ContainerImage.fromRegistry(defaultImages.nginx);
    const network = new Network(stack, 'Net');
    const files = new Files(stack, 'Files', { image });
    files.addFile('word', word);
    const data = new Volume(stack, 'Data', { removalPolicy: RemovalPolicy.DESTROY, owner: { user: 101, group: 101, image } });
    new Job(stack, 'Job', { image, entrypoint: ['echo', word] });
    const store = new Service(stack, 'Store', { image, entrypoint: ['sleep', '10000'], updateStrategy: UpdateStrategy.STOP_FIRST });
    store.addVolume(data, '/data');
    const web = new Service(stack, 'Web', { image, entrypoint: ['sleep', '10000'], replicas: 2 });
    web.joinNetwork(network);
    web.addFiles(files, '/files');
  };
}

/** All that an engine has under the namespace, with the ids of what has one. */
function everything(): string[] {
  const filter = ['--no-trunc', '--filter', `name=${NAMESPACE}-`];
  return [engine('ps', '-aq', ...filter), engine('network', 'ls', '-q', ...filter), engine('volume', 'ls', '-q', '--filter', `name=${NAMESPACE}-`)]
    .flatMap((lines) => lines.split('\n'))
    .filter((line) => line !== '')
    .sort();
}

/** Terraform breaks what it says into lines, and puts a bar before each. */
const said = (output: string) => output.replace(/[│╷╵]/g, ' ').replace(/\s+/g, ' ');

function expectRefused(): void {
  const before = everything();
  second.synth(build('second'));
  const { ok, output } = second.apply();
  expect(ok).toBe(false);
  expect(said(output)).toContain(
    `${NAMESPACE}: namespace ${NAMESPACE} on this engine was deployed from another Terraform state than this one, as ${NAMESPACE}-`,
  );
  expect(said(output)).toContain('- deploy with the state that it was deployed from: bring its file here, or share it through a remote backend;');
  expect(everything()).toEqual(before);
  for (const type of ['docker_container', 'docker_network', 'docker_volume', 'docker_image']) expect(second.recorded(type)).toEqual([]);
}

beforeAll(() => {
  first.deploy(build());
});

afterAll(() => {
  second.forget();
  first.clean();
});

test('a deploy without the state is refused, and nothing is made or changed', () => {
  expectRefused();
  // Again: now there is an id in its state.
  expectRefused();
  expect(first.plan()).toEqual([]);
});

test('not even "docker system prune" makes way for it', () => {
  const stopped = engine('ps', '-aq', '--filter', `name=${NAMESPACE}-`, '--filter', 'status=exited', '--filter', 'status=created').split('\n');
  // What a prune does, to this namespace only: others test on this engine.
  engine('rm', ...stopped);
  expectRefused();
  first.deploy(build());
  expect(first.plan()).toEqual([]);
});

test('it destroys nothing', () => {
  const before = everything();
  expect(second.destroy()).toMatchObject({ ok: true });
  expect(everything()).toEqual(before);
  expect(first.plan()).toEqual([]);
});

test('under another namespace it stands beside', () => {
  const before = everything();
  const namespace = `${NAMESPACE.slice(0, 27)}-2`;
  second.deploy(build('second', namespace));
  expect(second.plan()).toEqual([]);
  expect(first.plan()).toEqual([]);
  expect(second.destroy()).toMatchObject({ ok: true });
  expect(everything()).toEqual(before);
});

test('a release of the first one goes on as ever', () => {
  first.deploy(build('another word'));
  expect(first.plan()).toEqual([]);
});

test("what was deployed before containers said whose they are is taken as one's own", () => {
  // The provider does not read labels back, so this is what such a container looks like, apart from its own state.
  const image = engine('inspect', first.containers('Store')[0], '--format', '{{.Image}}');
  const labels = ['--label', `org.cdktf-django.namespace=${NAMESPACE}`, '--label', `org.cdktf-django.path=${NAMESPACE}/Old`];
  const old = engine('create', '--name', `${NAMESPACE}-old`, ...labels, image);
  expect(first.plan()).toEqual([]);
  engine('rm', old);
});

test('once it is destroyed, the other one may deploy', () => {
  expect(first.destroy()).toMatchObject({ ok: true });
  second.deploy(build('second'));
  expect(second.plan()).toEqual([]);
  first.synth(build());
  expect(first.apply().ok).toBe(false);
  expect(second.plan()).toEqual([]);
});

test('the command of the message makes way on purpose', () => {
  first.synth(build());
  const output = said(first.apply().output);
  const command = /docker ps -aq \S+ \S+ \| xargs docker rm -f; docker network ls -q \S+ \S+ \| xargs docker network rm/.exec(output)![0];
  const removed = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
  expect({ status: removed.status, stderr: removed.stderr }).toEqual({ status: 0, stderr: '' });
  expect(engine('ps', '-aq', '--filter', `label=org.cdktf-django.namespace=${NAMESPACE}`)).toBe('');
  first.deploy(build());
  expect(first.plan()).toEqual([]);
});
