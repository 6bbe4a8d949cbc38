import { Token } from 'cdktf';
import { Construct } from 'constructs';
import { Duration } from '../../core/duration';
import { reject, shown } from '../../core/errors';
import { RemovalPolicy } from '../../core/removal-policy';
import { Schedule } from '../../core/schedule';
import { Size } from '../../core/size';
import { IMonitored, IMonitoring, MonitoringTarget } from '../../monitoring/monitored';
import { Service } from '../../workload/service';
import { Volume } from '../../workload/volume';
import { monitorBackup } from './backup-monitoring';
import { backupFiles, backupImage, backupService, checkedTime, SCRATCH, TARGET, USER_ID } from './backup-files';
import { DRILL, PROGRAMS } from './backup-programs';
import type { PostgresRestorable } from './postgres-restorable';

/** When a restore is rehearsed, and how it is judged. */
export interface PostgresRestoreDrillOptions {
  /** When a restore is rehearsed. */
  readonly schedule: Schedule;

  /**
   * What the restored database is asked: SQL that gives one row with one boolean, true if all is well. It is run as the superuser of the throwaway
   * server: `SELECT count(*) > 1000 FROM shop_order`.
   */
  readonly query: string;

  /**
   * The time after which a drill is ended. It counts as failed.
   *
   * @default Duration.hours(4)
   */
  readonly timeout?: Duration;

  /**
   * The memory that the throwaway server and the restore may use.
   *
   * @default Size.gibibytes(1)
   */
  readonly memory?: Size;

  /**
   * The CPUs that a drill may use.
   *
   * @default 1
   */
  readonly cpus?: number;
}

/** Settings of a `PostgresRestoreDrill`. */
export interface PostgresRestoreDrillProps extends PostgresRestoreDrillOptions {
  /** The backups of which the newest is restored, or the archive that is recovered up to its end. */
  readonly backup: PostgresRestorable;
}

/** A text of that length is an argument of a program. */
const LONGEST_QUERY = 10000;

/**
 * A restore that is rehearsed by the clock. `PostgresDb.addRestoreDrill` makes it.
 *
 * A drill checks all checksums of the newest backup, restores it into a server of its own that nobody reaches, runs the query, and removes the server. Of an
 * archive it recovers the newest base backup and all WAL after it. It needs as much disk as the database, in a volume. It has no network, but for the way to a bucket, and reads the backups only.
 *
 * The container is unhealthy while the last drill failed. Its log (`docker logs`) has a report of each as a line of JSON, with the reason of a failure. By hand:
 * `docker exec CONTAINER python3 /run/cdktf-backup/schedule.py --run-now`.
 *
 * @example
 * const nightly = db.addBackup('Nightly', { schedule: Schedule.cron('0 3 * * *') });
 * new PostgresRestoreDrill(this, 'Weekly', { backup: nightly, schedule: Schedule.cron('0 5 * * SUN'), query: 'SELECT count(*) > 0 FROM auth_user' });
 */
export class PostgresRestoreDrill extends Construct implements IMonitored {
  /** The backups of which the newest is restored, or the archive that is recovered up to its end. */
  public readonly backup: PostgresRestorable;
  /** When a restore is rehearsed. */
  public readonly schedule: Schedule;
  /** What the restored database is asked. */
  public readonly query: string;
  /** The time after which a drill is ended. */
  public readonly timeout: Duration;
  /** The volume of the throwaway server. */
  public readonly scratch: Volume;
  /** What rehearses restores. */
  public readonly service: Service;

  /**
   * @throws when the query is not SQL text, or the timeout is out of range
   */
  constructor(scope: Construct, id: string, props: PostgresRestoreDrillProps) {
    super(scope, id);
    this.backup = props.backup;
    this.schedule = props.schedule;
    this.query = this.checkedQuery(props.query);
    this.timeout = checkedTime(this, 'timeout', props.timeout ?? Duration.hours(4), Duration.seconds(1), Duration.days(7));

    const { image } = this.backup.database.version;
    this.scratch = new Volume(this, 'Scratch', { removalPolicy: RemovalPolicy.DESTROY, owner: { user: USER_ID, group: USER_ID, image } });
    const s3 = this.backup._bucketSettings;
    const files = backupFiles(this, {
      image,
      schedule: this.schedule,
      timeout: this.timeout,
      command: DRILL,
      // What comes from a bucket is fetched into the scratch volume.
      settings: {
        name: id,
        id: this.backup.folderName,
        target: s3 ? SCRATCH : TARGET,
        scratch: SCRATCH,
        query: this.query,
        ...this.backup._drillSettings,
        ...(s3 && { s3 }),
      },
    });
    this.service = new Service(this, 'Scheduler', {
      ...backupService([DRILL]),
      image: backupImage(image, s3 !== undefined),
      memory: props.memory ?? Size.gibibytes(1),
      cpus: props.cpus ?? 1,
      offline: s3 === undefined,
    });
    this.service.addFiles(files, PROGRAMS);
    this.service.addVolume(this.scratch, SCRATCH);
    this.backup._letRead(this.service);
    this.node.defaultChild = this.service;
  }

  public bindToMonitoring(_monitoring: IMonitoring): MonitoringTarget {
    return monitorBackup(this, this.service, DRILL);
  }

  private checkedQuery(query: string): string {
    const allowed = `query must be SQL that gives one row with one boolean, such as "SELECT count(*) > 0 FROM auth_user", at most ${LONGEST_QUERY} characters`;
    if (typeof query !== 'string' || query.trim() === '' || query.includes('\0') || query.length > LONGEST_QUERY) {
      return reject(this, `${allowed}, got ${shown(query)}`);
    }
    if (!Token.isUnresolved(query) && query.trimStart().startsWith('\\')) reject(this, `${allowed}, and no command of psql, got ${shown(query)}`);
    return query;
  }
}
