import { Construct } from 'constructs';
import { Duration } from '../core/duration';
import { reject, requireInteger, requireMatch, shown } from '../core/errors';
import { RemovalPolicy } from '../core/removal-policy';
import { Size } from '../core/size';
import { runtimeFile } from '../image/default-images';
import { Files } from '../workload/files';
import { Job } from '../workload/job';
import { Volume } from '../workload/volume';
import type { WorkloadOptions } from '../workload/workload';
import { PostgresVersion } from './postgres-version';

/** The volume of another server, whose data fills a database in its first start: one of a compose project, for example. */
export interface PostgresImport {
  /** The name of the volume, as `docker volume ls` has it: `shop_postgres_data`. Its server has to be stopped, and to stay so. */
  readonly volumeName: string;

  /** The name of the database that is taken, `POSTGRES_DB` of the official images. */
  readonly databaseName: string;

  /**
   * A superuser of that server, `POSTGRES_USER` of the official images.
   *
   * @default 'postgres'
   */
  readonly user?: string;

  /**
   * The version that the volume was made with. Any older one than the database's own will do.
   *
   * @default - the version of the database
   */
  readonly version?: PostgresVersion;

  /**
   * The id of the user whom the files in the volume belong to: 999 in the official images, 70 in those on Alpine.
   *
   * @default 999
   */
  readonly userId?: number;
}

/** Where the jobs find both, as runtime/postgres/import.sh and init-files.sh say. */
const SOURCE_FOLDER = '/run/cdktf-django-source';
const IMPORT_FOLDER = '/run/cdktf-django-import';

/** What an import goes to. */
export interface ImportParts {
  readonly version: PostgresVersion;
  readonly initialize: Job;
  /** The group that may read the dump. */
  readonly group: number;
  readonly scripts: string;
  readonly confinement: WorkloadOptions;
  readonly memory: Size;
}

/** Refuses what cannot be imported from. */
export function checkImport(scope: Construct, from: PostgresImport, version: PostgresVersion): void {
  const old = from.version ?? version;
  if (!(old instanceof PostgresVersion)) reject(scope, `importFrom.version must be a PostgresVersion such as PostgresVersion.V15, got ${shown(old)}`);
  if (old._problem) reject(scope, `importFrom.version: ${old._problem}`);
  if (old.major > version.major)
    reject(
      scope,
      `importFrom.version must not be newer than version, which is ${version.major}, got ${old.major}: a dump goes to the same or a newer version`,
    );
  const name = 'text of at most 63 characters without quotes, backslashes and control characters';
  for (const [what, value] of Object.entries({ databaseName: from.databaseName, user: from.user ?? 'postgres' }))
    requireMatch(scope, `importFrom.${what}`, value, /^[^\0-\x1f\x7f'"\\]{1,63}$/, name);
  requireInteger(scope, 'importFrom.userId', from.userId ?? 999, { min: 1, max: 2 ** 31 - 1 });
}

/** A job that dumps the database of the other server, and the way of the dump to the first start. */
export function makeImportJob(scope: Construct, from: PostgresImport, parts: ImportParts): void {
  const version = from.version ?? parts.version;
  const user = from.userId ?? 999;
  const source = new Volume(scope, 'ImportSource', { volumeName: from.volumeName });
  const dump = new Volume(scope, 'Import', { removalPolicy: RemovalPolicy.DESTROY, owner: { user, group: parts.group, image: version.image } });
  const job = new Job(scope, 'ImportDump', {
    ...parts.confinement,
    user: `${user}:${parts.group}`,
    image: version.image,
    entrypoint: ['sh', `${parts.scripts}/import.sh`],
    offline: true,
    memory: parts.memory,
    timeout: Duration.hours(24),
    environment: {
      DATABASE_VOLUME: SOURCE_FOLDER,
      DATABASE_MAJOR: String(version.major),
      DATABASE_CODENAME: version.codename,
      IMPORT_DATABASE: from.databaseName,
      IMPORT_USER: from.user ?? 'postgres',
    },
  });
  const files = new Files(scope, 'ImportFiles', { image: version.image });
  for (const name of ['import.sh', 'marker.sh', 'cluster.sh', 'counts.sh']) files.addFile(name, runtimeFile(`postgres/${name}`));
  job.addFiles(files, parts.scripts);
  job.addVolume(source, SOURCE_FOLDER);
  job.addVolume(dump, IMPORT_FOLDER);
  parts.initialize.addReadOnlyVolume(dump, IMPORT_FOLDER);
  parts.initialize.runAfter(job);
}
