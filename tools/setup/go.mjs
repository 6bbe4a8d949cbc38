/** Building a program as a Go tool, where its releases cannot be fetched. */

import fs from 'node:fs';
import path from 'node:path';
import { canInstall, install } from './apt.mjs';
import { publish, withTemp } from './cache.mjs';
import { ask, logged, which } from './run.mjs';
import { slowly } from './say.mjs';
import { Trouble } from './trouble.mjs';
import { GO } from './versions.mjs';

/** A Go that can build, or a {@link Trouble}. */
async function goEnvironment(part) {
  const remedy = `install Go ${GO.join('.')} or newer`;
  if (!which('go')) {
    if (!canInstall()) throw new Trouble(`${part} must be built, and there is no Go`, { remedy });
    await install(part, ['golang-go']);
  }
  const { stdout } = await ask('go', ['env', 'GOVERSION']);
  const [major, minor] = stdout.trim().replace(/^go/, '').split('.').map(Number);
  if (major > GO[0] || (major === GO[0] && minor >= GO[1])) return {};
  // From 1.21 on, an older Go fetches the one that it needs by itself.
  if (major === 1 && minor >= 21) return { GOTOOLCHAIN: 'auto' };
  throw new Trouble(`${part} must be built, and Go ${stdout.trim()} is too old for it`, { remedy });
}

/**
 * Builds the main package `pkg` to the file `to`.
 * @param {{ part: string, what: string, pkg: string, requires: string[], replaces?: string[], to: string }} options
 */
export async function buildGoTool({ part, what, pkg, requires, replaces = [], to }) {
  const env = await goEnvironment(part);
  await slowly(part, `building ${what} (some minutes, once)`, () =>
    withTemp(async (dir) => {
      const lines = [
        'module example.org/tools',
        `go ${GO.join('.')}`,
        `tool ${pkg}`,
        ...requires.map((line) => `require ${line}`),
        ...replaces.map((line) => `replace ${line}`),
      ];
      fs.writeFileSync(path.join(dir, 'go.mod'), `${lines.join('\n')}\n`);
      const out = path.join(dir, 'out');
      // -mod=mod lets go complete go.mod and go.sum; it checks every module against Go's checksum database.
      await logged('go', ['build', '-mod=mod', '-trimpath', '-o', out, pkg], {
        log: part,
        what: `building ${what} failed`,
        remedy: 'check that Go can fetch modules (go env GOPROXY), then try again',
        cwd: dir,
        env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', ...env },
      });
      publish(out, to);
    }),
  );
}
