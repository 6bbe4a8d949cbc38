/** Pebble, an ACME server for tests: built as a Go tool, once. */

import fs from 'node:fs';
import { cachePath, withLock } from './cache.mjs';
import { buildGoTool } from './go.mjs';
import { PEBBLE } from './versions.mjs';

/** @returns {Promise<string>} the path of its program, which needs no library and runs in any container of this machine's kind */
export async function ensurePebble() {
  const built = cachePath('bin', `pebble-${PEBBLE.version}`);
  await withLock('pebble', async () => {
    if (fs.existsSync(built)) return;
    const pkg = 'github.com/letsencrypt/pebble/v2';
    await buildGoTool({
      part: 'pebble',
      what: `pebble ${PEBBLE.version}`,
      pkg: `${pkg}/cmd/pebble`,
      requires: [`${pkg} v${PEBBLE.version}`],
      to: built,
    });
  });
  return built;
}
