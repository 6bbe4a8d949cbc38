import { TerraformResource, Token } from 'cdktf';
import { Construct } from 'constructs';
import { Duration } from '../core/duration';
import { reject, requireInteger, requireMatch, shown } from '../core/errors';
import { refuseSecretArguments } from '../core/secret-looking';
import { ServiceBinding } from '../platform/bindings';
import { platformOf } from '../platform/platform-of';
import { Endpoint } from './endpoint';
import { HealthCheck } from './health-check';
import { Workload, WorkloadProps } from './workload';

const HOST_ADDRESS = /^(\d{1,3}\.){3}\d{1,3}$|^[0-9a-f:]*:[0-9a-f:]*$/;

/** How the servers of one version make place for those of the next. */
export enum UpdateStrategy {
  /** The new ones start beside the old ones; the old ones go when the new ones are healthy. */
  START_FIRST = 'start-first',
  /** The old one ends before the new one starts: for what must never run twice. */
  STOP_FIRST = 'stop-first',
}

/** A port that the outside world reaches. */
export interface PublishedPort {
  /** The port inside the container. */
  readonly containerPort: number;
  /** The port on the host. */
  readonly hostPort: number;
  /**
   * The address of the host at which the port is open, of IPv4 or IPv6.
   *
   * @default '127.0.0.1'
   */
  readonly address?: string;
  /**
   * `tcp` or `udp`.
   *
   * @default 'tcp'
   */
  readonly protocol?: string;
}

/** Settings of a `Service` that constructs built upon it pass through. */
export interface ServiceProps extends WorkloadProps {
  /**
   * The number of servers.
   *
   * @default 1
   */
  readonly replicas?: number;

  /**
   * How a new version replaces the old one.
   *
   * @default UpdateStrategy.START_FIRST, or STOP_FIRST for a service that publishes ports
   */
  readonly updateStrategy?: UpdateStrategy;

  /**
   * How to ask a server for its health.
   *
   * @default - the image's own
   */
  readonly healthCheck?: HealthCheck;

  /**
   * Ports of the host at which the service is reached. Others in a network of the service reach all of its ports without.
   *
   * @default - none
   */
  readonly publishedPorts?: PublishedPort[];

  /**
   * The signal that asks a server to end.
   *
   * @default - the image's own, or SIGTERM
   */
  readonly stopSignal?: string;

  /**
   * The time that a server has to end before it is killed.
   *
   * @default Duration.seconds(30)
   */
  readonly stopGracePeriod?: Duration;
}

/**
 * A long-running server, in one or several copies, that is restarted when it ends and replaced without a gap.
 *
 * It is for everything that this library has no construct for.
 *
 * @example
 * new Service(this, 'Redis', {
 *   image: ContainerImage.fromRegistry('redis:8.2.1-bookworm'),
 *   user: '10090:10090',
 *   healthCheck: HealthCheck.command(['redis-cli', 'ping']),
 * });
 */
export class Service extends Workload {
  /** The number of servers. */
  public readonly replicas: number;
  /** How a new version replaces the old one. */
  public readonly updateStrategy: UpdateStrategy;
  /** How a server is asked for its health. */
  public readonly healthCheck?: HealthCheck;
  /** The ports of the host. */
  public readonly publishedPorts: PublishedPort[];
  /** The signal that asks a server to end. */
  public readonly stopSignal?: string;
  /** The time that a server has to end. */
  public readonly stopGracePeriod: Duration;

  /** @internal */
  public readonly _binding: ServiceBinding;

  /**
   * @throws when a number is out of range, a port is published twice, or several copies shall share what only one can have
   */
  constructor(scope: Construct, id: string, props: ServiceProps) {
    super(scope, id, props);
    this.replicas = props.replicas ?? 1;
    this.publishedPorts = [...(props.publishedPorts ?? [])];
    this.updateStrategy = props.updateStrategy ?? (this.publishedPorts.length > 0 ? UpdateStrategy.STOP_FIRST : UpdateStrategy.START_FIRST);
    this.healthCheck = props.healthCheck;
    this.stopSignal = props.stopSignal;
    this.stopGracePeriod = props.stopGracePeriod ?? Duration.seconds(30);
    this.validate();
    this._binding = platformOf(this)._bindService(this);
  }

  /**
   * Where the servers listen. Whoever shares a network with the service reaches them there.
   *
   * @param port the port that the servers listen on
   */
  public endpoints(port: number): Endpoint[] {
    requireInteger(this, 'port', port, { min: 1, max: 65535 });
    return this._binding.endpoints(port);
  }

  /** The resources that Terraform manages for the service, for what this library has no prop for (`addOverride`). */
  public get resources(): TerraformResource[] {
    return [...this._binding.resources];
  }

  /** The names of the service's containers (or of the service, on a Swarm), for `docker logs`. */
  public get containerNames(): string[] {
    return [...this._binding.names];
  }

  private validate(): void {
    refuseSecretArguments(this, 'healthCheck', this.healthCheck?.test ?? []);
    if (Token.isUnresolved(this.replicas)) reject(this, 'replicas must be known at synth, got a token: each server is a resource of its own');
    requireInteger(this, 'replicas', this.replicas, { min: 1, max: 1000 });
    if (this.replicas > 1 && this.updateStrategy === UpdateStrategy.STOP_FIRST) {
      reject(
        this,
        `replicas must be 1 with a published port or UpdateStrategy.STOP_FIRST, got ${this.replicas}; several servers go behind an NginxProxy`,
      );
    }
    if (this.updateStrategy === UpdateStrategy.START_FIRST && this.publishedPorts.length > 0) {
      reject(this, 'updateStrategy must be STOP_FIRST for a service that publishes ports, since two servers cannot have one port');
    }
    if (this.stopSignal !== undefined) requireMatch(this, 'stopSignal', this.stopSignal, /^SIG[A-Z0-9+]+$/, 'the name of a signal such as "SIGTERM"');
    const seen = new Set<string>();
    for (const port of this.publishedPorts) {
      requireInteger(this, 'containerPort', port.containerPort, { min: 1, max: 65535 });
      requireInteger(this, 'hostPort', port.hostPort, { min: 1, max: 65535 });
      requireMatch(this, 'address', port.address ?? '127.0.0.1', HOST_ADDRESS, 'an address of the host, such as 127.0.0.1, 0.0.0.0 or ::');
      requireMatch(this, 'protocol', port.protocol ?? 'tcp', /^(tcp|udp)$/, 'tcp or udp');
      const protocol = port.protocol ?? 'tcp';
      const family = port.address?.includes(':') ? ' of IPv6' : '';
      for (const key of [`host port ${port.hostPort}/${protocol}${family}`, `container port ${port.containerPort}/${protocol}`]) {
        // One container port at two host ports is replaced at every plan by the provider.
        if (seen.has(key)) reject(this, `${key} is published twice, got ${shown(port.hostPort)}; publish it once`);
        seen.add(key);
      }
    }
  }
}
