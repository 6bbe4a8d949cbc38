import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { App } from 'cdktf';
import { ShopStack } from '../../bin/shop-stack';
import { DjangoService } from '../../lib';

// The example, with an edit that releases its shop.

const app = new App();
const stack = new ShopStack(app, process.env.BENCH_STACK!, {
  port: Number(process.env.BENCH_PORT),
  imageMirror: process.env.CDKTF_DJANGO_IMAGE_MIRROR,
});
new DockerProvider(stack, 'Docker');
(stack.node.findChild('Shop') as DjangoService).app.addEnvironment('GREETING', process.env.BENCH_GREETING!);
app.synth();
