import { Construct } from 'constructs';
import { Secret } from '../workload/secret';
import { LONGEST_IDENTIFIER, OWNER_SUFFIX, requireIdentifier } from './names';
import type { PostgresDb } from './postgres-db';
import { PostgresExtensionOptions } from './postgres-extension';
import { PostgresLogin } from './postgres-login';
import { PostgresRole, PostgresRoleOptions } from './postgres-role';

/** Who uses a further database. */
export interface PostgresDatabaseOptions {
  /**
   * The role that clients log in as; with every second `passwordVersion` they log in as `<user>_alt`. What either makes belongs to a role `<databaseName>_owner`, which
   * cannot log in.
   *
   * @default - the name of the database
   */
  readonly user?: string;

  /**
   * The password of that role.
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
   * The number of connections that the role may have at once, from 1 to 10000.
   *
   * @default - no limit but the server's `maxConnections`
   */
  readonly connectionLimit?: number;
}

/** Settings of a `PostgresDatabase`. */
export interface PostgresDatabaseProps extends PostgresDatabaseOptions {
  /** The server. */
  readonly server: PostgresDb;

  /** The name of the database: lower-case letters, digits and `_`, at most 57. */
  readonly databaseName: string;
}

/**
 * A further database in the server of a `PostgresDb`, with an owner and a login role of its own, whom no other database lets in. `PostgresDb.addDatabase` makes it.
 *
 * It is the `database` of a `DjangoService`, for example. One that leaves the stack is reported in the deploy's output, and stays with its data.
 *
 * @example
 * new PostgresDatabase(this, 'Metrics', { server: db, databaseName: 'metrics' });
 */
export class PostgresDatabase extends PostgresLogin {
  /** The role that owns the database and what clients make in it. It cannot log in. */
  public readonly owner: string;

  /**
   * @throws when a name is taken, reserved or not of the allowed form, or a number is out of range
   */
  constructor(scope: Construct, id: string, props: PostgresDatabaseProps) {
    const { server, databaseName } = props;
    super(scope, id, server, databaseName);
    requireIdentifier(this, 'the name of a database', databaseName, LONGEST_IDENTIFIER - OWNER_SUFFIX.length);
    this.owner = `${databaseName}${OWNER_SUFFIX}`;
    server._contents.addDatabase(this, databaseName, this.owner);
    this._declare({ ...props, base: props.user ?? databaseName, group: this.owner, acts: true });
  }

  /**
   * Brings an extension into this database.
   *
   * @param name as `CREATE EXTENSION` takes it, `pg_trgm` for example
   * @throws when the name or the version is not of the allowed form, or the extension is declared already
   *
   * @example
   * db.addDatabase('places').addExtension('cube');
   */
  public addExtension(name: string, options: PostgresExtensionOptions = {}): void {
    this._server._contents.addExtension(this, this.databaseName, name, options);
  }

  /**
   * Adds a login role for clients of their own in this database.
   *
   * @param name lower-case letters, digits and `_`, at most 56
   * @throws when the name is taken, reserved or not of the allowed form, or a number is out of range
   *
   * @example
   * db.addDatabase('sales').addRole('sales_reporting');
   */
  public addRole(name: string, options: PostgresRoleOptions = {}): PostgresRole {
    return new PostgresRole(this, `Role-${name}`, { ...options, server: this._server, database: this, roleName: name });
  }
}
