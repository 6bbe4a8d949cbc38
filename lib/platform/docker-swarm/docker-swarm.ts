import { DataDockerNetwork } from '@cdktf/provider-docker/lib/data-docker-network';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { TerraformResource } from 'cdktf';
import { Construct, IConstruct } from 'constructs';
import { Duration } from '../../core/duration';
import { reject, shown } from '../../core/errors';
import { isHostFolder } from '../../core/host-folder';
import { terraformText } from '../../core/text';
import { ContainerImage } from '../../image/container-image';
import { Endpoint } from '../../workload/endpoint';
import type { Files } from '../../workload/files';
import { followersOf } from '../../workload/followers';
import type { Job } from '../../workload/job';
import type { Network } from '../../workload/network';
import type { SecretFile } from '../../workload/secret-file';
import type { Service } from '../../workload/service';
import type { IVolume, Volume } from '../../workload/volume';
import type { Workload } from '../../workload/workload';
import { FilesBinding, ImageBinding, JobBinding, NetworkBinding, SecretBinding, ServiceBinding, VolumeBinding } from '../bindings';
import { contentLabels } from '../content-labels';
import { FormatRecord } from '../format-record';
import { labelName } from '../labels';
import { Platform } from '../platform';
import { checkedRegistry } from '../platform-context';
import { PublishedPorts } from '../published-ports';
import { prepareSharedFolderCommand, prepareVolumeCommand } from '../root-commands';
import { serviceDuration } from '../units';
import { VolumeHome } from './placement';
import { SwarmContext } from './swarm-context';
import { SwarmFiles } from './swarm-files';
import { SwarmJobs } from './swarm-jobs';
import { checkedHostname, SwarmNodes } from './swarm-nodes';
import { SwarmSecrets } from './swarm-secrets';
import { ServiceArguments, SwarmService } from './swarm-service';
import { modeArguments, serverArguments, taskArguments } from './task-arguments';

/** Settings of a `DockerSwarm`. */
export interface DockerSwarmProps {
  /**
   * The first part of every name on the Swarm. Two deployments of one stack live side by side under two namespaces.
   *
   * @default - the stack's id, in lower case with dashes
   */
  readonly namespace?: string;

  /**
   * The provider of a manager of the Swarm, when a stack uses several engines.
   *
   * @default - the stack's DockerProvider without an alias
   */
  readonly provider?: DockerProvider;

  /**
   * Where images that are built are pushed to: a registry and a path that all nodes reach, as in `registry.example.com/shop`. The DockerProvider needs its credentials, as
   * `registryAuth`.
   *
   * @default - none, and an image that would have to be built is an error
   */
  readonly imageRegistry?: string;

  /**
   * Where the images of Docker Hub are taken from instead: a registry and path that has them by their own names, as in
   * `registry.example.com/dockerhub`.
   *
   * @default - Docker Hub
   */
  readonly imageMirror?: string;

  /**
   * The host name of the node with the volumes, as `docker node ls` shows it. What mounts a volume runs there: a database, for one. So does what mounts a folder of the host, and what
   * may run but once, such as a scheduled command: a Swarm starts another one for a node that it does not hear of.
   *
   * @default - none, and a volume that lies on one node, or what may run but once, is an error
   */
  readonly dataNode?: string;

  /**
   * The nodes at which ports are published, in host mode, so that servers see the addresses of their clients. What publishes ports runs once on each of them, with volumes of
   * its own.
   *
   * @default - the dataNode
   */
  readonly edgeNodes?: SwarmNodes;

  /**
   * A folder that is the same on all nodes, such as a mounted NFS, CephFS or GlusterFS. Volumes that a service with several replicas mounts are folders in it: static files and
   * uploads of an app, for example.
   *
   * @default - none, and a volume that several nodes would need is an error
   */
  readonly sharedFolder?: string;

  /**
   * Whether the traffic between nodes is encrypted (IPsec), which costs CPU. The Swarm's own always is. Turning it on or off replaces the services.
   *
   * @default false
   */
  readonly encryptedNetworks?: boolean;

  /**
   * The name of a label of the nodes, such as `zone`, over whose values the replicas of a service are spread.
   *
   * @default - over the nodes alone
   */
  readonly spreadOver?: string;
}

/** What the Swarm says of a task is believed after this time without a failure. */
const MONITOR = Duration.seconds(5);
/** Time for pulling an image, and for the Swarm's own work. */
const LEEWAY = Duration.minutes(3);

/**
 * A Docker Swarm, its engines 26 or newer. Services are updated task by task, new ones first, and go back by themselves when the new ones fail.
 *
 * The docker client has to be on the machine that runs Terraform, which waits for jobs with it.
 *
 * @example
 * Platform.use(this, new DockerSwarm({ dataNode: 'node1', imageRegistry: 'registry.example.com/shop' }));
 */
export class DockerSwarm extends Platform {
  private readonly context: SwarmContext;
  private readonly files: SwarmFiles;
  private readonly secrets: SwarmSecrets;
  private readonly jobs: SwarmJobs;
  private readonly publishedPorts = new PublishedPorts();

  /**
   * @throws when a value is not of the allowed form
   */
  constructor(props: DockerSwarmProps = {}) {
    super();
    const { sharedFolder, spreadOver } = props;
    if (sharedFolder !== undefined && !(isHostFolder(sharedFolder) && /^[A-Za-z0-9_./-]+$/.test(sharedFolder))) {
      throw new Error(
        `DockerSwarm: sharedFolder must be an absolute path of letters, digits, "_", "-", "." and "/", and not "/", got ${shown(sharedFolder)}`,
      );
    }
    if (spreadOver !== undefined && !/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(spreadOver)) {
      throw new Error(`DockerSwarm: spreadOver must be the name of a label, of letters, digits, "_", "." and "-", got ${shown(spreadOver)}`);
    }
    if (props.dataNode !== undefined) checkedHostname('DockerSwarm: dataNode', props.dataNode);
    this.context = new SwarmContext({
      ...props,
      imageMirror: checkedRegistry('DockerSwarm', 'imageMirror', props.imageMirror),
      imageRegistry: checkedRegistry('DockerSwarm', 'imageRegistry', props.imageRegistry),
      spreadOver: spreadOver === undefined ? [] : [`spread=node.labels.${spreadOver}`],
    });
    this.files = new SwarmFiles(this.context);
    this.jobs = new SwarmJobs(this.context);
    this.secrets = new SwarmSecrets(this.context, this.jobs);
  }

  /** @internal */
  public _nameOf(scope: IConstruct): string {
    return this.context.names.fixed(scope);
  }

  /** @internal */
  public _bindNetwork(network: Network): NetworkBinding {
    this.context.prepareStack(network);
    if (network.ipv6Subnet !== undefined) {
      reject(
        network,
        `a network between the nodes of a Swarm has IPv4 alone, got the IPv6 network ${shown(network.ipv6Subnet)}; clients that have only IPv6 come by way of a load balancer in front`,
      );
    }
    const resource = this.context.overlay(network, this.context.names.fixed(network), network.internal);
    return { reference: resource.id, resources: [resource] };
  }

  /** @internal */
  public _findNetwork(scope: Construct, networkName: string): string {
    this.context.prepareStack(scope);
    // By id: a service that names a network is replaced at every plan.
    return new DataDockerNetwork(scope, 'Found', { name: networkName, provider: this.context.provider }).id;
  }

  /** @internal */
  public _bindVolume(volume: Volume): VolumeBinding {
    this.context.prepareStack(volume);
    const name = volume.adoptedName ?? this.context.names.fixed(volume);
    const resources: TerraformResource[] = [];
    if (volume._format) resources.push(new FormatRecord(volume, 'Format', volume._format, []));
    const { owner } = volume;
    if (owner) {
      const image = this.context.images.bind(volume, owner.image);
      const home = () => this.context.placement.homeOf(volume);
      resources.push(
        this.jobs.rootJob(volume, 'Prepare', this.context.names.fixed(volume, 'prepare'), {
          image: image.imageId,
          imageResources: image.resources,
          placed: () => this.context.placement.at(volume, home()),
          command: () => (home() === VolumeHome.SHARED ? prepareSharedFolderCommand(name, owner) : prepareVolumeCommand(owner)),
          mounts: () =>
            home() === VolumeHome.SHARED
              ? [{ type: 'bind', source: this.context.placement.sharedFolder(volume), target: '/shared', read_only: false }]
              : [{ type: 'volume', source: name, target: '/volume', read_only: false }],
        }),
      );
    }
    return { name, resources };
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
    this.checkPorts(service);
    this.publishedPorts.claim(service);
    this.add(service);
    const image = this.context.images.bind(service, service.image);
    const name = this.context.names.fixed(service);
    const resource = new SwarmService(service, 'Resource', {
      name,
      provider: this.context.provider,
      labels: this.context.labels(service),
      dependencies: () => this.predecessors(service, image),
      arguments: () => this.serviceArguments(service, image),
    });
    return { resources: [resource], names: [name], endpoints: (port) => [new Endpoint(name, port)] };
  }

  /** @internal */
  public _bindJob(job: Job): JobBinding {
    this.context.prepareStack(job);
    this.add(job);
    const image = this.context.images.bind(job, job.image);
    const resource = this.jobs.job(job, 'Resource', this.context.names.fixed(job), {
      timeoutSeconds: Math.ceil(job.timeout.toSeconds()),
      placed: () => this.context.placement.of(job),
      labels: () => this.jobLabels(job),
      task: () => this.task(job, image, {}),
      dependencies: () => [...this.predecessors(job, image), ...(job._last ? followersOf(job).flatMap((one) => one._binding.resources) : [])],
    });
    return { resources: [resource] };
  }

  /** @internal */
  public _bindImage(scope: IConstruct, image: ContainerImage): ImageBinding {
    return this.context.images.bind(scope, image);
  }

  private add(workload: Workload): void {
    this.context.placement.add(workload);
    // Nothing can be made any more when its arguments are asked for.
    if (workload.offline) this.context.offlineNetwork(workload);
  }

  private serviceArguments(service: Service, image: ImageBinding): ServiceArguments {
    const rolling = service.updateStrategy === 'start-first';
    const placed = this.context.placement.of(service);
    const task = this.task(service, image, this.context.labels(service));
    const parallelism = Math.ceil(service.replicas / 4);
    const update = {
      parallelism,
      delay: '0s',
      order: service.updateStrategy,
      monitor: serviceDuration(MONITOR),
      // The form in which the provider reads it.
      max_failure_ratio: '0.0',
    };
    return {
      task_spec: {
        ...task,
        container_spec: { ...(task.container_spec as ServiceArguments), ...serverArguments(service) },
        // What is left out of these is a change at every plan.
        restart_policy: { condition: 'any', delay: '1s', max_attempts: 0, window: '0s' },
      },
      mode: modeArguments(placed, service.replicas),
      update_config: { ...update, failure_action: 'rollback' },
      rollback_config: { ...update, failure_action: 'pause' },
      // The name leads to the tasks themselves: the one address of all of them is still led to tasks that are about to end (moby#38841).
      endpoint_spec: { mode: 'dnsrr', ports: ports(service) },
      // The next step of a release rests upon it; the clients of a single server wait for themselves.
      converge_config: rolling && !placed.everywhere ? { delay: '1s', timeout: serviceDuration(patience(service, parallelism)) } : undefined,
    };
  }

  private task(workload: Workload, image: ImageBinding, labels: Record<string, string>): ServiceArguments {
    return taskArguments(workload, {
      image: image.imageId,
      labels,
      placed: this.context.placement.of(workload),
      spreadOver: this.context.spreadOver,
      networks: this.context.networksOf(workload),
      configs: this.files.of(workload),
      secrets: this.secrets.of(workload),
      volume: (volume) => this.volumeSource(volume),
    });
  }

  private volumeSource(volume: IVolume): ServiceArguments {
    const { placement } = this.context;
    if (placement.homeOf(volume) !== VolumeHome.SHARED) return { type: 'volume', source: volume.volumeName };
    const folder = placement.sharedFolder(volume);
    if ((volume as Partial<Volume>).owner === undefined) {
      reject(volume, `lies in the folder that all nodes share, ${folder}, and somebody has to own it there: give the volume an owner`);
    }
    return { type: 'bind', source: `${folder}/${volume.volumeName}` };
  }

  /** What runs a job again: another one of these, and whatever else it is made from. */
  private jobLabels(job: Job): Record<string, string> {
    const labels: Record<string, string> = {};
    for (const [name, value] of Object.entries(job.triggers)) labels[labelName(`trigger.${name}`)] = terraformText(value);
    job.filesMounts.forEach(({ files }, index) => {
      for (const [name, value] of Object.entries(contentLabels(files))) labels[`${name}.of.${index}`] = value;
    });
    job.secrets.forEach((secret, index) => (labels[labelName(`secret.${index}`)] = this.secrets.versionOf(job, secret)));
    return labels;
  }

  private predecessors(workload: Workload, image: ImageBinding): TerraformResource[] {
    return [...image.resources, ...workload._predecessors.flatMap((other) => other._binding.resources)];
  }

  private checkPorts(service: Service): void {
    for (const port of service.publishedPorts) {
      if (port.address === '0.0.0.0') continue;
      reject(
        service,
        `port ${port.hostPort} is published at ${port.address ?? '127.0.0.1'}, and a Swarm opens a port at all addresses of a node: give the address 0.0.0.0, and keep others out with the firewall of the nodes`,
      );
    }
  }
}

function ports(service: Service): ServiceArguments[] {
  return [...service.publishedPorts]
    .sort((one, other) => one.containerPort - other.containerPort)
    .map((port) => ({
      target_port: port.containerPort,
      published_port: port.hostPort,
      protocol: port.protocol ?? 'tcp',
      // Past the Swarm's own load balancer, which would put its address in the place of the client's (moby#25526).
      publish_mode: 'host',
    }));
}

/** How long an update may take, and the way back after it. */
function patience(service: Service, parallelism: number): Duration {
  const start = service.healthCheck?.patience ?? Duration.seconds(10);
  const round = start.plus(MONITOR).plus(service.stopGracePeriod);
  const rounds = Math.ceil(service.replicas / parallelism);
  return Duration.seconds(Math.ceil(round.toSeconds() * rounds * 2 + LEEWAY.toSeconds()));
}
