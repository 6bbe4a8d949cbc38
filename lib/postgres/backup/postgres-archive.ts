import { Construct } from 'constructs';
import { Duration } from '../../core/duration';
import { reject, requireInteger } from '../../core/errors';
import { RemovalPolicy } from '../../core/removal-policy';
import { Schedule } from '../../core/schedule';
import { Size } from '../../core/size';
import { shortHash } from '../../core/text';
import { IMonitored, IMonitoring, MonitoringTarget } from '../../monitoring/monitored';
import { platformOf } from '../../platform/platform-of';
import { Service } from '../../workload/service';
import { Volume } from '../../workload/volume';
import { Workload } from '../../workload/workload';
import type { PostgresDb } from '../postgres-db';
import { monitorBackup } from './backup-monitoring';
import { backupFiles, backupImage, backupService, checkedTime, SCRATCH, TARGET, USER_ID } from './backup-files';
import { ARCHIVE, PROGRAMS } from './backup-programs';
import { BackupTarget } from './backup-target';
import { PostgresRestorable } from './postgres-restorable';

/** How an archive for point-in-time recovery is kept. */
export interface PostgresArchiveOptions {
  /**
   * When a base backup is made. A recovery begins with one, and replays what was written since: the more often, the shorter it takes. The first one is made at once.
   */
  readonly schedule: Schedule;

  /**
   * How far back a moment can be recovered, from 1 hour on. What no such moment needs is removed after each base backup; the newest good one always stays.
   *
   * @default Duration.days(7) - as in Amazon RDS for clusters made by its console
   */
  readonly keep?: Duration;

  /**
   * Where the archive is: `BackupTarget.volume()` or `BackupTarget.directory()`.
   *
   * @default BackupTarget.volume() - which is on the same disk as the database, unless the engine's volumes are not
   */
  readonly target?: BackupTarget;

  /**
   * How many base backups after a full one have only what changed since the one before, from 0 to 1000. With a base backup a day, 6 make a full one each week. Postgres 17
   * and newer have them: the server then keeps summaries of its WAL (`summarize_wal`).
   *
   * @default 6 - 0 before Postgres 17
   */
  readonly incrementals?: number;

  /**
   * How old the newest moment may be that can be recovered, before the container is unhealthy, from 30 seconds on. It is usually 10 seconds.
   *
   * @default Duration.minutes(1)
   */
  readonly maxLag?: Duration;

  /**
   * The age at which the newest good base backup is too old, so that the container is unhealthy.
   *
   * @default - until the next one should have ended: the schedule's next time after it, and the timeout
   */
  readonly maxAge?: Duration;

  /**
   * The time after which a base backup is ended. It counts as failed.
   *
   * @default Duration.hours(4)
   */
  readonly timeout?: Duration;

  /**
   * The memory that a base backup, or the server of a recovery, may use.
   *
   * @default Size.gibibytes(1)
   */
  readonly memory?: Size;

  /**
   * The CPUs that a base backup, or a recovery, may use.
   *
   * @default 1
   */
  readonly cpus?: number;
}

/** Settings of a `PostgresArchive`. */
export interface PostgresArchiveProps extends PostgresArchiveOptions {
  /** The database that is archived. */
  readonly database: PostgresDb;
}

const FIRST_INCREMENTAL = 17;
const LONGEST_SLOT = 63;

/**
 * An archive of all that a server writes, for point-in-time recovery: base backups by the clock, and its WAL as it is written. `PostgresDb.addArchive` makes it.
 *
 * `pg_receivewal` brings each commit to the archive's disk within a moment, and `pg_basebackup` makes base backups, which count when `pg_verifybackup` has read all of
 * them and their WAL back. `npx cdktf-django restore --at MOMENT` brings the database back as it was then: all that was committed before, and nothing after.
 *
 * What was not received yet, the server holds back in a slot, up to its parameter `max_slot_wal_keep_size` (4 GB): an archive that is away does not fill the server's
 * disk. Beyond that the archive has a gap, is unhealthy, and begins anew with a base backup. A twentieth of the target's disk (at most 1 GiB) stays free. A slot that is left behind when
 * the archive is taken out of the stack holds back no more than that: `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active`.
 *
 * The container is unhealthy while the newest moment is older than `maxLag`, the last base backup failed or is too old, the target is full, or the server holds back
 * more than half of what it may.
 *
 * @example
 * new PostgresArchive(this, 'Archive', { database: db, schedule: Schedule.cron('0 1 * * *'), target: BackupTarget.directory('/srv/archive') });
 */
export class PostgresArchive extends PostgresRestorable implements IMonitored {
  public readonly database: PostgresDb;
  public readonly folderName: string;
  /** When a base backup is made. */
  public readonly schedule: Schedule;
  /** How far back a moment can be recovered. */
  public readonly keep: Duration;
  /** Where the archive is. */
  public readonly target: BackupTarget;
  /** How many base backups after a full one have only what changed. */
  public readonly incrementals: number;
  /** The replication slot of the receiver. */
  public readonly slotName: string;
  /** The volume that the archive is in, unless it is in a folder of the host. */
  public readonly volume?: Volume;
  /** The volume of the server of a recovery. */
  public readonly scratch: Volume;
  /** What receives WAL and makes base backups. */
  public readonly service: Service;

  /**
   * @throws when a number or a time is out of range, or the target is a bucket
   */
  constructor(scope: Construct, id: string, props: PostgresArchiveProps) {
    super(scope, id);
    this.database = props.database;
    this.schedule = props.schedule;
    this.keep = checkedTime(this, 'keep', props.keep ?? Duration.days(7), Duration.hours(1), Duration.days(3660));
    this.target = props.target ?? BackupTarget.volume();
    const { version, network, superuserSecret } = this.database;
    this.incrementals = props.incrementals ?? (version.major < FIRST_INCREMENTAL ? 0 : 6);
    requireInteger(this, 'incrementals', this.incrementals, { min: 0, max: 1000 });
    if (this.incrementals > 0 && version.major < FIRST_INCREMENTAL) {
      reject(
        this,
        `incrementals must be 0 with Postgres ${version.major}, got ${this.incrementals}; Postgres ${FIRST_INCREMENTAL} and newer have them`,
      );
    }
    if (this.target._s3) {
      reject(
        this,
        'target must be BackupTarget.volume() or BackupTarget.directory(), got a bucket: WAL is written as it comes; for a bucket use addBackup() beside it',
      );
    }
    const timeout = checkedTime(this, 'timeout', props.timeout ?? Duration.hours(4), Duration.seconds(1), Duration.days(7));
    const maxAge = props.maxAge && checkedTime(this, 'maxAge', props.maxAge, Duration.minutes(1), Duration.days(3660));
    const maxLag = checkedTime(this, 'maxLag', props.maxLag ?? Duration.minutes(1), Duration.seconds(30), Duration.days(1));
    this.folderName = platformOf(this)._nameOf(this);
    this.slotName = slotName(this.folderName);

    const owner = { user: USER_ID, group: USER_ID, image: version.image };
    const { _directory: directory, _volumeName: volumeName } = this.target;
    if (directory === undefined) this.volume = new Volume(this, 'Archive', { removalPolicy: RemovalPolicy.RETAIN, volumeName, owner });
    this.scratch = new Volume(this, 'Scratch', { removalPolicy: RemovalPolicy.DESTROY, owner });
    const files = backupFiles(this, {
      image: version.image,
      schedule: this.schedule,
      timeout,
      command: 'run',
      settings: {
        name: id,
        id: this.folderName,
        target: TARGET,
        scratch: SCRATCH,
        server: { host: this.database.host, port: this.database.port, database: this.database.databaseName, passwordFile: superuserSecret.path },
        maxAgeSeconds: maxAge?.toSeconds() ?? null,
        archive: {
          slot: this.slotName,
          keepSeconds: this.keep.toSeconds(),
          incrementals: this.incrementals,
          maxLagSeconds: maxLag.toSeconds(),
        },
      },
    });
    this.service = new Service(this, 'Receiver', {
      ...backupService([ARCHIVE]),
      image: backupImage(version.image, false),
      memory: props.memory ?? Size.gibibytes(1),
      cpus: props.cpus ?? 1,
    });
    this.service.addFiles(files, PROGRAMS);
    this.service.joinNetwork(network);
    this.service.addSecret(superuserSecret);
    if (this.volume) this.service.addVolume(this.volume, TARGET);
    else this.service.addHostFolder(directory!, TARGET);
    this.service.addVolume(this.scratch, SCRATCH);
    this.node.defaultChild = this.service;
    this.database._registerArchive(this);
  }

  public bindToMonitoring(_monitoring: IMonitoring): MonitoringTarget {
    return monitorBackup(this, this.service, ARCHIVE);
  }

  /** @internal */
  public get _drillSettings(): object {
    return { archive: { slot: this.slotName }, server: { database: this.database.databaseName } };
  }

  /** @internal */
  public get _bucketSettings(): undefined {
    return undefined;
  }

  /** @internal */
  public _letRead(workload: Workload): void {
    if (this.volume) workload.addReadOnlyVolume(this.volume, TARGET);
    else workload.addReadOnlyHostFolder(this.target._directory!, TARGET);
  }
}

/** Slots have names of at most 63 lower-case letters, digits and "_". */
function slotName(folderName: string): string {
  const name = `cdktf_${folderName.replace(/[^a-z0-9]/g, '_')}`;
  return name.length <= LONGEST_SLOT ? name : `${name.slice(0, LONGEST_SLOT - 7)}_${shortHash(folderName, 6)}`;
}
