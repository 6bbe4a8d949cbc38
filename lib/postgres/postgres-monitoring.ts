import { Duration } from '../core/duration';
import { defaultImages } from '../image/default-images';
import { AlertRule, AlertSeverity } from '../monitoring/alert-rule';
import { makeExporter } from '../monitoring/exporter';
import { IMonitoring, MonitoringTarget } from '../monitoring/monitored';
import { PostgresAccess } from './postgres-access';
import type { PostgresDb } from './postgres-db';

const PORT = 9187;
const ROLE = 'monitoring';
/** It keeps one, and opens another for what it asks of each database. */
const CONNECTIONS = 2;

const ALERTS: AlertRule[] = [
  {
    name: 'PostgresDown',
    // An exporter that looks for a server that is away may be too late with its answer.
    expression: 'pg_up == 0 or up{job="postgres"} == 0',
    lasting: Duration.minutes(1),
    severity: AlertSeverity.CRITICAL,
    summary: 'Postgres {{ $labels.system }} does not answer, or its exporter. The log says why.',
  },
  {
    name: 'PostgresConnectionsNearMax',
    expression: 'sum by (system) (pg_stat_activity_count) > 0.8 * max by (system) (pg_settings_max_connections)',
    lasting: Duration.minutes(5),
    summary:
      'More than four fifths of the connections of {{ $labels.system }} (maxConnections) are open. When all are, clients are refused; addPooler() lets many share a few.',
  },
  {
    name: 'PostgresSlotLostWal',
    expression: 'pg_replication_slot_wal_status{wal_status=~"unreserved|lost"} == 1',
    severity: AlertSeverity.CRITICAL,
    summary:
      'The replication slot {{ $labels.slot_name }} of {{ $labels.system }} has lost WAL or is about to: the archive has a gap from there on, and a new stretch begins with the next base backup.',
  },
  {
    name: 'PostgresSlotHoldsWal',
    expression: 'pg_replication_slots_pg_wal_lsn_diff > 2^30',
    lasting: Duration.minutes(10),
    summary:
      'The replication slot {{ $labels.slot_name }} of {{ $labels.system }} holds {{ $value | humanize1024 }}B of WAL: who receives it is away or slow. Beyond max_slot_wal_keep_size it is lost.',
  },
];

/** An exporter in the network of the server, which logs in as a role of its own that reads statistics and no table. */
export function monitorPostgres(db: PostgresDb, monitoring: IMonitoring): MonitoringTarget {
  const role = db.addRole(ROLE, { access: PostgresAccess.MONITOR, connectionLimit: CONNECTIONS });
  const { service, endpoints } = makeExporter(db, monitoring, {
    image: defaultImages.postgresExporter,
    port: PORT,
    environment: {
      DATA_SOURCE_URI: `${role.host}:${role.port}/${role.databaseName}?sslmode=${role.sslMode}`,
      DATA_SOURCE_USER: role.user,
      DATA_SOURCE_PASS_FILE: role.passwordSecret.path,
    },
  });
  role.addClient(service, { connections: CONNECTIONS });
  return { job: 'postgres', endpoints, alerts: ALERTS };
}
