import { Token } from 'cdktf';
import { Construct } from 'constructs';
import { reject, requireInteger, requireMatch, shown } from '../core/errors';
import { Duration } from '../core/duration';
import { Size } from '../core/size';
import { ContainerImage } from '../image/container-image';
import { defaultImages, runtimeFile } from '../image/default-images';
import { Files } from '../workload/files';
import { HealthCheck } from '../workload/health-check';
import { Network } from '../workload/network';
import { SecretFile } from '../workload/secret-file';
import { Service } from '../workload/service';
import { Workload } from '../workload/workload';
import { ConnectionBudget, PostgresClientOptions } from './connection-budget';
import { checkPoolerParameters, renderPoolerConfiguration } from './pooler-configuration';
import type { IPostgresDb, PostgresDb } from './postgres-db';
import { PostgresPoolMode } from './postgres-pool-mode';
import { PostgresSslMode } from './postgres-ssl-mode';

/** The port of the pooler: PostgreSQL's own, since not every client reads a list of hosts with another one. */
const PORT = 5432;
const USER = '10071:10071';
const SCRIPTS = '/run/cdktf-django';
/**
 * In memory: the file with the login, and the socket of the console. Below /tmp, since a tmpfs at a place that no image has belongs to root after a restart: runc gives it the mode of the
 * folder that it had to make for it.
 */
const FOLDER = '/tmp/pgbouncer';
/** PgBouncer's own files, beside connections. */
const FILES_BESIDE = 64;

/** Settings of a pooler. */
export interface PostgresPoolerOptions {
  /**
   * How long a client keeps the connection to the server that it is lent.
   *
   * @default PostgresPoolMode.TRANSACTION
   */
  readonly poolMode?: PostgresPoolMode;

  /**
   * The connections to the server that each replica opens at the most, from 1 to 1000. All of them count in the budget of the server's `maxConnections`, twice: while a
   * release replaces the pooler, the old and the new one have theirs.
   *
   * @default 20 - PgBouncer's own
   */
  readonly defaultPoolSize?: number;

  /**
   * The clients that each replica accepts, from 10 to 50000. Its clients have to fit into one replica: it has all of them when the others are away.
   *
   * @default 1000
   */
  readonly maxClientConnections?: number;

  /**
   * The number of containers with a PgBouncer in each.
   *
   * @default 2
   */
  readonly replicas?: number;

  /**
   * The image: one with `pgbouncer` 1.23 or newer, `psql` and a POSIX shell.
   *
   * @default - edoburu/pgbouncer in the version that this release of the library pins
   */
  readonly image?: ContainerImage;

  /**
   * The memory that each replica may use.
   *
   * @default - 64 MiB, and 64 KiB for each of maxClientConnections
   */
  readonly memory?: Size;

  /**
   * Parameters of PgBouncer, in the words of the section `[pgbouncer]` of pgbouncer.ini: `{ query_wait_timeout: '10' }`. They win over ours.
   *
   * @default - none
   */
  readonly parameters?: { readonly [name: string]: string };
}

/** Settings of a `PostgresPooler`. */
export interface PostgresPoolerProps extends PostgresPoolerOptions {
  /** The database behind the pooler. */
  readonly database: IPostgresDb;
}

/**
 * A pool of connections in front of a database, kept by PgBouncer: many clients share a few connections to the server. It is a database for its clients; `PostgresDb.addPooler`
 * makes one.
 *
 * In transaction mode, the default, nothing of a session outlives a transaction: no server-side cursors outside of one, no session-level advisory locks, no `LISTEN`, no temporary
 * tables. `DjangoService` switches off what Django would use of it, and takes its release job past the pooler, straight to the server. Prepared statements of the protocol work.
 *
 * A new version of it, or of its password, starts beside the old one, and clients get to it when they are released; the old one goes after the last of its clients.
 *
 * @example
 * const pooler = new PostgresPooler(this, 'Pooler', { database: db, defaultPoolSize: 10 });
 * new DjangoService(this, 'Shop', { image: ContainerImage.fromDjangoProject('../shop'), project: 'shop', database: pooler });
 */
export class PostgresPooler extends Construct implements IPostgresDb {
  public readonly host: string;
  public readonly port: number = PORT;
  public readonly databaseName: string;
  public readonly user: string;
  public readonly passwordSecret: SecretFile;
  public readonly sslMode: PostgresSslMode = PostgresSslMode.DISABLE;

  /** The database behind the pooler, for what has to have a session of its own. */
  public readonly database: IPostgresDb;
  /** How long a client keeps a connection to the server. */
  public readonly poolMode: PostgresPoolMode;
  /** The connections to the server that each replica opens at the most. */
  public readonly defaultPoolSize: number;
  /** The clients that each replica accepts. */
  public readonly maxClientConnections: number;
  /** The containers with PgBouncer. */
  public readonly server: Service;
  /** The network of the pooler and its clients. It has no way out. */
  public readonly network: Network;
  /** The program inside a container that is the console of its PgBouncer; options of psql may follow: `-c 'SHOW POOLS'`. */
  public readonly administrationCommand: string[] = ['psql', `--host=${FOLDER}`, `--port=${PORT}`, '--username=pgbouncer', 'pgbouncer'];
  private readonly budget: ConnectionBudget;

  /**
   * @throws when a number is out of range, a name or parameter is one that PgBouncer cannot have, or the database is behind a pooler already
   */
  constructor(scope: Construct, id: string, props: PostgresPoolerProps) {
    super(scope, id);
    const { database } = props;
    this.database = database;
    this.databaseName = database.databaseName;
    this.user = database.user;
    this.passwordSecret = database.passwordSecret;
    this.poolMode = props.poolMode ?? PostgresPoolMode.TRANSACTION;
    this.defaultPoolSize = props.defaultPoolSize ?? 20;
    this.maxClientConnections = props.maxClientConnections ?? 1000;
    this.budget = new ConnectionBudget(this);
    this.validate(props);
    const memory = props.memory ?? Size.mebibytes(64 + Math.ceil(this.maxClientConnections / 16));
    this.network = new Network(this, 'Network', { internal: true });
    this.server = this.makeServer(props, memory);
    // One name each: libpq goes on to the next one when there is no answer.
    this.host = this.server
      .endpoints(PORT)
      .map(({ host }) => host)
      .join(',');
    this.node.defaultChild = this.server;
  }

  public addClient(workload: Workload, options: PostgresClientOptions = {}): void {
    this.budget.add(workload, options);
    workload.joinNetwork(this.network);
    workload.addSecret(this.passwordSecret);
    // Healthy, it has had an answer from the server. Nothing that runs once is behind it.
    workload.runAfter(this.server);
    (this.database as Partial<PostgresDb>)._addClientBehind?.(workload);
  }

  private makeServer(props: PostgresPoolerProps, memory: Size): Service {
    const { database } = this;
    const image = props.image ?? ContainerImage.fromRegistry(defaultImages.pgbouncer);
    const server = new Service(this, 'Server', {
      image,
      entrypoint: ['sh', `${SCRIPTS}/pooler.sh`],
      user: USER,
      memory,
      replicas: props.replicas ?? 2,
      tmpfs: { '/tmp': Size.mebibytes(2) },
      environment: {
        DATABASE_HOST: database.host,
        DATABASE_PORT: String(database.port),
        DATABASE_NAME: database.databaseName,
        DATABASE_USER: database.user,
        DATABASE_PASSWORD_FILE: database.passwordSecret.path,
        POOLER_FOLDER: FOLDER,
        POOLER_PORT: String(PORT),
        // Whose certificate is checked against a name has to be asked for by that name.
        POOLER_RESOLVES: database.sslMode === PostgresSslMode.VERIFY_FULL ? 'no' : 'yes',
        POOLER_FILES: String(this.maxClientConnections + this.defaultPoolSize + FILES_BESIDE),
      },
      // PgBouncer's way to accept nobody any more and to end with its last client. Those that have only left a connection open are cut off at the end of the grace period.
      stopSignal: 'SIGTERM',
      stopGracePeriod: Duration.seconds(30),
      healthCheck: HealthCheck.command(['sh', `${SCRIPTS}/pooler-health.sh`], { interval: Duration.millis(500), timeout: Duration.seconds(15) }),
    });
    const files = new Files(this, 'Files', { image });
    for (const name of ['pooler.sh', 'pooler-health.sh']) files.addFile(name, runtimeFile(`postgres/${name}`));
    files._addLateFile('pgbouncer.ini', () => this.configuration(props.parameters ?? {}));
    server.addFiles(files, SCRIPTS);
    server.joinNetwork(this.network);
    database.addClient(server, { connections: this.defaultPoolSize });
    return server;
  }

  /** Known when all clients are: they have to fit. */
  private configuration(parameters: { readonly [name: string]: string }): string {
    const probe = { who: 'the health check', connections: 1, because: 'one connection' };
    this.budget.check('maxClientConnections', this.maxClientConnections, [probe], []);
    return renderPoolerConfiguration({
      sslMode: this.database.sslMode,
      listenPort: PORT,
      folder: FOLDER,
      poolMode: this.poolMode,
      poolSize: this.defaultPoolSize,
      maxClientConnections: this.maxClientConnections,
      parameters,
    });
  }

  private validate(props: PostgresPoolerProps): void {
    if (props.database instanceof PostgresPooler)
      reject(this, `database must be a server, got ${props.database.node.path}, which is a pooler; give the database behind it`);
    if (!Object.values(PostgresPoolMode).includes(this.poolMode))
      reject(this, `poolMode must be PostgresPoolMode.TRANSACTION or PostgresPoolMode.SESSION, got ${shown(this.poolMode)}`);
    for (const [name, value, bounds] of [
      ['defaultPoolSize', this.defaultPoolSize, { min: 1, max: 1000 }],
      ['maxClientConnections', this.maxClientConnections, { min: 10, max: 50_000 }],
    ] as const) {
      if (Token.isUnresolved(value)) reject(this, `${name} must be known at synth, got a token: connections are counted`);
      requireInteger(this, name, value, bounds);
    }
    if (props.memory && props.memory.toMebibytes() < 32) reject(this, `memory must be 32 MiB or more, got ${props.memory}`);
    requireMatch(
      this,
      'the name of a database behind a pooler',
      this.databaseName,
      /^(?!pgbouncer$)[A-Za-z0-9_][A-Za-z0-9_.-]*$/,
      'made of letters, digits, "_", "-" and ".", and not "pgbouncer", which is the console',
    );
    checkPoolerParameters(this, props.parameters ?? {});
  }
}
