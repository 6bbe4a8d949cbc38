/**
 * npm run fuzz
 *
 * Sets up what is missing and gives 100,000 generated inputs and more, other ones each day, to every place of the API that takes text: the suite `fuzz` of the
 * end-to-end tests in its long form, ten times with another seed, each in a process of its own since it keeps all stacks; some 25 minutes.
 */

import path from 'node:path';
import { stopEngine } from './setup/engine.mjs';
import { ROOT, setUp } from './setup/index.mjs';
import { shown } from './setup/run.mjs';
import { say } from './setup/say.mjs';
import { main } from './setup/trouble.mjs';

const ROUNDS = 10;

await main(async () => {
  const { env, startedEngine } = await setUp();
  try {
    const jest = path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
    const suite = path.join(ROOT, 'test', 'e2e', 'fuzz.test.ts');
    const day = Math.floor(Date.now() / 86_400_000);
    for (let round = 1; round <= ROUNDS; round++) {
      say('fuzz', `round ${round} of ${ROUNDS}`);
      const code = await shown(process.execPath, [jest, '--config', 'jest.e2e.config.cjs', '--runTestsByPath', suite], {
        cwd: ROOT,
        env: { ...process.env, ...env, CDKTF_DJANGO_FUZZ: 'long', CDKTF_DJANGO_FUZZ_SEED: String(day * 100 + round) },
      });
      if (code !== 0) return code;
    }
    return 0;
  } finally {
    // Only the one that this very run started.
    if (startedEngine) await stopEngine(startedEngine);
  }
});
