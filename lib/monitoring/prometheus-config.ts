import { Duration } from '../core/duration';
import { Endpoint } from '../workload/endpoint';

/** What is asked for figures, and what its figures are marked with. */
export interface ScrapeTarget {
  readonly job: string;
  readonly endpoints: readonly Endpoint[];
  /** The path of the construct below the stack. */
  readonly system: string;
}

/** What Prometheus is told. */
export interface PrometheusSettings {
  readonly scrapeInterval: Duration;
  readonly targets: readonly ScrapeTarget[];
  readonly alertmanagers: readonly string[];
}

/** Prometheus' own limit for an answer; it must not be longer than the time between two. */
const SCRAPE_TIMEOUT = 10;
export const RULES_FILE = 'rules.yml';

/** prometheus.yml. YAML has JSON in it, which quotes all that a path or a rule may contain. */
export function prometheusConfig({ scrapeInterval, targets, alertmanagers }: PrometheusSettings): object {
  const interval = scrapeInterval.toSeconds();
  const jobs = [...new Set(targets.map(({ job }) => job))];
  return {
    global: { scrape_interval: `${interval}s`, scrape_timeout: `${Math.min(SCRAPE_TIMEOUT, interval)}s`, evaluation_interval: `${interval}s` },
    rule_files: [RULES_FILE],
    ...(alertmanagers.length > 0 && { alerting: { alertmanagers: [{ static_configs: [{ targets: [...alertmanagers] }] }] } }),
    scrape_configs: jobs.map((job) => ({
      job_name: job,
      static_configs: targets
        .filter((target) => target.job === job)
        .map(({ endpoints, system }) => ({ targets: endpoints.map(({ host, port }) => `${host}:${port}`), labels: { system } })),
    })),
  };
}

/** rules.yml: equal rules of several systems once. */
export function alertRules(alerts: readonly object[]): object {
  const rules = [...new Map(alerts.map((rule) => [JSON.stringify(rule), rule])).values()];
  return { groups: [{ name: 'cdktf-django', rules }] };
}
