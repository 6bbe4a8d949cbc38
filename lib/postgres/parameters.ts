import { Token } from 'cdktf';
import { IConstruct } from 'constructs';
import { reject, requireMatch, shown } from '../core/errors';
import type { ConnectionClaim } from './connection-budget';
import { nearestNames, parameterList, problemOfValue } from './parameter-list';

/** Parameters that other parts of PostgresDb rely on, with the remedy for who wants to set them. */
const OWNED: { readonly [name: string]: string } = {
  max_connections: 'set the prop maxConnections',
  data_directory: 'it follows from the version',
  config_file: 'give single parameters instead',
  hba_file: 'clients come in by password alone',
  listen_addresses: 'clients are let in by addClient()',
  port: 'clients find the server by host and port',
  unix_socket_directories: 'the health check and the administration use it',
  password_encryption: 'passwords are stored as scram-sha-256',
};

/** Parameters of every server. */
export const FIXED_PARAMETERS: ReadonlyMap<string, string> = new Map([
  ['listen_addresses', '*'],
  ['port', '5432'],
  ['unix_socket_directories', '/run/postgresql'],
  ['hba_file', '/run/cdktf-django/pg_hba.conf'],
  ['password_encryption', 'scram-sha-256'],
]);

/**
 * Refuses parameters that the server cannot be given, and values that it does not take: with one of them it would not start. Those of extensions, which have a
 * dot in their names, it takes as they are, and judges some when it loads the extension.
 */
export function checkParameters(scope: IConstruct, major: number, parameters: { readonly [name: string]: string }): void {
  for (const [name, value] of Object.entries(parameters)) {
    requireMatch(
      scope,
      'the name of a parameter',
      name,
      /^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/,
      'lower-case letters, digits and "_", as in "work_mem" or "pg_stat_statements.max"',
    );
    if (Object.hasOwn(OWNED, name)) reject(scope, `parameter ${name} cannot be set: ${OWNED[name]}`);
    if (typeof value !== 'string') reject(scope, `parameter ${name} must be a string such as "16MB", got ${shown(value)}`);
    if (!Token.isUnresolved(value) && /[\0\r\n]/.test(value)) reject(scope, `parameter ${name} must be one line, got ${shown(value)}`);
    checkKnown(scope, major, name, value);
  }
}

function checkKnown(scope: IConstruct, major: number, name: string, value: string): void {
  if (Token.isUnresolved(name) || name.includes('.')) return;
  const known = parameterList(major);
  const parameter = known.get(name);
  if (!parameter) {
    const near = nearestNames(name, known.keys());
    const hint =
      near.length > 0 ? `; did you mean ${near.join(' or ')}?` : `; they are in https://www.postgresql.org/docs/${major}/runtime-config.html`;
    return reject(scope, `parameter ${name} is not one that Postgres ${major} has${hint}`);
  }
  if (parameter.fixed) reject(scope, `parameter ${name} cannot be set: the server only shows it`);
  const problem = Token.isUnresolved(value) ? undefined : problemOfValue(parameter, value);
  if (problem !== undefined) reject(scope, `parameter ${name} ${problem}, got ${shown(value)}`);
}

/** Parameters as arguments of `postgres`; later ones replace earlier ones of the same name. */
export function parameterArguments(...parameters: Iterable<readonly [string, string]>[]): string[] {
  const all = new Map(parameters.flatMap((some) => [...some]));
  return [...all].flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** What a server keeps for its administration, and what is left to people and probes. */
export function keptConnections(parameters: { readonly [name: string]: string }): ConnectionClaim[] {
  const number = (name: string, usual: number) => {
    const value = parameters[name];
    return value !== undefined && /^\s*\d+\s*$/.test(value) ? Number(value) : usual;
  };
  // PostgreSQL's own defaults; the latter came with 16.
  const reserved = [
    ['superuser_reserved_connections', number('superuser_reserved_connections', 3)] as const,
    ['reserved_connections', number('reserved_connections', 0)] as const,
  ];
  return [
    ...reserved
      .filter(([, connections]) => connections > 0)
      .map(([who, connections]) => ({ who, connections, because: 'a parameter of the server' })),
    { who: 'operators', connections: 5, because: 'kept free for psql, backups and health checks' },
  ];
}
