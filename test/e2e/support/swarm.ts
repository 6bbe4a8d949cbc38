import { DockerProviderRegistryAuth } from '@cdktf/provider-docker/lib/provider';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { docker, engine } from './docker';
import { EngineNode } from './engine-node';
import { eventually } from './http';

const ROOT = join(__dirname, '..', '..', '..');
/** Where every node sees the same files, as it would by NFS. */
const SHARED_FOLDER = '/mnt/shared';
const REGISTRY_PORT = 5000;
const REGISTRY = `
version: 0.1
storage: { filesystem: { rootdirectory: /data } }
http: { addr: ":${REGISTRY_PORT}" }
`;

/** A Swarm of several engines on this machine, each in a container, with a registry and a folder that all of them share. The first nodes are its managers. */
export class Swarm {
  public static async start(name: string, size: number, managers = 1): Promise<Swarm> {
    const swarm = new Swarm(`e2e-${name}-${process.pid}`, registryProgram());
    try {
      await swarm.begin(name, size, managers);
    } catch (error) {
      swarm.remove();
      throw error;
    }
    return swarm;
  }

  public readonly nodes: EngineNode[] = [];
  public readonly sharedFolder = SHARED_FOLDER;
  /** Where the nodes find the registry. */
  public registry = '';
  /** What leads the docker client, Terraform and the provider to the manager that is asked. */
  public readonly environment: Record<string, string> = {};
  private readonly folder = mkdtempSync(join(tmpdir(), 'cdktf-django-swarm-'));
  private asked?: EngineNode;

  private constructor(
    /** Of its network, and the beginning of the names of all else. */
    private readonly name: string,
    private readonly program: string,
  ) {}

  /** The manager that is asked: the first node, unless another one was chosen. */
  public get manager(): EngineNode {
    return this.asked ?? this.nodes[0];
  }

  /** From now on this manager is asked. */
  public ask(manager: EngineNode): void {
    this.asked = manager;
    Object.assign(this.environment, manager.environment);
  }

  /** The registry as the provider wants it: in the clear, and open to everybody. */
  public get registryAuth(): DockerProviderRegistryAuth[] {
    return [{ address: `http://${this.registry}`, authDisabled: true }];
  }

  /** Runs the docker client on the manager. */
  public docker(...args: string[]): string {
    return this.manager.docker(...args);
  }

  /** The address of a node. */
  public address(node: EngineNode): string {
    return addressOf(node.name);
  }

  /** The tasks of a service that are to run, and the nodes that they run on. */
  public tasks(service: string): { readonly id: string; readonly node: string; readonly state: string }[] {
    const lines = this.docker(
      'service',
      'ps',
      '--no-trunc',
      '--filter',
      'desired-state=running',
      '--format',
      '{{.ID}}|{{.Node}}|{{.CurrentState}}',
      service,
    );
    return lines
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [id, node, state] = line.split('|');
        return { id, node, state: state.split(' ')[0] };
      });
  }

  /** What the Swarm says of a node: `ready`, or `down` when it has not heard of it for a while. */
  public state(node: EngineNode): string {
    return this.docker('node', 'inspect', '--format', '{{.Status.State}}', node.name);
  }

  /** Puts nothing new on any node but these; what runs stays. */
  public only(...open: EngineNode[]): void {
    for (const node of this.nodes) this.docker('node', 'update', '--availability', open.includes(node) ? 'active' : 'pause', node.name);
  }

  /** Cuts a node off from all others of the Swarm: nothing that it sends arrives, and nothing reaches it. Whoever asks from outside still does. */
  public cutOff(node: EngineNode): void {
    for (const other of this.nodes.filter((one) => one !== node)) {
      const address = this.address(other);
      node.shell(`iptables -I INPUT -s ${address} -j DROP && iptables -I OUTPUT -d ${address} -j DROP`);
    }
  }

  /** Lets it back in. */
  public reconnect(node: EngineNode): void {
    for (const other of this.nodes.filter((one) => one !== node)) {
      const address = this.address(other);
      node.shell(`iptables -D INPUT -s ${address} -j DROP && iptables -D OUTPUT -d ${address} -j DROP`);
    }
  }

  /** Pushes the images that the host's engine has into the registry, under the mirror's name that it gives. */
  public pushImages(): string {
    const mirror = `${this.registry}/mirror`;
    for (const image of this.manager.bringImages()) {
      const target = `${mirror}/${image.replace(/^.*\//, '')}`;
      this.docker('tag', image, target);
      this.docker('push', '--quiet', target);
    }
    return mirror;
  }

  /** Removes all of it. */
  public remove(): void {
    const failures: unknown[] = [];
    for (const node of this.nodes) {
      try {
        node.remove();
      } catch (error) {
        failures.push(error);
      }
    }
    spawnSync('docker', ['rm', '--force', '--volumes', `${this.name}-registry`]);
    spawnSync('docker', ['volume', 'rm', '--force', `${this.name}-shared`]);
    spawnSync('docker', ['network', 'rm', this.name]);
    rmSync(this.folder, { recursive: true, force: true });
    if (failures.length > 0) throw failures[0];
  }

  private async begin(name: string, size: number, managers: number): Promise<void> {
    engine('network', 'create', this.name);
    // The image of an engine is made by the first node; the registry needs one, and the nodes need its address.
    const first = await this.node(`${name}-node1`);
    this.ask(first);
    await this.startRegistry(first);
    for (let number = 2; number <= size; number++) await this.node(`${name}-node${number}`);
    for (const node of this.nodes) await this.trustRegistry(node);
    this.docker('swarm', 'init', '--advertise-addr', this.address(this.manager));
    this.nodes.slice(1).forEach((node, index) => {
      const token = this.docker('swarm', 'join-token', '--quiet', index + 1 < managers ? 'manager' : 'worker');
      node.docker('swarm', 'join', '--token', token, `${this.address(this.manager)}:2377`);
    });
  }

  private async node(name: string): Promise<EngineNode> {
    const node = await EngineNode.start(
      name,
      [],
      [...['--network', this.name, '--volume', `${this.name}-shared:${SHARED_FOLDER}`], ...['--volume', `${this.folder}:/etc/docker`]],
    );
    this.nodes.push(node);
    return node;
  }

  private async startRegistry(beside: EngineNode): Promise<void> {
    const name = `${this.name}-registry`;
    const image = engine('inspect', beside.name, '--format', '{{.Image}}');
    engine(
      ...['run', '--detach', '--name', name, '--network', this.name, '--volume', `${this.program}:/registry:ro`, '--volume', '/data'],
      ...['--env', `CONFIGURATION=${REGISTRY}`, '--env', 'OTEL_TRACES_EXPORTER=none', '--entrypoint', 'sh', image, '-c'],
      'printf "%s" "$CONFIGURATION" >/tmp/registry.yml && exec /registry serve /tmp/registry.yml',
    );
    this.registry = `${addressOf(name)}:${REGISTRY_PORT}`;
    writeFileSync(join(this.folder, 'daemon.json'), JSON.stringify({ 'insecure-registries': [this.registry] }));
  }

  /** Has an engine read which registry may be asked in the clear. */
  private async trustRegistry(node: EngineNode): Promise<void> {
    node.shell('kill -HUP "$(cat /run/docker.pid)"');
    await eventually(() => {
      const trusted = node.docker('info', '--format', '{{json .RegistryConfig.InsecureRegistryCIDRs}} {{json .RegistryConfig.IndexConfigs}}');
      if (!trusted.includes(this.registry)) throw new Error(`${node.name} does not trust the registry yet: ${trusted}`);
    }, 20);
  }
}

function addressOf(container: string): string {
  return docker({}, 'inspect', container, '--format', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}');
}

function registryProgram(): string {
  const program = `
    import { ensureRegistry } from './tools/setup/registry.mjs';
    console.log('registry: ' + (await ensureRegistry()));`;
  const made = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: ROOT, encoding: 'utf8' });
  const found = /^registry: (.*)$/m.exec(made.stdout ?? '');
  if (made.status !== 0 || !found) throw new Error(`a registry cannot be had:\n${made.stdout}${made.stderr}`);
  return found[1];
}
