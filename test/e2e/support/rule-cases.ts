import { RuleTest } from './rule-tests';

/** A case for each alert rule that comes with a system; where a rule has an exception, several. */
export const RULE_TESTS: RuleTest[] = [
  { alert: 'TargetDown', bad: { 'up{system="Db"}': '0x30' }, good: { 'up{system="Db"}': '1x30' } },
  {
    alert: 'DiskFillsUp',
    bad: { 'node_filesystem_avail_bytes{job="host"}': '9x30', 'node_filesystem_size_bytes{job="host"}': '100x30' },
    good: { 'node_filesystem_avail_bytes{job="host"}': '11x30', 'node_filesystem_size_bytes{job="host"}': '100x30' },
  },
  { alert: 'NginxDown', bad: { 'nginx_up{system="Proxy"}': '0x30' }, good: { 'nginx_up{system="Proxy"}': '1x30' } },
  {
    alert: 'NginxDropsConnections',
    bad: { nginx_connections_accepted: '0+100x30', nginx_connections_handled: '0+90x30' },
    good: { nginx_connections_accepted: '0+100x30', nginx_connections_handled: '0+100x30' },
  },
  { alert: 'PostgresDown', bad: { 'up{job="postgres",system="Db"}': '0x30' }, good: { 'up{job="redis",system="Redis"}': '0x30' } },
  { alert: 'PostgresDown', bad: { 'pg_up{system="Db"}': '0x30' }, good: { 'pg_up{system="Db"}': '1x30' } },
  {
    alert: 'PostgresConnectionsNearMax',
    bad: {
      'pg_stat_activity_count{system="Db",state="idle"}': '50x30',
      'pg_stat_activity_count{system="Db",state="active"}': '35x30',
      'pg_settings_max_connections{system="Db"}': '100x30',
    },
    good: { 'pg_stat_activity_count{system="Db",state="idle"}': '79x30', 'pg_settings_max_connections{system="Db"}': '100x30' },
  },
  {
    alert: 'PostgresSlotLostWal',
    bad: { 'pg_replication_slot_wal_status{slot_name="a",wal_status="lost"}': '1x30' },
    good: { 'pg_replication_slot_wal_status{slot_name="a",wal_status="reserved"}': '1x30' },
  },
  {
    alert: 'PostgresSlotHoldsWal',
    bad: { 'pg_replication_slots_pg_wal_lsn_diff{slot_name="a"}': '2000000000x30' },
    good: { 'pg_replication_slots_pg_wal_lsn_diff{slot_name="a"}': '1000000000x30' },
  },
  {
    alert: 'AppErrors',
    bad: { 'gunicorn_responses_total{system="Shop",status="5xx"}': '0+6x30', 'gunicorn_responses_total{system="Shop",status="2xx"}': '0+94x30' },
    good: { 'gunicorn_responses_total{system="Shop",status="5xx"}': '0+4x30', 'gunicorn_responses_total{system="Shop",status="2xx"}': '0+96x30' },
  },
  {
    // All of them fail, and there are none to speak of.
    alert: 'AppErrors',
    bad: { 'gunicorn_responses_total{system="Shop",status="5xx"}': '0+3x30' },
    good: { 'gunicorn_responses_total{system="Shop",status="5xx"}': '0+1x30' },
  },
  {
    alert: 'AppSlow',
    bad: {
      'gunicorn_request_duration_seconds_bucket{system="Shop",le="2.5"}': '0+90x30',
      'gunicorn_request_duration_seconds_bucket{system="Shop",le="5"}': '0+100x30',
      'gunicorn_request_duration_seconds_bucket{system="Shop",le="+Inf"}': '0+100x30',
      'gunicorn_request_duration_seconds_count{system="Shop"}': '0+100x30',
    },
    good: {
      'gunicorn_request_duration_seconds_bucket{system="Shop",le="2.5"}': '0+96x30',
      'gunicorn_request_duration_seconds_bucket{system="Shop",le="5"}': '0+100x30',
      'gunicorn_request_duration_seconds_bucket{system="Shop",le="+Inf"}': '0+100x30',
      'gunicorn_request_duration_seconds_count{system="Shop"}': '0+100x30',
    },
  },
  { alert: 'RedisDown', bad: { 'up{job="redis",system="Redis"}': '0x30' }, good: { 'up{job="postgres",system="Db"}': '0x30' } },
  { alert: 'RedisDown', bad: { 'redis_up{system="Redis"}': '0x30' }, good: { 'redis_up{system="Redis"}': '1x30' } },
  ...['noeviction', 'allkeys-lru'].map((policy) => ({
    alert: 'RedisMemoryNearLimit',
    bad: {
      'redis_memory_used_bytes{system="Redis"}': '95x30',
      'redis_memory_max_bytes{system="Redis"}': '100x30',
      'redis_instance_info{system="Redis",maxmemory_policy="volatile-ttl"}': '1x30',
    },
    good: {
      'redis_memory_used_bytes{system="Redis"}': policy === 'noeviction' ? '80x30' : '99x30',
      'redis_memory_max_bytes{system="Redis"}': '100x30',
      [`redis_instance_info{system="Redis",maxmemory_policy="${policy}"}`]: '1x30',
    },
  })),
  {
    alert: 'CeleryQueueGrows',
    bad: { 'redis_key_size{system="Redis",key="celery"}': '101+10x30' },
    good: { 'redis_key_size{system="Redis",key="celery"}': '500x30', 'redis_key_size{system="Redis",key="mail"}': '0+3x30' },
  },
  {
    alert: 'BackupTooOld',
    bad: { 'cdktf_django_backup_due_timestamp_seconds{backup="Db/Nightly"}': '600x30' },
    good: { 'cdktf_django_backup_due_timestamp_seconds{backup="Db/Nightly"}': '6000x30' },
  },
  {
    alert: 'BackupFailed',
    bad: { 'cdktf_django_backup_last_run_ok{kind="backup"}': '0x30' },
    good: { 'cdktf_django_backup_last_run_ok{kind="backup"}': '1x30', 'cdktf_django_backup_last_run_ok{kind="drill"}': '0x30' },
  },
  {
    alert: 'RestoreDrillFailed',
    bad: { 'cdktf_django_backup_last_run_ok{kind="drill"}': '0x30' },
    good: { 'cdktf_django_backup_last_run_ok{kind="drill"}': '1x30', 'cdktf_django_backup_last_run_ok{kind="backup"}': '0x30' },
  },
  { alert: 'BackupUnhealthy', bad: { cdktf_django_backup_healthy: '0x30' }, good: { cdktf_django_backup_healthy: '1x30' } },
  {
    alert: 'BackupSilent',
    bad: {
      'cdktf_django_backup_report_timestamp_seconds{backup="Db/Nightly"}': '0x30',
      'cdktf_django_backup_report_timestamp_seconds{backup="Db/Nightly/Drill"}': '0+60x30',
    },
    good: {
      'cdktf_django_backup_report_timestamp_seconds{backup="Db/Nightly"}': '0+60x30',
      'cdktf_django_backup_report_timestamp_seconds{backup="Db/Nightly/Drill"}': '0+60x30',
    },
  },
];
