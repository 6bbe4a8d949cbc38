import { LocalBackend, TerraformBackend, TerraformStack } from 'cdktf';
import { IConstruct } from 'constructs';
import { RemovalPolicy } from '../../core/removal-policy';
import { CeleryBeat } from '../../celery/celery-beat';
import { DjangoService } from '../../django/django-service';
import { ScheduledCommand } from '../../django/scheduled-command';
import { NginxProxy } from '../../nginx/nginx-proxy';
import { PostgresArchive } from '../../postgres/backup/postgres-archive';
import { PostgresBackup } from '../../postgres/backup/postgres-backup';
import { PostgresRestoreDrill } from '../../postgres/backup/postgres-restore-drill';
import { PostgresDb } from '../../postgres/postgres-db';
import { SecretFile } from '../../workload/secret-file';
import { Volume } from '../../workload/volume';
import { JudgingRule, ReadinessLevel } from '../readiness-rule';

/**
 * Volumes whose content can be made again: a release collects static files, a proxy asks for what its cache lacks, a drill restores a backup, beat begins a new schedule, and
 * that of a scheduled command has nothing but a lock.
 */
function canBeMadeAgain(volume: Volume): boolean {
  const owner = volume.node.scope;
  if (owner instanceof PostgresBackup) return owner.staging === volume;
  if (owner instanceof PostgresArchive) return owner.scratch === volume;
  if (owner instanceof CeleryBeat || owner instanceof ScheduledCommand) return true;
  return owner instanceof NginxProxy || owner instanceof PostgresRestoreDrill || (owner instanceof DjangoService && owner.staticVolume === volume);
}

function backend(stack: TerraformStack): IConstruct | undefined {
  return stack.node.findAll().find((one) => TerraformBackend.isBackend(one));
}

/** What can be lost, and who can read it. */
export const DATA_RULES: readonly JudgingRule[] = [
  {
    id: 'NoBackup',
    level: ReadinessLevel.WARNING,
    sentence: 'Nothing in the stack backs the database up: its volume outlives a destroy, but neither its disk nor a wrong DELETE.',
    remedy:
      'Add one with addBackup() or addArchive(), on another disk or host, and have its restore rehearsed with addRestoreDrill(); or suppress the rule with where the backups are.',
    find: (construct) =>
      construct instanceof PostgresDb && construct.data.removalPolicy === RemovalPolicy.RETAIN && construct.backups.length === 0 && !construct.archive
        ? `database ${construct.databaseName}`
        : undefined,
  },
  {
    id: 'DataNotRetained',
    level: ReadinessLevel.ERROR,
    sentence: 'A destroy of the stack, or an edit that removes the construct, removes the data.',
    remedy: 'Leave out removalPolicy, or set RemovalPolicy.RETAIN.',
    find: (construct) =>
      construct instanceof Volume && construct.removalPolicy === RemovalPolicy.DESTROY && !canBeMadeAgain(construct)
        ? 'RemovalPolicy.DESTROY'
        : undefined,
  },
  {
    id: 'SecretInState',
    level: ReadinessLevel.WARNING,
    sentence: 'A secret comes from a Terraform variable: whoever reads state or plan files reads its value.',
    remedy: 'Use Secret.generated() or Secret.fromFile(), or suppress the rule where the backend is encrypted.',
    find: (construct) => (construct instanceof SecretFile && construct.secret.inTerraformState ? `secret ${construct.secretName}` : undefined),
  },
  {
    id: 'LocalState',
    level: ReadinessLevel.WARNING,
    sentence: "Terraform's state is a file beside the code: it is lost with this machine, and two operators do not lock each other out.",
    remedy: 'Declare a remote backend with locking in the stack, such as an S3Backend, HttpBackend, PgBackend or CloudBackend of cdktf.',
    find: (construct) => {
      if (!TerraformStack.isStack(construct)) return undefined;
      const declared = backend(construct);
      return declared === undefined || declared instanceof LocalBackend ? 'the local backend' : undefined;
    },
  },
];
