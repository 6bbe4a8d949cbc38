import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { Testing, TerraformStack } from 'cdktf';
import { ContainerImage, DockerSwarm, DockerSwarmProps, Job, Platform, Service, SwarmNodes, UpdateStrategy, Volume } from '../../../lib';
import { Arguments, Synthesized } from '../../support/synth';

const image = ContainerImage.fromRegistry('redis:8');
const owner = { user: 70, group: 71, image };
const DATA = ['node.hostname == data1'];
const EDGE = ['node.labels.edge == true'];
const ALL: DockerSwarmProps = { dataNode: 'data1', edgeNodes: SwarmNodes.labelled('edge', 'true'), sharedFolder: '/mnt/shared' };

/** Mode, constraints and sources of mounts of each service, by the path of its construct. */
function placed(build: (stack: TerraformStack) => void, props: DockerSwarmProps = ALL): Record<string, unknown[]> {
  const stack = new TerraformStack(Testing.app(), 'shop');
  new DockerProvider(stack, 'Docker');
  Platform.use(stack, new DockerSwarm(props));
  build(stack);
  const services = Object.values(new Synthesized(stack).all('docker_service'));
  return Object.fromEntries(
    services.map((one) => {
      const path = one.labels.find(({ label }: Arguments) => label === 'org.cdktf-django.path').value.slice('shop/'.length);
      const sources = one.task_spec.container_spec.mounts.map(({ source }: Arguments) => source).filter((source: unknown) => source !== undefined);
      return [path, [one.mode.global ? 'each' : 'some', one.task_spec.placement?.constraints ?? [], sources]];
    }),
  );
}

test('what mounts nothing runs anywhere', () =>
  expect(placed((stack) => new Service(stack, 'Web', { image, replicas: 3 }))).toEqual({ Web: ['some', [], []] }));

test('what mounts a volume, or a folder of the host, runs on the node with the data', () => {
  const found = placed((stack) => {
    const data = new Volume(stack, 'Data');
    new Service(stack, 'Db', { image, updateStrategy: UpdateStrategy.STOP_FIRST }).addVolume(data, '/data');
    new Job(stack, 'Initialize', { image }).addReadOnlyVolume(data, '/data');
    new Job(stack, 'Backup', { image }).addHostFolder('/srv/backups', '/backups');
  });
  expect(found).toEqual({
    Db: ['some', DATA, ['shop-data']],
    Initialize: ['some', DATA, ['shop-data']],
    Backup: ['some', DATA, ['/srv/backups']],
  });
});

test('what may run but once stays on the node with the data, volume or not', () => {
  const build = (stack: TerraformStack) => new Service(stack, 'Clock', { image, updateStrategy: UpdateStrategy.STOP_FIRST });
  expect(placed(build)).toEqual({ Clock: ['some', DATA, []] });
  expect(() => placed(build, { edgeNodes: SwarmNodes.all() })).toThrow(
    "shop/Clock: may run but once, and a Swarm starts another one for a node that it does not hear of, which may go on all the same: name the host name of the node that it stays on, new DockerSwarm({ dataNode: 'node1' })",
  );
});

test('what shares a volume with a published port runs on each node at the edge, however many steps away', () => {
  const found = placed((stack) => {
    const configuration = new Volume(stack, 'Configuration', { owner });
    const keys = new Volume(stack, 'Keys');
    // Declared before the one that publishes: what is known last decides.
    const publish = new Job(stack, 'Publish', { image });
    publish.addVolume(configuration, '/state');
    const courier = new Service(stack, 'Courier', { image });
    courier.addVolume(keys, '/keys');
    courier.addVolume(configuration, '/state');
    new Service(stack, 'Acme', { image }).addVolume(keys, '/keys');
    const proxy = new Service(stack, 'Proxy', { image, publishedPorts: [{ containerPort: 80, hostPort: 80, address: '0.0.0.0' }] });
    proxy.addVolume(configuration, '/state');
  });
  expect(found).toEqual({
    Configuration: ['each', EDGE, ['shop-configuration']],
    Publish: ['each', EDGE, ['shop-configuration']],
    Courier: ['each', EDGE, ['shop-keys', 'shop-configuration']],
    Acme: ['each', EDGE, ['shop-keys']],
    Proxy: ['each', EDGE, ['shop-configuration']],
  });
});

describe('a volume of a service with several replicas', () => {
  const build = (stack: TerraformStack, withOwner = true) => {
    const uploads = new Volume(stack, 'Uploads', withOwner ? { owner } : {});
    new Service(stack, 'Files', { image }).addReadOnlyVolume(uploads, '/uploads');
    new Service(stack, 'App', { image, replicas: 2 }).addVolume(uploads, '/uploads');
  };

  test('is a folder that all nodes share, and keeps nobody in one place', () =>
    expect(placed((stack) => build(stack))).toEqual({
      Uploads: ['some', [], ['/mnt/shared']],
      Files: ['some', [], ['/mnt/shared/shop-uploads']],
      App: ['some', [], ['/mnt/shared/shop-uploads']],
    }));

  test('is refused without such a folder, with the ways out', () =>
    expect(() => placed((stack) => build(stack), { dataNode: 'data1' })).toThrow(
      "shop/Uploads: is mounted by a service with several replicas, which run on several nodes: name a folder that is the same on all of them (NFS, CephFS, GlusterFS), new DockerSwarm({ sharedFolder: '/mnt/shared' }); or set replicas to 1",
    ));

  test('needs somebody who owns the folder', () =>
    expect(() => placed((stack) => build(stack, false))).toThrow(
      'shop/Uploads: lies in the folder that all nodes share, /mnt/shared, and somebody has to own it',
    ));

  test('cannot be one of the edge too', () =>
    expect(() =>
      placed((stack) => {
        const state = new Volume(stack, 'State');
        const ports = [{ containerPort: 80, hostPort: 80, address: '0.0.0.0' }];
        new Service(stack, 'Proxy', { image, publishedPorts: ports }).addVolume(state, '/state');
        new Service(stack, 'App', { image, replicas: 2 }).addReadOnlyVolume(state, '/state');
      }),
    ).toThrow('shop/App: replicas must be 1, got 2: it shares a volume with what publishes a port, and runs once on each node at the edge'));
});

test('a volume is refused without a node for it', () =>
  expect(() => placed((stack) => new Job(stack, 'Initialize', { image }).addVolume(new Volume(stack, 'Data'), '/data'), {})).toThrow(
    "shop/Initialize: has a volume, which lies on one node of a Swarm: name that node's host name, new DockerSwarm({ dataNode: 'node1' })",
  ));
