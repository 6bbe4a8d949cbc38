import { Construct, IConstruct } from 'constructs';
import { ContainerImage } from '../image/container-image';
import type { Files } from '../workload/files';
import type { Job } from '../workload/job';
import type { Network } from '../workload/network';
import type { SecretFile } from '../workload/secret-file';
import type { Service } from '../workload/service';
import type { Volume } from '../workload/volume';
import { reject } from '../core/errors';
import { FilesBinding, ImageBinding, JobBinding, NetworkBinding, SecretBinding, ServiceBinding, VolumeBinding } from './bindings';

const REGISTERED = Symbol.for('cdktf-django.Platform');
const USED = Symbol.for('cdktf-django.Platform.used');

interface Marked {
  [REGISTERED]?: Platform;
  [USED]?: IConstruct;
}

/**
 * What runs the containers. A construct finds its platform by walking up the tree; without one in the tree it is a
 * `DockerEngine`.
 *
 * @example
 * Platform.use(this, new DockerEngine({ namespace: 'shop-staging' }));
 */
export abstract class Platform {
  /**
   * Sets the platform for everything below a construct.
   *
   * @param scope a stack, an app, or any construct above the workloads
   * @throws when a platform was set here before, or a workload below is already built
   */
  public static use(scope: IConstruct, platform: Platform): void {
    const marked = scope as unknown as Marked;
    if (marked[REGISTERED]) reject(scope, 'a platform is set here already; set it once, before the first construct that runs on it');
    if (marked[USED]) {
      reject(
        scope,
        `a platform must be set before the first construct that runs on it, but ${marked[USED].node.path} is already built; move Platform.use() to the top of the stack`,
      );
    }
    marked[REGISTERED] = platform;
  }

  /**
   * The platform that was set at a construct or above it, marking the way up as used, so that a later `use` is an error.
   *
   * @internal
   */
  public static _find(scope: IConstruct): Platform | undefined {
    let found: Platform | undefined;
    for (const ancestor of [...scope.node.scopes].reverse()) {
      const marked = ancestor as unknown as Marked;
      found = found ?? marked[REGISTERED];
      marked[USED] = marked[USED] ?? scope;
    }
    return found;
  }

  /**
   * Sets the platform of a stack that has not chosen one, when its first workload asks.
   *
   * @internal
   */
  public static _adopt(scope: IConstruct, platform: Platform): void {
    (scope as unknown as Marked)[REGISTERED] = platform;
  }

  /**
   * A name for a construct that nothing else on the platform has, in lower-case letters, digits and dashes.
   *
   * @internal
   */
  public abstract _nameOf(scope: IConstruct): string;
  /** @internal */
  public abstract _bindNetwork(network: Network): NetworkBinding;
  /**
   * What a member names to join a network that exists.
   *
   * @internal
   */
  public abstract _findNetwork(scope: Construct, networkName: string): string;
  /** @internal */
  public abstract _bindVolume(volume: Volume): VolumeBinding;
  /** @internal */
  public abstract _bindFiles(files: Files): FilesBinding;
  /** @internal */
  public abstract _bindSecret(secret: SecretFile): SecretBinding;
  /** @internal */
  public abstract _bindService(service: Service): ServiceBinding;
  /** @internal */
  public abstract _bindJob(job: Job): JobBinding;
  /** @internal */
  public abstract _bindImage(scope: IConstruct, image: ContainerImage): ImageBinding;
}
