import { Ran, run, RunOptions } from './run';
import { Trouble } from './trouble';

/** What makes a container, a network, ... in `docker inspect`. */
export type Inspectable = 'container' | 'network' | 'volume' | 'image';

const CHOICE = 'The engine is the docker client\'s: DOCKER_HOST, DOCKER_CONTEXT and "docker context use" choose it.';

/** Runs the docker client to its end, whatever that is. */
export function docker(...args: string[]): Ran {
  return run('docker', args);
}

/** What the docker client prints; an error when it fails. */
export function dockerOutput(args: readonly string[], options: RunOptions = {}): string {
  const done = run('docker', args, options);
  if (!done.ok) throw new Trouble(`the engine cannot be asked:\n${done.stderr.trim()}\n${CHOICE}`);
  return done.stdout;
}

/** The lines that the docker client prints. */
export function dockerLines(...args: string[]): string[] {
  return dockerOutput(args)
    .split('\n')
    .filter((line) => line !== '');
}

/** What the engine knows of some objects. One that has gone meanwhile is missing in the answer. */
export function inspected<T>(kind: Inspectable, ids: readonly string[]): T[] {
  if (ids.length === 0) return [];
  return JSON.parse(docker(kind, 'inspect', ...ids).stdout) as T[];
}

/** Which engine it is, for people. */
export function engineName(): string {
  if (process.env.DOCKER_HOST) return process.env.DOCKER_HOST;
  const asked = docker('context', 'inspect', '--format', '{{.Name}} {{.Endpoints.docker.Host}}');
  const [name, host] = asked.ok ? asked.stdout.trim().split(' ') : ['default'];
  return name === 'default' ? (host ?? 'the default one') : `context ${name}`;
}

/** What to do where a wrong engine may be the reason. */
export function otherEngine(): string {
  return `this engine (${engineName()}). ${CHOICE}`;
}
