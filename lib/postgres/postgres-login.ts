import { Construct } from 'constructs';
import { SecretFile } from '../workload/secret-file';
import { Workload } from '../workload/workload';
import type { PostgresClientOptions } from './connection-budget';
import type { Login, LoginRequest } from './postgres-contents';
import type { IPostgresDb, PostgresDb } from './postgres-db';
import { PostgresSslMode } from './postgres-ssl-mode';

/** A login role of a server beside its first one, for clients of their own: what `PostgresRole` and `PostgresDatabase` have in common. */
export abstract class PostgresLogin extends Construct implements IPostgresDb {
  public readonly host: string;
  public readonly port: number;
  public readonly databaseName: string;
  public readonly sslMode: PostgresSslMode;
  /** @internal */
  protected readonly _server: PostgresDb;
  private login?: Login;

  /**
   * @param server the server
   * @param databaseName the database that the role connects to
   */
  constructor(scope: Construct, id: string, server: PostgresDb, databaseName: string) {
    super(scope, id);
    this._server = server;
    this.host = server.host;
    this.port = server.port;
    this.databaseName = databaseName;
    this.sslMode = server.sslMode;
  }

  public get user(): string {
    return this.login!.user;
  }

  public get passwordSecret(): SecretFile {
    return this.login!.passwordSecret;
  }

  /** The version of the password that clients log in with. */
  public get passwordVersion(): number {
    return this.login!.passwordVersion;
  }

  public addClient(workload: Workload, options: PostgresClientOptions = {}): void {
    workload.addSecret(this.passwordSecret);
    this._server._admit(workload, options, this.user);
  }

  /** Once, when names are known to be right. @internal */
  protected _declare(request: Omit<LoginRequest, 'databaseName'>): void {
    this.login = this._server._contents.addLogin(this, { ...request, databaseName: this.databaseName });
  }
}
