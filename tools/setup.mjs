/**
 * node tools/setup.mjs [--print-env] [--engine-node]
 *
 * Sets up what is missing and nothing else. With --print-env, stdout has lines for a shell:
 *   eval "$(node tools/setup.mjs --print-env)"
 * With --engine-node, also the image of an engine in a container, which some tests run.
 */

import { setUp } from './setup/index.mjs';
import { ensureStandIns } from './setup/standins.mjs';
import { main, Trouble } from './setup/trouble.mjs';

await main(async () => {
  const flags = process.argv.slice(2);
  const unknown = flags.find((flag) => !['--print-env', '--engine-node'].includes(flag));
  if (unknown) throw new Trouble(`unknown argument ${unknown}`, { remedy: 'node tools/setup.mjs [--print-env] [--engine-node]' });
  const { env } = await setUp();
  if (flags.includes('--engine-node')) await ensureStandIns(['engine']);
  if (flags.includes('--print-env')) {
    for (const [name, value] of Object.entries(env)) {
      process.stdout.write(`export ${name}='${value.replaceAll("'", `'\\''`)}'\n`);
    }
  }
});
