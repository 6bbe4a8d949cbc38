import { Lazy } from 'cdktf';
import { Construct, IConstruct } from 'constructs';
import { Duration } from '../core/duration';
import { reject, requireInteger, requireMatch, shown } from '../core/errors';
import { RemovalPolicy } from '../core/removal-policy';
import { secretName } from '../core/secret-name';
import { Size } from '../core/size';
import { runtimeFile } from '../image/default-images';
import { IMonitored, IMonitoring, MonitoringTarget } from '../monitoring/monitored';
import { Files } from '../workload/files';
import { HealthCheck } from '../workload/health-check';
import { Job } from '../workload/job';
import { INetwork, Network } from '../workload/network';
import { Secret, SecretKind } from '../workload/secret';
import { SecretFile } from '../workload/secret-file';
import { Service, UpdateStrategy } from '../workload/service';
import { Volume } from '../workload/volume';
import { Workload, WorkloadOptions } from '../workload/workload';
import { PostgresArchive, PostgresArchiveOptions } from './backup/postgres-archive';
import { PostgresBackup, PostgresBackupOptions } from './backup/postgres-backup';
import { PostgresRestoreDrill, PostgresRestoreDrillOptions } from './backup/postgres-restore-drill';
import { ConnectionBudget, PostgresClientOptions } from './connection-budget';
import { INIT_FOLDER, initFiles } from './init-files';
import { LONGEST_IDENTIFIER, loginRoles, OTHER_SUFFIX, OWNER_SUFFIX, refuseReservedDatabase, refuseReservedRole, requireIdentifier } from './names';
import { checkParameters, FIXED_PARAMETERS, keptConnections, parameterArguments } from './parameters';
import { PostgresContents } from './postgres-contents';
import { PostgresDatabase, PostgresDatabaseOptions } from './postgres-database';
import { PostgresExtensionOptions } from './postgres-extension';
import { checkImport, makeImportJob, PostgresImport } from './postgres-import';
import { monitorPostgres } from './postgres-monitoring';
import { PostgresPooler, PostgresPoolerOptions } from './postgres-pooler';
import { PostgresRole, PostgresRoleOptions } from './postgres-role';
import { PostgresSslMode } from './postgres-ssl-mode';
import { PostgresStorage } from './postgres-storage';
import { dataFormat, makeUpgradeJobs } from './postgres-upgrade';
import { PostgresVersion } from './postgres-version';
import { tunedParameters } from './tuning';

const PORT = 5432;
const USER_ID = 10070;
const SCRIPTS = '/run/cdktf-django';

/** A Postgres database as its clients see it. */
export interface IPostgresDb extends IConstruct {
  /** The name or address of the server, for whoever was added by `addClient`. */
  readonly host: string;
  /** The port of the server. */
  readonly port: number;
  /** The name of the database. */
  readonly databaseName: string;
  /** The role that clients log in as. */
  readonly user: string;
  /** The password of that role. Clients find it in the file `passwordSecret.path`. */
  readonly passwordSecret: SecretFile;
  /** How clients protect their connections. */
  readonly sslMode: PostgresSslMode;

  /**
   * Lets a workload reach the server and read the password. The workload has to wait for the server itself: it may start first, and the
   * server may be replaced under it.
   *
   * @param options what it may use of the server, which is counted: connections that do not fit into `maxConnections` are refused at synth
   */
  addClient(workload: Workload, options?: PostgresClientOptions): void;
}

/** Settings of a `PostgresDb`. */
export interface PostgresDbProps {
  /**
   * The version of the server. A database stays with the major version that it was made with, unless `upgradeFrom` names it: a deploy with another one is refused at its plan.
   *
   * @default PostgresVersion.V18
   */
  readonly version?: PostgresVersion;

  /**
   * The version that the database has, to bring it to a higher major one, `version`, in this deploy: the server is stopped, its data is dumped by its own programs and loaded by the new
   * ones, the counts of rows are compared, and the new server starts. A failure changes nothing: set `version` back, and deploy. The site answers errors meanwhile, about
   * as long as `pg_dump` and `pg_restore` take. What the old server wrote stays on the volume, until it is removed by hand, and so the disk needs room for
   * twice the data and its dump. Leave it out again at any time after the deploy.
   *
   * @default - none
   */
  readonly upgradeFrom?: PostgresVersion;

  /**
   * The name of the database: lower-case letters, digits and `_`, at most 57.
   *
   * @default 'app'
   */
  readonly databaseName?: string;

  /**
   * The role that clients log in as; with every second `passwordVersion` they log in as `<user>_alt`. What either makes belongs to a role
   * `<databaseName>_owner`, which cannot log in.
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
   * The version of that password. A deploy that raises it by one changes the password and loses no request: a second login role is opened with the new
   * password (a generated one is made; with `Secret.fromFile` name a new file), the clients are released with it, and when all that waits for them is complete,
   * their routes too, the first role is closed: it cannot log in any more, and its sessions are ended. A release that fails leaves the first role open. An
   * earlier version comes back the same way, with its own password.
   *
   * Give privileges and settings of your own to the owner role and the database, not to a login role.
   *
   * @default 1
   */
  readonly passwordVersion?: number;

  /**
   * The memory that the server may use. Its settings are derived from it: a quarter is `shared_buffers`, and what these hold, the system's cache holds once more until it needs the room. So read-only
   * queries over data that just about fill the memory read from the disk more often than with the 128 MB of PostgreSQL's default (measured: 12 % fewer transactions); give it a quarter more than what is
   * read all the time, or set `parameters: { shared_buffers: '128MB' }`.
   *
   * @default Size.gibibytes(1)
   */
  readonly memory?: Size;

  /**
   * The number of CPUs that the server may use, possibly a fraction. From 4 on, parallel queries are derived from it.
   *
   * @default - no limit
   */
  readonly cpus?: number;

  /**
   * What the disk under the volume is.
   *
   * @default PostgresStorage.SSD
   */
  readonly storage?: PostgresStorage;

  /**
   * The number of connections that the server accepts, from 10 to 10000. Each one costs memory, and a change restarts the server: so it never changes by itself. When its clients may open
   * more of them, in a release too, when old and new servers have theirs, the stack is refused, with who takes how many; `addPooler` lets many clients share a few.
   *
   * @default 100 - PostgreSQL's own default
   */
  readonly maxConnections?: number;

  /**
   * Parameters of the server, in the words of postgresql.conf: `{ work_mem: '16MB' }`. They win over what is derived from the memory. Names and values are checked
   * against what the server of that version says of itself (`pg_settings`); those of extensions, with a dot in their names, are not.
   *
   * @default - none
   */
  readonly parameters?: { readonly [name: string]: string };

  /**
   * Files that fill the database in its first start, in this order, as its owner: SQL (`.sql`, `.sql.gz`), and dumps by `pg_dump --format=custom` (`.pgc`, `.dump`; best
   * with `--no-owner --no-privileges --no-comments`). Paths are relative to the folder of cdktf.json; at most 1 MiB together. A statement that fails, fails the deploy
   * with its file and line, and the next one starts afresh. A database that is there is never filled again.
   *
   * They go through Terraform's state and plan files: nothing in them may be secret.
   *
   * @default - none
   */
  readonly initFiles?: string[];

  /**
   * The volume of another server, such as one of a compose project, whose data fills the database in its first start, before `initFiles`: dumped by its own version's programs,
   * restored as the owner's (other roles and privileges do not come along), all rows counted and compared. That volume is left as a clean stop leaves it. A database that is there is never filled
   * again; leave it out again at any time after the deploy.
   *
   * @default - none
   */
  readonly importFrom?: PostgresImport;

  /**
   * What becomes of the data, and of generated passwords with it, when the database leaves the stack.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * The name of a volume that another PostgresDb made, to adopt it with its data.
   *
   * @default - a name made of the namespace and the construct's path
   */
  readonly volumeName?: string;
}

/** Where a database is that exists already. */
export interface PostgresDbAttributes {
  /** The name or address of the server. */
  readonly host: string;

  /**
   * The port of the server.
   *
   * @default 5432
   */
  readonly port?: number;

  /** The name of the database. */
  readonly databaseName: string;

  /** The role that clients log in as. */
  readonly user: string;

  /** The password of that role: `Secret.fromFile()` or `Secret.fromVariable()`. */
  readonly password: Secret;

  /**
   * How clients protect their connections.
   *
   * @default PostgresSslMode.REQUIRE - the way to the server may be a public one
   */
  readonly sslMode?: PostgresSslMode;

  /**
   * The network in which clients find the server.
   *
   * @default - a network of their own that has a way out
   */
  readonly network?: INetwork;
}

/**
 * A Postgres server with one database, reachable by its clients alone.
 *
 * Its first start is a job: an interrupted one starts afresh, and the server refuses a directory that it did not complete.
 *
 * @example
 * new PostgresDb(this, 'Db', { version: PostgresVersion.V17, memory: Size.gibibytes(2) });
 */
export class PostgresDb extends Construct implements IPostgresDb, IMonitored {
  /**
   * A database that exists elsewhere, a managed one for example. Nothing is made for it but the way to it.
   *
   * @example
   * PostgresDb.fromAttributes(this, 'Db', {
   *   host: 'db.example.com',
   *   databaseName: 'shop',
   *   user: 'shop',
   *   password: Secret.fromFile('/etc/shop/database-password'),
   * });
   *
   * @throws when a value is out of range or not of the allowed form, or the password is one that this library would generate
   */
  public static fromAttributes(scope: Construct, id: string, attributes: PostgresDbAttributes): IPostgresDb {
    return new ImportedPostgresDb(scope, id, attributes);
  }

  public readonly host: string;
  public readonly port: number = PORT;
  public readonly databaseName: string;
  public readonly user: string;
  public readonly passwordSecret: SecretFile;
  public readonly sslMode: PostgresSslMode = PostgresSslMode.DISABLE;

  /** The version of the server. */
  public readonly version: PostgresVersion;
  /** The role that owns the database and what clients make in it. It cannot log in. */
  public readonly owner: string;
  /** The number of connections that the server accepts. */
  public readonly maxConnections: number;
  /** The password of the superuser `postgres`, for administration. Only the server, its jobs and its backups read it. */
  public readonly superuserSecret: SecretFile;
  /** The volume with the data. */
  public readonly data: Volume;
  /** The network of the server and its clients. It has no way out. */
  public readonly network: Network;
  /** The version of the password that clients log in with. */
  public readonly passwordVersion: number;
  /** The job that makes the database, once. */
  public readonly initializeJob: Job;
  /** The job that lets clients log in, and brings the roles, databases and extensions that are declared, before any of them. */
  public readonly openLoginJob: Job;
  /** The server. No job can run after it: its clients wait for it themselves. */
  public readonly server: Service;
  /** What is in the server beside its first database. @internal */
  public readonly _contents: PostgresContents;
  private readonly baseUser: string;
  private readonly clients: Workload[] = [];
  private readonly addedBackups: PostgresBackup[] = [];
  private readonly parameters: { readonly [name: string]: string };
  private addedArchive?: PostgresArchive;
  private readonly budget = new ConnectionBudget(this);
  /** The program inside the server's container that is psql as the superuser; options of psql may follow. */
  public readonly administrationCommand: string[] = ['sh', `${SCRIPTS}/psql-admin.sh`];

  /**
   * @throws when a name is not of the allowed form, a number is out of range, or the version is unknown
   */
  constructor(scope: Construct, id: string, props: PostgresDbProps = {}) {
    super(scope, id);
    this.version = props.version ?? PostgresVersion.V18;
    this.databaseName = props.databaseName ?? 'app';
    this.owner = `${this.databaseName}${OWNER_SUFFIX}`;
    this.passwordVersion = props.passwordVersion ?? 1;
    this.baseUser = props.user ?? this.databaseName;
    // Two take turns: one has clients while the other gets its password.
    const [user, otherUser] = loginRoles(this.baseUser, this.passwordVersion);
    this.user = user;
    this.maxConnections = props.maxConnections ?? 100;
    const memory = props.memory ?? Size.gibibytes(1);
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    this.validate(props, memory);
    this.parameters = props.parameters ?? {};

    const { image } = this.version;
    this.network = new Network(this, 'Network', { internal: true });
    this.data = new Volume(this, 'Data', {
      removalPolicy,
      volumeName: props.volumeName,
      owner: { user: USER_ID, group: USER_ID, image },
      _format: dataFormat(this.version, props.upgradeFrom),
    });
    const first = this.passwordVersion === 1;
    // One that leaves with its version is not missing when the version comes back. Whether one is missing that a role has, the job finds out, too.
    const guarded = first && removalPolicy === RemovalPolicy.RETAIN;
    const passwordId = first ? 'Password' : `PasswordV${this.passwordVersion}`;
    this.passwordSecret = this.secret(passwordId, 'password', props.password ?? Secret.generated(), removalPolicy, guarded);
    this.superuserSecret = this.secret('SuperuserPassword', 'superuser-password', Secret.generated(), removalPolicy, true);
    this.initializeJob = this.makeInitializeJob(props, memory);
    if (props.upgradeFrom) this.initializeJob.runAfter(this.makeUpgradeJobs(props.upgradeFrom, memory));
    this.server = this.makeServer(props, memory);
    this.host = this.server.endpoints(PORT)[0].host;
    this.openLoginJob = this.makeLoginJobs(otherUser);
    this._contents = this.makeContents(props, removalPolicy);
    this.node.defaultChild = this.server;
  }

  public addClient(workload: Workload, options: PostgresClientOptions = {}): void {
    workload.addSecret(this.passwordSecret);
    this._admit(workload, options);
  }

  public bindToMonitoring(monitoring: IMonitoring): MonitoringTarget {
    return monitorPostgres(this, monitoring);
  }

  /**
   * Brings an extension into the database, at the next deploy, before any client. An image without it fails that deploy, with what to do, before any client is released.
   *
   * @param name as `CREATE EXTENSION` takes it, `pg_trgm` for example
   * @throws when the name or the version is not of the allowed form, or the extension is declared already
   *
   * @example
   * db.addExtension('pg_stat_statements');
   */
  public addExtension(name: string, options: PostgresExtensionOptions = {}): void {
    this._contents.addExtension(this, this.databaseName, name, options);
  }

  /**
   * Adds a login role for clients of their own in this database. The role is what a client is given: it has host, names and password, and `addClient`.
   *
   * @param name lower-case letters, digits and `_`, at most 56
   * @throws when the name is taken, reserved or not of the allowed form, or a number is out of range
   *
   * @example
   * db.addRole('reporting', { access: PostgresAccess.READ_ONLY, connectionLimit: 5 });
   */
  public addRole(name: string, options: PostgresRoleOptions = {}): PostgresRole {
    return new PostgresRole(this, `Role-${name}`, { ...options, server: this, roleName: name });
  }

  /**
   * Adds a further database to the server, with an owner and a login role of its own, for another app for example.
   *
   * @param name lower-case letters, digits and `_`, at most 57
   * @throws when a name is taken, reserved or not of the allowed form, or a number is out of range
   *
   * @example
   * db.addDatabase('metrics');
   */
  public addDatabase(name: string, options: PostgresDatabaseOptions = {}): PostgresDatabase {
    return new PostgresDatabase(this, `Database-${name}`, { ...options, server: this, databaseName: name });
  }

  /**
   * Lets a workload reach the server, when what is declared in it is there.
   *
   * @internal
   */
  public _admit(workload: Workload, options: PostgresClientOptions, login?: string): void {
    this.budget.add(workload, options, login);
    workload.joinNetwork(this.network);
    // Not after the server: it is a single writer, and what others wait for would be created before it is destroyed.
    workload.runAfter(this.openLoginJob);
    this.clients.push(workload);
  }

  /** The backups that were added. */
  public get backups(): PostgresBackup[] {
    return [...this.addedBackups];
  }

  /**
   * Has the database backed up by the clock.
   *
   * @param id the id of the construct, which is in the name of the folder of its backups
   * @throws when a setting is out of range
   *
   * @example
   * db.addBackup('Nightly', { schedule: Schedule.cron('0 3 * * *'), target: BackupTarget.directory('/srv/backups') });
   */
  public addBackup(id: string, options: PostgresBackupOptions): PostgresBackup {
    const backup = new PostgresBackup(this, id, { ...options, database: this });
    this.addedBackups.push(backup);
    return backup;
  }

  /** The archive for point-in-time recovery, if one was added. */
  public get archive(): PostgresArchive | undefined {
    return this.addedArchive;
  }

  /**
   * Has all that the server writes archived, so that the database can be brought back as it was at any second: `npx cdktf-django restore --at MOMENT`. From Postgres 17
   * on, adding or removing it restarts the server once, for `summarize_wal`, unless `incrementals` is 0.
   *
   * @param id the id of the construct, which is in the name of the folder of the archive
   * @throws when there is one already, a parameter of the server leaves no WAL for it, or a setting is out of range
   *
   * @example
   * db.addArchive('Archive', { schedule: Schedule.cron('0 1 * * *'), keep: Duration.days(14), target: BackupTarget.directory('/srv/archive') });
   */
  public addArchive(id: string, options: PostgresArchiveOptions): PostgresArchive {
    return new PostgresArchive(this, id, { ...options, database: this });
  }

  /** @internal */
  public _registerArchive(archive: PostgresArchive): void {
    if (this.addedArchive)
      reject(archive, `database ${this.databaseName} has an archive already, ${this.addedArchive.node.path}; one has all of its moments`);
    for (const [name, value] of Object.entries({ wal_level: 'minimal', max_wal_senders: '0', max_replication_slots: '0' })) {
      if (this.parameters[name] === value)
        reject(archive, `the parameter ${name} of ${this.node.path} must not be ${shown(value)}: no WAL could be received; leave it out`);
    }
    this.addedArchive = archive;
    if (archive.incrementals > 0) this.server.addEnvironment('DATABASE_SUMMARIZE_WAL', 'on');
  }

  /**
   * Has a restore of the newest backup rehearsed by the clock. Where there are several `addBackup`, each has an `addRestoreDrill` of its own.
   *
   * @param id the id of the construct
   * @throws when there is no backup, or several, or a setting is out of range
   *
   * @example
   * db.addRestoreDrill('Weekly', { schedule: Schedule.cron('0 5 * * SUN'), query: 'SELECT count(*) > 0 FROM auth_user' });
   */
  public addRestoreDrill(id: string, options: PostgresRestoreDrillOptions): PostgresRestoreDrill {
    const [backup, ...others] = this.addedBackups;
    if (backup === undefined) return reject(this, `the drill ${shown(id)} has no backup to restore; call addBackup() first`);
    if (others.length > 0) {
      const ids = this.addedBackups.map((one) => one.node.id).join(', ');
      reject(this, `the drill ${shown(id)} could be of several backups, ${ids}; call addRestoreDrill() of the one that addBackup() gave`);
    }
    return new PostgresRestoreDrill(this, id, { ...options, backup });
  }

  /**
   * Puts a pool of connections in front of the server, kept by PgBouncer, for clients that are given the pooler in place of the database.
   *
   * @param id a name for the construct, of which the container's name is made
   * @throws when a value is out of range or not of the allowed form
   *
   * @example
   * new DjangoService(this, 'Shop', { image: ContainerImage.fromDjangoProject('../shop'), project: 'shop', database: db.addPooler() });
   */
  public addPooler(id: string = 'Pooler', options: PostgresPoolerOptions = {}): PostgresPooler {
    return new PostgresPooler(this, id, { ...options, database: this });
  }

  /**
   * A client of a pooler of ours: its requests that are under way have time, too, before the role is closed.
   *
   * @internal
   */
  public _addClientBehind(workload: Workload): void {
    this.clients.push(workload);
  }

  /** @param guarded whether it is as old as the data, so that none may be made beside it */
  private secret(id: string, word: string, secret: Secret, removalPolicy: RemovalPolicy, guarded: boolean): SecretFile {
    return new SecretFile(this, id, {
      secret,
      secretName: secretName(this, word),
      image: this.version.image,
      removalPolicy,
      guard: guarded ? { volume: this.data, file: 'cdktf-django.database', what: `database ${this.databaseName}` } : undefined,
    });
  }

  private makeInitializeJob({ initFiles: init = [], importFrom }: PostgresDbProps, memory: Size): Job {
    const job = new Job(this, 'Initialize', {
      ...this.confinement(),
      image: this.version.image,
      entrypoint: ['sh', `${SCRIPTS}/initialize.sh`],
      memory: Size.mebibytes(256),
      timeout: importFrom && Duration.hours(24),
      environment: {
        ...this.scriptEnvironment(),
        DATABASE_NAME: this.databaseName,
        DATABASE_OWNER: this.owner,
        DATABASE_USER: this.baseUser,
      },
    });
    job.addVolume(this.data, this.version.mountPath);
    job.addSecret(this.superuserSecret);
    job.joinNetwork(this.network);
    // Apart from the server's files: an edit of initialize.sh does not restart a server.
    job.addFiles(this.files('InitializeFiles', ['initialize.sh', 'marker.sh', 'cluster.sh', 'counts.sh', 'image.sh', 'init-files.sh']), SCRIPTS);
    if (init.length > 0) job.addFiles(initFiles(this, 'InitFiles', this.version.image, init), INIT_FOLDER);
    if (importFrom) {
      makeImportJob(this, importFrom, {
        version: this.version,
        initialize: job,
        group: USER_ID,
        scripts: SCRIPTS,
        confinement: this.confinement(),
        memory: Size.mebibytes(Math.max(512, memory.toMebibytes())),
      });
    }
    if (init.length > 0 || importFrom) {
      job.addEnvironment('DATABASE_FIRST_EXTENSIONS', Lazy.stringValue({ produce: () => this._contents.firstExtensions() }));
    }
    return job;
  }

  private makeUpgradeJobs(from: PostgresVersion, memory: Size): Job {
    return makeUpgradeJobs(this, {
      from,
      to: this.version,
      data: this.data,
      superuserSecret: this.superuserSecret,
      scripts: SCRIPTS,
      confinement: this.confinement(),
      memory: Size.mebibytes(Math.max(512, memory.toMebibytes())),
    });
  }

  private makeServer(props: PostgresDbProps, memory: Size): Service {
    const tuning = tunedParameters({ memory, cpus: props.cpus, storage: props.storage ?? PostgresStorage.SSD, maxConnections: this.maxConnections });
    const server = new Service(this, 'Server', {
      ...this.confinement(),
      image: this.version.image,
      entrypoint: ['sh', `${SCRIPTS}/serve.sh`],
      command: parameterArguments(tuning, Object.entries(props.parameters ?? {}), FIXED_PARAMETERS),
      memory,
      cpus: props.cpus,
      sharedMemory: sharedMemory(memory),
      environment: this.scriptEnvironment(),
      updateStrategy: UpdateStrategy.STOP_FIRST,
      // SIGINT ends sessions and writes a checkpoint (docker-library/postgres#714); 10 s were too short for it (#544, #1207).
      stopSignal: 'SIGINT',
      stopGracePeriod: Duration.seconds(120),
      // By TCP, as clients come.
      healthCheck: HealthCheck.command(['pg_isready', '--quiet', '--host=127.0.0.1', '--username=postgres', '--dbname=postgres'], {
        interval: Duration.seconds(10),
      }),
    });
    server.addVolume(this.data, this.version.mountPath);
    server.addSecret(this.superuserSecret);
    server.joinNetwork(this.network);
    const scripts = ['serve.sh', 'marker.sh', 'image.sh', 'psql-admin.sh', 'pg_hba.conf'];
    server.addFiles(
      this.files('ServerFiles', scripts, () => this.checkBudget(props)),
      SCRIPTS,
    );
    server.runAfter(this.initializeJob);
    return server;
  }

  /** Makes the jobs that open the login role of this version, and close the other one when nobody uses it any more. Gives the first. */
  private makeLoginJobs(otherUser: string): Job {
    const files = this.files('LoginFiles', ['logins.sh', 'superuser.sh', 'contents.sh', 'image.sh']);
    const make = (id: string, command: string, environment: { readonly [name: string]: string }, last: boolean) => {
      const job = new Job(this, id, {
        user: `${USER_ID}:${USER_ID}`,
        image: this.version.image,
        entrypoint: ['sh', `${SCRIPTS}/logins.sh`],
        command: [command],
        memory: Size.mebibytes(64),
        timeout: Duration.minutes(40),
        environment: {
          DATABASE_HOST: this.host,
          DATABASE_PORT: String(PORT),
          DATABASE_NAME: this.databaseName,
          DATABASE_OWNER: this.owner,
          DATABASE_USER: this.baseUser,
          DATABASE_LOGIN: this.user,
          DATABASE_OTHER_LOGIN: otherUser,
          DATABASE_LOGIN_VERSION: String(this.passwordVersion),
          DATABASE_SUPERUSER_PASSWORD_FILE: this.superuserSecret.path,
          ...environment,
        },
        _last: last,
      });
      job.addSecret(this.superuserSecret);
      job.joinNetwork(this.network);
      job.addFiles(files, SCRIPTS);
      return job;
    };
    const open = make('OpenLogin', 'open', { DATABASE_PASSWORD_FILE: this.passwordSecret.path }, false);
    open.addSecret(this.passwordSecret);
    open.runAfter(this.initializeJob);
    const grace = Lazy.stringValue({ produce: () => String(this.clientsGracePeriod()) });
    make('CloseLogin', 'close', { DATABASE_GRACE_SECONDS: grace }, true).runAfter(open);
    return open;
  }

  private makeContents(props: PostgresDbProps, removalPolicy: RemovalPolicy): PostgresContents {
    return new PostgresContents(this, {
      version: this.version,
      databaseName: this.databaseName,
      owner: this.owner,
      user: this.baseUser,
      removalPolicy,
      libraries: props.parameters?.shared_preload_libraries,
      server: this.server,
      initialize: this.initializeJob,
      open: this.openLoginJob,
      close: this.node.findChild('CloseLogin') as Job,
    });
  }

  /** Seconds that requests on old servers have, which end only after their role would be closed. */
  private clientsGracePeriod(): number {
    const rolling = this.clients.filter(
      (client): client is Service => client instanceof Service && client.updateStrategy === UpdateStrategy.START_FIRST,
    );
    return Math.max(0, ...rolling.map((client) => Math.ceil(client.stopGracePeriod.toSeconds())));
  }

  /** @param check what can be judged when the stack is complete: files are read then */
  private files(id: string, names: string[], check: () => void = () => undefined): Files {
    const files = new Files(this, id, { image: this.version.image });
    for (const name of names) {
      files._addLateFile(name, () => {
        check();
        return runtimeFile(`postgres/${name}`);
      });
    }
    return files;
  }

  /** All clients have to fit. */
  private checkBudget(props: PostgresDbProps): void {
    const pooler = 'give clients a pooler: database: db.addPooler()';
    this.budget.check('maxConnections', this.maxConnections, keptConnections(props.parameters ?? {}), [pooler]);
  }

  private confinement(): WorkloadOptions {
    return { user: `${USER_ID}:${USER_ID}`, tmpfs: { '/tmp': Size.mebibytes(64), '/run/postgresql': Size.mebibytes(1) } };
  }

  private scriptEnvironment(): { readonly [name: string]: string } {
    return {
      DATABASE_VOLUME: this.version.mountPath,
      DATABASE_MAJOR: String(this.version.major),
      DATABASE_CODENAME: this.version.codename,
      DATABASE_SUPERUSER_PASSWORD_FILE: this.superuserSecret.path,
    };
  }

  private validate(props: PostgresDbProps, memory: Size): void {
    if (!(this.version instanceof PostgresVersion))
      reject(this, `version must be a PostgresVersion such as PostgresVersion.V18, got ${shown(this.version)}`);
    if (this.version._problem) reject(this, this.version._problem);
    const from = props.upgradeFrom;
    if (from !== undefined) {
      if (!(from instanceof PostgresVersion)) reject(this, `upgradeFrom must be a PostgresVersion such as PostgresVersion.V17, got ${shown(from)}`);
      if (from._problem) reject(this, `upgradeFrom: ${from._problem}`);
      if (from.major >= this.version.major)
        reject(
          this,
          `upgradeFrom must be a lower major version than version, which is ${this.version.major}, got ${from.major}; a minor version needs no upgradeFrom`,
        );
    }
    if (props.importFrom) checkImport(this, props.importFrom, this.version);
    requireIdentifier(this, 'databaseName', this.databaseName, LONGEST_IDENTIFIER - OWNER_SUFFIX.length);
    refuseReservedDatabase(this, 'databaseName', this.databaseName);
    requireInteger(this, 'passwordVersion', this.passwordVersion, { min: 1, max: 999999 });
    const user = this.baseUser;
    // The second role's name is needed with the second version.
    requireIdentifier(this, 'user', user, LONGEST_IDENTIFIER - (this.passwordVersion === 1 ? 0 : OTHER_SUFFIX.length));
    refuseReservedRole(this, 'user', user);
    if (user === this.owner) reject(this, `user must not be ${shown(user)}, the role that owns the database and cannot log in`);
    requireInteger(this, 'maxConnections', this.maxConnections, { min: 10, max: 10000 });
    if (memory.toMebibytes() < 128) reject(this, `memory must be 128 MiB or more, got ${memory}`);
    checkParameters(this, this.version.major, props.parameters ?? {});
  }
}

class ImportedPostgresDb extends Construct implements IPostgresDb {
  public readonly host: string;
  public readonly port: number;
  public readonly databaseName: string;
  public readonly user: string;
  public readonly passwordSecret: SecretFile;
  public readonly sslMode: PostgresSslMode;
  private readonly network: INetwork;

  constructor(scope: Construct, id: string, attributes: PostgresDbAttributes) {
    super(scope, id);
    this.host = attributes.host;
    this.port = attributes.port ?? PORT;
    this.databaseName = attributes.databaseName;
    this.user = attributes.user;
    this.sslMode = attributes.sslMode ?? PostgresSslMode.REQUIRE;
    requireMatch(this, 'host', this.host, /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$|^[0-9a-fA-F:]*:[0-9a-fA-F:]+$/, 'a host name or an address');
    requireInteger(this, 'port', this.port, { min: 1, max: 65535 });
    // Others have named these, so whatever Postgres allows goes, but for what could break out of a setting.
    for (const [name, value] of Object.entries({ databaseName: this.databaseName, user: this.user })) {
      requireMatch(
        this,
        name,
        value,
        /^[^\0-\x1f"'\\`$]{1,63}$/,
        'text of at most 63 characters without quotes, backslashes, "$" and control characters',
      );
    }
    if (attributes.password._kind === SecretKind.GENERATED) {
      reject(this, 'password must be one that the database has already: Secret.fromFile() or Secret.fromVariable(), got Secret.generated()');
    }
    this.passwordSecret = new SecretFile(this, 'Password', {
      secret: attributes.password,
      secretName: secretName(this, 'password'),
      image: PostgresVersion.V18.image,
    });
    this.network = attributes.network ?? new Network(this, 'Network');
  }

  public addClient(workload: Workload, _options?: PostgresClientOptions): void {
    workload.joinNetwork(this.network);
    workload.addSecret(this.passwordSecret);
  }
}

/** What is stored in /dev/shm (parallel queries) counts as the container's memory; 64 MiB are too few (docker-library/postgres#416). */
function sharedMemory(memory: Size): Size {
  return Size.mebibytes(Math.max(256, Math.floor(memory.toMebibytes() / 4)));
}
