import { Duration } from '../core/duration';
import { ContainerImage } from '../image/container-image';
import { defaultImages, runtimeFile } from '../image/default-images';
import { AlertRule, AlertSeverity } from '../monitoring/alert-rule';
import { makeExporter } from '../monitoring/exporter';
import { IMonitoring, MonitoringTarget } from '../monitoring/monitored';
import { Files } from '../workload/files';
import { jsonText } from '../workload/json-text';
import { Network } from '../workload/network';
import type { GunicornApp } from './gunicorn-app';

const PORT = 9102;
/** For datagrams: the exporter's own. */
const FIGURES_PORT = 9125;
const FOLDER = '/run/cdktf-django';
const MAPPING_FILE = 'mapping.yml';

/** In seconds: those of Prometheus' clients, and Gunicorn's usual timeout. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What becomes a series, and of what name. Anything else is dropped, so an app that sends figures of its own makes no series. */
const MAPPING = {
  mappings: [
    { match: 'gunicorn.request.status.*', name: 'gunicorn_responses_total', labels: { status: '$1' } },
    {
      match: 'gunicorn.request.duration',
      name: 'gunicorn_request_duration_seconds',
      observer_type: 'histogram',
      histogram_options: { buckets: BUCKETS },
    },
    { match: 'gunicorn.log.*', name: 'gunicorn_log_total', labels: { level: '$1' } },
    { match: '.', match_type: 'regex', name: 'dropped', action: 'drop' },
  ],
};

const ALERTS: AlertRule[] = [
  {
    name: 'AppErrors',
    // Of a few requests one that fails is a large part.
    expression:
      'sum by (system) (rate(gunicorn_responses_total{status="5xx"}[5m])) > 0.05 * sum by (system) (rate(gunicorn_responses_total[5m])) and sum by (system) (increase(gunicorn_responses_total{status="5xx"}[5m])) >= 10',
    lasting: Duration.minutes(1),
    severity: AlertSeverity.CRITICAL,
    summary: 'More than a twentieth of the answers of {{ $labels.system }} are errors of its own (5xx). Its log has the tracebacks.',
  },
  {
    name: 'AppSlow',
    expression:
      'histogram_quantile(0.95, sum by (system, le) (rate(gunicorn_request_duration_seconds_bucket[5m]))) > 2.5 and sum by (system) (increase(gunicorn_request_duration_seconds_count[5m])) >= 100',
    lasting: Duration.minutes(10),
    summary: 'One in twenty requests to {{ $labels.system }} takes more than 2.5 s.',
  },
];

/** An exporter that gets datagrams from the servers, in a network of their own, and is not waited for by them. */
export function monitorGunicorn(app: GunicornApp, monitoring: IMonitoring): MonitoringTarget {
  const { service, endpoints } = makeExporter(app, monitoring, {
    image: defaultImages.statsdExporter,
    port: PORT,
    command: [`--statsd.mapping-config=${FOLDER}/${MAPPING_FILE}`, `--statsd.listen-udp=:${FIGURES_PORT}`, '--statsd.listen-tcp='],
  });
  const mapping = new Files(service, 'Mapping', { image: ContainerImage.fromRegistry(defaultImages.statsdExporter) });
  mapping.addFile(MAPPING_FILE, jsonText(MAPPING));
  service.addFiles(mapping, FOLDER);
  const network = new Network(app, 'Figures', { internal: true });
  service.joinNetwork(network);
  app.service.joinNetwork(network);
  const [{ host, port }] = service.endpoints(FIGURES_PORT);
  app.files.addFile('figures.py', runtimeFile('python/figures.py'));
  app.service.addEnvironment('CDKTF_FIGURES', `${host}:${port}`);
  return { job: 'gunicorn', endpoints, alerts: ALERTS };
}
