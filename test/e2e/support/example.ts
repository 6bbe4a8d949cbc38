import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { ShopStack } from '../../../bin/shop-stack';
import { Build } from './deployment';

/** The example of the README, at another port, and on another address if need be. */
export function example(port: number, address?: string): Build {
  return (app, id) => {
    const stack = new ShopStack(app, id, { port, address, imageMirror: process.env.CDKTF_DJANGO_IMAGE_MIRROR });
    new DockerProvider(stack, 'Docker');
  };
}
