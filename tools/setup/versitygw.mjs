/** Versity's S3 gateway, a server of S3 for tests: built as a Go tool, once. */

import fs from 'node:fs';
import { cachePath, withLock } from './cache.mjs';
import { buildGoTool } from './go.mjs';
import { VERSITYGW } from './versions.mjs';

/** @returns {Promise<string>} the path of its program, which needs no library and runs in any container of this machine's kind */
export async function ensureVersitygw() {
  const built = cachePath('bin', `versitygw-${VERSITYGW.version}`);
  await withLock('versitygw', async () => {
    if (fs.existsSync(built)) return;
    const pkg = 'github.com/versity/versitygw';
    await buildGoTool({
      part: 'versitygw',
      what: `versitygw ${VERSITYGW.version}`,
      pkg: `${pkg}/cmd/versitygw`,
      requires: [`${pkg} v${VERSITYGW.version}`],
      to: built,
    });
  });
  return built;
}
