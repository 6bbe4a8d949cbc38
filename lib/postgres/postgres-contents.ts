import { Lazy, Token } from 'cdktf';
import { Construct, IConstruct } from 'constructs';
import { reject, requireInteger, shown } from '../core/errors';
import { RemovalPolicy } from '../core/removal-policy';
import { secretName } from '../core/secret-name';
import { Job } from '../workload/job';
import { Secret } from '../workload/secret';
import { SecretFile } from '../workload/secret-file';
import { Service } from '../workload/service';
import { LONGEST_IDENTIFIER, loginRoles, OTHER_SUFFIX, refuseReservedDatabase, refuseReservedRole, requireIdentifier } from './names';
import { PostgresAccess } from './postgres-access';
import { checkExtension, isPreloaded, PostgresExtensionOptions } from './postgres-extension';
import { PostgresVersion } from './postgres-version';

/** Who brings what is declared. */
export interface ContentsParts {
  readonly version: PostgresVersion;
  readonly databaseName: string;
  readonly owner: string;
  readonly user: string;
  readonly removalPolicy: RemovalPolicy;
  /** The parameter `shared_preload_libraries` of the user's. */
  readonly libraries?: string;
  readonly server: Service;
  readonly initialize: Job;
  readonly open: Job;
  readonly close: Job;
}

/** A login that is asked for. */
export interface LoginRequest {
  readonly base: string;
  /** The role that its roles are members of. */
  readonly group: string;
  /** Whether they act as that role, so that what they make is its own. */
  readonly acts: boolean;
  readonly databaseName: string;
  readonly password?: Secret;
  readonly passwordVersion?: number;
  readonly connectionLimit?: number;
}

/** The role that clients log in as at present. */
export interface Login {
  readonly user: string;
  readonly passwordSecret: SecretFile;
  readonly passwordVersion: number;
}

/**
 * What is in a server beside its first database: declared here, and brought by the job that opens logins, before any client. The jobs hear of it by
 * variables that are there only when something is declared: a server without has the same containers as ever.
 */
export class PostgresContents {
  private readonly roles = new Map<string, string>();
  private readonly databases = new Map<string, string>();
  private readonly extensions = new Map<string, { readonly database: string; readonly name: string; readonly version: string }>();
  private readonly accesses: string[] = [];
  private readonly logins: { readonly line: string; readonly closing: string }[] = [];
  private readonly libraries: string[] = [];

  constructor(
    scope: IConstruct,
    private readonly parts: ContentsParts,
  ) {
    this.claimLogin(scope, parts.user, 'a login role of the first database');
    this.claimRole(scope, parts.owner, 'the owner of the first database');
    for (const name of librariesOf(scope, parts.libraries ?? '')) this.addLibrary(name);
  }

  public addExtension(scope: IConstruct, database: string, name: string, options: PostgresExtensionOptions): void {
    checkExtension(scope, name, options);
    const key = `${database} ${name}`;
    if (this.extensions.has(key)) reject(scope, `extension ${shown(name)} is declared already for database ${database}; declare it once`);
    this.announce();
    this.extensions.set(key, { database, name, version: options.version ?? '-' });
    if (isPreloaded(name, options)) this.addLibrary(name);
  }

  public addDatabase(scope: IConstruct, name: string, owner: string): void {
    refuseReservedDatabase(scope, 'the name of a database', name);
    if (name === this.parts.databaseName || this.databases.has(name))
      reject(scope, `database ${shown(name)} is declared already; give this one another name`);
    this.claimRole(scope, owner, `the owner of database ${name}`);
    this.announce();
    this.databases.set(name, owner);
  }

  public addAccess(scope: IConstruct, group: string, database: string, access: PostgresAccess, owner: string): void {
    this.claimRole(scope, group, 'the role with the privileges of another');
    this.announce();
    this.accesses.push(`access ${group} ${database} ${access} ${owner}`);
  }

  public addLogin(scope: Construct, request: LoginRequest): Login {
    const { base, group, databaseName } = request;
    const passwordVersion = request.passwordVersion ?? 1;
    requireInteger(scope, 'passwordVersion', passwordVersion, { min: 1, max: 999999 });
    if (request.connectionLimit !== undefined) requireInteger(scope, 'connectionLimit', request.connectionLimit, { min: 1, max: 10000 });
    requireIdentifier(scope, 'the name of a login role', base, LONGEST_IDENTIFIER - OTHER_SUFFIX.length);
    refuseReservedRole(scope, 'the name of a login role', base);
    this.claimLogin(scope, base, `a login role of ${scope.node.path}`);
    const [user, other] = loginRoles(base, passwordVersion);
    const passwordSecret = new SecretFile(scope, passwordVersion === 1 ? 'Password' : `PasswordV${passwordVersion}`, {
      secret: request.password ?? Secret.generated(),
      secretName: secretName(scope, 'password'),
      image: this.parts.version.image,
      removalPolicy: this.parts.removalPolicy,
    });
    this.announce();
    if (this.logins.length === 0) {
      const closing = () => this.logins.map((one) => one.closing).join('\n');
      this.parts.close.addEnvironment('DATABASE_LOGINS', Lazy.stringValue({ produce: closing }));
    }
    const limit = request.connectionLimit ?? -1;
    this.parts.open.addSecret(passwordSecret);
    this.logins.push({
      line: `login ${user} ${other} ${passwordVersion} ${passwordSecret.path} ${request.acts ? 'owner' : 'member'} ${group} ${databaseName} ${limit}`,
      closing: `${user} ${passwordVersion} ${other}`,
    });
    return { user, passwordSecret, passwordVersion };
  }

  /** The extensions of the first database, for a first start that fills it. */
  public firstExtensions(): string {
    const first = [...this.extensions.values()].filter(({ database }) => database === this.parts.databaseName);
    return first.map(({ name, version }) => `${name}=${version}`).join(' ');
  }

  private get lines(): string[] {
    return [
      ...[...this.databases].map(([name, owner]) => `database ${name} ${owner}`),
      ...[...this.extensions.values()].map(({ database, name, version }) => `extension ${database} ${name} ${version}`),
      ...this.accesses,
      ...this.logins.map(({ line }) => line),
    ];
  }

  private announced = false;

  private announce(): void {
    if (this.announced) return;
    this.announced = true;
    const { open, version } = this.parts;
    open.addEnvironment('DATABASE_CONTENTS', Lazy.stringValue({ produce: () => this.lines.join('\n') }));
    open.addEnvironment('DATABASE_MAJOR', String(version.major));
  }

  /** For the server, for a first start that fills the database, and for the job that waits for the server that has them. */
  private addLibrary(name: string): void {
    const { server, initialize, open } = this.parts;
    if (this.libraries.length === 0) {
      this.announce();
      const produce = () => this.libraries.join(',');
      for (const workload of [server, initialize, open]) workload.addEnvironment('DATABASE_PRELOAD', Lazy.stringValue({ produce }));
    }
    if (!this.libraries.includes(name)) this.libraries.push(name);
  }

  private claimLogin(scope: IConstruct, base: string, what: string): void {
    this.claimRole(scope, base, what);
    this.claimRole(scope, `${base}${OTHER_SUFFIX}`, `the second one of ${base}, ${what}`);
  }

  private claimRole(scope: IConstruct, name: string, what: string): void {
    const other = this.roles.get(name);
    if (other !== undefined) reject(scope, `role ${shown(name)} is there already: ${other}; give one of the two another name`);
    this.roles.set(name, what);
  }
}

/** The names in a parameter `shared_preload_libraries`. */
function librariesOf(scope: IConstruct, given: string): string[] {
  if (Token.isUnresolved(given)) return [given];
  const names = given.split(',').map((name) => name.trim());
  if (given.trim() !== '' && !names.every((name) => /^[A-Za-z0-9_$./-]+$/.test(name)))
    reject(scope, `parameter shared_preload_libraries must be names of libraries with commas between, got ${shown(given)}`);
  return names.filter((name) => name !== '');
}
