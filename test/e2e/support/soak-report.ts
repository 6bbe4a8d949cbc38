import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machineClass } from '../../../bench/report/machine';
import { engine } from './docker';
import { LoadPhase, LoadResult } from './load';

/** What a proxy that reloads once lost under the same load. */
export interface ControlResult {
  readonly deploys: number;
  readonly requests: number;
  readonly failed: number;
  readonly failures: string[];
}

/** Everything that a run found. */
export interface SoakFindings {
  readonly load: LoadResult;
  readonly rows: { readonly acknowledged: number; readonly missing: number; readonly doubled: number };
  readonly control: ControlResult;
}

const FOLDER = join(__dirname, '..', '..', '..', 'bench', 'results');

/** Writes the figures of a run. */
export function writeSoakReport({ load, rows, control }: SoakFindings): void {
  const found = {
    date: new Date().toISOString().slice(0, 10),
    machine: machineClass(),
    engine: engine('version', '--format', '{{.Server.Version}}'),
    load: { ...load, acknowledged: undefined, phases: load.phases.filter((phase) => phase.name !== '') },
    rows,
    control,
  };
  writeFileSync(join(FOLDER, 'soak.json'), `${JSON.stringify(found, null, 2)}\n`);
  writeFileSync(join(FOLDER, 'soak.md'), render(found));
}

type Report = Omit<SoakFindings, 'load'> & {
  readonly date: string;
  readonly machine: string;
  readonly engine: string;
  readonly load: Omit<LoadResult, 'acknowledged'>;
};

function render(found: Report): string {
  const { load, rows, control } = found;
  const groups = Object.keys(load.phases[0].groups);
  return [
    '# Releases under load',
    '',
    'Written by `npm run soak` (test/e2e/soak.test.ts), whether it passed or not. No client tries a request again; each answer is checked for its status',
    'and its content.',
    '',
    `${found.date}, ${found.machine}, Docker Engine ${found.engine}, with clients and Terraform on the same cores. As if they were elsewhere, the clients come first`,
    "(nice -10) and Terraform last (nice 10), and new connections go to the proxy's own address (at a loopback port a program of the engine copies each byte).",
    '',
    `- Requests: ${number(load.requests)} in ${load.seconds.toFixed(0)} s; failed: **${number(load.failed)}**; slowest: ${number(load.slowest)} ms`,
    `- New connections a second: ${(newConnections(load) / load.seconds).toFixed(0)} on average`,
    `- Rows acknowledged: ${number(rows.acknowledged)}; missing: **${rows.missing}**; there twice: **${rows.doubled}**`,
    `- Control, a proxy that reloads once: ${number(control.failed)} of ${number(control.requests)} requests failed, in ${control.deploys} deploys`,
    '',
    `| phase | seconds | ${groups.join(' | ')} |`,
    `|---|---|${groups.map(() => '---|').join('')}`,
    ...load.phases.map((phase) => `| ${phase.name} | ${phase.seconds.toFixed(1)} | ${groups.map((name) => cell(phase, name)).join(' | ')} |`),
    '',
    'Each cell: requests (a second), failed, slowest.',
    '',
    ...section('Failures', load.failures),
    // They are all alike.
    ...section('Failures of the control', control.failures.slice(0, 3)),
  ].join('\n');
}

function newConnections(load: Report['load']): number {
  return load.phases.reduce((sum, phase) => sum + Object.values(phase.groups)[0].requests, 0);
}

function cell(phase: LoadPhase, group: string): string {
  const { requests, failed, slowest } = phase.groups[group];
  return `${number(requests)} (${(requests / phase.seconds).toFixed(0)}/s), ${failed}, ${number(slowest)} ms`;
}

function section(title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : [`## ${title}`, '', ...lines.map((line) => `- \`${line.replace(/[`\s]+/g, ' ')}\``), ''];
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
