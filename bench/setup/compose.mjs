/** Docker Compose, which a release of ours is measured beside: built once, into the cache. */

import fs from 'node:fs';
import { cachePath, withLock } from '../../tools/setup/cache.mjs';
import { buildGoTool } from '../../tools/setup/go.mjs';
import { say } from '../../tools/setup/say.mjs';

const VERSION = '2.40.3';

/** Resolves to the path of the program; to nothing where it cannot be had, which the rows about it then say. */
export async function setUpCompose() {
  const program = cachePath('bin', `compose-${VERSION}`, 'docker-compose');
  try {
    await withLock('compose', async () => {
      if (fs.existsSync(program)) return;
      await buildGoTool({
        part: 'compose',
        what: `Docker Compose ${VERSION}`,
        pkg: 'github.com/docker/compose/v2/cmd',
        requires: [`github.com/docker/compose/v2 v${VERSION}`],
        to: program,
      });
    });
  } catch (error) {
    say('compose', `not measured: ${error.message}`);
    return '';
  }
  return program;
}
