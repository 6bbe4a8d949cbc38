/** The pinned images: those that the engine has, else pulled, else stand-ins. */

import { spawn } from 'node:child_process';
import { pins, STAND_INS } from './pins.mjs';
import { ask } from './run.mjs';
import { say, slowly } from './say.mjs';
import { ensureStandIns, haveStandIns } from './standins.mjs';
import { Trouble } from './trouble.mjs';

const NAMES = ['nginx', 'postgres', 'python'];

/** A registry that has said nothing for this long counts as out of reach. */
const FIRST_WORD_MS = 8_000;

/** Pulls an image. Resolves to undefined, or to why it could not be had. */
function pull(ref) {
  return new Promise((resolve) => {
    const child = spawn('docker', ['pull', ref], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const patience = setTimeout(() => {
      said = `no answer within ${FIRST_WORD_MS / 1000} s`;
      child.kill('SIGKILL');
    }, FIRST_WORD_MS);
    child.stdout.once('data', () => clearTimeout(patience));
    child.stderr.on('data', (data) => (said += data));
    child.on('error', (error) => (said = error.message));
    child.on('close', (code) => {
      clearTimeout(patience);
      resolve(code === 0 ? undefined : said.trim().split('\n').pop() || `exit code ${code}`);
    });
  });
}

async function missingOf(refs) {
  const answers = await Promise.all(refs.map((ref) => ask('docker', ['image', 'inspect', '--format', '{{.Id}}', ref])));
  return refs.filter((_, i) => answers[i].code !== 0);
}

/** @returns {Promise<Record<string, string>>} environment that makes the library use the images found */
export async function setUpImages() {
  const mirror = process.env.CDKTF_DJANGO_IMAGE_MIRROR;
  const standIns = { CDKTF_DJANGO_IMAGE_MIRROR: STAND_INS };
  if (mirror === STAND_INS) {
    await ensureStandIns(NAMES);
    say('images', 'stand-ins made from Debian');
    return standIns;
  }

  const { nginx, postgres, python } = pins();
  const refs = [nginx, postgres['18'], python].map((ref) => (mirror ? `${mirror.replace(/\/+$/, '')}/${ref}` : ref));
  const missing = await missingOf(refs);
  if (missing.length > 0) {
    // What served the last deploy serves this one: a registry that comes and goes must not change what runs.
    if (!mirror && (await haveStandIns(NAMES))) {
      say('images', 'stand-ins made from Debian (remove them and Docker Hub is asked again)');
      return standIns;
    }
    for (const ref of missing) {
      const why = await slowly(
        'images',
        `pulling ${ref}`,
        () => pull(ref),
        (reason) => reason === undefined,
      );
      if (why === undefined) continue;
      if (mirror) {
        throw new Trouble(`${ref} could not be pulled: ${why}`, {
          remedy: 'check CDKTF_DJANGO_IMAGE_MIRROR and that the engine is logged in there (docker login), or unset it',
        });
      }
      say('images', `Docker Hub does not give ${ref} (${why}): making stand-ins from Debian`);
      await ensureStandIns(NAMES);
      return standIns;
    }
  }
  say('images', refs.join(', '));
  return {};
}
