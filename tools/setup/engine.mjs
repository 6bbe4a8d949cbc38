/**
 * The Docker engine: the one that answers, else the installed one started, else one installed and started.
 * There is never a second dockerd on the host: it would take the first one's bridge away.
 */

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { canInstall, install } from './apt.mjs';
import { cachePath, withLock } from './cache.mjs';
import { ask, logged, which } from './run.mjs';
import { say, slowly } from './say.mjs';
import { Trouble } from './trouble.mjs';

const PATIENCE_MS = 90_000;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function probe() {
  const answer = await ask('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: 15_000 });
  return { version: answer.code === 0 ? answer.stdout.trim() : undefined, why: answer.stderr.trim() };
}

/** The ids of the daemons that run on this host, not of those in containers (they have process ids of their own). */
function daemonsHere() {
  const here = fs.readlinkSync('/proc/self/ns/pid');
  return fs.readdirSync('/proc').filter((pid) => {
    try {
      return (
        /^\d+$/.test(pid) && fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'dockerd' && fs.readlinkSync(`/proc/${pid}/ns/pid`) === here
      );
    } catch {
      return false; // ended meanwhile
    }
  });
}

/** Which engine the client is pointed at when that is not this machine's own. */
async function elsewhere() {
  const local = /^unix:\/\/(\/var)?\/run\/docker\.sock$/;
  if (process.env.DOCKER_HOST) {
    return local.test(process.env.DOCKER_HOST) ? undefined : `DOCKER_HOST=${process.env.DOCKER_HOST}`;
  }
  const { code, stdout } = await ask('docker', ['context', 'show']);
  const context = stdout.trim();
  return code === 0 && context !== '' && context !== 'default' ? `the docker context "${context}"` : undefined;
}

async function answers(died) {
  for (const until = Date.now() + PATIENCE_MS; Date.now() < until && !died?.(); await pause(300)) {
    const { version } = await probe();
    if (version) return version;
  }
  return undefined;
}

/** Starts the installed daemon in the background; resolves to its process id. */
async function startDaemon() {
  const log = cachePath('logs', 'dockerd.log');
  fs.mkdirSync(path.dirname(log), { recursive: true });
  const out = fs.openSync(log, 'a');
  const daemon = spawn('dockerd', [], { detached: true, stdio: ['ignore', out, out] });
  fs.closeSync(out);
  let dead = false;
  daemon.on('exit', () => (dead = true));
  daemon.on('error', () => (dead = true));
  daemon.unref();
  if (await answers(() => dead)) return daemon.pid;
  if (!dead) daemon.kill('SIGTERM');
  throw new Trouble('dockerd was started but does not answer', {
    log,
    remedy: 'the log says why: often a missing kernel module or capability. Or set DOCKER_HOST to an engine elsewhere',
  });
}

/**
 * Makes sure that an engine answers.
 * @returns {Promise<{ startedPid?: number }>} the process id of the daemon if this call started it
 */
export async function setUpEngine() {
  const first = await probe();
  if (first.version) {
    say('engine', `Docker ${first.version}${process.env.DOCKER_HOST ? ` at ${process.env.DOCKER_HOST}` : ''}`);
    return {};
  }
  return withLock('engine', async () => {
    if (!which('docker')) {
      if (!canInstall()) {
        throw new Trouble('there is no docker here', {
          remedy: 'install Docker Engine (docs.docker.com/engine/install) or Docker Desktop, or run this as root on Debian or Ubuntu',
        });
      }
      await install('engine', ['docker.io', 'iproute2', 'iptables', 'ca-certificates'], ['docker-cli']);
    }

    const now = await probe();
    if (now.version) return {};
    const where = await elsewhere();
    if (where) {
      throw new Trouble(`the Docker engine of ${where} does not answer: ${now.why}`, {
        remedy: 'start that engine, or point the client elsewhere (unset DOCKER_HOST, or "docker context use default")',
      });
    }
    if (/permission denied/i.test(now.why)) {
      throw new Trouble('this user may not use the Docker engine', {
        remedy: 'sudo usermod -aG docker "$USER", then log in again; or run this as root',
      });
    }
    if (process.platform !== 'linux') {
      throw new Trouble('the Docker engine does not answer', { remedy: 'start Docker Desktop' });
    }
    if (process.getuid() !== 0) {
      throw new Trouble('the Docker engine does not run, and only root may start it', {
        remedy: 'sudo systemctl start docker (or run this as root), or set DOCKER_HOST to an engine elsewhere',
      });
    }

    const running = daemonsHere();
    if (running.length > 0) {
      const version = await slowly('engine', `waiting for the dockerd that runs (process ${running[0]})`, () =>
        answers(() => daemonsHere().length === 0),
      );
      if (version) return {};
      throw new Trouble(`a dockerd runs (process ${running[0]}) but does not answer: ${now.why}`, {
        remedy: 'restart it, or set DOCKER_HOST to where it listens',
      });
    }
    if (!which('dockerd')) {
      if (!canInstall()) {
        throw new Trouble('there is a docker client here but no engine', {
          remedy: 'install Docker Engine (docs.docker.com/engine/install), or set DOCKER_HOST to an engine elsewhere',
        });
      }
      await install('engine', ['docker.io', 'iproute2', 'iptables', 'ca-certificates']);
      // The package may have started it by itself.
      if (daemonsHere().length > 0 && (await answers())) return {};
    }
    if (fs.existsSync('/run/systemd/system')) {
      await slowly('engine', 'starting Docker by systemd', () =>
        logged('systemctl', ['start', 'docker'], {
          log: 'engine',
          what: 'systemd could not start Docker',
          remedy: 'journalctl -u docker says why',
        }),
      );
      if (await answers()) return {};
      throw new Trouble('Docker was started but does not answer', { remedy: 'journalctl -u docker says why' });
    }
    return { startedPid: await slowly('engine', 'starting dockerd', startDaemon) };
  });
}

/** Stops a daemon that {@link setUpEngine} started, by its id, and waits for its end. */
export async function stopEngine(pid) {
  const gone = () => {
    try {
      return fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== 'dockerd';
    } catch {
      return true;
    }
  };
  if (gone()) return;
  await slowly('engine', `stopping the dockerd that was started here (process ${pid})`, async () => {
    process.kill(pid, 'SIGTERM');
    for (const until = Date.now() + 60_000; !gone() && Date.now() < until;) await pause(200);
  });
}
