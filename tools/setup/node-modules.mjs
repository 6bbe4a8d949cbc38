/** The npm packages: `npm ci` when they are missing or not those of package-lock.json. */

import fs from 'node:fs';
import path from 'node:path';
import { withLock } from './cache.mjs';
import { logged } from './run.mjs';
import { say, slowly } from './say.mjs';

const read = (file) => JSON.parse(fs.readFileSync(file, 'utf8')).packages;

/**
 * Compares what npm installed (its hidden lock file) with what is asked for, rather than the files' times: a checkout
 * touches those. Packages for other platforms are asked for as optional and may be missing.
 */
function current(root) {
  try {
    const asked = read(path.join(root, 'package-lock.json'));
    const there = read(path.join(root, 'node_modules', '.package-lock.json'));
    return Object.entries(asked).every(([name, { version, optional, link }]) => {
      if (name === '' || link) return true;
      return there[name] ? there[name].version === version : optional === true;
    });
  } catch {
    return false;
  }
}

/** Makes the checkout's node_modules fit its package-lock.json. */
export async function setUpNodeModules(root) {
  if (current(root)) return say('npm', 'packages are there');
  await withLock('npm', async () => {
    if (current(root)) return;
    await slowly('npm', 'installing packages by npm ci', () =>
      logged('npm', ['ci', '--no-audit', '--no-fund'], {
        log: 'npm',
        what: 'npm ci failed',
        remedy: 'check that the npm registry answers (npm ping), then try again',
        cwd: root,
        shell: process.platform === 'win32',
      }),
    );
  });
}
