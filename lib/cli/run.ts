import { spawnSync } from 'node:child_process';
import { Trouble } from './trouble';

/** How a program ended. */
export interface Ran {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. No shell is between: arguments arrive as they are. */
export function run(program: string, args: readonly string[], folder?: string): Ran {
  const result = spawnSync(program, args, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1' },
  });
  if (result.error) throw new Trouble(`${program} cannot be run (${result.error.message}); is it installed and in PATH?`);
  return { ok: result.status === 0, stdout: result.stdout, stderr: result.stderr };
}
