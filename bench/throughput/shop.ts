import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { App, LocalBackend } from 'cdktf';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ShopStack } from '../../bin/shop-stack';
import { NginxProxy } from '../../lib';
import { run } from '../support/run';
import { Engine } from './engine';
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
  private readonly folder = mkdtempSync(join(tmpdir(), 'cdktf-django-bench-'));
  private readonly id: string;
  private initialized = false;

  constructor(
    private readonly engine: Engine,
    private readonly signal: AbortSignal,
  ) {
    this.id = `${engine.prefix}-shop`;
  }

  public async deploy(): Promise<Shop> {
    const port = await freePort();
    const app = new App({ outdir: this.folder });
    const stack = new ShopStack(app, this.id, { port, imageMirror: process.env.CDKTF_DJANGO_IMAGE_MIRROR });
    new DockerProvider(stack, 'Docker');
    // All load comes from one address.
    for (const network of ENGINE_NETWORKS) (stack.node.findChild('Proxy') as NginxProxy).exemptFromLimits(network);
    // cdktf would put it into the checkout.
    new LocalBackend(stack, { path: join(this.folder, 'terraform.tfstate') });
    app.synth();
    await this.terraform(['init', '-input=false'], this.signal);
    this.initialized = true;
    await this.terraform(['apply', '-auto-approve'], this.signal);
    return this.parts(port);
  }

  /** Destroys what was deployed; what is left is removed by name. */
  public async destroy(): Promise<void> {
    try {
      if (this.initialized) await this.terraform(['destroy', '-auto-approve']);
    } finally {
      rmSync(this.folder, { recursive: true, force: true });
    }
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

  private terraform(args: string[], signal?: AbortSignal): Promise<string> {
    return run(process.env.TERRAFORM_BINARY_NAME ?? 'terraform', [...args, '-no-color'], {
      cwd: join(this.folder, 'stacks', this.id),
      env: { CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1' },
      signal,
    });
  }
}
