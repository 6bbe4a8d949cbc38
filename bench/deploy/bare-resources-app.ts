import { Container } from '@cdktf/provider-docker/lib/container';
import { Image } from '@cdktf/provider-docker/lib/image';
import { Network } from '@cdktf/provider-docker/lib/network';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { Volume } from '@cdktf/provider-docker/lib/volume';
import { App, TerraformStack } from 'cdktf';

// As many resources of each type as the example has, as they are written by hand, and as light as they can be where they run.

const counts = JSON.parse(process.env.BENCH_BARE_COUNTS!) as { [type: string]: number };
const id = process.env.BENCH_STACK!;
const app = new App();
const stack = new TerraformStack(app, id);
new DockerProvider(stack, 'Docker');
stack.addOverride('terraform.required_providers.docker.version', '>= 4.6.0, < 5.0.0');

const each = <T>(type: string, make: (index: number) => T): T[] => Array.from({ length: counts[type] ?? 1 }, (_, index) => make(index));
const images = each('docker_image', (index) => new Image(stack, `Image-${index}`, { name: process.env.BENCH_IMAGE!, keepLocally: true }));
const networks = each('docker_network', (index) => new Network(stack, `Network-${index}`, { name: `${id}-network-${index}` }));
const volumes = each('docker_volume', (index) => new Volume(stack, `Volume-${index}`, { name: `${id}-volume-${index}` }));
each('docker_container', (index) => {
  new Container(stack, `Container-${index}`, {
    name: `${id}-container-${index}`,
    image: images[index % images.length].imageId,
    command: ['sleep', 'infinity'],
    init: true,
    logDriver: 'json-file',
    logOpts: { 'max-size': '10m', 'max-file': '3' },
    mounts: [{ type: 'volume', source: volumes[index % volumes.length].name, target: '/var/lib/app' }],
    networksAdvanced: [{ name: networks[index % networks.length].name }],
  });
});
app.synth();
