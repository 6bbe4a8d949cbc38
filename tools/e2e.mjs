/**
 * npm run e2e [-- suite...] [-- --jest-option]
 * npm run e2e:swarm [-- --jest-option]
 * npm run e2e:browser [-- suite...] [-- --jest-option]
 *
 * Sets up what is missing and runs the end-to-end tests, on one engine, on a Swarm of several, or in Chromium; a suite is a part of a
 * test file's name.
 */

import fs from 'node:fs';
import path from 'node:path';
import { ensureChromium } from './setup/chromium.mjs';
import { stopEngine } from './setup/engine.mjs';
import { ROOT, setUp } from './setup/index.mjs';
import { shown } from './setup/run.mjs';
import { main, Trouble } from './setup/trouble.mjs';

const CONFIGS = { '--swarm': 'jest.swarm.config.cjs', '--browser': 'jest.browser.config.cjs' };
const [first, ...rest] = process.argv.slice(2);
const where = first in CONFIGS ? first : undefined;
const CONFIG = where ? CONFIGS[where] : 'jest.e2e.config.cjs';
const others = where ? rest : process.argv.slice(2);

await main(async () => {
  const { env, startedEngine } = await setUp();
  try {
    if (where === '--browser') env.CDKTF_DJANGO_CHROMIUM = await ensureChromium();
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
