import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engine } from './docker';

/** What raises one alert and what does not: series in Prometheus' words, with their values each minute from 0 on, for half an hour. */
export interface RuleTest {
  readonly alert: string;
  readonly bad: Record<string, string>;
  readonly good: Record<string, string>;
}

/** Runs Prometheus' own test of rules, in its image. Gives what it says. */
export function testRules(image: string, rules: string, tests: readonly RuleTest[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'cdktf-django-rules-'));
  try {
    const series = (values: Record<string, string>) => Object.entries(values).map(([one, its]) => ({ series: one, values: its }));
    const firing = (alert: string) => `count(ALERTS{alertname="${alert}",alertstate="firing"})`;
    const both = tests.flatMap(({ alert, bad, good }) => [
      { input_series: series(bad), promql_expr_test: [{ expr: firing(alert), eval_time: '30m', exp_samples: [{ labels: '{}', value: 1 }] }] },
      { input_series: series(good), promql_expr_test: [{ expr: firing(alert), eval_time: '30m', exp_samples: [] }] },
    ]);
    writeFileSync(join(folder, 'rules.yml'), rules);
    writeFileSync(
      join(folder, 'tests.yml'),
      JSON.stringify({ rule_files: ['rules.yml'], evaluation_interval: '1m', tests: both.map((one) => ({ interval: '1m', ...one })) }),
    );
    const mount = ['-v', `${folder}:/rules:ro`, '--entrypoint', '/bin/promtool'];
    return engine('run', '--rm', '--network', 'none', '--user', '0', ...mount, image, 'test', 'rules', '/rules/tests.yml');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
