import { Fn, Op, Token } from 'cdktf';
import { terraformText } from '../../core/text';
import type { Service } from '../../workload/service';
import type { IVolume } from '../../workload/volume';
import type { Workload } from '../../workload/workload';
import { labelBlocks } from '../labels';
import { LOG_DRIVER, LOG_OPTIONS } from '../logs';
import { serviceDuration } from '../units';
import type { Placed } from './placement';
import type { ServiceArguments } from './swarm-service';

/** Where a task finds what the Swarm has for it. */
export interface TaskSources {
  readonly image: string;
  readonly labels: Record<string, string>;
  readonly placed: Placed;
  readonly spreadOver: string[];
  readonly networks: string[];
  readonly configs: ServiceArguments[];
  readonly secrets: ServiceArguments[];
  /** A volume as a mount has it, but for its place in the container. */
  readonly volume: (volume: IVolume) => ServiceArguments;
}

const NANO = 1_000_000_000;

/** What services and jobs have in common, as the `task_spec` of a `docker_service`. */
export function taskArguments(workload: Workload, sources: TaskSources): ServiceArguments {
  const { environment } = workload;
  const names = Object.keys(environment).sort();
  return {
    container_spec: {
      image: sources.image,
      labels: labelBlocks(sources.labels),
      command: workload.entrypoint?.map(terraformText),
      args: workload.command?.map(terraformText),
      env: names.length === 0 ? undefined : Object.fromEntries(names.map((name) => [name, terraformText(environment[name])])),
      dir: workload.workingDirectory && terraformText(workload.workingDirectory),
      user: workload.user,
      groups: secretGroups(workload),
      read_only: workload.readOnlyRoot,
      ...confinement(workload.capabilities),
      mounts: mounts(workload, sources),
      configs: sources.configs,
      secrets: sources.secrets,
    },
    ...scheduling(sources),
    resources: resources(workload),
  };
}

/** What a container may not do, whoever runs in it. */
export function confinement(capabilities: string[]): ServiceArguments {
  return { cap_drop: ['ALL'], cap_add: capabilities.map((name) => `CAP_${name}`).sort(), init: true };
}

/** Where tasks run, what they reach, and where their logs go. */
export function scheduling(sources: Pick<TaskSources, 'placed' | 'spreadOver' | 'networks'>): ServiceArguments {
  const { placed, spreadOver, networks } = sources;
  const prefs = placed.everywhere ? [] : spreadOver;
  return {
    placement: placed.constraints.length + prefs.length === 0 ? undefined : { constraints: placed.constraints, prefs },
    networks_advanced: networks.map((id) => ({ id })),
    log_driver: { name: LOG_DRIVER, options: LOG_OPTIONS },
    runtime: 'container',
  };
}

/** How tasks are spread: one on each of the nodes, or so many. */
export function modeArguments(placed: Placed, replicas: number): ServiceArguments {
  return placed.everywhere ? { global: true } : { replicated: { replicas } };
}

/** What a server has beside, in its container. */
export function serverArguments(service: Service): ServiceArguments {
  const health = service.healthCheck;
  return {
    stop_signal: service.stopSignal,
    stop_grace_period: serviceDuration(service.stopGracePeriod),
    healthcheck: health && {
      test: ['CMD', ...health.test.map(terraformText)],
      interval: serviceDuration(health.interval),
      timeout: serviceDuration(health.timeout),
      start_period: serviceDuration(health.startPeriod),
      retries: health.retries,
    },
  };
}

function resources(workload: Workload): ServiceArguments | undefined {
  const memory = workload.memory && { memory_bytes: workload.memory.toBytes() };
  const cpus = workload.cpus === undefined ? {} : { nano_cpus: nanoCpus(workload.cpus) };
  if (!memory && workload.cpus === undefined) return undefined;
  // A node takes no more servers than it has memory for; what ends soon finds room beside them.
  const reserves = memory && 'replicas' in workload;
  return { limits: { ...memory, ...cpus }, ...(reserves ? { reservation: memory } : {}) };
}

function nanoCpus(cpus: number): number {
  // Arithmetic on a token is lost without a word.
  return Token.isUnresolved(cpus) ? Fn.ceil(Token.asNumber(Op.mul(cpus, NANO))) : Math.round(cpus * NANO);
}

function mounts(workload: Workload, sources: TaskSources): ServiceArguments[] {
  const volumes = workload.volumeMounts.map(({ volume, path, readOnly }) => ({ ...sources.volume(volume), target: path, read_only: readOnly }));
  const hostFolders = workload.hostFolderMounts.map((mount) => ({
    type: 'bind',
    source: terraformText(mount.hostPath),
    target: mount.path,
    read_only: mount.readOnly,
  }));
  const memory = Object.entries(workload.tmpfs).map(([path, size]) => tmpfs(path, size.toBytes()));
  // A Swarm has no size for /dev/shm.
  const shared = workload.sharedMemory ? [tmpfs('/dev/shm', workload.sharedMemory.toBytes())] : [];
  return [...volumes, ...hostFolders, ...memory, ...shared].sort((one, other) => (one.target < other.target ? -1 : 1));
}

/** Without a mode it has the kernel's, 1777, which the provider would read back as 0777. */
function tmpfs(target: string, bytes: number): ServiceArguments & { readonly target: string } {
  return { type: 'tmpfs', target, read_only: false, tmpfs_options: { size_bytes: bytes } };
}

function secretGroups(workload: Workload): string[] | undefined {
  const groups = workload.secrets.map((secret) => String(secret.group));
  return groups.length > 0 ? [...new Set(groups)].sort() : undefined;
}
