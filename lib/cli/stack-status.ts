import { docker, engineName, inspected } from './docker';
import { Container, hasRun, ONE_OFF } from './engine-container';
import { EngineStack } from './engine-stack';
import { run } from './run';
import { BACKUP_PROGRAM, backupKind, ListedArchive } from './backup-container';

/** A server of a system. */
export interface ServerStatus {
  readonly system: string;
  readonly container: string;
  /** Of a Swarm: where it is. */
  readonly node?: string;
  /** As the engine has it: `running`, `exited`, `restarting`, ... */
  readonly state: string;
  /** `healthy`, `unhealthy`, `starting`; missing where nobody asks the server. */
  readonly health?: string;
  /** When it was started last; missing where it has not been yet. */
  readonly startedAt?: string;
  /** When it was made: the time of the release that it is of. */
  readonly createdAt: string;
  /** How often the engine has started it again. */
  readonly restarts: number;
  readonly image: string;
}

/** A job of the last deploy. */
export interface JobStatus {
  readonly job: string;
  readonly container: string;
  readonly state: string;
  readonly exitCode: number;
  readonly finishedAt: string;
}

/** The backups that one system makes, or the archive that it keeps. */
export interface BackupStatus {
  readonly backup: string;
  /** Of an archive: what can be recovered. */
  readonly moments?: { readonly from: string; readonly until: string };
  /** Missing where there is none. */
  readonly newest?: { readonly name: string; readonly ageSeconds: number; readonly bytes: number; readonly problem: string | null };
  /** Why it could not be asked. */
  readonly unknown?: string;
}

/** A disk with data of the stack. */
export interface DiskStatus {
  readonly volumes: readonly string[];
  readonly bytes: number;
  readonly freeBytes: number;
}

/** What is known of a stack on an engine. */
export interface StackStatus {
  readonly stack: string;
  readonly namespace: string;
  readonly engine: string;
  readonly servers: readonly ServerStatus[];
  readonly jobs: readonly JobStatus[];
  /** Containers that `cdktf-django run` made. */
  readonly oneOff: readonly string[];
  readonly backups: readonly BackupStatus[];
  readonly disks: readonly DiskStatus[];
  /** The sizes of volumes with data, if they were measured. */
  readonly volumes?: readonly { readonly volume: string; readonly bytes: number }[];
}

/** A backup in a bucket is asked for over the network. */
const PATIENCE = 30_000;

/**
 * Asks the engine, and the containers that make backups.
 *
 * @param measure whether to measure volumes, for which the engine reads all their files
 */
export function statusOf(stack: EngineStack, containers: readonly Container[], measure: boolean): StackStatus {
  const servers = containers.filter(({ server }) => server);
  const others = containers.filter((one) => !one.server && hasRun(one));
  const isOneOff = (one: Container) => one.inspected.Config.Labels[ONE_OFF] !== undefined;
  const images = imageNames(servers);
  return {
    stack: stack.name,
    namespace: stack.namespace,
    engine: engineName(),
    servers: servers.map((one) => serverStatus(one, images)).sort(by(({ system, container }) => `${system} ${container}`)),
    jobs: others
      .filter((one) => !isOneOff(one))
      .map(jobStatus)
      .sort(by(({ job }) => job)),
    oneOff: others.filter(isOneOff).map(({ name }) => name),
    backups: servers
      .filter((one) => kindOf(one) !== undefined)
      .map(backupStatus)
      .sort(by(({ backup }) => backup)),
    disks: disksOf(servers),
    ...(measure ? { volumes: sizesOf(dataOf(servers)) } : {}),
  };
}

function by<T>(key: (one: T) => string) {
  return (one: T, other: T) => (key(one) < key(other) ? -1 : 1);
}

function serverStatus(server: Container, images: Map<string, string>): ServerStatus {
  const { system, name, task } = server;
  const { State, Created, RestartCount, Image } = server.inspected;
  return {
    system,
    container: name,
    ...(task === undefined ? {} : { node: task.node }),
    state: State.Status,
    health: State.Running ? State.Health?.Status : undefined,
    startedAt: hasRun(server) ? State.StartedAt : undefined,
    createdAt: Created,
    restarts: RestartCount,
    image: images.get(Image) ?? Image,
  };
}

function jobStatus({ system, name, inspected: { State } }: Container): JobStatus {
  return { job: system, container: name, state: State.Status, exitCode: State.ExitCode, finishedAt: State.FinishedAt };
}

/** The tags of images, by their ids. */
function imageNames(containers: readonly Container[]): Map<string, string> {
  const ids = [...new Set(containers.flatMap(({ inspected, task }) => (task === undefined ? [inspected.Image] : [])))];
  const found = inspected<{ Id: string; RepoTags: string[] | null; RepoDigests: string[] | null }>('image', ids);
  return new Map(found.map(({ Id, RepoTags, RepoDigests }) => [Id, RepoTags?.[0] ?? RepoDigests?.[0] ?? Id]));
}

function kindOf({ inspected: { Config } }: Container) {
  return backupKind(Config.Entrypoint, Config.Healthcheck?.Test);
}

function backupStatus(container: Container): BackupStatus {
  const { system, id, running, task } = container;
  if (!running) return { backup: system, unknown: 'its container does not run' };
  if (task !== undefined && !task.here) return { backup: system, unknown: `it is on node ${task.node}, ask there` };
  const listed = run('docker', ['exec', id, 'python3', BACKUP_PROGRAM, 'list'], { patience: PATIENCE });
  if (!listed.ok) return { backup: system, unknown: listed.stderr.trim().split('\n').at(-1) || 'it gave no answer in time' };
  if (kindOf(container) === 'archive') {
    const { ranges } = JSON.parse(listed.stdout) as ListedArchive;
    return { backup: system, moments: ranges.at(-1) };
  }
  const [newest] = JSON.parse(listed.stdout) as NonNullable<BackupStatus['newest']>[];
  if (newest === undefined) return { backup: system };
  return { backup: system, newest: { name: newest.name, ageSeconds: newest.ageSeconds, bytes: newest.bytes, problem: newest.problem } };
}

/** Where a running server can write to which volume. */
function dataOf(servers: readonly Container[]): Map<string, { readonly container: string; readonly path: string }> {
  const found = new Map<string, { container: string; path: string }>();
  for (const {
    id,
    running,
    task,
    inspected: { Mounts },
  } of servers) {
    if (task !== undefined && !task.here) continue;
    for (const { Type, Name, Destination, RW } of Mounts) {
      if (running && Type === 'volume' && RW && Name !== undefined) found.set(Name, found.get(Name) ?? { container: id, path: Destination });
    }
  }
  return new Map([...found].sort());
}

/** How full the disks of volumes are: the file system knows it, so it costs nothing. */
function disksOf(servers: readonly Container[]): DiskStatus[] {
  const disks = new Map<string, { volumes: string[]; bytes: number; freeBytes: number }>();
  for (const [volume, { container, path }] of dataOf(servers)) {
    const asked = docker('exec', container, 'df', '-Pk', path);
    const [, device, blocks, , free] = /\n(.+?)\s+(\d+)\s+(\d+)\s+(\d+)\s+\S+\s+\//.exec(asked.stdout) ?? [];
    if (!asked.ok || device === undefined) continue;
    const disk = disks.get(device) ?? { volumes: [], bytes: Number(blocks) * 1024, freeBytes: Number(free) * 1024 };
    disk.volumes.push(volume);
    disks.set(device, disk);
  }
  return [...disks.values()];
}

function sizesOf(volumes: Map<string, unknown>): { volume: string; bytes: number }[] {
  const { stdout } = docker('system', 'df', '--verbose', '--format', '{{json .Volumes}}');
  const all = JSON.parse(stdout) as { Name: string; Size: string }[];
  return all
    .filter(({ Name }) => volumes.has(Name))
    .map(({ Name, Size }) => ({ volume: Name, bytes: bytesOf(Size) }))
    .sort(by(({ volume }) => volume));
}

/** A size as the engine's client writes it, such as `46.2MB`. */
export function bytesOf(text: string): number {
  const [, count, unit] = /^([\d.]+)([kMGTP]?)B$/.exec(text) ?? [];
  return count === undefined ? NaN : Math.round(Number(count) * 1000 ** ['', 'k', 'M', 'G', 'T', 'P'].indexOf(unit));
}
