import { spawn } from 'node:child_process';

/** How a program is run. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string | undefined>;
  /** Asks the program to stop. */
  readonly signal?: AbortSignal;
}

/** Runs a program and gives what it prints; fails with its output when it fails. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { cwd, env, signal } = options;
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    // In a group of its own: a Ctrl-C is for us, and reaches it once, by `signal`, and never while we clean up.
    const child = spawn(command, args, { cwd, env: env && { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const stop = () => child.kill('SIGINT');
    signal?.addEventListener('abort', stop);
    let stdout = '';
    let all = '';
    child.stdout.on('data', (data: Buffer) => {
      stdout += data;
      all += data;
    });
    child.stderr.on('data', (data: Buffer) => (all += data));
    child.on('error', reject);
    child.on('close', (code) => {
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted) reject(signal.reason as Error);
      else if (code === 0) resolve(stdout.trimEnd());
      else reject(new Error(`${command} ${args.slice(0, 4).join(' ')} failed (exit code ${code}):\n${all.slice(-6000)}`));
    });
  });
}
