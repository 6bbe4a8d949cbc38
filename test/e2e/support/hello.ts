import { TerraformStack } from 'cdktf';
import { join } from 'node:path';
import { ContainerImage, GunicornApp, NginxProxy } from '../../../lib';
import { FOR_LOAD } from './load';

/** How the small app of the examples is deployed. */
export interface HelloProps {
  readonly greeting: string;
  /** @default 'app:app' */
  readonly module?: string;
  /** @default '127.0.0.1' */
  readonly address?: string;
  readonly port: number;
}

/** The small app, in two servers behind a proxy, as `hello.localhost`. */
export function helloBehindProxy(stack: TerraformStack, { greeting, module = 'app:app', address = '127.0.0.1', port }: HelloProps): void {
  const app = new GunicornApp(stack, 'Hello', {
    image: ContainerImage.fromPythonProject(join(__dirname, '..', '..', '..', 'examples', 'hello')),
    module,
    replicas: 2,
    workers: 1,
    environment: { GREETING: greeting },
  });
  new NginxProxy(stack, 'Proxy', { address, httpPort: port, limits: FOR_LOAD }).addRoute({ host: 'hello.localhost', target: app });
}
