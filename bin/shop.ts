import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { App } from 'cdktf';
import { ShopStack } from './shop-stack';

// The app that cdktf.json names: the example of the README.
const app = new App();
const stack = new ShopStack(app, 'shop', {
  port: Number(process.env.CDKTF_DJANGO_PORT ?? 8080),
  httpsPort: process.env.CDKTF_DJANGO_HTTPS_PORT ? Number(process.env.CDKTF_DJANGO_HTTPS_PORT) : undefined,
  imageMirror: process.env.CDKTF_DJANGO_IMAGE_MIRROR,
});
new DockerProvider(stack, 'Docker');
app.synth();
