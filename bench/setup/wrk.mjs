/** wrk, which makes the load. */

import { canInstall, install } from '../../tools/setup/apt.mjs';
import { which } from '../../tools/setup/run.mjs';
import { Trouble } from '../../tools/setup/trouble.mjs';

export async function setUpWrk() {
  if (which('wrk')) return;
  if (!canInstall())
    throw new Trouble('the throughput suite needs wrk', { remedy: 'install wrk (Debian, Ubuntu and Homebrew have a package of that name)' });
  await install('wrk', ['wrk']);
}
