/**
 * npm run e2e [-- suite...] [-- --jest-option]
 * npm run e2e:swarm [-- --jest-option]
 *
 * Sets up what is missing and runs the end-to-end tests, on one engine or on a Swarm of several; a suite is a part of a test file's name.
 */

import fs from 'node:fs';
import path from 'node:path';
import { stopEngine } from './setup/engine.mjs';
import { ROOT, setUp } from './setup/index.mjs';
import { shown } from './setup/run.mjs';
import { main, Trouble } from './setup/trouble.mjs';

const [onSwarm, ...others] = process.argv[2] === '--swarm' ? process.argv.slice(2) : [undefined, ...process.argv.slice(2)];
const CONFIG = onSwarm ? 'jest.swarm.config.cjs' : 'jest.e2e.config.cjs';

await main(async () => {
  const { env, startedEngine } = await setUp();
  try {
    if (!fs.existsSync(path.join(ROOT, CONFIG))) throw new Trouble(`${CONFIG} is missing`);
    const jest = path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
    return await shown(process.execPath, [jest, '--config', CONFIG, ...others], {
      cwd: ROOT,
      env: { ...process.env, ...env },
    });
  } finally {
    // Only the one that this very run started.
    if (startedEngine) await stopEngine(startedEngine);
  }
});
