/**
 * npm run bench [-- suite...] [-- --runs 7] [--seconds 5]
 *
 * Sets up what is missing, runs the suites of bench/ (all of them unless some are named), and writes bench/results. Needs a quiet
 * machine: every figure is a ratio of two things measured in turns, and noise makes its interval wide.
 */

import path from 'node:path';
import { setUpCaddy } from '../bench/setup/caddy.mjs';
import { setUpCompose } from '../bench/setup/compose.mjs';
import { setUpWrk } from '../bench/setup/wrk.mjs';
import { stopEngine } from './setup/engine.mjs';
import { ROOT, setUp } from './setup/index.mjs';
import { shown } from './setup/run.mjs';
import { main } from './setup/trouble.mjs';

/** What a suite needs beside node. The synth suite asks no engine. */
const ALL = ['engine', 'node-modules', 'terraform', 'provider', 'images'];

await main(async () => {
  const args = process.argv.slice(2);
  const named = args.filter((arg) => /^[a-z]/.test(arg));
  const asked = (suite) => named.length === 0 || named.includes(suite);
  const onlySynth = !['throughput', 'deploy', 'database', 'plan'].some(asked);
  const { env, startedEngine } = await setUp({ parts: onlySynth ? ['node-modules'] : ALL });
  try {
    if (asked('throughput')) {
      await setUpWrk();
      env.BENCH_CADDY = await setUpCaddy();
    }
    if (asked('deploy')) env.BENCH_COMPOSE = await setUpCompose();
    // It cleans up after itself when asked to stop, so its end is waited for.
    return await shown(process.execPath, ['--import', 'tsx', path.join('bench', 'main.ts'), ...args], {
      cwd: ROOT,
      env: { ...process.env, ...env },
    });
  } finally {
    if (startedEngine) await stopEngine(startedEngine);
  }
});
