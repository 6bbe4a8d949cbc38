import { Results, SuiteResult } from './results';
import { Row, Series } from './row';

/** The results as a page. */
export function renderMarkdown(results: Results): string {
  const suites = Object.entries(results).map(([name, result]) => renderSuite(name, result));
  return [
    '# Latest figures',
    '',
    'Written by `npm run bench`. Ratios are of two things that were measured in turns, in one run, on one machine; the interval is that of the',
    'median ratio, by order statistics. A target is *met* when the median ratio reaches it, or the whole interval where it says so, *short* when',
    'the whole interval misses it, and *open* in between.',
    '',
    ...suites,
  ].join('\n');
}

export function renderSuite(name: string, result: SuiteResult): string {
  const versions = Object.entries(result.versions).map(([part, version]) => `${part} ${version}`);
  return [
    `## ${name}`,
    '',
    `${result.date}, ${result.machine}, commit ${result.commit}. ${result.method}`,
    '',
    `Versions: ${versions.join(', ')}.`,
    '',
    '| what | ours | peer | ratio | interval | target | verdict |',
    '|---|---|---|---|---|---|---|',
    ...result.rows.map(renderRow),
    '',
    '<details><summary>All runs</summary>',
    '',
    ...result.rows.flatMap((row) => [
      `- ${row.what}`,
      ...[row.ours, row.peer].map((one) => `  - ${one.name}: ${one.runs.map(number).join(', ')} ${one.unit}`),
    ]),
    '',
    '</details>',
    '',
  ].join('\n');
}

function renderRow(row: Row): string {
  const { ratio, target } = row;
  const interval = `${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)} (${(100 * ratio.confidence).toFixed(0)} %)`;
  return `| ${[row.what, cell(row.ours), cell(row.peer), ratio.median.toFixed(2), interval, target ? `${target.kind} ${target.ratio}${target.wholly ? ', all of the interval' : ''}` : '', row.verdict].join(' | ')} |`;
}

function cell(series: Series): string {
  return `${series.name}: ${number(series.median)} ${series.unit}`;
}

/** Three significant digits, or all before the point. */
function number(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
}
