import { Construct } from 'constructs';
import { Duration } from '../../core/duration';
import { reject } from '../../core/errors';
import { Schedule } from '../../core/schedule';
import { ContainerImage } from '../../image/container-image';
import { DerivedImage } from '../../image/derived-image';
import { runtimeFile } from '../../image/default-images';
import { Files } from '../../workload/files';
import { HealthCheck } from '../../workload/health-check';
import { ServiceProps, UpdateStrategy } from '../../workload/service';
import { PROGRAMS } from './backup-programs';

/** The user who makes backups and rehearses restores. Its files in a target are its own. */
export const USER_ID = 10075;
export const TARGET = '/backups';
export const SCRATCH = '/scratch';

const MODULES = [
  'backup.py',
  'bases.py',
  'drill.py',
  'dump.py',
  'fetch-wal.sh',
  'media.py',
  'postgres.py',
  'private_server.py',
  'receiver.py',
  'recovery.py',
  'report.py',
  'restore.py',
  'runs.py',
  's3.py',
  'sets.py',
  'settings.py',
  'space.py',
  'wal.py',
];
/** Seconds that a run in progress has to end by itself when the container is to end; then it is ended, and the next one removes what it left. */
const GRACE = 30;
/** Seconds from SIGTERM to SIGKILL, as in runtime/python/schedule.py, and some to leave. */
const SECONDS_TO_LEAVE = 15;

/** The server's own image, whose pg_dump and pg_restore fit, with Python, and for a bucket with restic. */
export function backupImage(base: ContainerImage, bucket: boolean): ContainerImage {
  return DerivedImage.of(base, bucket ? 'postgres-backup-s3' : 'postgres-backup', ['python3', ...(bucket ? ['ca-certificates', 'restic'] : [])]);
}

/** What the clock runs, and what the programs are told. */
export interface BackupFilesProps {
  readonly image: ContainerImage;
  readonly schedule: Schedule;
  readonly timeout: Duration;
  readonly command: string;
  /** Described in runtime/backup/settings.py. */
  readonly settings: object;
}

/** The folder with the scheduler, the programs, and their settings. */
export function backupFiles(scope: Construct, props: BackupFilesProps): Files {
  const files = new Files(scope, 'Files', { image: props.image });
  for (const name of MODULES) files.addFile(name, runtimeFile(`backup/${name}`));
  files.addFile('schedule.py', runtimeFile('python/schedule.py'));
  files._addJson('schedule.json', {
    name: scope.node.id,
    command: ['python3', `${PROGRAMS}/backup.py`, props.command],
    schedule: props.schedule._render(),
    timeoutSeconds: props.timeout.toSeconds(),
    graceSeconds: GRACE,
  });
  files._addJson('backup.json', props.settings);
  return files;
}

/** What the services of backups and of drills have in common. */
export function backupService(kind: string[]): Omit<ServiceProps, 'image'> {
  return {
    entrypoint: ['python3', `${PROGRAMS}/backup.py`],
    command: ['serve'],
    user: `${USER_ID}:${USER_ID}`,
    updateStrategy: UpdateStrategy.STOP_FIRST,
    stopSignal: 'SIGTERM',
    stopGracePeriod: Duration.seconds(GRACE + SECONDS_TO_LEAVE),
    healthCheck: HealthCheck.command(['python3', '-IS', `${PROGRAMS}/backup.py`, 'health', ...kind], {
      interval: Duration.seconds(30),
      timeout: Duration.seconds(10),
      retries: 2,
      startPeriod: Duration.seconds(30),
    }),
  };
}

/** A time in whole seconds, within bounds. */
export function checkedTime(scope: Construct, name: string, value: Duration, min: Duration, max: Duration): Duration {
  const seconds = value.toSeconds();
  if (!Number.isInteger(seconds) || seconds < min.toSeconds() || seconds > max.toSeconds()) {
    reject(scope, `${name} must be in whole seconds, from ${min} to ${max}, got ${value}`);
  }
  return value;
}
