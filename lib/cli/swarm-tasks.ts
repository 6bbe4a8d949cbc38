import { labelName } from '../platform/labels';
import { docker, dockerLines, engineName } from './docker';
import { Container, Inspected } from './engine-container';
import { systemPath } from './system-path';
import { Trouble } from './trouble';

/** What `docker service inspect` says, as far as somebody here asks. */
export interface SwarmServiceInspected {
  readonly ID: string;
  readonly Spec: {
    readonly Name: string;
    readonly Labels: Readonly<Record<string, string>>;
    readonly TaskTemplate: { readonly RestartPolicy?: { readonly Condition?: string } };
  };
}

/** Where a container finds a config or a secret. */
export interface SwarmFile {
  readonly Name: string;
  readonly UID: string;
  readonly GID: string;
  readonly Mode: number;
}

/** What a task is made from, as far as this library's platform says it, or somebody here asks. */
export interface TaskSpec {
  readonly ContainerSpec: {
    readonly Image: string;
    readonly Labels?: Readonly<Record<string, string>>;
    readonly Command?: readonly string[];
    readonly Env?: readonly string[];
    readonly Dir?: string;
    readonly User?: string;
    readonly Groups?: readonly string[];
    readonly ReadOnly?: boolean;
    readonly Init?: boolean;
    readonly CapabilityAdd?: readonly string[];
    readonly CapabilityDrop?: readonly string[];
    readonly StopSignal?: string;
    /** Nanoseconds. */
    readonly StopGracePeriod?: number;
    readonly Healthcheck?: { readonly Test?: readonly string[] };
    readonly Mounts?: readonly {
      readonly Type: string;
      readonly Source?: string;
      readonly Target: string;
      readonly ReadOnly?: boolean;
      readonly TmpfsOptions?: { readonly SizeBytes?: number; readonly Mode?: number };
    }[];
    readonly Configs?: readonly { readonly ConfigName: string; readonly File?: SwarmFile }[];
    readonly Secrets?: readonly { readonly SecretName: string; readonly File: SwarmFile }[];
  };
  readonly Resources?: { readonly Limits?: { readonly MemoryBytes?: number; readonly NanoCPUs?: number } };
  readonly Placement?: { readonly Constraints?: readonly string[] };
  readonly Networks?: readonly { readonly Target: string }[];
  readonly LogDriver?: { readonly Name: string; readonly Options?: Readonly<Record<string, string>> };
}

/** What `docker inspect` says about a task, as far as somebody here asks. */
export interface Task {
  readonly ID: string;
  readonly CreatedAt: string;
  readonly ServiceID: string;
  readonly NodeID?: string;
  readonly Slot?: number;
  readonly DesiredState: string;
  readonly Spec: TaskSpec;
  readonly Status: {
    readonly Timestamp: string;
    readonly State: string;
    /** Why it is in this state, where there is something to say. */
    readonly Err?: string;
    readonly ContainerStatus?: { readonly ContainerID?: string; readonly ExitCode?: number };
  };
}

/** Where a container of a Swarm is. */
export interface TaskPlace {
  readonly id: string;
  /** The name of its node; missing while it has none. */
  readonly node?: string;
  /** Whether that is the node that was asked: programs can be run in its containers alone. */
  readonly here: boolean;
}

/** Of what the Swarm calls a state of its own, what an engine calls it. */
const STATES: Readonly<Record<string, string>> = { running: 'running', complete: 'exited', shutdown: 'exited', failed: 'exited', rejected: 'exited' };
const NEVER = '0001-01-01T00:00:00Z';

/** Whether the engine is a manager of a Swarm, which knows all of it. */
export function managesSwarm(): boolean {
  const { ok, stdout } = docker('info', '--format', '{{.Swarm.ControlAvailable}}');
  return ok && stdout.trim() === 'true';
}

/** The services of this library in the Swarm. */
export function swarmServices(): SwarmServiceInspected[] {
  const ids = dockerLines('service', 'ls', '--quiet', '--filter', `label=${labelName('path')}`);
  if (ids.length === 0) return [];
  return JSON.parse(docker('service', 'inspect', ...ids).stdout) as SwarmServiceInspected[];
}

/** A node of the Swarm. */
export interface SwarmNode {
  readonly id: string;
  readonly name: string;
  /** Whether it is the one that was asked. */
  readonly here: boolean;
}

/** The tasks of services as containers, wherever they run. */
export function taskContainers(services: readonly SwarmServiceInspected[]): Container[] {
  if (services.length === 0) return [];
  const nodes = dockerLines('node', 'ls', '--format', '{{.ID}} {{.Hostname}} {{.Self}}').map((line) => {
    const [id, name, here] = line.split(' ');
    return { id, name, here: here === 'true' };
  });
  const listed = docker('service', 'ps', '--no-trunc', '--format', '{{.ID}}', ...services.map(({ ID }) => ID));
  // A deploy may have removed one meanwhile; the others are told all the same.
  if (!listed.ok && !/no such service/i.test(listed.stderr)) throw new Trouble(`the Swarm cannot be asked:\n${listed.stderr.trim()}`);
  const ids = listed.stdout.split('\n').filter((line) => line !== '');
  const tasks = ids.length === 0 ? [] : (JSON.parse(docker('inspect', '--type', 'task', ...ids).stdout) as Task[]);
  return asContainers(services, tasks, nodes);
}

/** The newest first: of a server the tasks that are to run, of a job the last one in each place. */
export function asContainers(services: readonly SwarmServiceInspected[], tasks: readonly Task[], nodes: readonly SwarmNode[]): Container[] {
  const newestFirst =
    <T>(time: (one: T) => string) =>
    (one: T, other: T) =>
      time(one) > time(other) ? -1 : 1;
  return services
    .flatMap((service) => {
      const own = tasks.filter(({ ServiceID }) => ServiceID === service.ID).sort(newestFirst(({ CreatedAt }) => CreatedAt));
      const isLast = (task: Task) => own.find((other) => samePlace(task, other)) === task;
      // One that is to be ready waits for the time after a failure.
      const wanted = own.filter((task) => (isJob(service) ? isLast(task) : ['running', 'ready'].includes(task.DesiredState)));
      return wanted.map((task) =>
        container(
          service,
          task,
          restartsOf(task, own),
          nodes.find(({ id }) => id === task.NodeID),
        ),
      );
    })
    .sort(newestFirst(({ created }) => created));
}

/** A program can be run in it only from its own node. */
export function requireHere(container: Container, command: string): void {
  const { task } = container;
  if (task === undefined || task.here) return;
  throw new Trouble(
    `${container.system} runs on node ${task.node ?? '(none yet)'} of the Swarm, and ${engineName()} can run programs in its own containers alone. Ask that node: DOCKER_HOST=ssh://${task.node ?? 'NODE'} cdktf-django ${command}. What needs neither a terminal nor an input can be run from a manager: cdktf-django run python -m django ...`,
  );
}

function isJob({ Spec }: SwarmServiceInspected): boolean {
  return Spec.TaskTemplate.RestartPolicy?.Condition === 'none';
}

/** A replica has a number; where each node has one, it is its node. */
function samePlace(one: Task, other: Task): boolean {
  return one.Slot ? one.Slot === other.Slot : one.NodeID === other.NodeID;
}

/** How often the Swarm had to start another one in its place, as far as it remembers. */
function restartsOf(task: Task, own: readonly Task[]): number {
  return own.filter((other) => other !== task && other.Status.State === 'failed' && samePlace(task, other)).length;
}

function container(service: SwarmServiceInspected, task: Task, restarts: number, node: SwarmNode | undefined): Container {
  const { Spec } = service;
  const path = Spec.Labels[labelName('path')].split('/').slice(1).join('/');
  const server = !isJob(service);
  const running = task.Status.State === 'running';
  return {
    id: task.Status.ContainerStatus?.ContainerID || task.ID,
    name: `${Spec.Name}.${task.Slot || node?.name || task.NodeID}`,
    system: server ? systemPath(path) : path,
    server,
    created: task.CreatedAt,
    running,
    // The Swarm calls a task running when it is well, and ends one that is not.
    healthy: running,
    inspected: inspectedTask(service, task, server, restarts),
    task: { id: task.ID, node: node?.name, here: node?.here ?? false },
  };
}

/** What `docker inspect` would say of the container, had it been asked on its node. */
function inspectedTask(service: SwarmServiceInspected, task: Task, server: boolean, restarts: number): Inspected {
  const { ContainerSpec: spec } = task.Spec;
  const status = STATES[task.Status.State] ?? task.Status.State;
  const begun = status === 'running' || status === 'exited';
  return {
    Id: task.Status.ContainerStatus?.ContainerID || task.ID,
    Name: task.ID,
    Created: task.CreatedAt,
    Image: spec.Image.replace(/@sha256:[0-9a-f]+$/, ''),
    RestartCount: restarts,
    State: {
      Status: status,
      Running: status === 'running',
      ExitCode: task.Status.ContainerStatus?.ExitCode ?? (task.Status.State === 'complete' ? 0 : 1),
      OOMKilled: false,
      StartedAt: begun ? task.Status.Timestamp : NEVER,
      FinishedAt: status === 'exited' ? task.Status.Timestamp : NEVER,
      Health: status === 'running' && spec.Healthcheck?.Test ? { Status: 'healthy', FailingStreak: 0 } : undefined,
    },
    Config: {
      User: spec.User ?? '',
      Env: spec.Env ?? null,
      Entrypoint: spec.Command ?? null,
      Healthcheck: spec.Healthcheck,
      // A service of `run` has its labels alone.
      Labels: { ...service.Spec.Labels, ...spec.Labels },
      WorkingDir: spec.Dir ?? '',
    },
    HostConfig: {
      ...{ RestartPolicy: { Name: server ? 'unless-stopped' : 'no' }, NetworkMode: 'default', ReadonlyRootfs: false, Init: null },
      ...{ CapAdd: null, CapDrop: null, GroupAdd: null, SecurityOpt: null, Tmpfs: null, Memory: 0, MemorySwap: 0, CpuPeriod: 0, CpuQuota: 0 },
      ...{ ShmSize: 0, PidsLimit: null, Ulimits: null, Dns: null, ExtraHosts: null, LogConfig: { Type: 'local', Config: null } },
    },
    Mounts: (spec.Mounts ?? []).map(({ Type, Source, Target, ReadOnly }) => ({ Type, Name: Source, Destination: Target, RW: ReadOnly !== true })),
    NetworkSettings: { Networks: null },
  };
}
