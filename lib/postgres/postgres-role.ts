import { Construct } from 'constructs';
import { reject, shown } from '../core/errors';
import { Secret } from '../workload/secret';
import { ACCESS_SUFFIX, LONGEST_IDENTIFIER, requireIdentifier } from './names';
import { PostgresAccess } from './postgres-access';
import type { PostgresDatabase } from './postgres-database';
import type { PostgresDb } from './postgres-db';
import { PostgresLogin } from './postgres-login';

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
export class PostgresRole extends PostgresLogin {
  /** The role that has its privileges. It cannot log in. */
  public readonly accessRole: string;

  /**
   * @throws when the name is taken, reserved or not of the allowed form, or a number is out of range
   */
  constructor(scope: Construct, id: string, props: PostgresRoleProps) {
    const { server, roleName } = props;
    const database = props.database ?? server;
    super(scope, id, server, database.databaseName);
    requireIdentifier(this, 'the name of a role', roleName, LONGEST_IDENTIFIER - ACCESS_SUFFIX.length);
    const access = props.access ?? PostgresAccess.READ_ONLY;
    if (!Object.values(PostgresAccess).includes(access)) reject(this, `access must be a PostgresAccess, got ${shown(access)}`);
    if (props.database && props.database.host !== server.host)
      reject(this, `database ${props.database.databaseName} is not in the server ${server.node.path}; give the server that it is in`);
    this.accessRole = `${roleName}${ACCESS_SUFFIX}`;
    this._declare({ ...props, base: roleName, group: this.accessRole, acts: false });
    server._contents.addAccess(this, this.accessRole, this.databaseName, access, database.owner);
  }
}
