import { Token } from 'cdktf';
import { Construct } from 'constructs';
import { Duration } from '../core/duration';
import { reject, shown } from '../core/errors';
import { RemovalPolicy } from '../core/removal-policy';
import { Schedule } from '../core/schedule';
import { refuseSecretArguments } from '../core/secret-looking';
import { Size } from '../core/size';
import { GunicornApp } from '../gunicorn/gunicorn-app';
import { runtimeFile } from '../image/default-images';
import { Files } from '../workload/files';
import { HealthCheck } from '../workload/health-check';
import { Service, UpdateStrategy } from '../workload/service';
import { Volume } from '../workload/volume';

/** What a scheduled management command is, and what it may use. */
export interface ScheduledCommandOptions {
  /** When the command is run. */
  readonly schedule: Schedule;

  /** The management command and its arguments, as after `manage.py`: `['clearsessions']`, `['report', '--days', '7']`. No shell reads them. */
  readonly command: string[];

  /**
   * The time after which a run is ended: by SIGTERM, and by SIGKILL 10 seconds later. It counts as failed.
   *
   * @default Duration.hours(1)
   */
  readonly timeout?: Duration;

  /**
   * The time that a run in progress has to come to its end by itself when a release, or the end of the container, comes in between. After it the
   * command gets SIGTERM, and SIGKILL 10 seconds later.
   *
   * @default Duration.seconds(30)
   */
  readonly gracePeriod?: Duration;

  /**
   * The memory that the command may use.
   *
   * @default Size.mebibytes(512)
   */
  readonly memory?: Size;

  /**
   * The CPUs that the command may use.
   *
   * @default 1
   */
  readonly cpus?: number;
}

/** Settings of a `ScheduledCommand`. */
export interface ScheduledCommandProps extends ScheduledCommandOptions {
  /** The app in whose image, and with whose settings and secrets, the command is run. */
  readonly app: GunicornApp;
}

/** Where the scheduler and its settings are mounted. They are not among the app's files: another schedule must not replace the app's servers. */
const SCHEDULE_PATH = '/run/cdktf-schedule';
/** Where the volume with the lock is. */
const LOCK_PATH = '/var/lib/cdktf-schedule';
/** Seconds from SIGTERM to SIGKILL, as in runtime/python/schedule.py, and some to leave. */
const SECONDS_TO_LEAVE = 15;

/**
 * A management command that is run by the clock, in a container of its own that has the app's image, settings and secrets. `DjangoService.addCommand` makes it.
 *
 * One run at a time: a run that is due while the last one goes on is skipped, and the log says so. Runs that were due while the container was away (a
 * release, a stopped host) or that a clock jumped over are not made up for. A release stops the scheduler first and starts it again, with the new
 * code, when its release job has ended well: until then, and while a release fails, nothing is run. Where a platform has two schedulers for a moment (a Swarm that hears
 * again of a node that it had replaced), the second one stands by, without planning anything, until the first has ended: a lock on a small volume of theirs sees to it.
 *
 * The container is unhealthy while the last run failed, or while one is overdue. Its log (`docker logs`) has the output of the command, and a line of JSON for each
 * start and end. By hand, one at a time with those of the clock: `docker exec CONTAINER python /run/cdktf-schedule/schedule.py --run-now`; `--status` shows
 * the last run.
 *
 * @example
 * new ScheduledCommand(this, 'ClearSessions', { app: shop.app, schedule: Schedule.cron('0 4 * * *'), command: ['clearsessions'] });
 */
export class ScheduledCommand extends Construct {
  /** The scheduler. */
  public readonly service: Service;
  /** Held by the one scheduler that plans: a cluster that loses sight of a node may start another one. It has no data. */
  public readonly lock: Volume;
  /** The scheduler's program and settings. */
  public readonly files: Files;
  /** When the command is run. */
  public readonly schedule: Schedule;
  /** The management command and its arguments. */
  public readonly command: string[];
  /** The time after which a run is ended. */
  public readonly timeout: Duration;
  /** The time that a run in progress has when the container is to end. */
  public readonly gracePeriod: Duration;

  /**
   * @throws when the command is not a list of arguments, or a time is out of range
   */
  constructor(scope: Construct, id: string, props: ScheduledCommandProps) {
    super(scope, id);
    this.schedule = props.schedule;
    this.command = this.checkedCommand(props.command);
    this.timeout = this.checkedTime('timeout', props.timeout ?? Duration.hours(1), Duration.seconds(1), Duration.days(7));
    this.gracePeriod = this.checkedTime('gracePeriod', props.gracePeriod ?? Duration.seconds(30), Duration.seconds(0), Duration.minutes(15));

    const common = props.app._common();
    this.files = new Files(this, 'Files', { image: common.image });
    this.files.addFile('schedule.py', runtimeFile('python/schedule.py'));
    // The schema is described in runtime/python/schedule.py.
    this.files._addJson('schedule.json', {
      name: id,
      schedule: this.schedule._render(),
      timeoutSeconds: this.timeout.toSeconds(),
      graceSeconds: this.gracePeriod.toSeconds(),
      lock: `${LOCK_PATH}/lock`,
      command: ['python', '-m', 'django', ...this.command],
    });
    this.service = new Service(this, 'Scheduler', {
      ...common,
      command: ['--', 'python', `${SCHEDULE_PATH}/schedule.py`],
      updateStrategy: UpdateStrategy.STOP_FIRST,
      memory: props.memory ?? Size.mebibytes(512),
      cpus: props.cpus ?? 1,
      stopSignal: 'SIGTERM',
      stopGracePeriod: this.gracePeriod.plus(Duration.seconds(SECONDS_TO_LEAVE)),
      healthCheck: HealthCheck.command(['python', '-IS', `${SCHEDULE_PATH}/schedule.py`, '--health'], {
        interval: Duration.seconds(30),
        timeout: Duration.seconds(10),
        retries: 2,
        startPeriod: Duration.seconds(30),
      }),
    });
    this.service.addFiles(this.files, SCHEDULE_PATH);
    const [user, group] = this.service.user!.split(':').map(Number);
    this.lock = new Volume(this, 'Lock', { removalPolicy: RemovalPolicy.DESTROY, owner: { user, group, image: this.service.image } });
    this.service.addVolume(this.lock, LOCK_PATH);
    props.app._adopt(this.service);
    this.node.defaultChild = this.service;
  }

  private checkedCommand(command: string[]): string[] {
    const allowed = 'a management command and its arguments, each a text of its own, such as ["report", "--days", "7"]';
    if (!Array.isArray(command) || command.length === 0) return reject(this, `command must be ${allowed}, got ${shown(JSON.stringify(command))}`);
    for (const argument of command) {
      if (typeof argument !== 'string' || argument === '' || argument.includes('\0')) {
        reject(this, `command must be ${allowed}, without empty texts and NUL characters, got ${shown(JSON.stringify(command))}`);
      }
    }
    const [name] = command;
    if (/^(python[\d.]*|(\.\/)?manage(\.py)?|django-admin)$/.test(name)) {
      reject(this, `command must be ${allowed}: leave out what is before the command's own name, got ${shown(JSON.stringify(command))}`);
    }
    if (!Token.isUnresolved(name) && !/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name)) {
      reject(this, `command must be ${allowed}: the first must be the name of a management command, got ${shown(name)}`);
    }
    refuseSecretArguments(this, 'command', command);
    return [...command];
  }

  private checkedTime(name: string, value: Duration, min: Duration, max: Duration): Duration {
    const seconds = value.toSeconds();
    if (!Number.isInteger(seconds) || seconds < min.toSeconds() || seconds > max.toSeconds()) {
      reject(this, `${name} must be in whole seconds, from ${min} to ${max}, got ${value}`);
    }
    return value;
  }
}
