/**
 * What is slow to make lies outside of the checkout, so that a fresh clone finds it: keyed by version, and only ever
 * complete (made under a temporary name, then renamed).
 */

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { say } from './say.mjs';

/** A path inside the cache folder. Read at call time: tests point XDG_CACHE_HOME elsewhere. */
export function cachePath(...parts) {
  const home = process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
  return path.join(home, 'cdktf-django', ...parts);
}

/** A fresh folder on the cache's file system (so that renaming out of it is atomic), removed when `work` ends. */
export async function withTemp(work) {
  fs.mkdirSync(cachePath('tmp'), { recursive: true });
  const dir = fs.mkdtempSync(cachePath('tmp', 'set-up-'));
  try {
    return await work(dir);
  } finally {
    // Go makes its module folders read-only: best effort, a left-over here harms nothing.
    try {
      fs.rmSync(dir, { recursive: true, force: true });
    } catch (error) {
      say('cache', `could not remove ${dir}: ${error.message}`);
    }
  }
}

/** Moves a finished file or folder to its place; whoever was faster wins. */
export function publish(from, to) {
  fs.mkdirSync(path.dirname(to), { recursive: true });
  try {
    fs.renameSync(from, to);
  } catch (error) {
    if (!fs.existsSync(to)) throw error;
  }
}

/** Writes a small file atomically, and only if its content differs. */
export function writeFile(file, text) {
  if (fs.existsSync(file) && fs.readFileSync(file, 'utf8') === text) return;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const temp = `${file}.${process.pid}`;
  fs.writeFileSync(temp, text);
  fs.renameSync(temp, file);
}

/** When a process began, in the kernel's ticks: tells it from a later one with the same id. Empty where unknown. */
function bornAt(pid) {
  try {
    return fs
      .readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[19];
  } catch {
    return '';
  }
}

function lives(owner) {
  const [pid, born] = owner.trim().split(' ');
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
  return !born || bornAt(pid) === born;
}

let calls = 0;

/**
 * Runs `work` while no other set-up on this machine works on the same part. The lock names its owner; the lock of an
 * owner that no longer lives is taken over.
 */
export async function withLock(name, work) {
  const file = cachePath('locks', name);
  const owner = `${process.pid} ${bornAt(process.pid)}\n`;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const mine = `${file}.${process.pid}.${calls++}`;
  fs.writeFileSync(mine, owner);
  try {
    for (let told = false; ;) {
      try {
        fs.linkSync(mine, file); // a link is created whole or not at all
        break;
      } catch (error) {
        if (error.code !== 'EEXIST') throw error;
      }
      let other = '';
      try {
        other = fs.readFileSync(file, 'utf8');
      } catch {
        continue; // just given back
      }
      if (!lives(other)) {
        // Move it aside before removing it: should it be a new owner's by now, that one gets it back.
        const aside = `${mine}.stale`;
        try {
          fs.renameSync(file, aside);
          if (fs.readFileSync(aside, 'utf8') !== other) fs.linkSync(aside, file);
          fs.unlinkSync(aside);
        } catch {
          // somebody else took it over
        }
        continue;
      }
      if (!told && other !== owner) say(name, `another set-up (process ${other.split(' ')[0]}) works on this, waiting for it`);
      told = true;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  } finally {
    fs.rmSync(mine, { force: true });
  }
  try {
    return await work();
  } finally {
    fs.rmSync(file, { force: true });
  }
}
