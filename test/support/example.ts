import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { App, Testing } from 'cdktf';
import { ShopStack } from '../../bin/shop-stack';
import { DockerSwarm, SwarmNodes } from '../../lib';

/** The stack of the example, as bin/shop.ts builds it. */
export function exampleStack(app: App = Testing.app()): ShopStack {
  const stack = new ShopStack(app, 'shop', { port: 8080 });
  new DockerProvider(stack, 'Docker');
  return stack;
}

/** The same on a Swarm. */
export function exampleStackOnSwarm(): ShopStack {
  const platform = new DockerSwarm({
    dataNode: 'node1',
    edgeNodes: SwarmNodes.all(),
    sharedFolder: '/mnt/shared',
    imageRegistry: 'registry.example.com/shop',
  });
  const stack = new ShopStack(Testing.app(), 'shop', { port: 8080, address: '0.0.0.0', platform });
  new DockerProvider(stack, 'Docker');
  return stack;
}
