import { constants } from 'node:os';
import { parseArgs } from 'node:util';
import { database } from './database/database';
import { deploy } from './deploy/deploy';
import { plan } from './plan/plan';
import { renderSuite } from './report/markdown';
import { machineClass } from './report/machine';
import { Results, SuiteResult, writeResults } from './report/results';
import { run } from './support/run';
import { BenchOptions, say, Suite } from './support/suite';
import { synth } from './synth/synth';
import { throughput } from './throughput/throughput';

// Run by tools/bench.mjs, which sets up what the suites need.

const SUITES: { readonly [name: string]: Suite } = { synth, throughput, deploy, database, plan };
/** With less, the figures are a trial and are not written down. */
const LEAST_RUNS = 7;
const LEAST_SECONDS = 3;
/** What is asked of a suite unless the command line says otherwise. */
const USUAL = { runs: LEAST_RUNS, seconds: 4 };
const USUAL_OF: { readonly [suite: string]: typeof USUAL } = { database: { runs: 10, seconds: 15 }, plan: { runs: 3, seconds: 4 } };

interface Asked {
  readonly runs?: number;
  readonly seconds?: number;
}

function options(): { suites: string[]; asked: Asked } {
  const { values, positionals } = parseArgs({ options: { runs: { type: 'string' }, seconds: { type: 'string' } }, allowPositionals: true });
  const unknown = positionals.find((name) => !(name in SUITES));
  if (unknown) throw new Error(`there is no suite "${unknown}"; there are ${Object.keys(SUITES).join(', ')}`);
  const number = (name: 'runs' | 'seconds', most: number) => {
    const value = Number(values[name]);
    if (values[name] === undefined) return undefined;
    if (Number.isInteger(value) && value >= 1 && value <= most) return value;
    throw new Error(`--${name} must be from 1 to ${most}, got ${values[name]}`);
  };
  return {
    suites: positionals.length > 0 ? positionals : Object.keys(SUITES),
    asked: { runs: number('runs', 100), seconds: number('seconds', 60) },
  };
}

/** The commit that was measured, and whether the tree differs from it. */
async function commit(): Promise<string> {
  try {
    const [hash, changes] = [
      await run('git', ['rev-parse', '--short', 'HEAD']),
      await run('git', ['status', '--porcelain', '--', 'lib', 'runtime', 'bin', 'examples', 'bench']),
    ];
    return changes === '' ? hash : `${hash} with changes`;
  } catch {
    return 'unknown';
  }
}

async function measure(name: string, asked: BenchOptions): Promise<SuiteResult> {
  const found = await SUITES[name](asked);
  return { date: new Date().toISOString().slice(0, 10), machine: machineClass(), commit: await commit(), ...found };
}

async function main(): Promise<number> {
  const { suites, asked } = options();
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!stop.signal.aborted) say('stopping; what was made for the bench is being removed ...');
      stop.abort(new Error(`stopped by ${signal}`));
      process.exitCode = 128 + constants.signals[signal];
    });
  }
  const found: Record<string, SuiteResult> = {};
  for (const name of suites) {
    say(`suite ${name}`);
    const usual = USUAL_OF[name] ?? USUAL;
    found[name] = await measure(name, { runs: asked.runs ?? usual.runs, seconds: asked.seconds ?? usual.seconds, signal: stop.signal });
    process.stdout.write(`${renderSuite(name, found[name])}\n`);
  }
  finish(found, (asked.runs ?? LEAST_RUNS) >= LEAST_RUNS && (asked.seconds ?? LEAST_SECONDS) >= LEAST_SECONDS);
  return Object.values(found).some(({ rows }) => rows.some(({ verdict }) => verdict === 'short')) ? 1 : 0;
}

function finish(found: Results, worthKeeping: boolean): void {
  if (worthKeeping) {
    writeResults(found);
    say('written to bench/results');
  } else {
    say(`a trial: with fewer than ${LEAST_RUNS} runs, or runs of less than ${LEAST_SECONDS} s, nothing is written`);
  }
}

main().then(
  (code) => (process.exitCode ??= code),
  (error: Error) => {
    process.stderr.write(`bench: ${error.message.startsWith('stopped by') ? error.message : (error.stack ?? error)}\n`);
    process.exitCode ??= 1;
  },
);
