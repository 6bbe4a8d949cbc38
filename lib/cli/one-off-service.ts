import { ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fstatSync } from 'node:fs';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { labelName } from '../platform/labels';
import { csvLine } from './csv-line';
import { docker } from './docker';
import { Container, ONE_OFF } from './engine-container';
import { timeAndText } from './log-lines';
import { run } from './run';
import { StackLabels } from './stack-home';
import { Task, TaskSpec } from './swarm-tasks';
import { Trouble } from './trouble';

/** Milliseconds from one question how the task does to the next one. */
const INTERVAL = 500;
/** For which a log is waited for: of a node that is lost none comes. */
const LOG_MILLISECONDS = 20_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const STREAMS = ['stdout', 'stderr'] as const;

type Stream = (typeof STREAMS)[number];
type Signal = (typeof SIGNALS)[number];

/** How a task ended: an exit code, or why there is none. */
export type TaskEnd = { readonly code: number } | { readonly reason: string };

/** Runs a program in a service of one task, like one of an app's, and removes it. Gives the program's exit code. */
export async function inServiceOfItsOwn(
  stack: StackLabels,
  model: Container,
  program: readonly string[],
  memory: string | undefined,
): Promise<number> {
  refuseInput();
  const [{ Spec: spec } = { Spec: undefined }] = tasks(model.task!.id);
  if (spec === undefined) throw new Trouble(`the Swarm does not know ${model.name} any more; a release may be under way, try again`);
  const name = `${stack.namespace.slice(0, 40)}-run-${randomBytes(6).toString('hex')}`;
  // Also when a reader of our output has enough, and this process ends at once.
  process.once('exit', remove);
  const signal = nextSignal();
  let log: ServiceLog | undefined;
  try {
    const created = docker('service', 'create', ...creation(stack, model.system, spec, program, { name, memory }));
    if (!created.ok) throw new Trouble(`the service cannot be made:\n${created.stderr.trim()}`);
    log = new ServiceLog(name);
    const end = await endOf(name, signal.received);
    if (typeof end === 'string') return 128 + constants.signals[end];
    await log.toItsEnd();
    if ('reason' in end) throw new Trouble(`${name} could not run to its end: ${end.reason}`);
    return end.code;
  } finally {
    log?.stop();
    signal.end();
    process.off('exit', remove);
    remove();
  }

  function remove(): void {
    const removed = docker('service', 'rm', name);
    if (!removed.ok && !/not found/i.test(removed.stderr)) process.stderr.write(`service ${name} is still there: ${removed.stderr.trim()}\n`);
  }
}

/** The first signal that we get from now on; it does not end us. */
function nextSignal(): { readonly received: Promise<Signal>; readonly end: () => void } {
  const handlers: [Signal, () => void][] = [];
  const received = new Promise<Signal>((resolve) => {
    for (const signal of SIGNALS) handlers.push([signal, () => resolve(signal)]);
  });
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return { received, end: () => handlers.forEach(([signal, handler]) => process.off(signal, handler)) };
}

/** What is piped in would be lost without a word. */
function refuseInput(): void {
  if (process.stdin.isTTY) {
    process.stderr.write('On a Swarm, the program gets neither this terminal nor an input; for those there is "manage", on a node of the app.\n');
    return;
  }
  // Such as /dev/null.
  if (fstatSync(0).isCharacterDevice()) return;
  throw new Trouble(
    'on a Swarm, a program gets no input, and one is piped in: use manage, on a node on which the app runs (cdktf-django status tells which), or give it none: cdktf-django run ... </dev/null',
  );
}

/** The arguments of `docker service create` for one task like another one. */
export function creation(
  stack: StackLabels,
  system: string,
  spec: TaskSpec,
  program: readonly string[],
  { name, memory }: { readonly name: string; readonly memory?: string },
): string[] {
  const { ContainerSpec: container, Resources, Placement, Networks, LogDriver } = spec;
  const limits = Resources?.Limits ?? {};
  const labels = {
    [labelName('namespace')]: stack.namespace,
    [labelName('path')]: `${stack.path}/${system}/Run`,
    [ONE_OFF]: 'run',
  };
  const each = (option: string, values: readonly string[] | null | undefined) => (values ?? []).flatMap((value) => [option, value]);
  const pairs = (option: string, values: Readonly<Record<string, string>> | null | undefined) =>
    each(
      option,
      Object.entries(values ?? {}).map(([key, value]) => `${key}=${value}`),
    );
  const when = (option: string, value: number | string | null | undefined) => (value ? [option, String(value)] : []);
  return [
    // The client's credentials go with it, should its node not have the image.
    ...['--detach', '--quiet', '--name', name, '--restart-condition', 'none', '--endpoint-mode', 'dnsrr', '--no-healthcheck'],
    ...['--no-resolve-image', '--with-registry-auth'],
    ...pairs('--label', labels),
    ...each('--env', container.Env),
    ...when('--user', container.User),
    ...when('--workdir', container.Dir),
    ...each('--group', container.Groups),
    ...(container.ReadOnly ? ['--read-only'] : []),
    ...(container.Init ? ['--init'] : []),
    ...each('--cap-drop', container.CapabilityDrop),
    ...each('--cap-add', container.CapabilityAdd),
    ...each('--mount', container.Mounts?.map(mount)),
    ...each(
      '--config',
      container.Configs?.flatMap(({ ConfigName, File }) => (File ? [reference(ConfigName, File)] : [])),
    ),
    ...each(
      '--secret',
      container.Secrets?.map(({ SecretName, File }) => reference(SecretName, File)),
    ),
    ...when('--stop-signal', container.StopSignal),
    ...when('--stop-grace-period', container.StopGracePeriod && `${container.StopGracePeriod}ns`),
    ...when('--limit-memory', memory ?? limits.MemoryBytes),
    ...when('--limit-cpu', limits.NanoCPUs && (limits.NanoCPUs / 1e9).toFixed(9)),
    ...each('--constraint', Placement?.Constraints),
    ...each(
      '--network',
      Networks?.map(({ Target }) => Target),
    ),
    ...when('--log-driver', LogDriver?.Name),
    ...pairs('--log-opt', LogDriver?.Options),
    ...each('--entrypoint', container.Command && [container.Command.map(word).join(' ')]),
    container.Image,
    '--',
    ...program,
  ];
}

/** How a task has ended; undefined while it has not. */
export function taskEnd({ DesiredState, Status: { State, Err, ContainerStatus } }: Task): TaskEnd | undefined {
  const code = ContainerStatus?.ExitCode ?? 0;
  if (State === 'complete') return { code };
  if (State === 'failed' && code !== 0) return { code };
  if (['failed', 'rejected', 'orphaned', 'shutdown', 'remove'].includes(State)) return { reason: Err || `its task is in state "${State}"` };
  // It is never stopped but by its end: a Swarm has no other reason than its node.
  if (['shutdown', 'remove'].includes(DesiredState)) return { reason: 'its node was lost, or taken out of service, while it ran' };
  return undefined;
}

/** Waits for the end of a service's only task, or for a signal to us. */
async function endOf(service: string, signal: Promise<Signal>): Promise<TaskEnd | Signal> {
  let told = '';
  for (;;) {
    const pause = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), INTERVAL));
    const received = await Promise.race([signal, pause]);
    if (received !== undefined) return received;
    const listed = docker('service', 'ps', '--no-trunc', '--quiet', service);
    if (/no such service/i.test(listed.stderr)) return { reason: 'somebody has removed its service' };
    // A manager that does not answer for a moment is asked again, and a new service has no task yet.
    const [task] = listed.ok ? tasks(...listed.stdout.split('\n').filter(Boolean)) : [];
    if (task === undefined) continue;
    const { State, Err } = task.Status;
    if (State === 'pending' && Err && Err !== told) process.stderr.write(`It waits for a node: ${(told = Err)}\n`);
    const end = taskEnd(task);
    if (end !== undefined) return end;
  }
}

function tasks(...ids: string[]): Task[] {
  if (ids.length === 0) return [];
  const { ok, stdout } = docker('inspect', '--type', 'task', ...ids);
  return ok ? (JSON.parse(stdout) as Task[]) : [];
}

/** The log of a service, printed while it comes, each of its streams to our own. */
class ServiceLog {
  private readonly last: Record<Stream, string> = { stdout: '', stderr: '' };
  private readonly child: ChildProcess;
  private readonly closed: Promise<unknown>;

  constructor(private readonly service: string) {
    this.child = spawn('docker', this.command('--follow'), { stdio: ['ignore', 'pipe', 'pipe'] });
    const read = STREAMS.map((stream) => this.printAll(stream, this.child[stream]!));
    this.closed = Promise.all([new Promise((resolve) => this.child.on('error', resolve).on('close', resolve)), ...read]);
  }

  /** Of a task that has ended: prints what was not there yet when it was followed, which knows no end by itself. */
  public async toItsEnd(): Promise<void> {
    this.stop();
    await this.closed;
    const all = run('docker', this.command(), { patience: LOG_MILLISECONDS });
    for (const stream of STREAMS) all[stream].split('\n').forEach((text) => this.print(stream, text));
    if (!all.ok) process.stderr.write(`The rest of its log cannot be read: its node gave no answer in time.\n`);
  }

  public stop(): void {
    this.child.kill();
  }

  private command(...more: string[]): string[] {
    return ['service', 'logs', '--raw', '--timestamps', ...more, this.service];
  }

  private printAll(stream: Stream, from: Readable): Promise<void> {
    return new Promise((resolve) => {
      createInterface({ input: from, crlfDelay: Infinity })
        .on('line', (text) => this.print(stream, text))
        .on('close', resolve);
    });
  }

  private print(stream: Stream, line: string): void {
    const { time, text } = timeAndText(line);
    // What the client itself says has no time.
    if (!/^\d{4}-/.test(time) || time <= this.last[stream]) return;
    this.last[stream] = time;
    process[stream].write(`${text}\n`);
  }
}

type Mount = NonNullable<TaskSpec['ContainerSpec']['Mounts']>[number];

function mount({ Type, Source, Target, ReadOnly, TmpfsOptions }: Mount): string {
  return csvLine([
    ...[`type=${Type}`, ...(Source ? [`source=${Source}`] : []), `target=${Target}`, ...(ReadOnly ? ['readonly'] : [])],
    ...(TmpfsOptions?.SizeBytes ? [`tmpfs-size=${TmpfsOptions.SizeBytes}`] : []),
    ...(TmpfsOptions?.Mode ? [`tmpfs-mode=${TmpfsOptions.Mode.toString(8)}`] : []),
  ]);
}

function reference(name: string, { Name, UID, GID, Mode }: { Name: string; UID: string; GID: string; Mode: number }): string {
  return csvLine([`source=${name}`, `target=${Name}`, `uid=${UID}`, `gid=${GID}`, `mode=0${Mode.toString(8)}`]);
}

/** A word as the client's `--entrypoint` reads it, which has a shell's quotes. */
function word(text: string): string {
  return `'${text.replace(/'/g, "'\\''")}'`;
}
