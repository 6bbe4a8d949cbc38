import { Duration } from '../core/duration';
import { AlertRule, AlertSeverity } from './alert-rule';

/** Of every system, and of the disk. */
export const MONITORING_ALERTS: AlertRule[] = [
  {
    name: 'TargetDown',
    expression: 'up == 0',
    lasting: Duration.minutes(2),
    severity: AlertSeverity.CRITICAL,
    summary: 'Nothing is known of {{ $labels.system }}: its exporter does not answer. Look at its log.',
  },
  {
    name: 'DiskFillsUp',
    expression: 'node_filesystem_avail_bytes{job="host"} / node_filesystem_size_bytes{job="host"} < 0.1',
    lasting: Duration.minutes(5),
    severity: AlertSeverity.CRITICAL,
    summary: 'Less than a tenth of the disk under the volumes is free. A full disk stops the database.',
  },
];
