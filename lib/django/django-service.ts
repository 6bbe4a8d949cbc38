import { Construct } from 'constructs';
import { reject, requireInteger, requireMatch, shown } from '../core/errors';
import { RemovalPolicy } from '../core/removal-policy';
import { ContainerImage } from '../image/container-image';
import { runtimeFile } from '../image/default-images';
import { IMAGE_USER } from '../image/python-project';
import { AppHealthOptions, AppOptions, CALLABLE, GunicornApp, RUNTIME_PATH } from '../gunicorn/gunicorn-app';
import { CeleryBeat, CeleryBeatOptions } from '../celery/celery-beat';
import { CELERY_QUEUE } from '../celery/celery-program';
import { CeleryWorker, CeleryWorkerOptions } from '../celery/celery-worker';
import { FileServer } from '../nginx/file-server';
import { IMonitored, IMonitoring, MonitoringTarget } from '../monitoring/monitored';
import { INginxProxy, IProxyTarget, ProxyRoute, ProxyTargetConfig } from '../nginx/proxy-target';
import { IMailServer } from '../mail/mail-server';
import { IPostgresDb } from '../postgres/postgres-db';
import { PostgresPooler } from '../postgres/postgres-pooler';
import { IRedisCache, RedisCache } from '../redis/redis-cache';
import { Endpoint } from '../workload/endpoint';
import { Files } from '../workload/files';
import { imageIdentity } from '../workload/image-identity';
import { Job } from '../workload/job';
import { Secret } from '../workload/secret';
import { SecretFile } from '../workload/secret-file';
import { Service } from '../workload/service';
import { Volume } from '../workload/volume';
import { connectionsOf, databaseBehindPooler, databaseUrl, renderDatabase } from './database-settings';
import { DjangoAsgi, DjangoAsgiOptions } from './django-asgi';
import { DjangoProcess, DjangoProcessOptions } from './django-process';
import { CELERY_BROKER_URL, DjangoSettings, EnvironmentNames } from './django-settings';
import { checkEmail, EmailOptions, emailUrl, renderEmail } from './email-settings';
import { checkRedisRoles, REDIS_DATABASES, RedisRoles, redisUrl, renderRedis } from './redis-settings';
import { ReleaseOptions, renderRelease } from './release-options';
import { ScheduledCommand, ScheduledCommandOptions } from './scheduled-command';
import { secretKeysOf } from './secret-keys';

/** Settings of a `DjangoService`. */
export interface DjangoServiceProps extends AppOptions, EmailOptions {
  /** The image with the project, its requirements, Gunicorn and psycopg. */
  readonly image: ContainerImage;

  /** The name that was given to `django-admin startproject`: the package with `settings`, `wsgi` and `asgi`. */
  readonly project: string;

  /**
   * How the project gets the settings of production.
   *
   * @default DjangoSettings.overlay('<project>.settings')
   */
  readonly settings?: DjangoSettings;

  /**
   * The WSGI callable. Not with `asgi`.
   *
   * @default '<project>.wsgi:application'
   */
  readonly wsgi?: string;

  /**
   * The ASGI callable, for `asgi: true`.
   *
   * @default '<project>.asgi:application'
   */
  readonly asgiCallable?: string;

  /**
   * The database, or a pooler in front of one. With a pooler the release job goes past it, straight to the server.
   *
   * @default - the project's own settings decide
   */
  readonly database?: IPostgresDb;

  /**
   * The connections to the database that each replica opens at the most, from 1 to 10000, for the budget of the server's connections.
   *
   * @default - workers x threads; with `asgi` 4 for each worker, a guess: each request has one of its own, and nothing limits them but a pooler
   */
  readonly databaseConnections?: number;

  /**
   * The server of Django's default cache (`CACHES`); the image needs the Python package redis. While it is away, the site does without.
   *
   * @default - the project's own settings decide
   */
  readonly cache?: IRedisCache;

  /**
   * The server of sessions, which then are in no database; the image needs the Python package redis. While it is away, visitors are not known, and nobody can log in; then they are known again.
   *
   * @default - the project's own settings decide
   */
  readonly sessions?: IRedisCache;

  /**
   * The server of Celery's queues, and of its results where the project has them in Redis; the image needs the Python packages celery and redis (`celery[redis]`). It is the broker of one
   * project alone.
   *
   * @default - the project's own settings decide
   */
  readonly broker?: IRedisCache;

  /**
   * Django's SECRET_KEY.
   *
   * @default Secret.generated()
   */
  readonly secretKey?: Secret;

  /**
   * The version of a generated key. Another version is another key, made when it is first asked for; an earlier one comes back with its version.
   *
   * @default 1
   */
  readonly secretKeyVersion?: number;

  /**
   * Versions of generated keys that are good for reading what was signed with them: sessions, links for resetting passwords (Django's `SECRET_KEY_FALLBACKS`).
   * Leave a version out when nothing that it signed is wanted any more, or at once when it is known to others.
   *
   * Servers of two releases work side by side for a moment. So that old ones can read what new ones sign, let a deploy with the new version among the
   * fallbacks go before: `secretKeyFallbacks: [2]`, then `secretKeyVersion: 2`, then `secretKeyVersion: 2, secretKeyFallbacks: []`.
   *
   * @default - the version before, if there is one
   */
  readonly secretKeyFallbacks?: number[];

  /**
   * The same for keys from elsewhere: `Secret.fromFile()` or `Secret.fromVariable()`, beside such a `secretKey`.
   *
   * @default - none
   */
  readonly fallbackSecretKeys?: Secret[];

  /**
   * Names under which Django answers beside those of the routes that reach it.
   *
   * @default - none
   */
  readonly allowedHosts?: string[];

  /**
   * What the release job does before any new server starts.
   *
   * @default - check, migrate and collectstatic
   */
  readonly release?: ReleaseOptions;

  /**
   * The path under which collected static files are served, below the path of the route.
   *
   * @default '/static/'
   */
  readonly staticUrl?: string;

  /**
   * The path under which uploads are served, below the path of the route.
   *
   * @default '/media/'
   */
  readonly mediaUrl?: string;

  /**
   * The name of a volume with uploads that exists already, such as one of a compose project, to adopt it. Its files keep their owners: where they are not everybody's to read, or
   * uploads are to be changed, set `user` to their user and group (`docker run --rm -v NAME:/v IMAGE stat -c %u:%g /v`). It stays when the service leaves the stack, whatever `removalPolicy` says.
   *
   * @default - a volume of the stack's own
   */
  readonly mediaVolumeName?: string;

  /**
   * What becomes of uploads, and of a generated secret key with them, when the service leaves the stack.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

const STATIC_ROOT = '/var/lib/cdktf-django/static';
const MEDIA_ROOT = '/var/lib/cdktf-django/media';
const HEALTH_PATH = '/-/health/';
const OVERLAY_MODULES = [
  '__init__',
  'asgi',
  'cache',
  'config',
  'connections',
  'health',
  'loading',
  'mail',
  'sessions',
  'settings',
  'staticfiles',
  'wsgi',
];

/**
 * A Django project in production: a `GunicornApp` that knows Django.
 *
 * Each release checks, migrates and collects static files in a job of its own before any of its servers starts.
 *
 * @example
 * new DjangoService(this, 'Shop', { image: ContainerImage.fromDjangoProject('../shop'), project: 'shop', database: db });
 */
export class DjangoService extends Construct implements IProxyTarget, IMonitored {
  /** The app's servers. */
  public readonly app: GunicornApp;
  /** The job that checks, migrates and collects static files. */
  public readonly releaseJob: Job;
  /** The server of static files and uploads. */
  public readonly fileServer: FileServer;
  /** Collected static files of the last releases. */
  public readonly staticVolume: Volume;
  /** Uploads. */
  public readonly mediaVolume: Volume;
  /** Django's SECRET_KEY. */
  public readonly secretKey: SecretFile;
  /** Keys that are good for reading what was signed with them. */
  public readonly fallbackSecretKeys: SecretFile[];
  /** The database. */
  public readonly database?: IPostgresDb;
  /** The server that takes the project's mail. */
  public readonly email?: IMailServer;
  /** How the project gets the settings of production. */
  public readonly settings: DjangoSettings;
  /** What the release job was asked to do. */
  public readonly release: ReleaseOptions;

  private readonly props: DjangoServiceProps;
  private readonly redis: RedisRoles;
  private readonly staticUrl: string;
  private readonly mediaUrl: string;
  private readonly reachedBy: ProxyRoute[] = [];

  /**
   * @throws when a name is not of the allowed form or a number is out of range
   */
  constructor(scope: Construct, id: string, props: DjangoServiceProps) {
    super(scope, id);
    requireMatch(this, 'project', props.project, /^[A-Za-z_]\w*$/, 'the package that "django-admin startproject" made, such as "shop"');
    this.props = props;
    this.staticUrl = this.urlPath('staticUrl', props.staticUrl ?? '/static/');
    this.mediaUrl = this.urlPath('mediaUrl', props.mediaUrl ?? '/media/');
    this.release = props.release ?? {};
    this.settings = props.settings ?? DjangoSettings.overlay(`${props.project}.settings`);
    this.settings._validate(this);
    this.requireCallable('wsgi', props.wsgi, !props.asgi);
    this.requireCallable('asgiCallable', props.asgiCallable, props.asgi === true);
    for (const host of props.allowedHosts ?? []) {
      requireMatch(
        this,
        'a host of allowedHosts',
        host,
        /^(\*|\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])$/,
        'a host name as ALLOWED_HOSTS has it, such as "shop.example.com" or ".example.com"',
      );
    }
    this.database = props.database;
    if (props.databaseConnections !== undefined) requireInteger(this, 'databaseConnections', props.databaseConnections, { min: 1, max: 10_000 });
    const { cache, sessions, broker } = props;
    this.redis = { cache, sessions, broker };
    checkRedisRoles(this, this.redis, this.overlaid);
    this.email = props.email;
    checkEmail(this, props, this.settings);
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    const [user, group] = (props.user ?? IMAGE_USER).split(':').map(Number);
    const owner = { user, group, image: props.image };

    const release = imageIdentity(this, props.image);
    this.app = new GunicornApp(this, 'App', {
      ...props,
      module: this.overlaid ? `cdktf_django_overlay.${props.asgi ? 'asgi' : 'wsgi'}:application` : this.callable,
      health: this.health(),
      // The release job never prunes the files of a release that was marked as good.
      _preflightMark: `${STATIC_ROOT}/.manifests/${release}.served`,
    });
    this.staticVolume = new Volume(this, 'Static', { removalPolicy: RemovalPolicy.DESTROY, owner });
    const { mediaVolumeName: volumeName } = props;
    this.mediaVolume = new Volume(this, 'Media', {
      removalPolicy: volumeName === undefined ? removalPolicy : RemovalPolicy.RETAIN,
      volumeName,
      owner,
    });
    const keys = secretKeysOf(this, props);
    const [key, ...fallbacks] = keys.map(({ id: keyId, secret }, index) => {
      const secretName = index === 0 ? 'secret-key' : `secret-key-fallback-${index}`;
      return new SecretFile(this, keyId, { secret, secretName, image: props.image, removalPolicy });
    });
    this.secretKey = key;
    this.fallbackSecretKeys = fallbacks;
    this.fileServer = new FileServer(this, 'Files', {
      staticVolume: this.staticVolume,
      mediaVolume: this.mediaVolume,
    });
    this.provideSettings(release);
    this.releaseJob = this.app._addJob('Release', ['python', `${RUNTIME_PATH}/release.py`], { timeout: this.release.timeout });
    this.releaseJob.addVolume(this.staticVolume, STATIC_ROOT);
    this.takePastPooler(this.releaseJob);
    this.app.preflight.addVolume(this.staticVolume, STATIC_ROOT);
    this.app.service.addReadOnlyVolume(this.staticVolume, STATIC_ROOT);
    this.app.runAfter(this.releaseJob);
    this.node.defaultChild = this.app.service;
  }

  /** The servers are told where figures go, so that the next deploy releases the app anew. */
  public bindToMonitoring(monitoring: IMonitoring): MonitoringTarget {
    return this.app.bindToMonitoring(monitoring);
  }

  public bindToProxy(proxy: INginxProxy, route: ProxyRoute): ProxyTargetConfig {
    const other = this.reachedBy.find((one) => one.path !== route.path);
    if (other) {
      reject(
        this,
        `is routed under ${shown(other.path)} already and cannot be under ${shown(route.path)} too: a Django project has one URL for its static files; use one path on all hosts, or a second DjangoService`,
      );
    }
    this.reachedBy.push(route);
    this.fileServer.joinNetwork(proxy.edgeNetwork);
    const target = this.app.bindToProxy(proxy, route);
    return {
      ...target,
      completion: [...target.completion, this.fileServer.service],
      fileLocations: [this.fileServer.staticLocation(this.mounted(this.staticUrl)), this.fileServer.mediaLocation(this.mounted(this.mediaUrl))],
    };
  }

  /**
   * Runs a management command by the clock, in a container of its own with the project's image, settings and secrets. Adding or changing one replaces none
   * of the app's servers.
   *
   * @param id a name for the construct, of which the container's name is made
   * @throws when the command is not a list of arguments, or a value is out of range
   *
   * @example
   * shop.addCommand('ClearSessions', { schedule: Schedule.cron('0 4 * * *'), command: ['clearsessions'] });
   */
  public addCommand(id: string, options: ScheduledCommandOptions): ScheduledCommand {
    const scheduled = new ScheduledCommand(this, id, { ...options, app: this.app });
    // Hashed names of static files are looked up in the manifest of the release, by whatever renders a page or a mail.
    scheduled.service.addReadOnlyVolume(this.staticVolume, STATIC_ROOT);
    scheduled.service.runAfter(this.releaseJob);
    return scheduled;
  }

  /**
   * Runs a program beside the web servers, released together with them: with the project's image, settings and secrets.
   *
   * @param id a name for the construct, of which the container's name is made
   * @throws when the command is not a list of arguments, or a value is out of range
   *
   * @example
   * shop.addProcess('Tasks', { command: ['python', '-m', 'django', 'db_worker'], replicas: 2 });
   */
  public addProcess(id: string, options: DjangoProcessOptions): DjangoProcess {
    const added = new DjangoProcess(this, id, { ...options, app: this.app });
    this.releaseWithServers(added.service, options.databaseConnections ?? 1);
    return added;
  }

  /**
   * Runs Celery workers beside the web servers, released together with them. The image needs the Python package celery.
   *
   * @param id a name for the construct, of which the names of containers and workers are made
   * @throws when a name is not of the allowed form, a number or a time is out of range, or a limit is given that the pool cannot keep
   *
   * @example
   * shop.addWorker('Mail', { queues: ['mail'], concurrency: 4, replicas: 2 });
   */
  public addWorker(id: string, options: CeleryWorkerOptions = {}): CeleryWorker {
    const worker = new CeleryWorker(this, id, { ...this.celery(), ...options });
    // One for each task that is under way, and one for the process above them.
    this.releaseWithServers(worker.service, options.databaseConnections ?? worker.concurrency + 1);
    for (const queue of options.queues ?? [CELERY_QUEUE]) (this.redis.broker as Partial<RedisCache>)?._watchList?.(REDIS_DATABASES.broker, queue);
    return worker;
  }

  /**
   * Runs Celery's beat beside the web servers: one, which sends tasks by the clock. The image needs the Python package celery.
   *
   * @param id a name for the construct, of which the container's name is made
   * @throws when a name is not of the allowed form, or the service has a beat already
   *
   * @example
   * shop.addBeat();
   */
  public addBeat(id: string = 'Beat', options: CeleryBeatOptions = {}): CeleryBeat {
    const other = this.node.children.find((child) => child instanceof CeleryBeat);
    if (other) reject(this, `has a beat already, ${other.node.id}: two would send everything twice`);
    const beat = new CeleryBeat(this, id, { ...this.celery(), ...options });
    this.releaseWithServers(beat.service, options.databaseConnections ?? 1);
    return beat;
  }

  /**
   * Serves some paths of the site by ASGI, beside WSGI: WebSockets of Channels, or server-sent events. The servers have the project's image, settings and secrets, and are released together with
   * the others. Route the paths to what is returned; all other paths go to the service itself.
   *
   * @param id a name for the construct, of which the names of containers are made
   * @throws when the whole site is served by ASGI, a name is not of the allowed form, a number is out of range, or timeouts do not fit each other
   *
   * @example
   * const live = shop.addAsgi('Live');
   * proxy.addRoute({ host: 'shop.example.com', target: shop });
   * proxy.addRoute({ host: 'shop.example.com', path: '/ws/', target: live });
   */
  public addAsgi(id: string, options: DjangoAsgiOptions = {}): DjangoAsgi {
    if (this.props.asgi)
      reject(
        this,
        'is served by ASGI as a whole (asgi: true), so it needs no ASGI servers beside: leave out addAsgi(), and route all paths to the service',
      );
    return new DjangoAsgi(this, id, { ...options, site: this });
  }

  /**
   * What other servers of the project have in common with its own.
   *
   * @internal
   */
  public _serversBeside(asgiCallable: string) {
    const { image, user } = this.props;
    return { image, user, health: this.health(), module: this.overlaid ? 'cdktf_django_overlay.asgi:application' : asgiCallable, _beside: this.app };
  }

  /**
   * Releases other servers of the project together with its own.
   *
   * @internal
   */
  public _releaseBeside(app: GunicornApp, asgiCallable: string, databaseConnections?: number): void {
    this.addOverlay(app.files);
    app.files._addLateFile('django.json', () => `${JSON.stringify(this.renderSettings(this.database, asgiCallable), null, 2)}\n`);
    for (const workload of [app.preflight, app.service]) workload.addReadOnlyVolume(this.staticVolume, STATIC_ROOT);
    app.runAfter(this.releaseJob, this.app.preflight);
    this.app.service.runAfter(app.service);
    this.database?.addClient(app.service, connectionsOf(app.service, app, { asgi: true, databaseConnections }));
  }

  /**
   * How clients reach the site at a host.
   *
   * @internal
   */
  public _routeAt(host: string): ProxyRoute | undefined {
    return this.reachedBy.find((route) => route.host === host);
  }

  /** The project's package. @internal */
  public get _project(): string {
    return this.props.project;
  }

  private celery() {
    const { broker, project } = this.props;
    return { app: this.app, project, broker: broker && new Endpoint(broker.host, broker.port) };
  }

  /** After the migrations, and before the web servers. */
  private releaseWithServers(service: Service, connections: number): void {
    service.addReadOnlyVolume(this.staticVolume, STATIC_ROOT);
    service.runAfter(this.releaseJob, this.app.preflight);
    this.app.service.runAfter(service);
    this.database?.addClient(service, { connections });
  }

  private get overlaid(): boolean {
    return this.settings._environment === undefined;
  }

  /** What Gunicorn serves. */
  private get callable(): string {
    const { asgi, asgiCallable, project, wsgi } = this.props;
    return asgi ? (asgiCallable ?? `${project}.asgi:application`) : (wsgi ?? `${project}.wsgi:application`);
  }

  /** The path under which the app is mounted, as WSGI's SCRIPT_NAME has it: nothing, or `/shop`. */
  private get scriptName(): string {
    return this.reachedBy[0]?.scriptName ?? '';
  }

  private get allowedHosts(): string[] {
    // A wildcard of nginx's, `*.example.com`, is `.example.com` for Django.
    const routed = this.reachedBy.map((route) => route.host).map((host) => host.replace(/^\*\./, '.'));
    return [...new Set([...routed, ...(this.props.allowedHosts ?? [])])].sort();
  }

  private get trustedOrigins(): string[] {
    return [...new Set(this.reachedBy.map((route) => route.origin))].sort();
  }

  private mounted(url: string): string {
    return `${this.scriptName}${url}`;
  }

  private requireCallable(name: string, value: string | undefined, served: boolean): void {
    if (value === undefined) return;
    requireMatch(this, name, value, CALLABLE, 'a module and a callable such as "shop.wsgi:application"');
    if (!served) {
      const wanted = this.props.asgi ? 'the app is served by asgi: true; use asgiCallable' : 'the app is served by WSGI; set asgi: true';
      reject(this, `${name} must be left out, got ${shown(value)}: ${wanted}`);
    }
  }

  private urlPath(name: string, value: string): string {
    requireMatch(this, name, value, /^(\/[A-Za-z0-9_.~-]+)+\/$/, 'a URL path with slashes around it, such as "/static/"');
    return value;
  }

  private health(): AppHealthOptions {
    // Any answer tells that a project of unknown views works; the overlay brings a view of its own, which knows the database too.
    const own = this.props.health ?? {};
    if (!this.overlaid || own.path !== undefined) return own;
    return {
      ...own,
      path: HEALTH_PATH,
      firstPath: own.firstPath ?? `${HEALTH_PATH}${this.props.database ? '?database=1' : ''}`,
      expect: own.expect ?? '200',
    };
  }

  /** Everything that runs from the project's image gets the same settings. */
  private provideSettings(release: string): void {
    const { app, props } = this;
    for (const key of [this.secretKey, ...this.fallbackSecretKeys]) app.addSecretFile(key);
    app._forAll((workload) => {
      workload.addVolume(this.mediaVolume, MEDIA_ROOT);
      for (const redis of Object.values(this.redis) as (IRedisCache | undefined)[]) redis?.addClient(workload);
      props.email?.addClient(workload);
      props.database?.addClient(workload, connectionsOf(workload, app, props));
      workload.addEnvironment('CDKTF_DJANGO_RELEASE', release);
      workload.addEnvironment('DJANGO_SETTINGS_MODULE', this.overlaid ? 'cdktf_django_overlay.settings' : this.settings.module);
    });
    for (const name of ['release.py', 'breaking_migrations.py']) app.files.addFile(name, runtimeFile(`django/${name}`));
    app.files._addLateFile('django.json', () => `${JSON.stringify(this.renderSettings(), null, 2)}\n`);
    const { broker } = this.redis;
    const brokerVariable = this.settings._environment?.celeryBrokerUrl ?? CELERY_BROKER_URL;
    if (broker) app._addLaunchTemplate(brokerVariable, () => redisUrl(broker, REDIS_DATABASES.broker));
    if (this.overlaid) {
      app.addEnvironment('PYTHONPATH', `${RUNTIME_PATH}/python`);
      this.addOverlay(app.files);
    } else {
      this.provideEnvironment(this.settings._environment!);
    }
  }

  private addOverlay(files: Files): void {
    if (!this.overlaid) return;
    for (const name of OVERLAY_MODULES)
      files.addFile(`python/cdktf_django_overlay/${name}.py`, runtimeFile(`django/cdktf_django_overlay/${name}.py`));
  }

  private provideEnvironment(names: EnvironmentNames): void {
    const { app, database } = this;
    app._addLaunchTemplate(names.secretKey, () => `{file:${this.secretKey.path}}`);
    if (this.fallbackSecretKeys.length > 0) {
      app._addLaunchTemplate(names.secretKeyFallbacks, () => this.fallbackSecretKeys.map(({ path }) => `{file:${path}}`).join(','));
    }
    app._addLaunchTemplate(names.allowedHosts, () => this.allowedHosts.join(','));
    app._addLaunchTemplate(names.csrfTrustedOrigins, () => this.trustedOrigins.join(','));
    app._addLaunchTemplate(names.staticRoot, () => STATIC_ROOT);
    app._addLaunchTemplate(names.mediaRoot, () => MEDIA_ROOT);
    if (database) app._addLaunchTemplate(names.databaseUrl, () => databaseUrl(database));
    const { email } = this;
    if (email) app._addLaunchTemplate(names.emailUrl, () => emailUrl(email));
    const { cache } = this.redis;
    if (cache) app._addLaunchTemplate(names.redisUrl, () => redisUrl(cache, REDIS_DATABASES.cache));
  }

  /** What needs a session of its own (a lock, a migration) has settings in which the database is the server itself. */
  private takePastPooler(job: Job): void {
    const { app } = this;
    const direct = databaseBehindPooler(this.database);
    if (!direct) return;
    direct.addClient(job, connectionsOf(job, app, this.props));
    app.files._addLateFile('django-direct.json', () => `${JSON.stringify(this.renderSettings(direct), null, 2)}\n`);
    job.addEnvironment('CDKTF_DJANGO_CONFIG', `${RUNTIME_PATH}/django-direct.json`);
    if (this.overlaid) return;
    const name = this.settings._environment!.databaseUrl;
    app.files._addLateFile('launch-direct.json', () => app._renderLaunch({ [name]: databaseUrl(direct) }));
    job.addEnvironment('CDKTF_LAUNCH_CONFIG', `${RUNTIME_PATH}/launch-direct.json`);
  }

  /** How the servers' database is pooled, where the project's own settings have to know: the release job looks at them. */
  private get unseenPooling(): object {
    return !this.overlaid && this.database instanceof PostgresPooler ? { pooling: this.database.poolMode } : {};
  }

  /** The schema is described in runtime/django/cdktf_django_overlay/settings.py. */
  private renderSettings(database = this.database, asgiBeside?: string): object {
    const { props } = this;
    const asgi = asgiBeside !== undefined || (props.asgi ?? false);
    return {
      mode: this.overlaid ? 'overlay' : 'environment',
      settings: this.settings.module,
      [asgi ? 'asgi' : 'wsgi']: asgiBeside ?? this.callable,
      secretKeyFile: this.secretKey.path,
      secretKeyFallbackFiles: this.fallbackSecretKeys.length > 0 ? this.fallbackSecretKeys.map(({ path }) => path) : undefined,
      database: database && renderDatabase(database, asgi),
      ...renderRedis(this, this.redis),
      ...renderEmail(props),
      allowedHosts: this.allowedHosts,
      csrfTrustedOrigins: this.trustedOrigins,
      scheme: this.reachedBy.some((route) => route.scheme === 'https') ? 'https' : 'http',
      scriptName: this.scriptName,
      staticUrl: this.mounted(this.staticUrl),
      staticRoot: STATIC_ROOT,
      mediaUrl: this.mounted(this.mediaUrl),
      mediaRoot: MEDIA_ROOT,
      healthPath: HEALTH_PATH,
      overrides: this.settings.overrides,
      release: { ...renderRelease(this, this.release), ...this.unseenPooling },
    };
  }
}
