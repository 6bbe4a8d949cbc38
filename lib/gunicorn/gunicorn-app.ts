import { Construct } from 'constructs';
import { Duration } from '../core/duration';
import { reject, requireInteger, requireMatch, shown } from '../core/errors';
import { secretInNamed } from '../core/secret-looking';
import { Size } from '../core/size';
import { ContainerImage } from '../image/container-image';
import { runtimeFile } from '../image/default-images';
import { IMAGE_USER } from '../image/python-project';
import { IMonitored, IMonitoring, MonitoringTarget } from '../monitoring/monitored';
import { INginxProxy, IProxyTarget, ProxyRoute, ProxyTargetConfig } from '../nginx/proxy-target';
import { Endpoint } from '../workload/endpoint';
import { Files } from '../workload/files';
import { HealthCheck } from '../workload/health-check';
import { imageIdentity } from '../workload/image-identity';
import { Job } from '../workload/job';
import { INetwork } from '../workload/network';
import { Secret } from '../workload/secret';
import { SecretFile } from '../workload/secret-file';
import { Service } from '../workload/service';
import { IVolume } from '../workload/volume';
import { Workload } from '../workload/workload';
import { monitorGunicorn } from './gunicorn-monitoring';
import { GunicornOptions, GunicornPlan, planGunicorn } from './gunicorn-options';
import { SharedSettings } from './shared-settings';

/** Where the programs and settings of the library are mounted in every app's containers. */
export const RUNTIME_PATH = '/run/cdktf-django';

/** How the health of an app is asked for. */
export interface AppHealthOptions {
  /**
   * The path that is asked, through the app, with a Host that it accepts.
   *
   * @default '/'
   */
  readonly path?: string;

  /**
   * The path that is asked until its first success: one that asks what the app cannot do without, such as its database. A release that lacks it does not
   * go live, and one that is live is not restarted because of it.
   *
   * @default - the same as path
   */
  readonly firstPath?: string;

  /**
   * The answers that are healthy: a range of status codes (`200-399`) or a limit (`<500`).
   *
   * @default '<500'
   */
  readonly expect?: string;

  /**
   * Time from the beginning of a probe to that of the next one, 250 ms or more. A new server is asked all the while until its first success.
   *
   * @default Duration.seconds(3)
   */
  readonly interval?: Duration;

  /**
   * Time after the start in which a failed probe does not count.
   *
   * @default Duration.seconds(60)
   */
  readonly startPeriod?: Duration;

  /**
   * The time after which a server that was healthy, and then is not in each of its probes, is ended, so that the engine starts it again. Replicas differ
   * by up to a quarter more, by chance. The engine itself restarts what has ended, never what is unhealthy (moby#28400).
   *
   * A server becomes unhealthy when the main loops of all of its workers have stood still for 15 seconds more than Gunicorn's `timeout`: Gunicorn kills and
   * replaces hanging workers before that. From then on the new workers have this time to load the app. It must be at least
   * `gracefulTimeout`.
   *
   * @default - startPeriod, but at least gracefulTimeout and Duration.seconds(60)
   */
  readonly endAfter?: Duration;
}

/** Settings that every app has, whatever framework it is written in. */
export interface AppOptions extends GunicornOptions {
  /**
   * The number of containers that serve the app.
   *
   * @default 2
   */
  readonly replicas?: number;

  /**
   * The CPUs that each replica may use.
   *
   * @default 1
   */
  readonly cpus?: number;

  /**
   * The memory that each replica may use.
   *
   * @default Size.mebibytes(512)
   */
  readonly memory?: Size;

  /**
   * Environment variables. Not for secrets: whoever may use the engine can read them. What looks like one is refused.
   *
   * @default - none beside the image's own
   */
  readonly environment?: { readonly [name: string]: string };

  /**
   * Environment variables that look like secrets and are none, such as a key that browsers get anyway.
   *
   * @default - none
   */
  readonly publicEnvironment?: { readonly [name: string]: string };

  /**
   * Secrets that the app reads from files: the name `mail-password` is the file `/run/secrets/mail-password/value`.
   *
   * @default - none
   */
  readonly secrets?: { readonly [name: string]: Secret };

  /**
   * Secrets that the app reads from its environment, by the variable's name. A launcher sets them in the app's own process, and nowhere else.
   *
   * @default - none
   */
  readonly secretEnvironment?: { readonly [name: string]: Secret };

  /**
   * How the health of the app is asked for.
   *
   * @default - any answer to `/` below 500; for a Django project with overlaid settings 200 from a view of the overlay, which asks the database too until its
   * first success
   */
  readonly health?: AppHealthOptions;

  /**
   * Numeric user and group id of the app's processes.
   *
   * @default '10001:10001'
   */
  readonly user?: string;
}

/** Settings of a `GunicornApp`. */
export interface GunicornAppProps extends AppOptions {
  /** The image with the app, Python and Gunicorn. */
  readonly image: ContainerImage;

  /** The WSGI callable, or the ASGI callable with `asgi`, as Gunicorn names it: `shop.wsgi:application`, `app:app`, `app:create_app()`. */
  readonly module: string;

  /**
   * A file that the preflight touches when the new version works.
   *
   * @internal
   */
  readonly _preflightMark?: string;

  /**
   * An app whose settings and secrets this one has too, whenever they are given: other servers of the same project.
   *
   * @internal
   */
  readonly _beside?: GunicornApp;
}

/** A callable as Gunicorn names it. */
export const CALLABLE = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\(\))?$/;

/** The port inside the containers. */
const PORT = 8000;
const PREFLIGHT_PORT = 8001;
/** Seconds by which a heartbeat may be older than Gunicorn's own timeout: Gunicorn gets to act first. */
const HEARTBEAT_MARGIN = 15;
const START_PERIOD = Duration.seconds(60);
/** From the end of a probe to the beginning of the next one. */
const PROBE_PAUSE = Duration.millis(250);
const SHORTEST_PREFLIGHT = 10;

/**
 * Any WSGI or ASGI app, in several replicas, run by Gunicorn.
 *
 * @example
 * new GunicornApp(this, 'Hello', { image: ContainerImage.fromDirectory('../hello'), module: 'app:app' });
 */
export class GunicornApp extends Construct implements IProxyTarget, IMonitored {
  /** The servers. */
  public readonly service: Service;
  /** The job that boots a new version once before any of its servers starts. */
  public readonly preflight: Job;
  /** The programs and settings that are mounted into the app's containers. */
  public readonly files: Files;
  /** Worker processes of each replica. */
  public readonly workers: number;
  /** Threads of each worker; 1 with `asgi`. */
  public readonly threads: number;
  /** The number of containers that serve the app. */
  public readonly replicas: number;
  /** Whether image, settings and secrets are those of another app. @internal */
  public readonly _isBeside: boolean;

  private readonly image: ContainerImage;
  private readonly user: string;
  private readonly shared: SharedSettings;
  private readonly launch: { readonly env: Map<string, string>; readonly templates: Map<string, () => string> };

  /**
   * @throws when the module is not of the allowed form, a number is out of range, or timeouts do not fit each other
   */
  constructor(scope: Construct, id: string, props: GunicornAppProps) {
    super(scope, id);
    requireMatch(this, 'module', props.module, CALLABLE, 'a module and a callable such as "shop.wsgi:application"');
    this._isBeside = props._beside !== undefined;
    this.shared = props._beside?.shared ?? new SharedSettings();
    this.launch = props._beside?.launch ?? { env: new Map(), templates: new Map() };
    this.image = props.image;
    this.user = props.user ?? IMAGE_USER;
    this.replicas = props.replicas ?? 2;
    requireInteger(this, 'replicas', this.replicas, { min: 1, max: 1000 });
    const cpus = props.cpus ?? 1;
    const memory = props.memory ?? Size.mebibytes(512);
    const plan = planGunicorn(this, props, cpus, memory);
    this.workers = plan.workers;
    this.threads = plan.threads;

    // Asked for here, so that the image is the app's and not its first part's.
    imageIdentity(this, this.image);
    this.files = new Files(this, 'Files', { image: this.image });
    for (const name of ['launch.py', 'probe.py', 'preflight.py', 'gunicorn.conf.py']) this.files.addFile(name, runtimeFile(`python/${name}`));
    if (props.asgi) this.files.addFile('asgi_worker.py', runtimeFile('python/asgi_worker.py'));
    this.files.addProgram('bin/manage', runtimeFile('python/manage'));
    this.files._addLateFile('launch.json', () => this._renderLaunch());

    const probe = this.probeArguments(props, plan);
    const gunicorn = (bind: string) => [
      'python',
      '-m',
      'gunicorn',
      '--config',
      `${RUNTIME_PATH}/gunicorn.conf.py`,
      '--bind',
      bind,
      ...plan.arguments,
      props.module,
    ];
    this.preflight = this._addJob(
      'Preflight',
      [
        ...['python', `${RUNTIME_PATH}/preflight.py`, '--port', String(PREFLIGHT_PORT), ...probe.preflight],
        ...['--', ...gunicorn(`127.0.0.1:${PREFLIGHT_PORT}`)],
      ],
      // What the servers would fail of, it has to fail of first.
      { cpus, memory },
    );
    this.service = this.addServers(props, plan, cpus, memory, gunicorn(`0.0.0.0:${PORT}`), probe.health);
    this.service.runAfter(this.preflight);
    this.node.defaultChild = this.service;

    for (const [name, value] of Object.entries(props.environment ?? {})) this.addEnvironment(name, value);
    for (const [name, value] of Object.entries(props.publicEnvironment ?? {})) this.addPublicEnvironment(name, value);
    for (const [name, secret] of Object.entries(props.secrets ?? {})) this.addSecret(name, secret);
    for (const [name, secret] of Object.entries(props.secretEnvironment ?? {})) this.addSecretEnvironment(name, secret);
  }

  public bindToProxy(proxy: INginxProxy, _route: ProxyRoute): ProxyTargetConfig {
    this.service.joinNetwork(proxy.edgeNetwork);
    return { servers: this.endpoints, completion: [this.service] };
  }

  /** The servers are told where figures go, so that the next deploy releases the app anew. */
  public bindToMonitoring(monitoring: IMonitoring): MonitoringTarget {
    return monitorGunicorn(this, monitoring);
  }

  /** Where the servers listen. */
  public get endpoints(): Endpoint[] {
    return this.service.endpoints(PORT);
  }

  /**
   * Sets an environment variable in everything that runs from the app's image.
   *
   * @throws when the name is not made of letters, digits and `_`, or is set already, or name or value are those of a secret
   */
  public addEnvironment(name: string, value: string): void {
    const reason = typeof value === 'string' ? secretInNamed(this, name, value) : undefined;
    if (reason !== undefined) {
      reject(
        this,
        `environment variable ${name} ${reason}, and everybody who may use the engine or read Terraform's state would see it; give it in secretEnvironment, or as a file in secrets, as Secret.generated(), Secret.fromFile() or Secret.fromVariable(). If it is no secret, give it in publicEnvironment, or by addPublicEnvironment()`,
      );
    }
    this.addPublicEnvironment(name, value);
  }

  /**
   * Sets an environment variable that looks like a secret and is none in everything that runs from the app's image.
   *
   * @throws when the name is not made of letters, digits and `_`, or is set already
   */
  public addPublicEnvironment(name: string, value: string): void {
    this.requireFreeVariable(name);
    this.shared.add((workload) => workload.addPublicEnvironment(name, value));
  }

  /**
   * Lets the app read a secret from the file `/run/secrets/NAME/value`.
   *
   * @param name lower-case letters, digits and dashes
   * @throws when the name is not of that form or is taken
   */
  public addSecret(name: string, secret: Secret): SecretFile {
    const file = new SecretFile(this, `Secret-${name}`, { secret, secretName: name, image: this.image });
    this.addSecretFile(file);
    return file;
  }

  /** Lets the app read a secret that another construct keeps. */
  public addSecretFile(file: SecretFile): void {
    this.shared.add((workload) => workload.addSecret(file));
  }

  /**
   * Sets an environment variable from a secret, in the app's own process and nowhere else.
   *
   * @param name letters, digits and `_`
   * @throws when the name is not of that form or is set already
   */
  public addSecretEnvironment(name: string, secret: Secret): void {
    this.requireFreeVariable(name);
    const secretName = name.toLowerCase().replace(/_+/g, '-').replace(/^-|-$/g, '');
    this.launch.env.set(name, this.addSecret(secretName, secret).path);
  }

  /** Lets everything that runs from the app's image reach the members of a network: a cache, a broker. */
  public joinNetwork(network: INetwork): void {
    this.shared.add((workload) => workload.joinNetwork(network));
  }

  /**
   * Mounts a volume into everything that runs from the app's image.
   *
   * @param path absolute path inside the container
   * @throws when the path is not absolute or is taken
   */
  public addVolume(volume: IVolume, path: string): void {
    this.shared.add((workload) => workload.addVolume(volume, path));
  }

  /** Starts a release of the app only when others are complete: a job has ended well, a volume is there. */
  public runAfter(...others: Construct[]): void {
    this.preflight.runAfter(...others);
    this.service.runAfter(...others);
  }

  /**
   * Takes a step for everything that runs from the app's image: servers, jobs, schedules.
   *
   * @internal
   */
  public _forAll(step: (workload: Workload) => void): void {
    this.shared.add(step);
  }

  /**
   * Sets a variable in the app's process from a text in which `{file:PATH}` and `{url:PATH}` stand for secrets, known at the end of synth.
   *
   * @internal
   */
  public _addLaunchTemplate(name: string, template: () => string): void {
    this.requireFreeVariable(name);
    this.launch.templates.set(name, template);
  }

  /**
   * A job in the app's image, with the app's settings. Its output has no secret in it.
   *
   * @internal
   */
  public _addJob(id: string, command: string[], options: { timeout?: Duration; cpus?: number; memory?: Size } = {}): Job {
    const job = new Job(this, id, { ...this.common(), ...options, command: ['--job', '--', ...command] });
    this.adopt(job);
    return job;
  }

  /** @internal */
  public _adopt(workload: Workload): void {
    this.adopt(workload);
  }

  /** What every workload in the app's image has. @internal */
  public _common() {
    return this.common();
  }

  private common() {
    return {
      image: this.image,
      user: this.user,
      // The launcher comes before whatever entrypoint the image has.
      entrypoint: ['python', `${RUNTIME_PATH}/launch.py`],
      environment: { HOME: '/tmp', PYTHONUNBUFFERED: '1' },
    };
  }

  private adopt(workload: Workload): void {
    workload.addFiles(this.files, RUNTIME_PATH);
    this.shared.apply(workload);
  }

  private addServers(props: GunicornAppProps, plan: GunicornPlan, cpus: number, memory: Size, command: string[], health: string[]): Service {
    const service = new Service(this, 'Server', {
      ...this.common(),
      command: ['--', ...command],
      replicas: this.replicas,
      cpus,
      memory,
      stopSignal: 'SIGTERM',
      stopGracePeriod: plan.stopGracePeriod,
      healthCheck: HealthCheck.command(health, {
        interval: PROBE_PAUSE,
        timeout: this.probeLasts(props).plus(Duration.seconds(5)),
        startPeriod: props.health?.startPeriod ?? START_PERIOD,
      }),
    });
    this.adopt(service);
    return service;
  }

  private probeArguments(props: GunicornAppProps, plan: GunicornPlan): { preflight: string[]; health: string[] } {
    const health = props.health ?? {};
    const path = health.path ?? '/';
    const expect = health.expect ?? '<500';
    const firstPath = health.firstPath ?? path;
    for (const [name, value] of Object.entries({ path, firstPath })) {
      requireMatch(this, `health.${name}`, value, /^\/[A-Za-z0-9_.~%!$&'()*+,;=:@/?-]*$/, 'a URL path such as "/healthz"');
    }
    requireMatch(this, 'health.expect', expect, /^(<\d{3}|\d{3}(-\d{3})?)$/, 'a range of status codes such as "200-399" or a limit such as "<500"');
    return {
      preflight: [
        ...['--path', firstPath, '--expect', expect],
        // The time that a server has to become healthy, and no shorter one.
        ...['--timeout', String(Math.max(SHORTEST_PREFLIGHT, Math.ceil((health.startPeriod ?? START_PERIOD).toSeconds())))],
        ...(props._preflightMark === undefined ? [] : ['--mark', props._preflightMark]),
      ],
      health: [
        ...['python', '-IS', `${RUNTIME_PATH}/probe.py`, '--port', String(PORT), '--path', path, '--expect', expect],
        ...(firstPath === path ? [] : ['--until-first-success', firstPath]),
        // Once it has answered, its workers' main loops are looked at: a request would wait in line behind busy threads, and make a busy app an ill one.
        ...['--heartbeat', String(plan.timeout.toSeconds() + HEARTBEAT_MARGIN)],
        ...['--last', String(this.probeLasts(props).toSeconds())],
        ...['--end-after', String(this.endAfter(health, plan))],
      ],
    };
  }

  /** Of the time from one probe to the next one, all but a moment: a probe waits by itself, so that the first success is seen when it happens. */
  private probeLasts(props: GunicornAppProps): Duration {
    const interval = props.health?.interval ?? Duration.seconds(3);
    const lasts = interval.toMilliseconds() - PROBE_PAUSE.toMilliseconds();
    if (lasts < 0) reject(this, `health.interval must be 250 ms or more, got ${interval}`);
    return Duration.millis(lasts);
  }

  private endAfter(health: AppHealthOptions, plan: GunicornPlan): number {
    const drain = plan.gracefulTimeout;
    const usual = Math.max(START_PERIOD.toSeconds(), Math.ceil((health.startPeriod ?? START_PERIOD).toSeconds()), drain.toSeconds());
    const value = health.endAfter?.toSeconds() ?? usual;
    // Workers that end gracefully show no sign of life either.
    if (!Number.isInteger(value) || value < drain.toSeconds()) {
      reject(
        this,
        `health.endAfter must be in whole seconds and at least gracefulTimeout (${drain}), got ${health.endAfter}: a server that ends its last requests would be taken for a dead one`,
      );
    }
    return value;
  }

  private requireFreeVariable(name: string): void {
    requireMatch(this, 'the name of an environment variable', name, /^[A-Za-z_][A-Za-z0-9_]*$/, 'made of letters, digits and "_"');
    if (this.launch.env.has(name) || this.launch.templates.has(name) || name in this.service.environment) {
      reject(this, `environment variable ${shown(name)} is set already; set it in one place`);
    }
  }

  /**
   * What the launcher sets in the app's process.
   *
   * @param others templates in place of those of the app
   *
   * @internal
   */
  public _renderLaunch(others: { readonly [name: string]: string } = {}): string {
    const sorted = [...this.launch.templates.keys()].sort();
    return `${JSON.stringify(
      {
        env: Object.fromEntries([...this.launch.env].sort()),
        templates: Object.fromEntries(sorted.map((name) => [name, others[name] ?? this.launch.templates.get(name)!()])),
      },
      null,
      2,
    )}\n`;
  }
}
