import { Token } from 'cdktf';
import { Construct } from 'constructs';
import { reject, requireInteger, requireMatch, shown } from '../core/errors';
import { isHostFolder } from '../core/host-folder';
import { refuseSecretArguments, secretInNamed } from '../core/secret-looking';
import { Size } from '../core/size';
import { ContainerImage } from '../image/container-image';
import type { Bound } from '../platform/bindings';
import { Files } from './files';
import { INetwork } from './network';
import { SecretFile } from './secret-file';
import { IVolume } from './volume';

/** Settings that everything that runs has in common. */
export interface WorkloadOptions {
  /**
   * The program and its arguments; no shell reads them.
   *
   * @default - the image's own
   */
  readonly command?: string[];

  /**
   * The program that is given the command as its arguments.
   *
   * @default - the image's own
   */
  readonly entrypoint?: string[];

  /**
   * Environment variables. Not for secrets: whoever may use the engine can read them. What looks like one is refused.
   *
   * @default - none beside the image's own
   */
  readonly environment?: { readonly [name: string]: string };

  /**
   * Environment variables that look like secrets and are none.
   *
   * @default - none
   */
  readonly publicEnvironment?: { readonly [name: string]: string };

  /**
   * The folder in which the program starts.
   *
   * @default - the image's own
   */
  readonly workingDirectory?: string;

  /**
   * Numeric user and group id, as `10001:10001`.
   *
   * @default - the image's own
   */
  readonly user?: string;

  /**
   * The memory that the container may use; beyond it, processes in it are killed. There is no swap.
   *
   * @default - no limit
   */
  readonly memory?: Size;

  /**
   * The number of CPUs that the container may use, possibly a fraction.
   *
   * @default - no limit
   */
  readonly cpus?: number;

  /**
   * The size of `/dev/shm`.
   *
   * @default - the engine's own: 64 MiB
   */
  readonly sharedMemory?: Size;

  /**
   * Whether programs can write only to volumes and to the `tmpfs`.
   *
   * @default true
   */
  readonly readOnlyRoot?: boolean;

  /**
   * Folders in memory that can be written to, with their sizes. They count as memory of the container.
   *
   * @default - /tmp with 64 MiB
   */
  readonly tmpfs?: { readonly [path: string]: Size };

  /**
   * Linux capabilities that the container has, as in `NET_BIND_SERVICE`.
   *
   * @default - none
   */
  readonly capabilities?: string[];

  /**
   * Whether the workload has no network at all, for what works on volumes alone.
   *
   * @default false - without `joinNetwork` it has one of the platform's own, with a way out
   */
  readonly offline?: boolean;
}

/** Settings of a `Workload`. */
export interface WorkloadProps extends WorkloadOptions {
  /** The image that is run. */
  readonly image: ContainerImage;
}

/** A volume as a workload sees it. */
export interface VolumeMount {
  /** The volume. */
  readonly volume: IVolume;
  /** The absolute path at which it appears. */
  readonly path: string;
  /** Whether the workload can only read it. */
  readonly readOnly: boolean;
}

/** A folder of the host as a workload sees it. */
export interface HostFolderMount {
  /** The absolute path on the host. */
  readonly hostPath: string;
  /** The absolute path at which it appears. */
  readonly path: string;
  /** Whether the workload can only read it. */
  readonly readOnly: boolean;
}

/** A folder of files as a workload sees it. */
export interface FilesMount {
  /** The files. */
  readonly files: Files;
  /** The absolute path at which they appear. */
  readonly path: string;
}

/** Something that runs: what `Service` and `Job` have in common. */
export abstract class Workload extends Construct {
  /** The image that is run. */
  public readonly image: ContainerImage;
  /** The program and its arguments. */
  public readonly command?: string[];
  /** The program that is given the command. */
  public readonly entrypoint?: string[];
  /** The folder in which the program starts. */
  public readonly workingDirectory?: string;
  /** Numeric user and group id. */
  public readonly user?: string;
  /** The memory that the container may use. */
  public readonly memory?: Size;
  /** The number of CPUs that the container may use. */
  public readonly cpus?: number;
  /** The size of `/dev/shm`. */
  public readonly sharedMemory?: Size;
  /** Whether programs can write only to volumes and to the tmpfs. */
  public readonly readOnlyRoot: boolean;
  /** Folders in memory. */
  public readonly tmpfs: { readonly [path: string]: Size };
  /** Linux capabilities that the container has. */
  public readonly capabilities: string[];
  /** Whether the workload has no network at all. */
  public readonly offline: boolean;

  private readonly variables = new Map<string, string>();
  private readonly joined: INetwork[] = [];
  private readonly mountedVolumes: VolumeMount[] = [];
  private readonly mountedFiles: FilesMount[] = [];
  private readonly mountedSecrets: SecretFile[] = [];
  private readonly mountedHostFolders: HostFolderMount[] = [];

  /**
   * @throws when a value is out of range or not of the allowed form
   */
  constructor(scope: Construct, id: string, props: WorkloadProps) {
    super(scope, id);
    this.image = props.image;
    this.command = props.command && props.command.length > 0 ? [...props.command] : undefined;
    this.entrypoint = props.entrypoint && [...props.entrypoint];
    this.workingDirectory = props.workingDirectory;
    this.user = props.user;
    this.memory = props.memory;
    this.cpus = props.cpus;
    this.sharedMemory = props.sharedMemory;
    this.readOnlyRoot = props.readOnlyRoot ?? true;
    this.tmpfs = props.tmpfs ?? { '/tmp': Size.mebibytes(64) };
    this.capabilities = [...(props.capabilities ?? [])];
    this.offline = props.offline ?? false;
    this.validateOptions();
    for (const [name, value] of Object.entries(props.environment ?? {})) this.addEnvironment(name, value);
    for (const [name, value] of Object.entries(props.publicEnvironment ?? {})) this.addPublicEnvironment(name, value);
  }

  /** The environment variables, by name. */
  public get environment(): { readonly [name: string]: string } {
    return Object.fromEntries(this.variables);
  }

  /** The networks that the workload is in. */
  public get networks(): INetwork[] {
    return [...this.joined];
  }

  /** The volumes that the workload mounts. */
  public get volumeMounts(): VolumeMount[] {
    return [...this.mountedVolumes];
  }

  /** The folders of files that the workload mounts. */
  public get filesMounts(): FilesMount[] {
    return [...this.mountedFiles];
  }

  /** The folders of the host that the workload mounts. */
  public get hostFolderMounts(): HostFolderMount[] {
    return [...this.mountedHostFolders];
  }

  /** The secrets that the workload can read. */
  public get secrets(): SecretFile[] {
    return [...this.mountedSecrets];
  }

  /**
   * Sets an environment variable.
   *
   * @param name letters, digits and `_`
   * @param value may be a token or a `Lazy`
   * @throws when the name is not of that form or is set already, or name or value are those of a secret
   */
  public addEnvironment(name: string, value: string): void {
    const reason = typeof value === 'string' ? secretInNamed(this, name, value) : undefined;
    if (reason !== undefined) {
      reject(
        this,
        `environment variable ${name} ${reason}, and everybody who may use the engine or read Terraform's state would see it; make a SecretFile of Secret.generated(), Secret.fromFile() or Secret.fromVariable(), mount it with addSecret(), and let the program read its path. If it is no secret, give it in publicEnvironment, or by addPublicEnvironment()`,
      );
    }
    this.addPublicEnvironment(name, value);
  }

  /**
   * Sets an environment variable that looks like a secret and is none.
   *
   * @param name letters, digits and `_`
   * @param value may be a token or a `Lazy`
   * @throws when the name is not of that form or is set already
   */
  public addPublicEnvironment(name: string, value: string): void {
    requireMatch(this, 'the name of an environment variable', name, /^[A-Za-z_][A-Za-z0-9_]*$/, 'made of letters, digits and "_"');
    if (typeof value !== 'string') reject(this, `environment variable ${name} must be a string, got ${shown(value)}`);
    if (!Token.isUnresolved(value) && value.includes('\0')) reject(this, `environment variable ${name} must not contain a NUL character`);
    if (this.variables.has(name)) reject(this, `environment variable ${name} is set already; set it in one place`);
    this.variables.set(name, value);
  }

  /**
   * Puts the workload into a network, once.
   *
   * @throws when the workload is offline
   */
  public joinNetwork(network: INetwork): void {
    if (this.offline) reject(this, `an offline workload cannot join the network ${network.node.path}; leave out offline`);
    if (!this.joined.includes(network)) {
      this.joined.push(network);
      if (hasBinding(network)) this.runAfter(network);
    }
  }

  /**
   * Mounts a volume for reading and writing.
   *
   * @param path absolute path inside the container
   * @throws when the path is not absolute or is taken
   */
  public addVolume(volume: IVolume, path: string): void {
    this.mountVolume({ volume, path, readOnly: false });
  }

  /**
   * Mounts a volume for reading only.
   *
   * @param path absolute path inside the container
   * @throws when the path is not absolute or is taken
   */
  public addReadOnlyVolume(volume: IVolume, path: string): void {
    this.mountVolume({ volume, path, readOnly: true });
  }

  /**
   * Mounts a folder of files.
   *
   * @param path absolute path inside the container
   * @throws when the path is not absolute or is taken
   */
  public addFiles(files: Files, path: string): void {
    this.checkMountPath(path);
    this.mountedFiles.push({ files, path });
    this.runAfter(files);
  }

  /**
   * Mounts a folder of the engine's host, for reading only. It has to be there.
   *
   * @param hostPath absolute path on the host; may be a token
   * @param path absolute path inside the container
   * @throws when a path is not absolute, or something is mounted there
   */
  public addReadOnlyHostFolder(hostPath: string, path: string): void {
    this.mountHostFolder({ hostPath, path, readOnly: true });
  }

  /**
   * Mounts a folder of the engine's host for reading and writing. It has to be there, and to belong to the workload's user.
   *
   * @param hostPath absolute path on the host; may be a token
   * @param path absolute path inside the container
   * @throws when a path is not absolute, or something is mounted there
   */
  public addHostFolder(hostPath: string, path: string): void {
    this.mountHostFolder({ hostPath, path, readOnly: false });
  }

  /**
   * Lets the workload read a secret, at the secret's `path`.
   *
   * @throws when another secret of that name is mounted
   */
  public addSecret(secret: SecretFile): void {
    if (this.mountedSecrets.includes(secret)) return;
    if (this.mountedSecrets.some((other) => other.secretName === secret.secretName)) {
      reject(this, `a secret named ${shown(secret.secretName)} is mounted already; give ${secret.node.path} another secretName`);
    }
    this.mountedSecrets.push(secret);
    this.runAfter(secret);
  }

  /**
   * Starts the workload only when others are complete: a job has ended well, a service is healthy. Constructs' own `node.addDependency` does
   * nothing in cdktf (terraform-cdk#785), hence this method.
   *
   * @param others workloads, volumes, secrets, files or networks
   * @throws when the platform cannot keep that order
   */
  public runAfter(...others: Construct[]): void {
    for (const other of others) {
      if (!hasBinding(other)) reject(this, `cannot run after ${other.node.path}: it is no workload, volume, secret, network or folder of files`);
      this._predecessors.push(other as unknown as Bound);
    }
  }

  /**
   * What has to be complete first, in the order in which it was asked for.
   *
   * @internal
   */
  public readonly _predecessors: Bound[] = [];

  private mountVolume(mount: VolumeMount): void {
    this.checkMountPath(mount.path);
    this.mountedVolumes.push(mount);
    this.runAfter(mount.volume as unknown as Construct);
  }

  private mountHostFolder(mount: HostFolderMount): void {
    const { hostPath } = mount;
    if (!Token.isUnresolved(hostPath) && !isHostFolder(hostPath))
      reject(this, `a folder of the host must be an absolute path, and not "/", got ${shown(hostPath)}`);
    this.checkMountPath(mount.path);
    this.mountedHostFolders.push(mount);
  }

  private checkMountPath(path: string): void {
    requireMatch(this, 'a mount path', path, /^(\/[A-Za-z0-9_.-]+)+$/, 'absolute and made of letters, digits, "_", "-", "." and "/"');
    const taken =
      [...this.mountedVolumes, ...this.mountedFiles, ...this.mountedHostFolders].some((mount) => mount.path === path) || path in this.tmpfs;
    if (taken) reject(this, `something is mounted at ${path} already; choose another path`);
  }

  private validateOptions(): void {
    if (this.entrypoint && this.entrypoint.length === 0)
      reject(this, "entrypoint must name a program, got an empty list; leave it out for the image's own");
    for (const argument of [...(this.command ?? []), ...(this.entrypoint ?? [])]) {
      if (typeof argument !== 'string' || argument === '')
        reject(this, `an argument of command or entrypoint must be a string that is not empty, got ${shown(argument)}`);
    }
    refuseSecretArguments(this, 'command', this.command ?? []);
    refuseSecretArguments(this, 'entrypoint', this.entrypoint ?? []);
    if (this.user !== undefined) requireMatch(this, 'user', this.user, /^\d+:\d+$/, 'a numeric user and group id such as "10001:10001"');
    if (this.memory && this.memory.toMebibytes() < 6)
      reject(this, `memory must be 6 MiB or more, the least that the engine accepts, got ${this.memory}`);
    if (this.cpus !== undefined && !Token.isUnresolved(this.cpus) && !(this.cpus >= 0.01 && this.cpus <= 1024)) {
      reject(this, `cpus must be from 0.01 to 1024, got ${shown(this.cpus)}`);
    }
    for (const capability of this.capabilities) {
      requireMatch(this, 'a capability', capability, /^[A-Z][A-Z_]+$/, 'upper-case and without the prefix CAP_, such as NET_BIND_SERVICE');
    }
    for (const path of Object.keys(this.tmpfs)) requireMatch(this, 'a tmpfs path', path, /^(\/[A-Za-z0-9_.-]+)+$/, 'absolute');
    if (this.memory) requireInteger(this, 'memory in bytes', this.memory.toBytes(), { min: 0, max: Number.MAX_SAFE_INTEGER });
  }
}

function hasBinding(construct: unknown): construct is Bound {
  return typeof construct === 'object' && construct !== null && '_binding' in construct;
}
