/** The registry of the Distribution project, for the tests of a Swarm: built as a Go tool, once. */

import fs from 'node:fs';
import { cachePath, withLock } from './cache.mjs';
import { buildGoTool } from './go.mjs';
import { REGISTRY } from './versions.mjs';

/** @returns {Promise<string>} the path of its program, which needs no library and runs in any container of this machine's kind */
export async function ensureRegistry() {
  const built = cachePath('bin', `registry-${REGISTRY.version}`);
  await withLock('registry', async () => {
    if (fs.existsSync(built)) return;
    const pkg = 'github.com/distribution/distribution/v3';
    await buildGoTool({
      part: 'registry',
      what: `registry ${REGISTRY.version}`,
      pkg: `${pkg}/cmd/registry`,
      requires: [`${pkg} v${REGISTRY.version}`],
      to: built,
    });
  });
  return built;
}
