import { Token } from 'cdktf';
import { IConstruct } from 'constructs';
import { reject, requireMatch, shown } from '../core/errors';
import { PostgresPoolMode } from './postgres-pool-mode';
import { PostgresSslMode } from './postgres-ssl-mode';

/** What a PgBouncer is told. */
export interface PoolerConfiguration {
  readonly sslMode: PostgresSslMode;
  readonly listenPort: number;
  /** A folder in memory, for the socket, and for the files with the login and with the address of the server. */
  readonly folder: string;
  readonly poolMode: PostgresPoolMode;
  readonly poolSize: number;
  readonly maxClientConnections: number;
  readonly parameters: { readonly [name: string]: string };
}

/** Settings that other parts of the pooler rely on, with the remedy for who wants to set them. */
const OWNED: { readonly [name: string]: string } = {
  pool_mode: 'set poolMode',
  default_pool_size: 'set defaultPoolSize',
  max_db_connections: 'set defaultPoolSize',
  max_user_connections: 'set defaultPoolSize',
  reserve_pool_size: 'set defaultPoolSize',
  max_client_conn: 'set maxClientConnections',
  max_db_client_connections: 'set maxClientConnections',
  max_user_client_connections: 'set maxClientConnections',
  listen_addr: 'clients are let in by addClient()',
  listen_port: 'clients find the pooler by host and port',
  unix_socket_dir: 'the health check uses it',
  auth_type: 'clients come in by password alone, as scram-sha-256',
  auth_file: 'clients have the login of the database',
  auth_hba_file: 'clients come in by password alone, as scram-sha-256',
  auth_user: 'clients have the login of the database',
  auth_query: 'clients have the login of the database',
  user: 'the container has its user',
  logfile: 'the log is that of the container',
  pidfile: 'the engine knows the process',
  conffile: 'give single parameters instead',
  server_tls_sslmode: 'it follows from the database',
};

/** Refuses parameters that a PgBouncer cannot be given. Whether it knows them, it says itself when it starts. */
export function checkPoolerParameters(scope: IConstruct, parameters: { readonly [name: string]: string }): void {
  for (const [name, value] of Object.entries(parameters)) {
    requireMatch(scope, 'the name of a parameter', name, /^[a-z][a-z0-9_]*$/, 'lower-case letters, digits and "_", as in "query_wait_timeout"');
    if (Object.hasOwn(OWNED, name)) reject(scope, `parameter ${name} cannot be set: ${OWNED[name]}`);
    if (typeof value !== 'string') reject(scope, `parameter ${name} must be a string such as "30", got ${shown(value)}`);
    if (!Token.isUnresolved(value) && /[\0\r\n]/.test(value)) reject(scope, `parameter ${name} must be one line, got ${shown(value)}`);
  }
}

/** The text of pgbouncer.ini. What is known where it runs is written there: the login, and the section `[databases]` (runtime/postgres/pooler.sh). */
export function renderPoolerConfiguration(wanted: PoolerConfiguration): string {
  const settings = new Map<string, string>([
    ['listen_addr', '*'],
    ['listen_port', String(wanted.listenPort)],
    // A thousand clients may come at once; more of them than this try again by themselves, a second later.
    ['listen_backlog', '1024'],
    ['unix_socket_dir', wanted.folder],
    ['auth_type', 'scram-sha-256'],
    ['auth_file', `${wanted.folder}/users`],
    ['pool_mode', wanted.poolMode],
    ['default_pool_size', String(wanted.poolSize)],
    // What the server's budget has for it, whatever else is set.
    ['max_db_connections', String(wanted.poolSize)],
    ['max_client_conn', String(wanted.maxClientConnections)],
    ['max_prepared_statements', '200'],
    // JDBC's, which changes nothing since PostgreSQL 12. All others are refused rather than lost.
    ['ignore_startup_parameters', 'extra_float_digits'],
    // A second after the server is back, and not 15, it is tried again.
    ['server_login_retry', '1'],
    // Far below the minute that the proxy waits for an answer: whoever asked has an error page, and not a query without a reader; nor do all threads of an app wait for a server
    // that is away.
    ['query_wait_timeout', '15'],
    ['server_tls_sslmode', wanted.sslMode],
    ...(wanted.sslMode === PostgresSslMode.VERIFY_FULL ? [['server_tls_ca_file', '/etc/ssl/certs/ca-certificates.crt'] as const] : []),
    ['log_connections', '0'],
    ['log_disconnections', '0'],
    ...Object.entries(wanted.parameters),
  ]);
  return ['[pgbouncer]', ...[...settings].map(([name, value]) => `${name} = ${value}`), `%include ${wanted.folder}/databases.ini`, ''].join('\n');
}
