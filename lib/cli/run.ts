import { spawnSync } from 'node:child_process';
import { Trouble } from './trouble';

/** How a program ended. */
export interface Ran {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a program gets beside its arguments. */
export interface RunOptions {
  readonly folder?: string;
  /** Its standard input. */
  readonly input?: Buffer;
  /** Milliseconds after which it is ended. */
  readonly patience?: number;
}

/** Runs a program to its end. No shell is between: arguments arrive as they are. */
export function run(program: string, args: readonly string[], { folder, input, patience }: RunOptions = {}): Ran {
  const result = spawnSync(program, args, {
    cwd: folder,
    input,
    timeout: patience,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1' },
  });
  if (result.error && (result.error as NodeJS.ErrnoException).code !== 'ETIMEDOUT')
    throw new Trouble(`${program} cannot be run (${result.error.message}); is it installed and in PATH?`);
  return { ok: result.status === 0, stdout: result.stdout, stderr: result.stderr };
}
