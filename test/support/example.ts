import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { App, Testing } from 'cdktf';
import { ShopStack } from '../../bin/shop-stack';

/** The stack of the example, as bin/shop.ts builds it. */
export function exampleStack(app: App = Testing.app()): ShopStack {
  const stack = new ShopStack(app, 'shop', { port: 8080 });
  new DockerProvider(stack, 'Docker');
  return stack;
}
