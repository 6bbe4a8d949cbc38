/** Running other programs: quietly into a log, for their output, or in front of the person. */

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import fs from 'node:fs';
import path from 'node:path';
import { cachePath } from './cache.mjs';
import { Trouble } from './trouble.mjs';

/** Programs in the foreground, told when this process is asked to stop. */
const children = new Set();
let handlersIn = false;

function passSignalsOn() {
  if (handlersIn) return;
  handlersIn = true;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      for (const child of children) child.kill(signal);
      // The child's end is what ends us, so that what was begun is cleaned up. Without a child nothing would.
      if (children.size === 0) process.exit(128 + constants.signals[signal]);
    });
  }
}

function start(command, args, options) {
  passSignalsOn();
  const child = spawn(command, args, options);
  children.add(child);
  for (const end of ['close', 'error']) child.on(end, () => children.delete(child));
  return child;
}

const exitOf = (code, signal) => (signal ? 128 + (constants.signals[signal] ?? 0) : code);

/**
 * Runs a program for its output.
 * @returns {Promise<{ code: number, stdout: string, stderr: string, missing: boolean }>} never rejects
 */
export function ask(command, args, { timeout = 60_000, ...options } = {}) {
  return new Promise((resolve) => {
    const child = start(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    // Not spawn's own timeout: where the program is missing, that keeps this process alive for as long.
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
    let stdout = '';
    let stderr = '';
    const end = (result) => {
      clearTimeout(timer);
      resolve({ stdout, stderr, missing: false, ...result });
    };
    child.stdout.on('data', (data) => (stdout += data));
    child.stderr.on('data', (data) => (stderr += data));
    child.on('error', (error) => end({ code: 127, stderr: error.message, missing: error.code === 'ENOENT' }));
    child.on('close', (code, signal) => end({ code: exitOf(code, signal) }));
  });
}

/**
 * Runs a program with its output in a log file of the cache; a failure is a {@link Trouble} that shows the log's end.
 * @param {{ log: string, what: string, remedy?: string, stdin?: string } & import('node:child_process').SpawnOptions} options
 *   `log`: the log's name; `what`: what to say has failed; `stdin`: a file to read from
 */
export async function logged(command, args, { log, what, remedy, stdin, ...options }) {
  const file = cachePath('logs', `${log}.log`);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const out = fs.openSync(file, 'a');
  fs.writeSync(out, `\n# ${new Date().toISOString()} ${command} ${args.join(' ')}\n`);
  const from = fs.fstatSync(out).size;
  const input = stdin ? fs.openSync(stdin, 'r') : 'ignore';
  try {
    const code = await new Promise((resolve) => {
      const child = start(command, args, { stdio: [input, out, out], ...options });
      child.on('error', (error) => {
        fs.writeSync(out, `${error.message}\n`);
        resolve(127);
      });
      child.on('close', (exit, signal) => resolve(exitOf(exit, signal)));
    });
    if (code !== 0) {
      const end = fs.readFileSync(file).subarray(from).toString().trimEnd().split('\n').slice(-15).join('\n  ');
      throw new Trouble(`${what} (exit code ${code})\n  ${end}`, { log: file, remedy });
    }
  } finally {
    fs.closeSync(out);
    if (typeof input === 'number') fs.closeSync(input);
  }
}

/** Runs a program in front of the person and resolves to its exit code. */
export function shown(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = start(command, args, { stdio: 'inherit', ...options });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(exitOf(code, signal)));
  });
}

/** The full path of a program on PATH, or undefined. */
export function which(name, env = process.env) {
  if (path.isAbsolute(name)) return fs.existsSync(name) ? name : undefined;
  for (const dir of (env.PATH ?? '').split(path.delimiter)) {
    const file = path.join(dir, name);
    try {
      fs.accessSync(file, fs.constants.X_OK);
      if (dir && fs.statSync(file).isFile()) return file;
    } catch {
      // not here
    }
  }
  return undefined;
}
