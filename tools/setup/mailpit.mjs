/** Mailpit, for the stand-in of its image: built as a Go tool, once. */

import fs from 'node:fs';
import { cachePath, withLock } from './cache.mjs';
import { buildGoTool } from './go.mjs';
import { pins } from './pins.mjs';

/** @returns {Promise<string>} the path of its program, which needs no library and runs in any container of this machine's kind */
export async function ensureMailpit() {
  const version = /:(v[\d.]+)$/.exec(pins().mailpit)[1];
  const built = cachePath('bin', `mailpit-${version.slice(1)}`);
  await withLock('mailpit', async () => {
    if (fs.existsSync(built)) return;
    const pkg = 'github.com/axllent/mailpit';
    await buildGoTool({ part: 'mailpit', what: `mailpit ${version.slice(1)}`, pkg, requires: [`${pkg} ${version}`], to: built });
  });
  return built;
}
