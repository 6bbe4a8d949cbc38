import { constants } from 'node:os';
import { parseArgs } from 'node:util';
import { deploy } from './deploy/deploy';
import { renderSuite } from './report/markdown';
import { machineClass } from './report/machine';
import { Results, SuiteResult, writeResults } from './report/results';
import { run } from './support/run';
import { BenchOptions, say, Suite } from './support/suite';
import { synth } from './synth/synth';
import { throughput } from './throughput/throughput';

// Run by tools/bench.mjs, which sets up what the suites need.

const SUITES: { readonly [name: string]: Suite } = { synth, throughput, deploy };
/** With less, the figures are a trial and are not written down. */
const LEAST_RUNS = 7;
const LEAST_SECONDS = 3;

function options(): { suites: string[]; runs: number; seconds: number } {
  const { values, positionals } = parseArgs({
    options: { runs: { type: 'string', default: String(LEAST_RUNS) }, seconds: { type: 'string', default: '4' } },
    allowPositionals: true,
  });
  const unknown = positionals.find((name) => !(name in SUITES));
  if (unknown) throw new Error(`there is no suite "${unknown}"; there are ${Object.keys(SUITES).join(', ')}`);
  const [runs, seconds] = [values.runs, values.seconds].map(Number);
  if (!(Number.isInteger(runs) && runs >= 1 && runs <= 100)) throw new Error(`--runs must be from 1 to 100, got ${values.runs}`);
  if (!(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60)) throw new Error(`--seconds must be from 1 to 60, got ${values.seconds}`);
  return { suites: positionals.length > 0 ? positionals : Object.keys(SUITES), runs, seconds };
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
  const { suites, runs, seconds } = options();
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
    found[name] = await measure(name, { runs, seconds, signal: stop.signal });
    process.stdout.write(`${renderSuite(name, found[name])}\n`);
  }
  finish(found, runs >= LEAST_RUNS && seconds >= LEAST_SECONDS);
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
