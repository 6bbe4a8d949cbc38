import { labelName } from '../platform/labels';
import type { TaskPlace } from './swarm-tasks';
import { systemPath } from './system-path';

/** What `docker inspect` says about a container, as far as somebody here asks. */
export interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly Created: string;
  readonly Image: string;
  readonly RestartCount: number;
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly StartedAt: string;
    readonly FinishedAt: string;
    readonly Health?: { readonly Status: string; readonly FailingStreak: number };
  };
  readonly Config: {
    readonly User: string;
    readonly Env: readonly string[] | null;
    readonly Entrypoint: readonly string[] | null;
    readonly Healthcheck?: { readonly Test?: readonly string[] | null };
    readonly Labels: Readonly<Record<string, string>>;
    readonly WorkingDir: string;
  };
  readonly HostConfig: HostConfig;
  readonly Mounts: readonly { readonly Type: string; readonly Name?: string; readonly Destination: string; readonly RW: boolean }[];
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, object>> | null };
}

/** What a container is made with, as far as it can be said to `docker create`. */
export interface HostConfig {
  readonly RestartPolicy: { readonly Name: string };
  readonly NetworkMode: string;
  readonly ReadonlyRootfs: boolean;
  readonly Init: boolean | null;
  readonly CapAdd: readonly string[] | null;
  readonly CapDrop: readonly string[] | null;
  readonly GroupAdd: readonly string[] | null;
  readonly SecurityOpt: readonly string[] | null;
  readonly Tmpfs: Readonly<Record<string, string>> | null;
  readonly Memory: number;
  readonly MemorySwap: number;
  readonly CpuPeriod: number;
  readonly CpuQuota: number;
  readonly ShmSize: number;
  readonly PidsLimit: number | null;
  readonly Ulimits: readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[] | null;
  readonly Dns: readonly string[] | null;
  readonly ExtraHosts: readonly string[] | null;
  readonly LogConfig: { readonly Type: string; readonly Config: Readonly<Record<string, string>> | null };
  readonly Mounts?: readonly { readonly Type: string; readonly Source: string; readonly Target: string; readonly ReadOnly?: boolean }[] | null;
}

/** A container of a stack. */
export interface Container {
  readonly id: string;
  readonly name: string;
  /** The path of its system below the stack: of a server without its own id, `Shop/App` and not `Shop/App/Server`. */
  readonly system: string;
  /** Whether it runs for as long as the stack is deployed; else it is a job, a carrier of files, or made by `run`. */
  readonly server: boolean;
  readonly created: string;
  readonly running: boolean;
  /** Running, and not known to be ill. */
  readonly healthy: boolean;
  readonly inspected: Inspected;
  /** Of a Swarm: which task it is of. */
  readonly task?: TaskPlace;
}

/** The label of what `run` makes. */
export const ONE_OFF = labelName('one-off');

/** The label that a Swarm gives the containers of its tasks. */
export const SWARM_TASK = 'com.docker.swarm.task.id';

export function containerOf(one: Inspected): Container {
  const path = one.Config.Labels[labelName('path')].split('/').slice(1).join('/');
  const labels = one.Config.Labels;
  // A Swarm starts its tasks again itself, so their containers say nothing of it; those of its jobs have a label by which an edit gets to them.
  const server =
    labels[SWARM_TASK] === undefined ? !/^(no|)$/.test(one.HostConfig.RestartPolicy.Name) : labels[labelName('fingerprint')] === undefined;
  return {
    id: one.Id,
    name: one.Name.replace(/^\//, ''),
    system: server ? systemPath(path) : path,
    server,
    created: one.Created,
    running: one.State.Running,
    healthy: one.State.Running && !['unhealthy', 'starting'].includes(one.State.Health?.Status ?? ''),
    inspected: one,
  };
}

/** Whether it has run, or runs: a carrier of files never does. */
export function hasRun({ inspected }: Container): boolean {
  return !inspected.State.StartedAt.startsWith('0001-');
}

/** Whether it is of a Swarm. */
export function isTask({ task, inspected }: Container): boolean {
  return task !== undefined || inspected.Config.Labels[SWARM_TASK] !== undefined;
}
