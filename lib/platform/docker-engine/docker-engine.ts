import { Network as DockerNetwork } from '@cdktf/provider-docker/lib/network';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { Volume as DockerVolume } from '@cdktf/provider-docker/lib/volume';
import { TerraformResource, TerraformStack } from 'cdktf';
import { Construct, IConstruct } from 'constructs';
import { reject } from '../../core/errors';
import { RemovalPolicy } from '../../core/removal-policy';
import { shortHash, terraformText } from '../../core/text';
import { ContainerImage } from '../../image/container-image';
import { Endpoint } from '../../workload/endpoint';
import type { Files } from '../../workload/files';
import { followersOf } from '../../workload/followers';
import type { Job } from '../../workload/job';
import type { Network } from '../../workload/network';
import type { SecretFile } from '../../workload/secret-file';
import type { Service } from '../../workload/service';
import type { Volume } from '../../workload/volume';
import type { Workload } from '../../workload/workload';
import { Binding, FilesBinding, ImageBinding, JobBinding, NetworkBinding, SecretBinding, ServiceBinding, VolumeBinding } from '../bindings';
import { Platform } from '../platform';
import { checkedRegistry } from '../platform-context';
import { commonArguments, MountSources, serviceArguments } from './container-arguments';
import { ContainerArguments, EngineContainer } from './engine-container';
import { EngineContext } from './engine-context';
import { EngineFiles } from './engine-files';
import { EngineJobs } from './engine-jobs';
import { EngineSecrets } from './engine-secrets';
import { FormatRecord } from '../format-record';
import { labelName } from '../labels';
import { PublishedPorts } from '../published-ports';
import { prepareVolumeCommand } from '../root-commands';

/** Settings of a `DockerEngine`. */
export interface DockerEngineProps {
  /**
   * The first part of every name on the engine. Two deployments of one stack live side by side under two namespaces.
   *
   * @default - the stack's id, in lower case with dashes
   */
  readonly namespace?: string;

  /**
   * The provider of the engine that runs the workloads, when a stack uses several.
   *
   * @default - the stack's DockerProvider without an alias
   */
  readonly provider?: DockerProvider;

  /**
   * Where the images of Docker Hub are taken from instead: a registry and path that has them by their own names, as in
   * `registry.example.com/dockerhub`.
   *
   * @default - Docker Hub
   */
  readonly imageMirror?: string;
}

/**
 * One Docker Engine, 20.10 or newer.
 *
 * @example
 * Platform.use(this, new DockerEngine({ namespace: 'shop-staging' }));
 */
export class DockerEngine extends Platform {
  /**
   * The plain engine of a stack that has not chosen a platform.
   *
   * @internal
   */
  public static _defaultFor(stack: TerraformStack): DockerEngine {
    const engine = new DockerEngine();
    Platform._adopt(stack, engine);
    return engine;
  }

  private readonly context: EngineContext;
  private readonly jobs: EngineJobs;
  private readonly files: EngineFiles;
  private readonly secrets: EngineSecrets;
  private readonly publishedPorts = new PublishedPorts();

  /**
   * @throws when the namespace or the mirror is not of the allowed form
   */
  constructor(props: DockerEngineProps = {}) {
    super();
    const imageMirror = checkedRegistry('DockerEngine', 'imageMirror', props.imageMirror);
    this.context = new EngineContext(props.provider, props.namespace, imageMirror);
    this.jobs = new EngineJobs(this.context);
    this.files = new EngineFiles(this.context);
    this.secrets = new EngineSecrets(this.context, this.jobs);
  }

  /** @internal */
  public _nameOf(scope: IConstruct): string {
    return this.context.names.fixed(scope);
  }

  /** @internal */
  public _bindNetwork(network: Network): NetworkBinding {
    this.context.prepareStack(network);
    // Two networks may have one name for an engine, and whatever a network's members are created before destroyed is so too: thus a network is
    // never replaced under its name.
    const { ipv6Subnet } = network;
    const suffix = ipv6Subnet === undefined ? '' : `-${shortHash(ipv6Subnet, 6)}`;
    const name = this.context.names.fixed(network) + (network.internal ? '-internal' : '') + suffix;
    const resource = new DockerNetwork(network, 'Resource', {
      name,
      driver: 'bridge',
      internal: network.internal,
      // With the gateway that the engine would choose itself, and show after its next start (moby#26799).
      ...(ipv6Subnet === undefined ? {} : { ipv6: true, ipamConfig: [{ subnet: ipv6Subnet, gateway: ipv6Subnet.replace(/\/.*$/, '1') }] }),
      // The provider finds the IPv4 network that the engine has chosen beside it. Another subnet is another name.
      ...(ipv6Subnet === undefined ? {} : { lifecycle: { ignoreChanges: ['ipam_config'] } }),
      provider: this.context.provider,
      dependsOn: [this.context.ownershipOf(network)],
      labels: this.context.labelBlocks(network),
    });
    return { reference: resource.id, resources: [resource] };
  }

  /** @internal */
  public _findNetwork(_scope: Construct, networkName: string): string {
    return networkName;
  }

  /** @internal */
  public _bindVolume(volume: Volume): VolumeBinding {
    this.context.prepareStack(volume);
    const name = volume.adoptedName ?? this.context.names.fixed(volume);
    const owned: TerraformResource[] = [];
    let reference = name;
    if (volume.removalPolicy === RemovalPolicy.DESTROY) {
      const resource = new DockerVolume(volume, 'Resource', {
        name,
        provider: this.context.provider,
        dependsOn: [this.context.ownershipOf(volume)],
        labels: this.context.labelBlocks(volume),
      });
      reference = resource.name;
      owned.push(resource);
    }
    if (volume._format) owned.push(new FormatRecord(volume, 'Format', volume._format, [this.context.ownershipOf(volume)]));
    if (!volume.owner) return { name: reference, resources: owned };
    const prepared = this.jobs.rootJob(volume, 'Prepare', {
      image: volume.owner.image,
      command: prepareVolumeCommand(volume.owner),
      mounts: () => [{ type: 'volume', source: reference, target: '/volume', read_only: false }],
      after: () => owned,
    });
    return { name: reference, resources: [...owned, prepared] };
  }

  /** @internal */
  public _bindFiles(files: Files): FilesBinding {
    this.context.prepareStack(files);
    return this.files.bind(files);
  }

  /** @internal */
  public _bindSecret(secret: SecretFile): SecretBinding {
    this.context.prepareStack(secret);
    return this.secrets.bind(secret);
  }

  /** @internal */
  public _bindService(service: Service): ServiceBinding {
    this.context.prepareStack(service);
    this.publishedPorts.claim(service);
    const rolling = service.updateStrategy === 'start-first';
    const image = this.context.images.bind(service, service.image);
    const containers = Array.from({ length: service.replicas }, (_unused, index) => {
      const id = index === 0 ? 'Resource' : `Replica${index + 1}`;
      const suffix = service.replicas > 1 ? String(index + 1) : '';
      return new EngineContainer(service, id, {
        name: rolling ? this.context.names.generation(service, suffix) : this.context.names.fixed(service),
        imageId: image.imageId,
        provider: this.context.provider,
        createBeforeDestroy: rolling,
        labels: () => this.workloadLabels(service),
        dependencies: () => this.predecessors(service, rolling, image),
        arguments: () => ({
          ...commonArguments(service, this.sources),
          ...serviceArguments(service),
          ...this.waiting(service, rolling),
        }),
      });
    });
    // Read once: each reading of an attribute is another token, and whoever compares two endpoints would find them different.
    const names = rolling ? containers.map((container) => container.name) : [this.context.names.fixed(service)];
    return { resources: containers, names, endpoints: (port) => names.map((name) => new Endpoint(name, port)) };
  }

  /** @internal */
  public _bindJob(job: Job): JobBinding {
    this.context.prepareStack(job);
    const image = this.context.images.bind(job, job.image);
    const container = this.jobs.job(job, 'Resource', image, {
      timeoutMinutes: Math.ceil(job.timeout.toSeconds() / 60),
      createBeforeDestroy: !job._last,
      dependencies: () => [
        ...this.predecessors(job, !job._last, image),
        ...(job._last ? followersOf(job).flatMap((one) => one._binding.resources) : []),
      ],
      labels: () => ({
        ...this.workloadLabels(job),
        ...Object.fromEntries(Object.entries(job.triggers).map(([name, value]) => [labelName(`trigger.${name}`), terraformText(value)])),
      }),
      arguments: () => commonArguments(job, this.sources),
    });
    return { resources: [container] };
  }

  /** @internal */
  public _bindImage(scope: IConstruct, image: ContainerImage): ImageBinding {
    return this.context.images.bind(scope, image);
  }

  private readonly sources: MountSources = {
    filesVolume: (files) => this.files.volumeOf(files),
    secretVolume: (secret) => this.secrets.volumeOf(secret),
  };

  private workloadLabels(workload: Workload): Record<string, string> {
    const labels = this.context.containerLabels(workload);
    // Mounts of another volume are reported as changed and left as they are by the provider; a label replaces the container.
    workload.filesMounts.forEach(({ files }, index) => (labels[labelName(`files.${index}`)] = this.files.volumeOf(files)));
    workload.secrets.forEach((secret, index) => {
      const version = this.secrets.versionOf(secret);
      if (version) labels[labelName(`secret.${index}`)] = version;
    });
    return labels;
  }

  /** Health is waited for where the next step of a release rests upon it; the clients of a single server wait for themselves. */
  private waiting(service: Service, rolling: boolean): ContainerArguments {
    if (!rolling || !service.healthCheck) return { wait: false };
    return { wait: true, wait_timeout: Math.ceil(service.healthCheck.patience.toSeconds()) };
  }

  private predecessors(workload: Workload, createBeforeDestroy: boolean, image: ImageBinding): TerraformResource[] {
    const predecessors: Binding[] = workload._predecessors.map((other) => {
      if (createBeforeDestroy) this.refuseSingle(workload, other);
      return other._binding;
    });
    return [...image.resources, ...predecessors.flatMap((binding) => binding.resources)];
  }

  /**
   * Whatever a resource that is created before it is destroyed depends on is so too: Terraform hands it down. For a server of which only one may run
   * that would be two on one data directory, or a port that is taken.
   */
  private refuseSingle(workload: Workload, other: IConstruct): void {
    const single = (other as Partial<Service>).updateStrategy === 'stop-first' || (other as Partial<Job>)._last;
    if (single) {
      reject(
        workload,
        `cannot run after ${other.node.path}, of which only one may run at a time: Terraform would start a second one before it ends the first; wait for it in the program instead`,
      );
    }
  }
}
