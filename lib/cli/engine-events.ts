import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/**
 * Listens to an engine's events until it is ended.
 *
 * @param each told the id of what an event is about
 * @param failed told why, when the engine says no more
 * @returns what ends it
 */
export function engineEvents(filters: readonly string[], each: (id: string) => void, failed: (reason: string) => void): () => void {
  const child = spawn('docker', ['events', ...filters.flatMap((filter) => ['--filter', filter]), '--format', '{{.ID}}'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let reason = '';
  child.stderr.on('data', (part: Buffer) => (reason += part.toString()));
  child.on('error', (error) => failed(`docker cannot be run (${error.message}); is it installed and in PATH?`));
  child.on('close', () => failed(`the engine answers no more: ${reason.trim()}`));
  createInterface({ input: child.stdout, crlfDelay: Infinity }).on('line', each);
  return () => void child.kill();
}
