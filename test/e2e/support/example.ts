import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { ShopStack, ShopStackProps } from '../../../bin/shop-stack';
import { Build } from './deployment';

/** The example of the README, at another port, on another address and with another Postgres if need be. */
export function example(port: number, address?: string, database: Pick<ShopStackProps, 'postgres' | 'upgradeFrom'> = {}): Build {
  return (app, id) => {
    const stack = new ShopStack(app, id, { port, address, ...database, imageMirror: process.env.CDKTF_DJANGO_IMAGE_MIRROR });
    new DockerProvider(stack, 'Docker');
  };
}
