/** Debian's packages: installing them where we may, and where they come from on this machine. */

import fs from 'node:fs';
import { withLock } from './cache.mjs';
import { ask, logged, which } from './run.mjs';
import { say, slowly } from './say.mjs';
import { Trouble } from './trouble.mjs';

/** Whether packages can be installed: Debian or a descendant, as root. */
export function canInstall() {
  return process.platform === 'linux' && process.getuid() === 0 && which('apt-get') !== undefined;
}

const APT = ['-o', 'DPkg::Lock::Timeout=300'];
let updated = false;

/** Once a run. A source that does not answer may not be the one that is needed: what counts is whether the packages come. */
async function update(part) {
  if (updated) return;
  await logged('apt-get', [...APT, 'update'], { log: 'apt', what: 'apt-get update failed' }).catch((error) => say(part, error.message));
  updated = true;
}

/** Installs packages; those in `optional` only where the distribution has them under that name. */
export async function install(part, packages, optional = []) {
  const names = packages.join(', ');
  // One at a time: apt itself waits for a second installation, but not for a second update.
  await withLock('apt', () =>
    slowly(part, `installing ${names} by apt-get`, async () => {
      await update(part);
      const there = [];
      for (const name of optional) {
        if ((await ask('apt-cache', ['show', '--no-all-versions', name])).code === 0) there.push(name);
      }
      // --no-install-recommends: a set-up for a project does not bring a desktop with it.
      await logged('apt-get', [...APT, 'install', '-y', '--no-install-recommends', ...packages, ...there], {
        log: 'apt',
        what: `apt-get could not install ${names}`,
        remedy: `install ${names} by hand, then try again`,
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      });
    }),
  );
}

/**
 * The Debian mirror that this machine itself uses, read from apt's own list of what it would fetch.
 * CDKTF_DJANGO_DEBIAN_MIRROR overrides it.
 */
export async function debianMirror() {
  if (process.env.CDKTF_DJANGO_DEBIAN_MIRROR) return process.env.CDKTF_DJANGO_DEBIAN_MIRROR;
  const os = fs.existsSync('/etc/os-release') ? fs.readFileSync('/etc/os-release', 'utf8') : '';
  if (/^ID=debian$/m.test(os)) {
    const codename = /^VERSION_CODENAME=(.+)$/m.exec(os)?.[1] ?? 'sid';
    const { stdout } = await ask('apt-get', ['indextargets', '--format', '$(SITE) $(RELEASE) $(COMPONENT)', 'Created-By: Packages']);
    for (const line of stdout.split('\n')) {
      const [site, release, component] = line.split(' ');
      if (release === codename && component === 'main') return site;
    }
  }
  throw new Trouble('no Debian mirror is known from which stand-in images could be made', {
    remedy:
      'make Docker Hub reachable, or set CDKTF_DJANGO_IMAGE_MIRROR to a registry that mirrors it, ' +
      'or CDKTF_DJANGO_DEBIAN_MIRROR to the URL of a Debian mirror',
  });
}

/** This machine's apt settings that packages inside an image need too (an old mirror, a proxy), as apt.conf text. */
export async function aptSettings() {
  const { stdout } = await ask('apt-config', ['dump']);
  return stdout
    .split('\n')
    .filter((line) => /^Acquire::(Check-Valid-Until|https?::Proxy|Retries) ".+";$/i.test(line))
    .map((line) => `${line}\n`)
    .join('');
}
