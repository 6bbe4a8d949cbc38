/** Caddy, the other server that our nginx is measured against: built once, into the cache. */

import fs from 'node:fs';
import { cachePath, withLock } from '../../tools/setup/cache.mjs';
import { buildGoTool } from '../../tools/setup/go.mjs';

const VERSION = '2.11.9';

/** Resolves to the path of the program, which is static: it runs in any Linux container of this machine's kind. */
export async function setUpCaddy() {
  const program = cachePath('bin', `caddy-${VERSION}`, 'caddy');
  await withLock('caddy', async () => {
    if (fs.existsSync(program)) return;
    await buildGoTool({
      part: 'caddy',
      what: `Caddy ${VERSION}`,
      pkg: 'github.com/caddyserver/caddy/v2/cmd/caddy',
      requires: [`github.com/caddyserver/caddy/v2 v${VERSION}`],
      to: program,
    });
  });
  return program;
}
