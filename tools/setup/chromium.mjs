/** Chromium, for the tests that a person's path through a site is walked in: the one that is there, else Debian's package. */

import { canInstall, install } from './apt.mjs';
import { which } from './run.mjs';
import { Trouble } from './trouble.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const found = () => NAMES.map((name) => which(name)).find((program) => program !== undefined);

/** @returns {Promise<string>} the path of its program; CDKTF_DJANGO_CHROMIUM names another one */
export async function ensureChromium() {
  const named = process.env.CDKTF_DJANGO_CHROMIUM;
  if (named) {
    const program = which(named);
    if (!program) throw new Trouble(`CDKTF_DJANGO_CHROMIUM=${named} is no program`, { remedy: 'correct it, or unset it' });
    return program;
  }
  if (!found() && canInstall()) await install('chromium', ['chromium', 'fonts-dejavu-core']);
  const program = found();
  if (!program) {
    throw new Trouble('there is no Chromium here', {
      remedy: 'install Chromium or Chrome, or set CDKTF_DJANGO_CHROMIUM to its program, or run this as root on Debian',
    });
  }
  return program;
}
