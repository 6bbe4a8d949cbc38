import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { TerraformStack } from 'cdktf';
import { DockerEngine, Platform, PostgresDb, Size } from '../../lib';
import { Engine } from '../support/engine';
import { eventually } from '../support/eventually';
import { StackDeployment } from '../support/stack-deployment';

const PASSWORD = 'only-for-the-bench';
const USER = 'bench';

/** A server that is measured. */
export interface Measurable {
  readonly container: string;
  /** What leads the programs of Postgres to it. */
  readonly environment: readonly string[];
}

/** A `PostgresDb` with its defaults, the same image as it comes in as much memory, and a client in the network of both. */
export class Servers {
  public readonly client: string;
  private readonly id: string;
  private readonly deployment: StackDeployment;

  constructor(
    private readonly engine: Engine,
    private readonly memory: Size,
    signal: AbortSignal,
  ) {
    this.id = `${engine.prefix}-tuned`;
    this.client = `${engine.prefix}-pgbench`;
    this.deployment = new StackDeployment(this.id, signal);
  }

  public async start(): Promise<{ readonly tuned: Measurable; readonly stock: Measurable }> {
    const { engine, id, memory } = this;
    await this.deployment.deploy((app, name) => {
      const stack = new TerraformStack(app, name);
      new DockerProvider(stack, 'Docker');
      Platform.use(stack, new DockerEngine({ imageMirror: process.env.CDKTF_DJANGO_IMAGE_MIRROR }));
      new PostgresDb(stack, 'Db', { databaseName: USER, memory });
      return stack;
    });
    const container = `${id}-db-server`;
    const [image, swap] = (await engine.docker('inspect', container, '--format', '{{.Image}} {{.HostConfig.MemorySwap}}')).split(' ');
    const network = `${id}-db-network-internal`;
    const stock = `${engine.prefix}-stock`;
    await engine.docker(
      ...['run', '--detach', '--name', stock, '--network', network, '--memory', String(memory.toBytes()), '--memory-swap', swap],
      ...['--env', `POSTGRES_USER=${USER}`, '--env', `POSTGRES_PASSWORD=${PASSWORD}`, '--env', 'POSTGRES_INITDB_ARGS=--data-checksums', image],
    );
    await engine.docker(
      ...['run', '--detach', '--name', this.client, '--network', network, '--user', '0', '--volume', `${id}-db-password:/secret:ro`],
      ...['--entrypoint', 'sleep', image, 'infinity'],
    );
    const password = await engine.docker('exec', this.client, 'cat', '/secret/value');
    const at = (host: string, secret: string) => [`PGHOST=${host}`, `PGUSER=${USER}`, `PGDATABASE=${USER}`, `PGPASSWORD=${secret}`];
    const servers = {
      tuned: { container, environment: at(container, password) },
      stock: { container: stock, environment: at(stock, PASSWORD) },
    };
    for (const server of Object.values(servers)) {
      const said = await eventually(() => this.run(server, 'psql', '-Atc', 'SHOW data_checksums'), 60);
      if (said !== 'on') throw new Error(`${server.container} has no checksums: ${said}`);
    }
    return servers;
  }

  /** Runs a program of Postgres in the client. */
  public run(server: Measurable, ...command: string[]): Promise<string> {
    return this.engine.docker('exec', ...server.environment.flatMap((one) => ['--env', one]), this.client, ...command);
  }

  public async destroy(): Promise<void> {
    // It is in a network that Terraform destroys.
    await this.engine.removeContainers(['pgbench', 'stock']);
    await this.deployment.destroy();
  }
}
