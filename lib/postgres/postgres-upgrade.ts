import { Duration } from '../core/duration';
import { Size } from '../core/size';
import { runtimeFile } from '../image/default-images';
import { Files } from '../workload/files';
import { Job } from '../workload/job';
import type { Construct } from 'constructs';
import type { SecretFile } from '../workload/secret-file';
import type { Volume, VolumeFormat } from '../workload/volume';
import type { WorkloadOptions } from '../workload/workload';
import type { PostgresVersion } from './postgres-version';

/** What an upgrade works on. */
export interface UpgradeParts {
  readonly from: PostgresVersion;
  readonly to: PostgresVersion;
  readonly data: Volume;
  readonly superuserSecret: SecretFile;
  readonly scripts: string;
  readonly confinement: WorkloadOptions;
  readonly memory: Size;
}

/** The form of a data volume, and what to do where it holds another one. */
export function dataFormat(version: PostgresVersion, from?: PostgresVersion): VolumeFormat {
  const name = ({ major, codename }: PostgresVersion) => `Postgres ${major} of Debian ${codename}`;
  return {
    name: name(version),
    from: from && name(from),
    remedy: [
      'You can:',
      '- set version back to what the volume holds;',
      '- upgrade to a higher major version: set upgradeFrom to the version that the volume holds (README, Upgrades);',
      "- for another Debian release of the same version, which may sort text otherwise than the volume's indexes: declare a second PostgresDb beside this one, and move the data",
      '  by pg_dump and pg_restore.',
    ].join('\n'),
  };
}

/** The jobs that bring a database to another version, one with each version's programs. Gives the last. */
export function makeUpgradeJobs(scope: Construct, parts: UpgradeParts): Job {
  const { from, to } = parts;
  const make = (id: string, version: PostgresVersion, command: string) => {
    const job = new Job(scope, id, {
      ...parts.confinement,
      image: version.image,
      entrypoint: ['sh', `${parts.scripts}/upgrade.sh`],
      command: [command],
      offline: true,
      memory: parts.memory,
      timeout: Duration.hours(24),
      environment: {
        DATABASE_VOLUME: version.mountPath,
        DATABASE_MAJOR: String(version.major),
        DATABASE_CODENAME: version.codename,
        DATABASE_SUPERUSER_PASSWORD_FILE: parts.superuserSecret.path,
        UPGRADE_FROM: String(from.major),
        UPGRADE_TO: String(to.major),
      },
    });
    const files = new Files(scope, `${id}Files`, { image: version.image });
    for (const name of ['upgrade.sh', 'marker.sh', 'cluster.sh', 'counts.sh']) files.addFile(name, runtimeFile(`postgres/${name}`));
    job.addFiles(files, parts.scripts);
    job.addVolume(parts.data, version.mountPath);
    job.addSecret(parts.superuserSecret);
    return job;
  };
  const dump = make('UpgradeDump', from, 'dump');
  const load = make('UpgradeLoad', to, 'load');
  load.runAfter(dump);
  return load;
}
