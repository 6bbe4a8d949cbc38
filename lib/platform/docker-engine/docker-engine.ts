import { Network as DockerNetwork } from '@cdktf/provider-docker/lib/network';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { Volume as DockerVolume } from '@cdktf/provider-docker/lib/volume';
import { LocalExecProvisioner, TerraformResource, TerraformStack } from 'cdktf';
import { Construct, IConstruct } from 'constructs';
import { reject, requireMatch } from '../../core/errors';
import { RemovalPolicy } from '../../core/removal-policy';
import { kebab, terraformText } from '../../core/text';
import { ContainerImage } from '../../image/container-image';
import { parseImageReference } from '../../image/image-reference';
import { Endpoint } from '../../workload/endpoint';
import type { Files } from '../../workload/files';
import type { Job } from '../../workload/job';
import type { Network } from '../../workload/network';
import { SecretKind } from '../../workload/secret';
import type { SecretFile } from '../../workload/secret-file';
import type { Service } from '../../workload/service';
import type { Volume } from '../../workload/volume';
import type { Workload } from '../../workload/workload';
import { Binding, FilesBinding, ImageBinding, JobBinding, NetworkBinding, SecretBinding, ServiceBinding, VolumeBinding } from '../bindings';
import { Platform } from '../platform';
import { commonArguments, jobArguments, LOG_OPTIONS, MountSources, serviceArguments } from './container-arguments';
import { ContainerArguments, EngineContainer } from './engine-container';
import { EngineImages } from './engine-images';
import { contentLabels, FilesVolume } from './files-volume';
import { labelBlocks, labelName, ownerLabels } from './labels';
import { Names } from './names';
import { PublishedPorts } from './published-ports';
import { generateSecretCommand, prepareVolumeCommand } from './root-commands';

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

  private readonly provider?: DockerProvider;
  private readonly namespace?: string;
  private readonly images: EngineImages;
  private readonly names = new Names((scope) => this.namespaceOf(scope));
  private readonly publishedPorts = new PublishedPorts();
  private readonly filesVolumes = new Map<object, DockerVolume>();
  private readonly secretVolumes = new Map<SecretFile, string>();
  private readonly secretCarriers = new Map<SecretFile, TerraformResource & { readonly id: string }>();
  private readonly required = new Set<TerraformStack>();

  /**
   * @throws when the namespace or the mirror is not of the allowed form
   */
  constructor(props: DockerEngineProps = {}) {
    super();
    if (props.namespace !== undefined && !/^[a-z][a-z0-9-]{0,29}$/.test(props.namespace)) {
      throw new Error(
        `DockerEngine: namespace must start with a letter and have lower-case letters, digits and dashes, at most 30, got ${JSON.stringify(props.namespace)}`,
      );
    }
    if (props.imageMirror !== undefined && !parseImageReference(`${props.imageMirror}/image:1`)) {
      throw new Error(
        `DockerEngine: imageMirror must be a registry and a path such as "registry.example.com/dockerhub", without a scheme and a slash at the end, got ${JSON.stringify(props.imageMirror)}`,
      );
    }
    this.namespace = props.namespace;
    this.provider = props.provider;
    this.images = new EngineImages((scope) => this.namespaceOf(scope), props.provider, props.imageMirror);
  }

  /** @internal */
  public _bindNetwork(network: Network): NetworkBinding {
    this.require(network);
    // Two networks may have one name for an engine, and whatever a network's members are created before destroyed is so too: thus a network is
    // never replaced under its name.
    const name = this.names.fixed(network) + (network.internal ? '-internal' : '');
    const resource = new DockerNetwork(network, 'Resource', {
      name,
      driver: 'bridge',
      internal: network.internal,
      provider: this.provider,
      labels: labelBlocks(ownerLabels(network, this.namespaceOf(network))),
    });
    return { reference: resource.id, resources: [resource] };
  }

  /** @internal */
  public _bindVolume(volume: Volume): VolumeBinding {
    this.require(volume);
    const name = volume.adoptedName ?? this.names.fixed(volume);
    const owned: TerraformResource[] = [];
    let reference = name;
    if (volume.removalPolicy === RemovalPolicy.DESTROY) {
      const resource = new DockerVolume(volume, 'Resource', {
        name,
        provider: this.provider,
        labels: labelBlocks(ownerLabels(volume, this.namespaceOf(volume))),
      });
      reference = resource.name;
      owned.push(resource);
    }
    if (!volume.owner) return { name: reference, resources: owned };
    const prepared = this.rootJob(volume, 'Prepare', {
      image: volume.owner.image,
      command: prepareVolumeCommand(volume.owner),
      mounts: () => [{ type: 'volume', source: reference, target: '/volume', read_only: false }],
      after: () => owned,
    });
    return { name: reference, resources: [...owned, prepared] };
  }

  /** @internal */
  public _bindFiles(files: Files): FilesBinding {
    this.require(files);
    const namespace = this.namespaceOf(files);
    const image = this.images.bind(files, files.image);
    // A folder of its own for each content: the containers of an old release keep reading theirs. The label is what tells contents apart.
    const volume = new FilesVolume(files, 'Volume', {
      name: this.names.generation(files),
      provider: this.provider,
      labels: () => ({ ...ownerLabels(files, namespace), ...contentLabels(files) }),
    });
    this.filesVolumes.set(files, volume);
    const carrier = this.carrier(
      files,
      image,
      () => ({
        mounts: [{ type: 'volume', source: volume.name, target: '/files', read_only: false }],
        upload: files._entries.map(({ path, content, executable }) => ({
          file: `/files/${path}`,
          content: terraformText(content),
          permissions: executable ? '0555' : '0444',
        })),
      }),
      () => ({ [labelName('files')]: volume.name }),
    );
    return { resources: [...image.resources, volume, carrier] };
  }

  /** @internal */
  public _bindSecret(secret: SecretFile): SecretBinding {
    this.require(secret);
    switch (secret.secret._kind) {
      case SecretKind.FILE:
        return { resources: [] };
      case SecretKind.GENERATED:
        return this.generateSecret(secret);
      default:
        return this.carrySecret(secret);
    }
  }

  /** @internal */
  public _bindService(service: Service): ServiceBinding {
    this.require(service);
    this.publishedPorts.claim(service);
    const rolling = service.updateStrategy === 'start-first';
    const image = this.images.bind(service, service.image);
    const containers = Array.from({ length: service.replicas }, (_unused, index) => {
      const id = index === 0 ? 'Resource' : `Replica${index + 1}`;
      const suffix = service.replicas > 1 ? String(index + 1) : '';
      return new EngineContainer(service, id, {
        name: rolling ? this.names.generation(service, suffix) : this.names.fixed(service),
        imageId: image.imageId,
        provider: this.provider,
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
    const names = rolling ? containers.map((container) => container.name) : [this.names.fixed(service)];
    return { resources: containers, names, endpoints: (port) => names.map((name) => new Endpoint(name, port)) };
  }

  /** @internal */
  public _bindJob(job: Job): JobBinding {
    this.require(job);
    const image = this.images.bind(job, job.image);
    const container = this.jobContainer(job, 'Resource', image, {
      timeoutMinutes: Math.ceil(job.timeout.toSeconds() / 60),
      dependencies: () => this.predecessors(job, true, image),
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
    return this.images.bind(scope, image);
  }

  private readonly sources: MountSources = {
    filesVolume: (files) => this.filesVolumes.get(files)!.name,
    secretVolume: (secret) => this.secretVolumes.get(secret),
  };

  private namespaceOf(scope: IConstruct): string {
    return this.namespace ?? kebab(TerraformStack.of(scope).node.id);
  }

  /** The provider's constraint, once a stack: the bindings pin a version that deletes stopped containers at a mere plan (#590). */
  private require(scope: IConstruct): void {
    const stack = TerraformStack.of(scope);
    if (this.required.has(stack)) return;
    this.required.add(stack);
    requireMatch(
      stack,
      'the namespace made of the stack id',
      this.namespaceOf(scope),
      /^[a-z][a-z0-9-]{0,29}$/,
      'made of lower-case letters, digits and dashes, at most 30 (set one with new DockerEngine({ namespace }))',
    );
    stack.addOverride('terraform.required_providers.docker.version', '>= 4.6.0, < 5.0.0');
    // plantimestamp() came with 1.5.
    stack.addOverride('terraform.required_version', '>= 1.5.0');
  }

  private generateSecret(secret: SecretFile): SecretBinding {
    const owned: TerraformResource[] = [];
    let volume = this.names.fixed(secret);
    if (secret.removalPolicy === RemovalPolicy.DESTROY) {
      const resource = new DockerVolume(secret, 'Volume', {
        name: volume,
        provider: this.provider,
        labels: labelBlocks(ownerLabels(secret, this.namespaceOf(secret))),
      });
      volume = resource.name;
      owned.push(resource);
    }
    this.secretVolumes.set(secret, volume);
    const guard = secret.guard;
    const job = this.rootJob(secret, 'Resource', {
      image: secret.image,
      command: generateSecretCommand(secret, volume),
      mounts: () => [
        { type: 'volume', source: volume, target: '/secret', read_only: false },
        ...(guard ? [{ type: 'volume', source: guard.volume.volumeName, target: '/guarded', read_only: true }] : []),
      ],
      after: () => [...owned, ...(guard?.volume._binding.resources ?? [])],
    });
    return { resources: [...owned, job] };
  }

  /** A secret that Terraform knows: a carrier that is never started brings it into a volume that only its consumers mount. */
  private carrySecret(secret: SecretFile): SecretBinding {
    const image = this.images.bind(secret, secret.image);
    const volume = new DockerVolume(secret, 'Volume', {
      name: this.names.fixed(secret),
      provider: this.provider,
      labels: labelBlocks(ownerLabels(secret, this.namespaceOf(secret))),
    });
    this.secretVolumes.set(secret, volume.name);
    const carrier = this.carrier(secret, image, () => ({
      mounts: [{ type: 'volume', source: volume.name, target: '/secret', read_only: false }],
      upload: [{ file: '/secret/value', content: secret.secret._source, permissions: '0444' }],
    }));
    this.secretCarriers.set(secret, carrier);
    return { resources: [volume, carrier] };
  }

  /**
   * A container that is never started and only brings files into a volume: the provider cannot upload into one with a read-only root, which all that run
   * have.
   */
  private carrier(
    scope: Construct,
    image: ImageBinding,
    content: () => ContainerArguments,
    labels: () => Record<string, string> = () => ({}),
  ): EngineContainer {
    return new EngineContainer(scope, 'Resource', {
      name: this.names.generation(scope, 'carrier'),
      imageId: image.imageId,
      provider: this.provider,
      createBeforeDestroy: true,
      labels: () => ({ ...ownerLabels(scope, this.namespaceOf(scope)), ...labels() }),
      dependencies: () => image.resources,
      arguments: () => ({
        command: ['true'],
        start: false,
        must_run: false,
        restart: 'no',
        network_mode: 'none',
        log_driver: 'json-file',
        log_opts: LOG_OPTIONS,
        ...content(),
      }),
    });
  }

  /** A job of the platform's own that hands storage to its owner; it has the one capability that this takes. */
  private rootJob(
    scope: Construct,
    id: string,
    props: { image: ContainerImage; command: string[]; mounts: () => ContainerArguments[]; after: () => TerraformResource[] },
  ): EngineContainer {
    const image = this.images.bind(scope, props.image);
    return this.jobContainer(scope, id, image, {
      timeoutMinutes: 5,
      dependencies: () => [...image.resources, ...props.after()],
      labels: () => ownerLabels(scope, this.namespaceOf(scope)),
      arguments: () => ({
        // The image's own entrypoint must not come between.
        entrypoint: props.command.slice(0, 1),
        command: props.command.slice(1).map(terraformText),
        user: '0:0',
        read_only: true,
        network_mode: 'none',
        capabilities: { drop: ['ALL'], add: ['CAP_CHOWN'] },
        security_opts: ['no-new-privileges:true'],
        init: true,
        log_driver: 'json-file',
        log_opts: LOG_OPTIONS,
        mounts: props.mounts(),
      }),
    });
  }

  private jobContainer(
    scope: Construct,
    id: string,
    image: ImageBinding,
    props: {
      timeoutMinutes: number;
      dependencies: () => TerraformResource[];
      labels: () => Record<string, string>;
      arguments: () => ContainerArguments;
    },
  ): EngineContainer {
    const container = new EngineContainer(scope, id, {
      name: this.names.generation(scope, id === 'Resource' ? '' : kebab(id)),
      imageId: image.imageId,
      provider: this.provider,
      createBeforeDestroy: true,
      labels: props.labels,
      dependencies: props.dependencies,
      provisioners: [reportJob(scope)],
      arguments: () => ({ ...props.arguments(), ...jobArguments() }),
    });
    container.addOverride('timeouts.create', `${props.timeoutMinutes}m`);
    return container;
  }

  private workloadLabels(workload: Workload): Record<string, string> {
    const labels = ownerLabels(workload, this.namespaceOf(workload));
    // Mounts of another volume are reported as changed and left as they are by the provider; a label replaces the container.
    workload.filesMounts.forEach(({ files }, index) => (labels[labelName(`files.${index}`)] = this.sources.filesVolume(files)));
    workload.secrets.forEach((secret, index) => {
      const carrier = this.secretCarriers.get(secret);
      if (carrier) labels[labelName(`secret.${index}`)] = carrier.id;
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
    const single = (other as Partial<Service>).updateStrategy === 'stop-first';
    if (single) {
      reject(
        workload,
        `cannot run after ${other.node.path}, of which only one may run at a time: Terraform would start a second one before it ends the first; wait for it in the program instead`,
      );
    }
  }
}

/** Prints what a job printed, and fails the deploy when it failed, so that the job is run again by the next one. */
function reportJob(scope: IConstruct): LocalExecProvisioner {
  const provisioner: LocalExecProvisioner & { readonly quiet: boolean } = {
    type: 'local-exec',
    // Terraform would print the command itself, too.
    quiet: true,
    command: 'printf "%s\\n" "$LOG"; if [ "$EXIT_CODE" != 0 ]; then echo "$JOB failed with exit code $EXIT_CODE" >&2; exit 1; fi',
    environment: { LOG: '${self.container_logs}', EXIT_CODE: '${self.exit_code}', JOB: terraformText(scope.node.path) },
  };
  return provisioner;
}
