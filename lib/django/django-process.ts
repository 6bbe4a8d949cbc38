import { Token } from 'cdktf';
import { Construct } from 'constructs';
import { Duration } from '../core/duration';
import { reject, requireInteger, shown } from '../core/errors';
import { refuseSecretArguments } from '../core/secret-looking';
import { Size } from '../core/size';
import { GunicornApp, RUNTIME_PATH } from '../gunicorn/gunicorn-app';
import { Endpoint } from '../workload/endpoint';
import { HealthCheck } from '../workload/health-check';
import { Service } from '../workload/service';

/** What every process beside the web servers may use. */
export interface ProcessOptions {
  /**
   * The CPUs that each replica may use.
   *
   * @default 1
   */
  readonly cpus?: number;

  /**
   * The memory that each replica may use.
   *
   * @default Size.mebibytes(512)
   */
  readonly memory?: Size;

  /**
   * The time that a process has to end what it is at when a release, or the end of the container, comes in between, from 1 second to 6 hours. Then it is killed.
   *
   * @default Duration.seconds(30); Duration.minutes(1) for a Celery worker
   */
  readonly stopGracePeriod?: Duration;

  /**
   * The connections to the database that each replica opens at the most, from 1 to 10000, for the budget of the server's connections.
   *
   * @default 1; for a Celery worker its concurrency and one more
   */
  readonly databaseConnections?: number;
}

/** What a process of a Django project is, and what it may use. */
export interface DjangoProcessOptions extends ProcessOptions {
  /** The program and its arguments; no shell reads them: `['python', '-m', 'django', 'db_worker']`, `['python', 'consumer.py']`. */
  readonly command: string[];

  /**
   * The number of containers that run it.
   *
   * @default 1
   */
  readonly replicas?: number;

  /**
   * The signal that asks the process to end.
   *
   * @default 'SIGTERM'
   */
  readonly stopSignal?: string;

  /**
   * How long the process may show no sign of life. It shows one by touching a file in the folder `/dev/shm/cdktf-heartbeat`, which it has to make: the file of any name whose time is the youngest counts.
   * One that was well, and shows none for this long and another minute, is ended and started again.
   *
   * @default - it is well when it has run for 5 seconds
   */
  readonly heartbeat?: Duration;
}

/** Settings of a `DjangoProcess`. */
export interface DjangoProcessProps extends DjangoProcessOptions {
  /** The app in whose image, and with whose settings and secrets, the process runs. */
  readonly app: GunicornApp;
}

/** What the constructs of processes have in common. */
export interface ProcessPlan extends ProcessOptions {
  readonly app: GunicornApp;
  readonly command: string[];
  readonly replicas: number;
  readonly stopGracePeriod: Duration;
  readonly stopSignal?: string;
  /** How long it may show no sign of life; none is looked for where it is left out. */
  readonly heartbeat?: Duration;
  /** Whoever waits for it shows no sign of life. */
  readonly broker?: Endpoint;
}

/** From the end of a probe to the beginning of the next one; the probe itself waits. */
const PROBE_PAUSE = Duration.millis(250);
const PROBE_LASTS = Duration.seconds(9);
const START_PERIOD = Duration.seconds(60);
/** A program that ends at its start has ended by then, and the engine waits longer after each try. */
const RUNS = Duration.seconds(5);
/** Time after which one that shows no sign of life is ended. */
const END_AFTER = Duration.seconds(60);

/**
 * A program of a Django project that serves no requests: a worker of django-tasks or RQ, a consumer of a queue. It has the image, settings and secrets of the web servers.
 * `DjangoService.addProcess` makes it.
 *
 * A release starts the new ones after its migrations and before its web servers, so that what those ask for finds somebody who knows it, and a process that does not get well fails the
 * release. The old ones are asked to end then, and have `stopGracePeriod`. So for a moment both run, as both web servers do.
 *
 * @example
 * new DjangoProcess(this, 'Tasks', { app: shop.app, command: ['python', '-m', 'django', 'db_worker'], replicas: 2 });
 */
export class DjangoProcess extends Construct {
  /** The containers. */
  public readonly service: Service;

  /**
   * @throws when the command is not a list of arguments, or a value is out of range
   */
  constructor(scope: Construct, id: string, props: DjangoProcessProps) {
    super(scope, id);
    if (props.heartbeat) checkedTime(this, 'heartbeat', props.heartbeat, Duration.seconds(5), Duration.days(1));
    this.service = makeProcess(this, {
      ...props,
      command: checkedCommand(this, props.command),
      replicas: props.replicas ?? 1,
      stopGracePeriod: checkedTime(this, 'stopGracePeriod', props.stopGracePeriod ?? Duration.seconds(30), Duration.seconds(1), Duration.hours(6)),
    });
    this.node.defaultChild = this.service;
  }
}

/** The containers of a process, for a construct of it. */
export function makeProcess(scope: Construct, plan: ProcessPlan): Service {
  if (plan.databaseConnections !== undefined) requireInteger(scope, 'databaseConnections', plan.databaseConnections, { min: 1, max: 10_000 });
  requireInteger(scope, 'replicas', plan.replicas, { min: 1, max: 1000 });
  const service = new Service(scope, 'Process', {
    ...plan.app._common(),
    command: ['--', ...plan.command],
    replicas: plan.replicas,
    cpus: plan.cpus ?? 1,
    memory: plan.memory ?? Size.mebibytes(512),
    stopSignal: plan.stopSignal ?? 'SIGTERM',
    stopGracePeriod: plan.stopGracePeriod,
    healthCheck: HealthCheck.command(probe(plan), {
      interval: PROBE_PAUSE,
      timeout: PROBE_LASTS.plus(Duration.seconds(10)),
      startPeriod: START_PERIOD,
      retries: 2,
    }),
  });
  plan.app._adopt(service);
  return service;
}

function probe(plan: ProcessPlan): string[] {
  const program = ['python', '-IS', `${RUNTIME_PATH}/probe.py`, '--last', String(PROBE_LASTS.toSeconds())];
  if (!plan.heartbeat) return [...program, '--running', String(RUNS.toSeconds())];
  return [
    ...program,
    ...['--heartbeat', String(plan.heartbeat.toSeconds())],
    ...['--end-after', String(END_AFTER.toSeconds())],
    ...(plan.broker ? ['--broker', `${plan.broker.host}:${plan.broker.port}`] : []),
  ];
}

/** A time in whole seconds within bounds. */
export function checkedTime(scope: Construct, name: string, value: Duration, min: Duration, max: Duration): Duration {
  const seconds = value.toSeconds();
  if (!Number.isInteger(seconds) || seconds < min.toSeconds() || seconds > max.toSeconds())
    reject(scope, `${name} must be in whole seconds, from ${min} to ${max}, got ${value}`);
  return value;
}

function checkedCommand(scope: Construct, command: string[]): string[] {
  const allowed = 'a program and its arguments, each a text of its own, such as ["python", "-m", "django", "db_worker"]';
  if (!Array.isArray(command) || command.length === 0) return reject(scope, `command must be ${allowed}, got ${shown(JSON.stringify(command))}`);
  for (const argument of command) {
    if (typeof argument !== 'string' || argument === '' || (!Token.isUnresolved(argument) && argument.includes('\0')))
      reject(scope, `command must be ${allowed}, without empty texts and NUL characters, got ${shown(JSON.stringify(command))}`);
  }
  refuseSecretArguments(scope, 'command', command);
  return [...command];
}
