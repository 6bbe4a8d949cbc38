import { Network as DockerNetwork } from '@cdktf/provider-docker/lib/network';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { TerraformStack } from 'cdktf';
import { Construct, IConstruct } from 'constructs';
import { PlatformContext } from '../platform-context';
import type { Workload } from '../../workload/workload';
import { Placement, PlacementProps } from './placement';
import { SwarmImages } from './swarm-images';

/** Settings of a `SwarmContext`. */
export interface SwarmContextProps extends PlacementProps {
  readonly namespace?: string;
  readonly provider?: DockerProvider;
  readonly imageMirror?: string;
  readonly imageRegistry?: string;
  readonly encryptedNetworks?: boolean;
  readonly spreadOver: string[];
}

/** What all parts of a Swarm share. */
export class SwarmContext extends PlatformContext {
  public readonly images: SwarmImages;
  public readonly placement: Placement;

  constructor(private readonly props: SwarmContextProps) {
    super('DockerSwarm', props.provider, props.namespace);
    this.images = new SwarmImages(this, props.imageMirror, props.imageRegistry);
    this.placement = new Placement(props);
  }

  public get spreadOver(): string[] {
    return this.props.spreadOver;
  }

  /** An overlay network, which what runs on any node can join. */
  public overlay(scope: Construct, name: string, internal: boolean): DockerNetwork {
    const encrypted = this.props.encryptedNetworks ?? false;
    return new DockerNetwork(scope, 'Resource', {
      // A network is never replaced under its name: services are in it.
      name: name + (internal ? '-internal' : '') + (encrypted ? '-encrypted' : ''),
      driver: 'overlay',
      attachable: true,
      internal,
      options: encrypted ? { encrypted: '' } : undefined,
      // The Swarm adds the number of its VXLAN to options that are there.
      lifecycle: encrypted ? { ignoreChanges: ['options'] } : undefined,
      provider: this.provider,
      labels: this.labelBlocks(scope),
    });
  }

  /** The ids of the networks that a workload is in. */
  public networksOf(workload: Workload): string[] {
    if (workload.offline) return [this.offlineNetwork(workload)];
    return workload.networks.map((network) => network.networkReference);
  }

  /**
   * A network with no way out, for what shall have none at all: a task of a Swarm always has one, and without any of ours it would be the bridge of its node. Nothing listens there.
   */
  public offlineNetwork(scope: IConstruct): string {
    const stack = TerraformStack.of(scope);
    const holder = (stack.node.tryFindChild('Offline') as Construct | undefined) ?? new Construct(stack, 'Offline');
    const found = (holder.node.tryFindChild('Resource') as DockerNetwork | undefined) ?? this.overlay(holder, this.names.fixed(holder), true);
    return found.id;
  }

  /** What leads the docker client to where the provider goes. */
  public clientEnvironment(scope: IConstruct): Record<string, string> {
    const provider = (this.provider ?? this.defaultProvider(scope)) as DockerProvider | undefined;
    return {
      ...(provider?.host === undefined ? {} : { DOCKER_HOST: provider.host }),
      ...(provider?.certPath === undefined ? {} : { DOCKER_CERT_PATH: provider.certPath, DOCKER_TLS_VERIFY: '1' }),
    };
  }

  protected prepare(): void {
    // A second deploy from another state finds the names of its networks taken, and changes nothing.
  }

  private defaultProvider(scope: IConstruct): DockerProvider | undefined {
    const all = TerraformStack.of(scope).node.findAll();
    return all.find((one): one is DockerProvider => one instanceof DockerProvider && one.alias === undefined);
  }
}
