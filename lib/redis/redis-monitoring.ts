import { Lazy } from 'cdktf';
import { Duration } from '../core/duration';
import { defaultImages, runtimeFile } from '../image/default-images';
import { AlertRule, AlertSeverity } from '../monitoring/alert-rule';
import { makeExporter } from '../monitoring/exporter';
import { IMonitoring, MonitoringTarget } from '../monitoring/monitored';
import { Files } from '../workload/files';
import type { RedisCache } from './redis-cache';

const PORT = 9121;
const SCRIPTS = '/run/cdktf-django';

const ALERTS: AlertRule[] = [
  {
    name: 'RedisDown',
    // An exporter that looks for a server that is away may be too late with its answer.
    expression: 'redis_up == 0 or up{job="redis"} == 0',
    lasting: Duration.minutes(1),
    severity: AlertSeverity.CRITICAL,
    summary: 'Redis {{ $labels.system }} does not answer, or its exporter. The log says why.',
  },
  {
    name: 'RedisMemoryNearLimit',
    // A server that evicts whatever is oldest is full by intention.
    expression:
      'redis_memory_used_bytes / redis_memory_max_bytes > 0.9 and redis_memory_max_bytes > 0 unless on (system) redis_instance_info{maxmemory_policy=~"allkeys-.*"}',
    lasting: Duration.minutes(5),
    summary: 'Redis {{ $labels.system }} has less than a tenth of its memory for data free. When there is none, tasks and sessions are refused.',
  },
  {
    name: 'CeleryQueueGrows',
    expression: 'min_over_time(redis_key_size[15m]) > 100 and deriv(redis_key_size[15m]) > 0',
    lasting: Duration.minutes(5),
    summary:
      'More than a hundred tasks have waited in the queue {{ $labels.key }} of {{ $labels.system }} for a quarter of an hour, and they get more. addWorker() has replicas and concurrency.',
  },
];

/** An exporter in the network of the server. It is given the password in its environment, which a launcher sets from the file: its own files of passwords are of another form. */
export function monitorRedis(redis: RedisCache, monitoring: IMonitoring, lists: () => string[]): MonitoringTarget {
  const { service, endpoints } = makeExporter(redis, monitoring, {
    image: defaultImages.redisExporter,
    port: PORT,
    entrypoint: ['sh', `${SCRIPTS}/exporter.sh`],
    environment: {
      REDIS_ADDR: `redis://${redis.host}:${redis.port}`,
      REDIS_EXPORTER_CHECK_SINGLE_KEYS: Lazy.stringValue({ produce: () => lists().join(',') }),
      SERVER_PASSWORD_FILE: redis.passwordSecret.path,
    },
  });
  const files = new Files(redis, 'ExporterFiles', { image: service.image });
  files.addFile('exporter.sh', runtimeFile('redis/exporter.sh'));
  service.addFiles(files, SCRIPTS);
  redis.addClient(service);
  return { job: 'redis', endpoints, alerts: ALERTS };
}
