import { Construct } from 'constructs';
import { Duration } from '../core/duration';
import { reject, requireInteger, requireMatch, shown } from '../core/errors';
import { Size } from '../core/size';
import { checkedTime, makeProcess, ProcessOptions } from '../django/django-process';
import { GunicornApp } from '../gunicorn/gunicorn-app';
import { Endpoint } from '../workload/endpoint';
import { Service } from '../workload/service';
import { CeleryPool } from './celery-pool';
import { CELERY_PATH, celeryCommand, celeryFiles, CeleryOptions } from './celery-program';

/** What a Celery worker does, and what it may use. */
export interface CeleryWorkerOptions extends CeleryOptions, ProcessOptions {
  /**
   * The queues that the worker takes tasks from.
   *
   * @default - Celery's own: all of `task_queues`, or the one of `task_default_queue`
   */
  readonly queues?: string[];

  /**
   * The tasks that each replica does at once, from 1 to 1000.
   *
   * @default 2 - Celery itself would count the CPUs of the host
   */
  readonly concurrency?: number;

  /**
   * The number of containers with a worker in each.
   *
   * @default 1
   */
  readonly replicas?: number;

  /**
   * How a worker does several tasks at once.
   *
   * @default CeleryPool.PREFORK
   */
  readonly pool?: CeleryPool;

  /**
   * The tasks after which a process of the worker is renewed, so that what tasks leak is gone. Only with `CeleryPool.PREFORK`.
   *
   * @default 1000
   */
  readonly maxTasksPerChild?: number;

  /**
   * The memory beyond which a process of the worker is renewed, after the task that it is at. Only with `CeleryPool.PREFORK`.
   *
   * @default - its part of three quarters of memory: what goes beyond memory is killed in the middle of a task
   */
  readonly maxMemoryPerChild?: Size;

  /**
   * The time after which a task is ended, with the process that it is in. Only with `CeleryPool.PREFORK`.
   *
   * @default - the project's own `task_time_limit`; else the broker's `visibility_timeout`, an hour with Redis: after it the broker gives a task that is
   * acknowledged late to another worker, too
   */
  readonly timeLimit?: Duration;

  /**
   * The time after which a task gets the exception `SoftTimeLimitExceeded`, so that it can clean up. Only with `CeleryPool.PREFORK`.
   *
   * @default - the project's own `task_soft_time_limit`
   */
  readonly softTimeLimit?: Duration;
}

/** Settings of a `CeleryWorker`. */
export interface CeleryWorkerProps extends CeleryWorkerOptions {
  /** The app in whose image, and with whose settings and secrets, the worker runs. */
  readonly app: GunicornApp;
  /** The project's package, where its Celery app is unless `celeryApp` says otherwise. */
  readonly project: string;
  /**
   * Where the broker is, which a worker may wait for.
   *
   * @default - not known
   */
  readonly broker?: Endpoint;
}

/** Main loops beat every two seconds; a broker that is slow, or a look for one, takes up to half a minute. */
const HEARTBEAT = Duration.seconds(60);
/** Seconds from the end of tasks, or of their time, to that of the container: to give the rest of them back to the broker. */
const SECONDS_TO_LEAVE = 10;

/**
 * Celery workers with the image, settings and secrets of the web servers. `DjangoService.addWorker` makes them.
 *
 * A release starts the new ones after its migrations and before its web servers; then the old ones take no more tasks, give back those that they have not begun (with Redis), and have
 * `stopGracePeriod`, less ten seconds, to end those that they are at. What is not done by then goes back to the broker, when it is acknowledged late (`task_acks_late`, Celery 5.5 and newer); a task that is acknowledged early, Celery's own
 * default, is lost. A task that an old worker does not know goes back to the broker, too, until a new one has it (with
 * Redis).
 *
 * A worker whose main loop stands still for a minute is unhealthy, and after another one it is ended and started again. One that has lost its broker is well.
 *
 * @example
 * new CeleryWorker(this, 'Mail', { app: shop.app, project: 'shop', queues: ['mail'], concurrency: 4 });
 */
export class CeleryWorker extends Construct {
  /** The containers. */
  public readonly service: Service;
  /** The tasks that each replica does at once. */
  public readonly concurrency: number;

  /**
   * @throws when a name is not of the allowed form, a number or a time is out of range, or a limit is given that the pool cannot keep
   */
  constructor(scope: Construct, id: string, props: CeleryWorkerProps) {
    super(scope, id);
    this.concurrency = props.concurrency ?? 2;
    requireInteger(this, 'concurrency', this.concurrency, { min: 1, max: 1000 });
    const grace = checkedTime(this, 'stopGracePeriod', props.stopGracePeriod ?? Duration.minutes(1), Duration.seconds(15), Duration.hours(6));
    const memory = props.memory ?? Size.mebibytes(512);
    const drain = String(grace.toSeconds() - SECONDS_TO_LEAVE);
    this.service = makeProcess(this, {
      ...props,
      memory,
      replicas: props.replicas ?? 1,
      stopGracePeriod: grace,
      heartbeat: HEARTBEAT,
      command: celeryCommand(this, props.celeryApp ?? props.project, ['--grace', drain], ['worker', ...this.arguments(props, memory)]),
    });
    this.service.addFiles(celeryFiles(this, this.service.image), CELERY_PATH);
    this.node.defaultChild = this.service;
  }

  private arguments(props: CeleryWorkerProps, memory: Size): string[] {
    const pool = props.pool ?? CeleryPool.PREFORK;
    if (!Object.values(CeleryPool).includes(pool))
      reject(this, `pool must be CeleryPool.PREFORK, CeleryPool.THREADS or CeleryPool.GEVENT, got ${shown(pool)}`);
    return [
      `--pool=${pool}`,
      `--concurrency=${this.concurrency}`,
      `--hostname=${this.node.id.toLowerCase().replace(/[^a-z0-9_-]+/g, '-')}@%h`,
      '--loglevel=INFO',
      ...this.queueArguments(props.queues),
      ...(pool === CeleryPool.PREFORK ? this.limits(props, memory) : this.noLimits(props, pool)),
    ];
  }

  private queueArguments(queues: string[] | undefined): string[] {
    if (queues === undefined) return [];
    if (queues.length === 0) reject(this, "queues must name one or more, got an empty list; leave it out for Celery's own");
    for (const queue of queues)
      requireMatch(this, 'a queue', queue, /^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,99}$/, 'made of letters, digits, "_", ".", ":" and "-"');
    return [`--queues=${queues.join(',')}`];
  }

  private limits(props: CeleryWorkerProps, memory: Size): string[] {
    const tasks = props.maxTasksPerChild ?? 1000;
    requireInteger(this, 'maxTasksPerChild', tasks, { min: 1, max: 1_000_000 });
    const child = Math.floor((props.maxMemoryPerChild?.toBytes() ?? (memory.toBytes() * 0.75) / this.concurrency) / 1024);
    if (child < 16 * 1024) {
      const given = props.maxMemoryPerChild
        ? `got ${props.maxMemoryPerChild}`
        : `and ${memory} for ${this.concurrency} tasks at once leave less; set memory or concurrency`;
      reject(this, `maxMemoryPerChild must be 16 MiB or more, ${given}`);
    }
    const times = Object.entries({ 'time-limit': props.timeLimit, 'soft-time-limit': props.softTimeLimit }).filter(([, time]) => time !== undefined);
    for (const [name, time] of times)
      checkedTime(this, name === 'time-limit' ? 'timeLimit' : 'softTimeLimit', time!, Duration.seconds(1), Duration.days(7));
    if (props.timeLimit && props.softTimeLimit && props.softTimeLimit.toSeconds() >= props.timeLimit.toSeconds())
      reject(this, `softTimeLimit must be shorter than timeLimit, which is ${props.timeLimit}, got ${props.softTimeLimit}`);
    return [`--max-tasks-per-child=${tasks}`, `--max-memory-per-child=${child}`, ...times.map(([name, time]) => `--${name}=${time!.toSeconds()}`)];
  }

  private noLimits(props: CeleryWorkerProps, pool: CeleryPool): string[] {
    const { maxTasksPerChild, maxMemoryPerChild, timeLimit, softTimeLimit } = props;
    for (const [name, value] of Object.entries({ maxTasksPerChild, maxMemoryPerChild, timeLimit, softTimeLimit })) {
      if (value !== undefined) reject(this, `${name} must be left out with the pool ${shown(pool)}, which cannot keep it; use CeleryPool.PREFORK`);
    }
    return [];
  }
}
