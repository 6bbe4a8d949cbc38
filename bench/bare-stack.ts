import { Container } from '@cdktf/provider-docker/lib/container';
import { Image } from '@cdktf/provider-docker/lib/image';
import { Network } from '@cdktf/provider-docker/lib/network';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { Volume } from '@cdktf/provider-docker/lib/volume';
import { App, TerraformStack } from 'cdktf';

// What the example is measured against: as many resources of each type as it has, as one would write them by hand, with no library.

/** How many resources of each type the example has. */
const counts = JSON.parse(process.env.BENCH_BARE_COUNTS ?? '{}') as { [type: string]: number };
const known = ['docker_image', 'docker_network', 'docker_volume', 'docker_container'];
const unknown = Object.keys(counts).find((type) => !known.includes(type));
if (unknown) throw new Error(`the example has a ${unknown} now: add it to bench/bare-stack.ts`);
const each = <T>(type: string, make: (index: number) => T): T[] => Array.from({ length: counts[type] ?? 1 }, (_, index) => make(index));

const app = new App();
const stack = new TerraformStack(app, 'bare');
new DockerProvider(stack, 'Docker');

const images = each('docker_image', (index) => new Image(stack, `Image-${index}`, { name: `example/app-${index}:1.0`, keepLocally: true }));
const networks = each('docker_network', (index) => new Network(stack, `Network-${index}`, { name: `bare-network-${index}` }));
const volumes = each('docker_volume', (index) => new Volume(stack, `Volume-${index}`, { name: `bare-volume-${index}` }));
each('docker_container', (index) => {
  new Container(stack, `Container-${index}`, {
    name: `bare-container-${index}`,
    image: images[index % images.length].imageId,
    command: ['gunicorn', '--bind', '0.0.0.0:8000', '--workers', '3', 'shop.wsgi'],
    env: ['DJANGO_SETTINGS_MODULE=shop.settings', 'DATABASE_HOST=db', 'PYTHONUNBUFFERED=1'],
    restart: 'unless-stopped',
    user: '10001:10001',
    readOnly: true,
    memory: 512,
    capabilities: { drop: ['ALL'] },
    securityOpts: ['no-new-privileges:true'],
    logDriver: 'json-file',
    logOpts: { 'max-size': '10m', 'max-file': '3' },
    labels: [{ label: 'org.example.role', value: 'app' }],
    mounts: [{ type: 'volume', source: volumes[index % volumes.length].name, target: '/var/lib/app' }],
    networksAdvanced: networks.map((network) => ({ name: network.name })),
    healthcheck: { test: ['CMD', 'curl', '-f', 'http://127.0.0.1:8000/'], interval: '3s', timeout: '5s', retries: 3, startPeriod: '60s' },
  });
});
app.synth();
