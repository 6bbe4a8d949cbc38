import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { ShopStack } from '../../../bin/shop-stack';
import { Build } from './deployment';

/** The example of the README, at another port. */
export function example(port: number): Build {
  return (app, id) => {
    const stack = new ShopStack(app, id, { port, imageMirror: process.env.CDKTF_DJANGO_IMAGE_MIRROR });
    new DockerProvider(stack, 'Docker');
  };
}
