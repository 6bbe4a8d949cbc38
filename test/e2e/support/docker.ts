import { spawnSync } from 'node:child_process';

/** Runs the docker client and gives what it prints, without the last newline. */
export function docker(environment: Record<string, string>, ...args: string[]): string {
  const result = spawnSync('docker', args, { encoding: 'utf8', maxBuffer: 1 << 28, env: { ...process.env, ...environment } });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`docker ${args.join(' ')} failed:\n${result.stdout}${result.stderr}`);
  return result.stdout.trimEnd();
}

/** What a container has printed, on both of its outputs. */
export function logs(environment: Record<string, string>, container: string): string {
  const result = spawnSync('docker', ['logs', container], { encoding: 'utf8', maxBuffer: 1 << 28, env: { ...process.env, ...environment } });
  if (result.status !== 0) throw new Error(`docker logs ${container} failed:\n${result.stderr}`);
  return result.stdout + result.stderr;
}

/** Runs the docker client on the engine of the environment. */
export function engine(...args: string[]): string {
  return docker({}, ...args);
}
