/**
 * npm run fuzz
 *
 * Sets up what is missing and gives 100,000 generated inputs, other ones each day, to every place of the API that takes text: the suite `fuzz` of the
 * end-to-end tests in its long form, some 20 minutes.
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
    const suite = path.join(ROOT, 'test', 'e2e', 'fuzz.test.ts');
    return await shown(process.execPath, [jest, '--config', 'jest.e2e.config.cjs', '--runTestsByPath', suite], {
      cwd: ROOT,
      env: { ...process.env, ...env, CDKTF_DJANGO_FUZZ: 'long' },
    });
  } finally {
    // Only the one that this very run started.
    if (startedEngine) await stopEngine(startedEngine);
  }
});
