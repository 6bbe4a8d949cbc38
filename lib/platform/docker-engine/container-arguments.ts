import { reject } from '../../core/errors';
import { terraformText } from '../../core/text';
import type { Files } from '../../workload/files';
import { SecretKind } from '../../workload/secret';
import { SecretFile } from '../../workload/secret-file';
import { Service } from '../../workload/service';
import { Workload } from '../../workload/workload';
import { LOG_DRIVER, LOG_OPTIONS } from '../logs';
import { ContainerArguments } from './engine-container';
import { CPU_PERIOD, cpuQuota, goDuration } from '../units';

/** Where a mount finds what the engine made for files and secrets. */
export interface MountSources {
  readonly filesVolume: (files: Files) => string;
  readonly secretVolume: (secret: SecretFile) => string | undefined;
}

/** What services and jobs have in common, as arguments of `docker_container`. */
export function commonArguments(workload: Workload, sources: MountSources): ContainerArguments {
  const environment = workload.environment;
  const megabytes = workload.memory && Math.ceil(workload.memory.toMebibytes());
  return {
    env: Object.keys(environment)
      .sort()
      .map((name) => `${name}=${terraformText(environment[name])}`),
    command: workload.command?.map(terraformText),
    entrypoint: workload.entrypoint?.map(terraformText),
    working_dir: workload.workingDirectory && terraformText(workload.workingDirectory),
    user: workload.user,
    group_add: secretGroups(workload),
    // Without a memory_swap of the same size the engine allows as much swap again, and the provider sees a change at every plan.
    memory: megabytes,
    memory_swap: megabytes,
    ...(workload.cpus === undefined ? {} : { cpu_period: CPU_PERIOD, cpu_quota: cpuQuota(workload.cpus) }),
    shm_size: workload.sharedMemory && Math.ceil(workload.sharedMemory.toMebibytes()),
    read_only: workload.readOnlyRoot,
    tmpfs: Object.fromEntries(
      Object.entries(workload.tmpfs).map(([path, size]) => [path, `rw,nosuid,nodev,noexec,mode=1777,size=${size.toBytes()}`]),
    ),
    capabilities: { drop: ['ALL'], add: workload.capabilities.map((name) => `CAP_${name}`).sort() },
    security_opts: ['no-new-privileges:true'],
    init: true,
    mounts: mounts(workload, sources),
    networks_advanced: workload.networks.map((network) => ({ name: network.networkReference })),
    // The engine's default is stored under different names by different versions (#603), so it is spelled out.
    network_mode: workload.offline ? 'none' : 'bridge',
    // A daemon's own log options are a change at every plan where none are given (#473).
    log_driver: LOG_DRIVER,
    log_opts: LOG_OPTIONS,
  };
}

/** What a long-running server has beside. */
export function serviceArguments(service: Service): ContainerArguments {
  const health = service.healthCheck;
  const grace = Math.ceil(service.stopGracePeriod.toSeconds());
  return {
    restart: 'unless-stopped',
    must_run: true,
    stop_signal: service.stopSignal,
    stop_timeout: grace,
    // Terraform kills at once without it; stop_timeout is the engine's, not the provider's.
    destroy_grace_seconds: grace,
    healthcheck: health && {
      test: ['CMD', ...health.test.map(terraformText)],
      interval: goDuration(health.interval),
      timeout: goDuration(health.timeout),
      start_period: goDuration(health.startPeriod),
      retries: health.retries,
    },
    ports: [...service.publishedPorts]
      .sort((one, other) => one.containerPort - other.containerPort)
      .map((port) => ({
        internal: port.containerPort,
        external: port.hostPort,
        ip: port.address ?? '127.0.0.1',
        protocol: port.protocol ?? 'tcp',
      })),
  };
}

/** What a job has beside: the provider waits for its end and keeps its log. */
export function jobArguments(): ContainerArguments {
  return {
    restart: 'no',
    attach: true,
    must_run: false,
    logs: true,
    // Without a terminal the provider reads the log with the engine's binary frame headers in it (#92).
    tty: true,
  };
}

function mounts(workload: Workload, sources: MountSources): ContainerArguments[] {
  const volumes = workload.volumeMounts.map(({ volume, path, readOnly }) => ({
    type: 'volume',
    source: volume.volumeName,
    target: path,
    read_only: readOnly,
  }));
  const files = workload.filesMounts.map((mount) => ({
    type: 'volume',
    source: sources.filesVolume(mount.files),
    target: mount.path,
    read_only: true,
  }));
  const secrets = workload.secrets.map((secret) => secretMount(workload, secret, sources));
  const hostFolders = workload.hostFolderMounts.map((mount) => ({
    type: 'bind',
    source: terraformText(mount.hostPath),
    target: mount.path,
    read_only: mount.readOnly,
  }));
  const all = [...volumes, ...files, ...secrets, ...hostFolders].sort((one, other) => (one.target < other.target ? -1 : 1));
  return all;
}

function secretMount(workload: Workload, secret: SecretFile, sources: MountSources) {
  if (secret.secret._kind === SecretKind.FILE) {
    return { type: 'bind', source: terraformText(secret.secret._source), target: secret.path, read_only: true };
  }
  const volume = sources.secretVolume(secret);
  if (volume === undefined)
    return reject(workload, `secret ${secret.node.path} is on another platform than its consumer; declare both under the same one`);
  return { type: 'volume', source: volume, target: secret.path.replace(/\/value$/, ''), read_only: true };
}

function secretGroups(workload: Workload): string[] | undefined {
  const groups = workload.secrets.filter((secret) => secret.secret._kind !== SecretKind.FILE).map((secret) => String(secret.group));
  return groups.length > 0 ? [...new Set(groups)].sort() : undefined;
}
