/**
 * npm run soak
 *
 * Sets up what is missing and makes releases and all other changes in a row, under the load of clients of every kind: the suite `soak` of
 * the end-to-end tests in its long form, some 10 minutes. Its figures go to bench/results/soak.md. Needs a quiet machine: 500 new
 * connections a second are asked for.
 */

import path from 'node:path';
import { stopEngine } from './setup/engine.mjs';
import { ROOT, setUp } from './setup/index.mjs';
import { shown } from './setup/run.mjs';
import { main } from './setup/trouble.mjs';

await main(async () => {
  const { env, startedEngine } = await setUp();
  try {
    const jest = path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
    const suite = path.join(ROOT, 'test', 'e2e', 'soak.test.ts');
    return await shown(process.execPath, [jest, '--config', 'jest.e2e.config.cjs', '--runTestsByPath', suite], {
      cwd: ROOT,
      env: { ...process.env, ...env, CDKTF_DJANGO_SOAK: 'long' },
    });
  } finally {
    // Only the one that this very run started.
    if (startedEngine) await stopEngine(startedEngine);
  }
});
