import { Container } from '@cdktf/provider-docker/lib/container';
import { Image } from '@cdktf/provider-docker/lib/image';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { App, TerraformStack } from 'cdktf';

// One container as one writes it by hand, from the image that the example's shop is built into, with the same health check.

const app = new App();
const stack = new TerraformStack(app, process.env.BENCH_STACK!);
new DockerProvider(stack, 'Docker');
stack.addOverride('terraform.required_providers.docker.version', '>= 4.6.0, < 5.0.0');
const image = new Image(stack, 'Image', { name: process.env.BENCH_IMAGE!, keepLocally: true });
new Container(stack, 'Web', {
  name: process.env.BENCH_STACK!,
  image: image.imageId,
  command: ['gunicorn', '--bind', '0.0.0.0:8000', '--workers', '3', 'shop.wsgi'],
  env: [`GREETING=${process.env.BENCH_GREETING!}`, 'DJANGO_SETTINGS_MODULE=shop.settings'],
  restart: 'unless-stopped',
  destroyGraceSeconds: 40,
  wait: true,
  waitTimeout: 120,
  healthcheck: {
    test: ['CMD', 'python', '-c', "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/whoami/', timeout=4)"],
    interval: '3s',
    timeout: '5s',
    retries: 3,
    startPeriod: '60s',
  },
});
app.synth();
