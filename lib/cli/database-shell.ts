import { LAUNCHER } from './app-container';
import { docker, dockerLines } from './docker';
import { Container, isTask } from './engine-container';
import { Trouble } from './trouble';

/** A program that takes the place of `dbshell`: where it is, and what it needs. */
export interface DatabaseShell {
  readonly container: string;
  readonly command: readonly string[];
  /** The password among it. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Has Django's own dbshell say what it would start, instead of starting it. */
const WHAT_DJANGO_STARTS = `
import json, subprocess, sys
from django.core.management import execute_from_command_line
def told(command, env=None, **rest):
    print(json.dumps({"command": command, "environment": {name: value for name, value in (env or {}).items() if name.startswith("PG")}}))
subprocess.run = told
execute_from_command_line(["manage.py", *sys.argv[1:]])
`;

/**
 * What dbshell has to be where the project's image has no psql: the one of the database's own container, with the settings of the project. Undefined where the image has one, and where the
 * database is elsewhere: Django's own words are right then.
 */
export function databaseShell(app: Container, args: readonly string[]): DatabaseShell | undefined {
  if (docker('exec', app.id, 'sh', '-c', 'command -v psql').ok) return undefined;
  const told = docker('exec', app.id, 'python', LAUNCHER, '--', 'python', '-c', WHAT_DJANGO_STARTS, ...args);
  const last = told.stdout.trim().split('\n').at(-1) ?? '';
  if (!told.ok || !last.startsWith('{"command": ["psql"')) return undefined;
  const { command, environment } = JSON.parse(last) as Omit<DatabaseShell, 'container'>;
  // Of several servers, as of a pooler, any will do.
  const host = command[command.indexOf('-h') + 1].split(',')[0];
  const container = isTask(app) ? taskOf(host) : host;
  return docker('exec', container, 'sh', '-c', 'command -v psql').ok ? { container, command, environment } : undefined;
}

/** The container of a service of a Swarm, which has the name of its task. It has to be on this node. */
function taskOf(service: string): string {
  const [id] = dockerLines('ps', '--quiet', '--filter', `label=com.docker.swarm.service.name=${service}`);
  if (id !== undefined) return id;
  throw new Trouble(
    `the project's image has no psql, and the database's own is in ${service}, which runs on another node of the Swarm: ask a node with both, or add it to the image (systemPackages: ['postgresql-client'])`,
  );
}
