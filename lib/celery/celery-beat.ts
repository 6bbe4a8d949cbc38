import { Construct } from 'constructs';
import { Duration } from '../core/duration';
import { requireMatch } from '../core/errors';
import { RemovalPolicy } from '../core/removal-policy';
import { Size } from '../core/size';
import { checkedTime, makeProcess, ProcessOptions } from '../django/django-process';
import { GunicornApp } from '../gunicorn/gunicorn-app';
import { Endpoint } from '../workload/endpoint';
import { Service } from '../workload/service';
import { Volume } from '../workload/volume';
import { CELERY_PATH, celeryCommand, celeryFiles, CeleryOptions } from './celery-program';

/** What Celery's beat is, and what it may use. */
export interface CeleryBeatOptions extends CeleryOptions, ProcessOptions {
  /**
   * The class of the scheduler, such as `django_celery_beat.schedulers:DatabaseScheduler`.
   *
   * @default - the project's own `beat_scheduler`, or Celery's, which reads `beat_schedule`
   */
  readonly scheduler?: string;
}

/** Settings of a `CeleryBeat`. */
export interface CeleryBeatProps extends CeleryBeatOptions {
  /** The app in whose image, and with whose settings and secrets, beat runs. */
  readonly app: GunicornApp;
  /** The project's package, where its Celery app is unless `celeryApp` says otherwise. */
  readonly project: string;
  /**
   * Where the broker is, which beat may wait for.
   *
   * @default - not known
   */
  readonly broker?: Endpoint;
}

/** Where beat writes when each entry was sent last. */
const FOLDER = '/var/lib/cdktf-django/beat';
/** Beat ticks every 30 seconds or oftener; a broker that is slow takes as long again. */
const HEARTBEAT = Duration.seconds(90);

/**
 * Celery's beat, which sends tasks by the clock. `DjangoService.addBeat` makes it.
 *
 * There is one at any time: the beat of a release stands by until that of the one before has ended, and holds a lock on the volume with the schedule from then on. So nothing is sent twice,
 * and a release that fails leaves the old one at work. Entries that were due while there was none are sent once, when it is back.
 *
 * @example
 * new CeleryBeat(this, 'Beat', { app: shop.app, project: 'shop' });
 */
export class CeleryBeat extends Construct {
  /** The container. */
  public readonly service: Service;
  /** When each entry was sent last, and the lock. */
  public readonly schedule: Volume;

  /**
   * @throws when a name is not of the allowed form, or a value is out of range
   */
  constructor(scope: Construct, id: string, props: CeleryBeatProps) {
    super(scope, id);
    const { scheduler } = props;
    if (scheduler !== undefined)
      requireMatch(
        this,
        'scheduler',
        scheduler,
        /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*[.:][A-Za-z_]\w*$/,
        'a class such as "django_celery_beat.schedulers:DatabaseScheduler"',
      );
    const command = [
      'beat',
      '--loglevel=INFO',
      '--pidfile=',
      `--schedule=${FOLDER}/schedule`,
      ...(scheduler === undefined ? [] : [`--scheduler=${scheduler}`]),
    ];
    this.service = makeProcess(this, {
      ...props,
      memory: props.memory ?? Size.mebibytes(256),
      replicas: 1,
      stopGracePeriod: checkedTime(this, 'stopGracePeriod', props.stopGracePeriod ?? Duration.seconds(30), Duration.seconds(1), Duration.hours(6)),
      heartbeat: HEARTBEAT,
      command: celeryCommand(this, props.celeryApp ?? props.project, ['--lock', `${FOLDER}/lock`], command),
    });
    const [user, group] = this.service.user!.split(':').map(Number);
    this.schedule = new Volume(this, 'Schedule', { removalPolicy: RemovalPolicy.DESTROY, owner: { user, group, image: this.service.image } });
    this.service.addVolume(this.schedule, FOLDER);
    this.service.addFiles(celeryFiles(this, this.service.image), CELERY_PATH);
    this.node.defaultChild = this.service;
  }
}
