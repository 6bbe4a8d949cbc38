import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { ShopStack } from '../../bin/shop-stack';
import { NginxProxy } from '../../lib';
import { Engine } from '../support/engine';
import { StackDeployment } from '../support/stack-deployment';
import { ENGINE_NETWORKS } from '../../test/e2e/support/load';
import { freePort } from '../../test/e2e/support/port';

/** Where the parts of the deployed example are. */
export interface Shop {
  /** The Host under which the proxy knows the shop, and Django its pages. */
  readonly host: string;
  /** The Host of the Flask app. */
  readonly helloHost: string;
  readonly network: string;
  readonly proxy: string;
  readonly apps: string[];
  readonly hellos: string[];
  readonly database: string;
  readonly fileServer: string;
  readonly staticVolume: string;
  /** The image of the shop. */
  readonly image: string;
  /** Every container that runs. */
  readonly containers: string[];
}

/** The example, as bin/ deploys it, in a namespace and a state of its own. */
export class ShopDeployment {
  private readonly id: string;
  private readonly deployment: StackDeployment;

  constructor(
    private readonly engine: Engine,
    signal: AbortSignal,
  ) {
    this.id = `${engine.prefix}-shop`;
    this.deployment = new StackDeployment(this.id, signal);
  }

  public async deploy(): Promise<Shop> {
    const port = await freePort();
    await this.deployment.deploy((app, id) => {
      const stack = new ShopStack(app, id, { port, imageMirror: process.env.CDKTF_DJANGO_IMAGE_MIRROR });
      new DockerProvider(stack, 'Docker');
      // All load comes from one address.
      for (const network of ENGINE_NETWORKS) (stack.node.findChild('Proxy') as NginxProxy).exemptFromLimits(network);
      return stack;
    });
    return this.parts(port);
  }

  /** Destroys what was deployed; what is left is removed by name. */
  public destroy(): Promise<void> {
    return this.deployment.destroy();
  }

  private async parts(port: number): Promise<Shop> {
    const { engine, id } = this;
    const apps = await engine.containersOf(`${id}/Shop/App/Server`);
    return {
      host: `127.0.0.1:${port}`,
      helloHost: `hello.localhost:${port}`,
      network: `${id}-proxy-edge`,
      proxy: `${id}-proxy-server`,
      apps,
      hellos: await engine.containersOf(`${id}/Hello/Server`),
      database: `${id}-db-server`,
      fileServer: (await engine.containersOf(`${id}/Shop/Files/Server`))[0],
      staticVolume: `${id}-shop-static`,
      image: await engine.docker('inspect', apps[0], '--format', '{{.Image}}'),
      containers: await engine.containersOfStack(id),
    };
  }
}
