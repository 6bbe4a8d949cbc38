import { Duration } from '../core/duration';
import { defaultImages } from '../image/default-images';
import { AlertRule, AlertSeverity } from '../monitoring/alert-rule';
import { makeExporter } from '../monitoring/exporter';
import { IMonitoring, MonitoringTarget } from '../monitoring/monitored';
import type { NginxProxy } from './nginx-proxy';
import { CACHE_FOLDER, STATUS_PATH, STATUS_SOCKET } from './proxy-layout';

const PORT = 9113;

const ALERTS: AlertRule[] = [
  {
    name: 'NginxDown',
    expression: 'nginx_up == 0',
    lasting: Duration.minutes(1),
    severity: AlertSeverity.CRITICAL,
    summary: 'nginx of {{ $labels.system }} does not answer, or has no configuration yet: no site of it is reached.',
  },
  {
    name: 'NginxDropsConnections',
    expression: 'rate(nginx_connections_accepted[5m]) - rate(nginx_connections_handled[5m]) > 0',
    lasting: Duration.minutes(5),
    summary: '{{ $labels.system }} has more connections than it can have (workerConnections), and closes some.',
  },
];

/** An exporter that asks nginx by a socket in a volume of the proxy's: nothing more listens in the edge network, and the proxy's container stays as it is. */
export function monitorProxy(proxy: NginxProxy, monitoring: IMonitoring): MonitoringTarget {
  const { service, endpoints } = makeExporter(proxy, monitoring, {
    image: defaultImages.nginxExporter,
    port: PORT,
    command: [`--nginx.scrape-uri=unix:${STATUS_SOCKET}:${STATUS_PATH}`],
  });
  service.addReadOnlyVolume(proxy.cache, CACHE_FOLDER);
  return { job: 'nginx', endpoints, alerts: ALERTS };
}
