import { Construct } from 'constructs';
import { Duration } from '../../core/duration';
import { reject, shown } from '../../core/errors';
import { RemovalPolicy } from '../../core/removal-policy';
import { Schedule } from '../../core/schedule';
import { Size } from '../../core/size';
import { kebab } from '../../core/text';
import { IMonitored, IMonitoring, MonitoringTarget } from '../../monitoring/monitored';
import { platformOf } from '../../platform/platform-of';
import { Service } from '../../workload/service';
import { IVolume, Volume } from '../../workload/volume';
import { Workload } from '../../workload/workload';
import type { PostgresDb } from '../postgres-db';
import { monitorBackup } from './backup-monitoring';
import { backupFiles, backupImage, backupService, checkedTime, TARGET, USER_ID } from './backup-files';
import { PROGRAMS } from './backup-programs';
import { BackupBucket } from './backup-bucket';
import { BackupTarget } from './backup-target';
import { PostgresRestorable } from './postgres-restorable';
import { Retention } from './retention';

/** When backups are made, where they go, and which stay. */
export interface PostgresBackupOptions {
  /** When a backup is made. */
  readonly schedule: Schedule;

  /**
   * Which backups stay.
   *
   * @default Retention.of({ daily: 7, weekly: 4, monthly: 6 })
   */
  readonly keep?: Retention;

  /**
   * Where backups go.
   *
   * @default BackupTarget.volume() - which is on the same disk as the database, unless the engine's volumes are not
   */
  readonly target?: BackupTarget;

  /**
   * Volumes of files that belong to the same backup, such as `shop.mediaVolume`. Everybody has to be allowed to read the files, as Django's uploads are.
   *
   * @default - none
   */
  readonly media?: IVolume[];

  /**
   * The age at which the newest good backup is too old, so that the container is unhealthy. It begins with the backup's snapshot.
   *
   * @default - until the next backup should have ended: the schedule's next time after it, and the timeout
   */
  readonly maxAge?: Duration;

  /**
   * The time after which a backup is ended. It counts as failed.
   *
   * @default Duration.hours(4)
   */
  readonly timeout?: Duration;

  /**
   * The memory that a backup, or a restore, may use.
   *
   * @default Size.mebibytes(512)
   */
  readonly memory?: Size;

  /**
   * The CPUs that a backup may use.
   *
   * @default 1
   */
  readonly cpus?: number;
}

/** Settings of a `PostgresBackup`. */
export interface PostgresBackupProps extends PostgresBackupOptions {
  /** The database that is backed up. */
  readonly database: PostgresDb;
}

/**
 * Backups of a database by the clock, in a container of its own with the server's own programs. `PostgresDb.addBackup` makes it.
 *
 * A backup is the whole database (`pg_dump --format=custom`: all schemas, large objects), the roles of the server without their passwords, and the files of
 * `media`. It is written under a temporary name, read back in full with its checksums, and only then gets its name; what a run leaves that was killed is
 * removed by the next one. A run ends before the target's disk is full: a twentieth of it stays free, at most 1 GiB.
 *
 * The container is unhealthy while the last backup failed, or the newest good one is too old. Its log (`docker logs`) has a line of JSON for each run. By hand:
 * `docker exec CONTAINER python3 /run/cdktf-backup/schedule.py --run-now`; `... backup.py status` shows how all is, as JSON. `npx cdktf-django restore` brings one
 * back.
 *
 * @example
 * new PostgresBackup(this, 'Nightly', { database: db, schedule: Schedule.cron('0 3 * * *'), target: BackupTarget.directory('/srv/backups') });
 */
export class PostgresBackup extends PostgresRestorable implements IMonitored {
  /** The database that is backed up. */
  public readonly database: PostgresDb;
  /** When a backup is made. */
  public readonly schedule: Schedule;
  /** Which backups stay. */
  public readonly keep: Retention;
  /** Where backups go. */
  public readonly target: BackupTarget;
  /** The volumes of files that belong to a backup. */
  public readonly media: IVolume[];
  /** The time after which a backup is ended. */
  public readonly timeout: Duration;
  /** The folder in the target that the backups are in: `<namespace>-<path>`. Nothing outside of it is touched. */
  public readonly folderName: string;
  /** The volume that backups are in, unless they are in a folder of the host or in a bucket. */
  public readonly volume?: Volume;
  /** The volume that a backup is made in before it goes to a bucket. */
  public readonly staging?: Volume;
  /** What makes the backups. */
  public readonly service: Service;
  private readonly bucket?: BackupBucket;

  /**
   * @throws when a time is out of range, or two volumes of files have one name
   */
  constructor(scope: Construct, id: string, props: PostgresBackupProps) {
    super(scope, id);
    this.database = props.database;
    this.schedule = props.schedule;
    this.keep = props.keep ?? Retention.of({ daily: 7, weekly: 4, monthly: 6 });
    this.target = props.target ?? BackupTarget.volume();
    this.media = [...(props.media ?? [])];
    this.timeout = checkedTime(this, 'timeout', props.timeout ?? Duration.hours(4), Duration.seconds(1), Duration.days(7));
    const maxAge = props.maxAge && checkedTime(this, 'maxAge', props.maxAge, Duration.minutes(1), Duration.days(3660));
    this.folderName = platformOf(this)._nameOf(this);
    const media = this.mediaMounts();

    const { version, network, superuserSecret } = this.database;
    const { _directory: directory, _s3: s3, _volumeName: volumeName } = this.target;
    const owner = { user: USER_ID, group: USER_ID, image: version.image };
    if (s3 !== undefined) {
      this.bucket = new BackupBucket(this, 'Bucket', { target: s3, folderName: this.folderName, image: version.image });
      this.staging = new Volume(this, 'Staging', { removalPolicy: RemovalPolicy.DESTROY, owner });
    } else if (directory === undefined) {
      this.volume = new Volume(this, 'Backups', { removalPolicy: RemovalPolicy.RETAIN, volumeName, owner });
    }
    const files = backupFiles(this, {
      image: version.image,
      schedule: this.schedule,
      timeout: this.timeout,
      command: 'run',
      settings: {
        name: id,
        id: this.folderName,
        target: TARGET,
        server: {
          host: this.database.host,
          port: this.database.port,
          database: this.database.databaseName,
          passwordFile: superuserSecret.path,
        },
        keep: { last: this.keep.last, daily: this.keep.daily, weekly: this.keep.weekly, monthly: this.keep.monthly },
        maxAgeSeconds: maxAge?.toSeconds() ?? null,
        media: media.map(({ name, path }) => ({ name, path })),
        ...(this.bucket && { s3: this.bucket.settings }),
      },
    });
    this.service = new Service(this, 'Scheduler', {
      ...backupService([]),
      image: backupImage(version.image, s3 !== undefined),
      memory: props.memory ?? Size.mebibytes(512),
      cpus: props.cpus ?? 1,
    });
    this.service.addFiles(files, PROGRAMS);
    this.service.joinNetwork(network);
    // Large objects and row level security let no lesser role read everything.
    this.service.addSecret(superuserSecret);
    const storage = this.volume ?? this.staging;
    if (storage) this.service.addVolume(storage, TARGET);
    else this.service.addHostFolder(directory!, TARGET);
    this.bucket?.addClient(this.service);
    for (const { volume, path } of media) this.service.addReadOnlyVolume(volume, path);
    this.node.defaultChild = this.service;
  }

  public bindToMonitoring(_monitoring: IMonitoring): MonitoringTarget {
    return monitorBackup(this, this.service, 'backup');
  }

  /** @internal */
  public get _drillSettings(): object {
    return {};
  }

  /** @internal */
  public get _bucketSettings(): object | undefined {
    return this.bucket?.settings;
  }

  /** @internal */
  public _letRead(workload: Workload): void {
    if (this.bucket) this.bucket.addClient(workload);
    else if (this.volume) workload.addReadOnlyVolume(this.volume, TARGET);
    else workload.addReadOnlyHostFolder(this.target._directory!, TARGET);
  }

  private mediaMounts(): { readonly name: string; readonly path: string; readonly volume: IVolume }[] {
    const mounts = this.media.map((volume) => {
      const name = kebab(volume.node.path.split('/').slice(1).join('/'));
      return { name, path: `/media/${name}`, volume };
    });
    for (const { name, volume } of mounts) {
      const other = mounts.find((one) => one.name === name && one.volume !== volume);
      if (other) reject(this, `media has two volumes by the name ${shown(name)}: ${volume.node.path} and ${other.volume.node.path}; rename one`);
      if (mounts.filter((one) => one.volume === volume).length > 1) reject(this, `media has the volume ${volume.node.path} twice; name it once`);
    }
    return mounts;
  }
}
