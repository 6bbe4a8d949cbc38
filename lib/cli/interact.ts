import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { Trouble } from './trouble';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export type PassedSignal = (typeof SIGNALS)[number];

/** Whether a person sits before both sides. With one alone, the other is a pipe or a file, which a terminal's translations would spoil. */
export function terminal(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true;
}

/**
 * Runs the docker client with our own inputs and outputs.
 *
 * @param pass what has to be done for the program beyond it to get a signal that we got
 * @param environment what the client gets beside our own
 * @returns its exit code, or what a shell would have for a signal that ended it
 */
export function interact(
  args: readonly string[],
  pass: (signal: PassedSignal) => void,
  environment: Readonly<Record<string, string>> = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn('docker', args, { stdio: 'inherit', env: { ...process.env, ...environment, DOCKER_CLI_HINTS: 'false' } });
    let received: PassedSignal | undefined;
    const handlers = SIGNALS.map((signal) => {
      const handler = () => pass((received = signal));
      process.on(signal, handler);
      return () => process.off(signal, handler);
    });
    const end = () => handlers.forEach((off) => off());
    child.on('error', (error) => {
      end();
      reject(new Trouble(`docker cannot be run (${error.message}); is it installed and in PATH?`));
    });
    child.on('close', (code, signal) => {
      end();
      const by = signal ?? received ?? 'SIGTERM';
      resolve(code ?? 128 + constants.signals[by]);
    });
  });
}
