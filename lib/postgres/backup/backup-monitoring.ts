import { TerraformStack } from 'cdktf';
import { Construct } from 'constructs';
import { Duration } from '../../core/duration';
import { RemovalPolicy } from '../../core/removal-policy';
import { AlertRule, AlertSeverity } from '../../monitoring/alert-rule';
import { MonitoringTarget } from '../../monitoring/monitored';
import { Service } from '../../workload/service';
import { Volume } from '../../workload/volume';
import { USER_ID } from './backup-files';
import { DRILL } from './backup-programs';

const REPORT = '/report';

const FAILED = 'Its log has the reason: docker logs, or npx cdktf-django status.';
const BACKUP_ALERTS: AlertRule[] = [
  {
    name: 'BackupTooOld',
    expression: 'time() > cdktf_django_backup_due_timestamp_seconds',
    lasting: Duration.minutes(1),
    severity: AlertSeverity.CRITICAL,
    summary: `The newest good backup of {{ $labels.backup }} is too old: there should be another one by now. ${FAILED}`,
  },
  {
    name: 'BackupFailed',
    expression: `cdktf_django_backup_last_run_ok{kind!="${DRILL}"} == 0`,
    severity: AlertSeverity.CRITICAL,
    summary: `The last backup of {{ $labels.backup }} failed. ${FAILED}`,
  },
];
const DRILL_ALERTS: AlertRule[] = [
  {
    name: 'RestoreDrillFailed',
    expression: `cdktf_django_backup_last_run_ok{kind="${DRILL}"} == 0`,
    severity: AlertSeverity.CRITICAL,
    summary: `The last restore that {{ $labels.backup }} rehearsed failed: nobody knows whether the backups are good. ${FAILED}`,
  },
];
const ALERTS: AlertRule[] = [
  {
    name: 'BackupUnhealthy',
    expression: 'cdktf_django_backup_healthy == 0',
    lasting: Duration.minutes(10),
    summary: `{{ $labels.backup }} is unhealthy. ${FAILED}`,
  },
];

/** Backups, archives and drills have no request to answer, and some have no network: they write what their health check finds into a volume. */
export function monitorBackup(scope: Construct, service: Service, kind: string): MonitoringTarget {
  const name = scope.node.path.slice(TerraformStack.of(scope).node.path.length + 1);
  const { image } = service;
  const reports = new Volume(scope, 'Report', { removalPolicy: RemovalPolicy.DESTROY, owner: { user: USER_ID, group: USER_ID, image } });
  service.addVolume(reports, REPORT);
  service.addEnvironment('BACKUP_REPORT', `${REPORT}/backup.prom`);
  service.addEnvironment('BACKUP_REPORT_NAME', name);
  const silent: AlertRule = {
    name: 'BackupSilent',
    expression: `absent(cdktf_django_backup_report_timestamp_seconds{backup="${name}"} > time() - 300)`,
    lasting: Duration.minutes(5),
    severity: AlertSeverity.CRITICAL,
    labels: { backup: name },
    summary: `Nothing is heard of ${name}: its container does not run, or does not come to its health check.`,
  };
  return { job: 'backup', endpoints: [], reports, alerts: [...(kind === DRILL ? DRILL_ALERTS : BACKUP_ALERTS), ...ALERTS, silent] };
}
