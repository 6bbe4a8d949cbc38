import { Construct } from 'constructs';
import { reject, shown } from '../core/errors';
import { Secret } from '../workload/secret';
import { SecretFile } from '../workload/secret-file';
import { Workload } from '../workload/workload';
import type { PostgresClientOptions } from './connection-budget';
import { ACCESS_SUFFIX, LONGEST_IDENTIFIER, requireIdentifier } from './names';
import { PostgresAccess } from './postgres-access';
import type { PostgresDatabase } from './postgres-database';
import type { IPostgresDb, PostgresDb } from './postgres-db';
import { PostgresSslMode } from './postgres-ssl-mode';

/** What a login role may do. */
export interface PostgresRoleOptions {
  /**
   * What it may do with what the app has in the database.
   *
   * @default PostgresAccess.READ_ONLY
   */
  readonly access?: PostgresAccess;

  /**
   * Its password.
   *
   * @default Secret.generated()
   */
  readonly password?: Secret;

  /**
   * The version of that password, raised by one for another password without a lost connection, as at `PostgresDb`.
   *
   * @default 1
   */
  readonly passwordVersion?: number;

  /**
   * The number of connections that it may have at once, from 1 to 10000.
   *
   * @default - no limit but the server's `maxConnections`
   */
  readonly connectionLimit?: number;
}

/** Settings of a `PostgresRole`. */
export interface PostgresRoleProps extends PostgresRoleOptions {
  /** The server. */
  readonly server: PostgresDb;

  /** The name of the role: lower-case letters, digits and `_`, at most 56. */
  readonly roleName: string;

  /**
   * The database that the role connects to.
   *
   * @default - the first database of the server
   */
  readonly database?: PostgresDatabase;
}

/**
 * A role that clients of their own log in as: for reports, for a dashboard, for another app. `PostgresDb.addRole` and `PostgresDatabase.addRole` make it.
 *
 * Its privileges belong to a role `<roleName>_access`, which cannot log in and whose member it is; what you grant yourself goes there. A change of `access` takes all that
 * it had and gives what the new one has. A role that leaves the stack is reported in the deploy's output and left as it is.
 *
 * @example
 * new PostgresRole(this, 'Reporting', { server: db, roleName: 'reporting', access: PostgresAccess.READ_ONLY });
 */
export class PostgresRole extends Construct implements IPostgresDb {
  public readonly host: string;
  public readonly port: number;
  public readonly databaseName: string;
  public readonly user: string;
  public readonly passwordSecret: SecretFile;
  public readonly sslMode: PostgresSslMode;
  /** The role that has its privileges. It cannot log in. */
  public readonly accessRole: string;
  /** The version of its password. */
  public readonly passwordVersion: number;
  private readonly server: PostgresDb;

  /**
   * @throws when the name is taken, reserved or not of the allowed form, or a number is out of range
   */
  constructor(scope: Construct, id: string, props: PostgresRoleProps) {
    super(scope, id);
    const { server, roleName } = props;
    requireIdentifier(this, 'the name of a role', roleName, LONGEST_IDENTIFIER - ACCESS_SUFFIX.length);
    const access = props.access ?? PostgresAccess.READ_ONLY;
    if (!Object.values(PostgresAccess).includes(access)) reject(this, `access must be a PostgresAccess, got ${shown(access)}`);
    if (props.database && props.database.host !== server.host)
      reject(this, `database ${props.database.databaseName} is not in the server ${server.node.path}; give the server that it is in`);
    this.server = server;
    this.host = server.host;
    this.port = server.port;
    this.sslMode = server.sslMode;
    this.databaseName = (props.database ?? server).databaseName;
    this.accessRole = `${roleName}${ACCESS_SUFFIX}`;
    const login = server._contents.addLogin(this, { ...props, base: roleName, group: this.accessRole, acts: false, databaseName: this.databaseName });
    server._contents.addAccess(this, this.accessRole, this.databaseName, access, (props.database ?? server).owner);
    this.user = login.user;
    this.passwordSecret = login.passwordSecret;
    this.passwordVersion = login.passwordVersion;
  }

  public addClient(workload: Workload, options: PostgresClientOptions = {}): void {
    workload.addSecret(this.passwordSecret);
    this.server._admit(workload, options, this.user);
  }
}
