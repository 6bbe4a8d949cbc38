import { Testing, TerraformStack } from 'cdktf';
import { topologyOf } from '../../lib/cli/topology';
import { graphOf } from '../../lib/cli/topology-graph';
import { ContainerImage, DjangoService, Network, Service, Volume } from '../../lib';
import { exampleStack } from '../support/example';
import { folder } from '../support/folder';
import { newStack } from '../support/synth';

function topology(stack: TerraformStack) {
  return topologyOf({ name: 'shop', folder: folder({ 'cdk.tf.json': Testing.synth(stack) }) });
}

test('the example: its servers, and what each of them has', () => {
  const found = topology(exampleStack());
  const networks = Object.fromEntries(found.networks.map(({ key, name, internal }) => [key, `${name}${internal ? ' (internal)' : ''}`]));
  const volumes = Object.fromEntries(found.volumes.map(({ key, name }) => [key, name]));
  const shown = found.servers.map((server) => ({
    ...server,
    image: server.image?.replace(/:.*/, ''),
    networks: server.networks.map((key) => networks[key]),
    volumes: server.volumes.map(({ key, writes }) => `${volumes[key]} ${writes ? 'rw' : 'ro'}`),
  }));
  const usual = { ports: [], volumes: [], secrets: [], replicas: 1, image: undefined };
  const [edge, internal] = ['Proxy/Edge', 'Db/Network (internal)'];
  expect(shown).toEqual([
    { ...usual, path: 'Db', image: 'postgres', memory: 1024, networks: [internal], volumes: ['db-data rw'], secrets: ['db-superuser-password'] },
    { ...usual, path: 'Hello', memory: 512, networks: [edge] },
    {
      ...usual,
      path: 'Proxy',
      image: 'nginx',
      memory: 1024,
      ports: ['127.0.0.1:8080'],
      networks: [edge],
      volumes: ['proxy-cache rw', 'proxy-configuration rw'],
    },
    {
      ...usual,
      path: 'Shop/App',
      replicas: 2,
      memory: 512,
      networks: [internal, edge],
      volumes: ['shop-media rw', 'shop-static ro'],
      secrets: ['db-password', 'secret-key'],
    },
    { ...usual, path: 'Shop/Files', image: 'nginx', memory: 128, networks: [edge], volumes: ['shop-media ro', 'shop-static ro'] },
  ]);
  expect(found.jobs).toEqual([
    'Db/Initialize',
    'Db/OpenLogin',
    'Shop/App/Release',
    'Shop/App/Preflight',
    'Hello/Preflight',
    'Proxy/Publish',
    'Db/CloseLogin',
  ]);
});

test('ASGI servers beside WSGI: what the web servers have, and a preflight of their own', () => {
  const stack = newStack();
  const shop = new DjangoService(stack, 'Shop', { image: ContainerImage.fromRegistry('localhost/shop:1'), project: 'shop' });
  shop.addAsgi('Live', { replicas: 3 });
  const { servers, jobs } = topology(stack);
  const web = servers.find(({ path }) => path === 'Shop/App');
  expect(web).toMatchObject({ replicas: 2, secrets: ['secret-key'] });
  expect(servers.find(({ path }) => path === 'Shop/Live/App')).toEqual({ ...web, path: 'Shop/Live/App', replicas: 3 });
  expect(jobs).toEqual(['Shop/App/Release', 'Shop/App/Preflight', 'Shop/Live/App/Preflight']);
});

test('what a text has in it is drawn, and not read by Graphviz', () => {
  const stack = newStack();
  const image = ContainerImage.fromRegistry('redis:8.2.1-bookworm');
  const edge = new Network(stack, 'a "quoted" <b>network');
  const service = new Service(stack, 'R&D <Cache>', { image });
  service.joinNetwork(edge);
  service.addVolume(new Volume(stack, 'back\\slash'), '/data');
  const graph = graphOf(topology(stack));
  expect(graph).toContain('label="a \\"quoted\\" <b>network\\nnetwork"');
  expect(graph).toContain('label=<<b>R&amp;D &lt;Cache&gt;</b><br align="left"/>>');
  expect(graph).not.toContain('<b>R&D');
});
