import { Construct } from 'constructs';
import { TerraformStack } from 'cdktf';
import { Duration } from '../core/duration';
import { reject, requireInteger, requireMatch, shown } from '../core/errors';
import { RemovalPolicy } from '../core/removal-policy';
import { Size } from '../core/size';
import { ContainerImage } from '../image/container-image';
import { defaultImages, runtimeFile } from '../image/default-images';
import { Files } from '../workload/files';
import { HealthCheck } from '../workload/health-check';
import { Job } from '../workload/job';
import { INetwork, Network } from '../workload/network';
import { Service, UpdateStrategy } from '../workload/service';
import { Volume } from '../workload/volume';
import { Balancing } from './balancing';
import { Candidate } from './candidate';
import { bootstrapConfig } from './config/bootstrap-config';
import { renderConfig } from './config/directive';
import { mainConfig } from './config/main-config';
import { CACHE_FOLDER, CANDIDATE_FOLDER, HTTP_PORT, LOCAL_PORT, PROGRAM_FOLDER, PROXY_OWNER, PROXY_USER, STATE_FOLDER } from './proxy-layout';
import { ProxyRouteProps, ProxyTimeouts } from './proxy-route';
import { INginxProxy, ProxyRoute } from './proxy-target';
import { checkedHost, checkedPath, checkedSnippet } from './route-checks';

/** How long the proxy waits for clients. Slow ones cost the proxy a little memory, and the apps behind it nothing. */
export interface ClientTimeouts {
  /**
   * The time in which a client must send the whole header of a request.
   *
   * @default Duration.seconds(15)
   */
  readonly header?: Duration;

  /**
   * The time between two parts of a request's body.
   *
   * @default Duration.seconds(30)
   */
  readonly body?: Duration;

  /**
   * The time between two parts of an answer that a client takes.
   *
   * @default Duration.seconds(30)
   */
  readonly send?: Duration;

  /**
   * The time for which an idle connection of a client is kept.
   *
   * @default Duration.seconds(30)
   */
  readonly keepalive?: Duration;
}

/** Settings of an `NginxProxy`. */
export interface NginxProxyProps {
  /**
   * An nginx image, 1.27.4 or newer, with curl and a POSIX shell, as the official Debian ones have them.
   *
   * @default - the official one, pinned
   */
  readonly image?: ContainerImage;

  /**
   * The port of the host at which the proxy listens.
   *
   * @default 80
   */
  readonly httpPort?: number;

  /**
   * The IPv4 address of the host at which the proxy listens.
   *
   * @default '0.0.0.0', since the proxy reads all incoming traffic
   */
  readonly address?: string;

  /**
   * The largest request body; a larger one is answered with 413.
   *
   * @default Size.mebibytes(10), where nginx's own 1 MiB refuses an ordinary photograph
   */
  readonly maxBodySize?: Size;

  /**
   * How long the proxy waits for apps.
   *
   * @default - 1 second to connect, 60 seconds to send and to read
   */
  readonly timeouts?: ProxyTimeouts;

  /**
   * How long the proxy waits for clients.
   *
   * @default - 15 seconds for a header, 30 seconds for the rest
   */
  readonly clientTimeouts?: ClientTimeouts;

  /**
   * How requests are spread over the servers of an app.
   *
   * @default Balancing.ROUND_ROBIN
   */
  readonly balancing?: Balancing;

  /**
   * Idle connections to each app that a worker keeps.
   *
   * @default 32
   */
  readonly upstreamKeepalive?: number;

  /**
   * Whether text is compressed for clients that accept it.
   *
   * @default true
   */
  readonly gzip?: boolean;

  /**
   * Whether each request is logged, as a line of JSON.
   *
   * @default true
   */
  readonly accessLog?: boolean;

  /**
   * The disk space for copies of immutable static files.
   *
   * @default Size.mebibytes(512)
   */
  readonly cacheSize?: Size;

  /**
   * nginx directives for the http block. They are not looked at here; nginx tests them before they are in use, and a deploy with wrong ones fails.
   *
   * @default - none
   */
  readonly httpSnippet?: string;

  /**
   * nginx directives for the server block of each host, tested in the same way.
   *
   * @default - none
   */
  readonly serverSnippet?: string;

  /**
   * nginx worker processes. Two answer more requests than most apps behind them.
   *
   * @default - `cpus` rounded up, else 2
   */
  readonly workers?: number;

  /**
   * Connections that a worker can have, counting those to clients and those to apps.
   *
   * @default 16384
   */
  readonly workerConnections?: number;

  /**
   * The memory that the proxy may use.
   *
   * @default Size.mebibytes(512)
   */
  readonly memory?: Size;

  /**
   * The number of CPUs that the proxy may use, possibly a fraction.
   *
   * @default - no limit
   */
  readonly cpus?: number;
}

/**
 * nginx as the one way in: it routes by host and path to any number of apps, serves their static files from its cache, and changes its routes
 * without being restarted. A host that it does not know gets no answer.
 *
 * The routes of a deploy are published when the apps are healthy. nginx tests them before they are in use; wrong ones fail the deploy and change
 * nothing.
 *
 * @example
 * const proxy = new NginxProxy(this, 'Proxy', { httpPort: 8080 });
 * proxy.addRoute({ host: 'shop.example.com', target: shop });
 */
export class NginxProxy extends Construct implements INginxProxy {
  public readonly edgeNetwork: INetwork;
  /** `http`, as clients see it. */
  public readonly scheme: string = 'http';
  /** The port of the host at which the proxy listens. */
  public readonly httpPort: number;
  /** The IPv4 address of the host at which the proxy listens. */
  public readonly address: string;
  /** nginx and its supervisor. No route is part of it, so that no route replaces it. */
  public readonly service: Service;
  /** The volume with the configuration that nginx runs with, and with what it ran before. */
  public readonly configuration: Volume;
  /** The volume with cached files, and with bodies that do not fit into memory. */
  public readonly cache: Volume;
  /** Hands the routes of this stack to the proxy and waits until they are in use. */
  public readonly publication: Job;

  private readonly candidate: Candidate;
  private readonly balancing: Balancing;
  private readonly maxBodySize: Size;
  private readonly timeouts: ProxyTimeouts;
  private readonly urls: string[] = [];

  /**
   * @throws when a value is out of range or not of the allowed form
   */
  constructor(scope: Construct, id: string, props: NginxProxyProps = {}) {
    super(scope, id);
    const image = props.image ?? ContainerImage.fromRegistry(defaultImages.nginx);
    this.httpPort = props.httpPort ?? 80;
    this.address = props.address ?? '0.0.0.0';
    this.balancing = props.balancing ?? Balancing.ROUND_ROBIN;
    this.maxBodySize = props.maxBodySize ?? Size.mebibytes(10);
    this.timeouts = props.timeouts ?? {};
    this.validate(props);
    const owner = { user: PROXY_USER, group: PROXY_USER, image };
    this.edgeNetwork = new Network(this, 'Edge');
    this.configuration = new Volume(this, 'Configuration', { owner, removalPolicy: RemovalPolicy.DESTROY });
    this.cache = new Volume(this, 'Cache', { owner, removalPolicy: RemovalPolicy.DESTROY });
    this.service = this.makeService(image, props);
    const files = this.makeCandidateFiles(image, props);
    this.candidate = new Candidate(this, files, {
      keepalive: props.upstreamKeepalive ?? 32,
      serverSnippet: checkedSnippet(this, 'serverSnippet', props.serverSnippet) !== undefined,
    });
    this.publication = this.makePublication(image, files);
    this.node.defaultChild = this.service;
  }

  /**
   * Routes requests to a target.
   *
   * @throws when the host or path is not of the allowed form or leads elsewhere already, or the target is in another stack
   */
  public addRoute(route: ProxyRouteProps): void {
    const path = checkedPath(this, route.path ?? '/');
    const hosts = [route.host, ...(route.aliases ?? [])].map((host) => checkedHost(this, host));
    const snippet = checkedSnippet(this, 'snippet', route.snippet);
    this.requireBody(route.maxBodySize);
    requireTimeouts(this, route.timeouts ?? {});
    if (TerraformStack.of(route.target) !== TerraformStack.of(this)) {
      reject(
        this,
        `the target ${route.target.node.path} of host ${route.host} is in another stack; a route and its target belong to one: declare the app in ${TerraformStack.of(this).node.path}`,
      );
    }
    for (const host of hosts) this.route(host, path, route, snippet);
  }

  /** The addresses under which clients reach the routes of this proxy. */
  public get routeUrls(): string[] {
    return [...this.urls];
  }

  private route(host: string, path: string, props: ProxyRouteProps, snippet: string | undefined): void {
    const route: ProxyRoute = {
      host,
      path,
      scriptName: path.slice(0, -1),
      scheme: this.scheme,
      port: this.httpPort,
      origin: this.httpPort === 80 ? `${this.scheme}://${host}` : `${this.scheme}://${host}:${this.httpPort}`,
    };
    const target = props.target.bindToProxy(this, route);
    if (target.servers.length === 0)
      reject(this, `the target ${props.target.node.path} of host ${host} has no servers; a target names at least one in bindToProxy()`);
    const upstream = this.candidate.addUpstream(props.target, '', target.servers, props.balancing ?? this.balancing);
    this.candidate.addApp(
      host,
      {
        path,
        scriptName: route.scriptName,
        upstream,
        maxBodySize: props.maxBodySize ?? this.maxBodySize,
        connectTimeout: props.timeouts?.connect ?? this.timeouts.connect ?? Duration.seconds(1),
        sendTimeout: props.timeouts?.send ?? this.timeouts.send ?? Duration.seconds(60),
        readTimeout: props.timeouts?.read ?? this.timeouts.read ?? target.readTimeout ?? Duration.seconds(60),
      },
      snippet,
    );
    for (const location of target.fileLocations ?? []) {
      const files = this.candidate.addUpstream(props.target, 'files', location.servers, Balancing.ROUND_ROBIN);
      this.candidate.addFiles(host, checkedPath(this, location.urlPrefix), checkedPath(this, location.serverPrefix), files);
    }
    this.publication.runAfter(...target.completion);
    this.urls.push(`${route.origin}${path}`);
  }

  private makeService(image: ContainerImage, props: NginxProxyProps): Service {
    const program = new Files(this, 'Program', { image });
    program.addFile('supervise.sh', runtimeFile('nginx/supervise.sh'));
    program.addFile('bootstrap/nginx.conf', renderConfig(bootstrapConfig()));
    const service = new Service(this, 'Server', {
      image,
      entrypoint: ['sh'],
      command: [`${PROGRAM_FOLDER}/supervise.sh`],
      environment: { PROXY_STATE: STATE_FOLDER, PROXY_CACHE: CACHE_FOLDER, PROXY_OWNER, PROXY_LOCAL_PORT: String(LOCAL_PORT) },
      user: `${PROXY_USER}:${PROXY_USER}`,
      memory: props.memory ?? Size.mebibytes(512),
      cpus: props.cpus,
      updateStrategy: UpdateStrategy.STOP_FIRST,
      publishedPorts: [{ containerPort: HTTP_PORT, hostPort: this.httpPort, address: this.address }],
      // The supervisor's own signal; it lets nginx finish what is under way.
      stopSignal: 'SIGTERM',
      healthCheck: HealthCheck.command(
        ['sh', '-c', `test ! -e /tmp/degraded && exec curl -fsS --noproxy '*' --max-time 4 -o /dev/null http://127.0.0.1:${LOCAL_PORT}/health`],
        {
          startPeriod: Duration.seconds(15),
        },
      ),
    });
    service.joinNetwork(this.edgeNetwork);
    service.addFiles(program, PROGRAM_FOLDER);
    service.addVolume(this.configuration, STATE_FOLDER);
    service.addVolume(this.cache, CACHE_FOLDER);
    return service;
  }

  private makeCandidateFiles(image: ContainerImage, props: NginxProxyProps): Files {
    const files = new Files(this, 'Candidate', { image });
    const httpSnippet = checkedSnippet(this, 'httpSnippet', props.httpSnippet);
    const serverSnippet = checkedSnippet(this, 'serverSnippet', props.serverSnippet);
    files._addLateFile('nginx.conf', () =>
      renderConfig(
        mainConfig({
          workers: props.workers ?? Math.max(1, Math.ceil(props.cpus ?? 2)),
          workerConnections: props.workerConnections ?? 16384,
          gzip: props.gzip ?? true,
          accessLog: props.accessLog ?? true,
          cacheSize: props.cacheSize ?? Size.mebibytes(512),
          headerTimeout: props.clientTimeouts?.header ?? Duration.seconds(15),
          bodyTimeout: props.clientTimeouts?.body ?? Duration.seconds(30),
          sendTimeout: props.clientTimeouts?.send ?? Duration.seconds(30),
          keepalive: props.clientTimeouts?.keepalive ?? Duration.seconds(30),
          snippet: httpSnippet !== undefined,
        }),
      ),
    );
    if (httpSnippet !== undefined) files.addFile('snippets/http.conf', httpSnippet);
    if (serverSnippet !== undefined) files.addFile('snippets/server.conf', serverSnippet);
    return files;
  }

  private makePublication(image: ContainerImage, candidate: Files): Job {
    const program = new Files(this, 'Publisher', { image });
    program.addFile('publish.sh', runtimeFile('nginx/publish.sh'));
    // It waits for the proxy by way of the volume: nothing that is created before it is destroyed may depend on a container that publishes a port.
    const job = new Job(this, 'Publish', {
      image,
      entrypoint: ['sh'],
      command: [`${PROGRAM_FOLDER}/publish.sh`],
      environment: { PROXY_STATE: STATE_FOLDER, PROXY_OWNER, PROXY_CANDIDATE: CANDIDATE_FOLDER },
      user: `${PROXY_USER}:${PROXY_USER}`,
      memory: Size.mebibytes(64),
      timeout: Duration.minutes(5),
    });
    job.addFiles(program, PROGRAM_FOLDER);
    job.addFiles(candidate, CANDIDATE_FOLDER);
    job.addVolume(this.configuration, STATE_FOLDER);
    return job;
  }

  private validate(props: NginxProxyProps): void {
    requireInteger(this, 'httpPort', this.httpPort, { min: 1, max: 65535 });
    requireMatch(this, 'address', this.address, /^(\d{1,3}\.){3}\d{1,3}$/, 'an IPv4 address of the host, such as 127.0.0.1 or 0.0.0.0');
    this.requireBody(props.maxBodySize);
    requireTimeouts(this, this.timeouts);
    const client: ClientTimeouts = props.clientTimeouts ?? {};
    requireTimes(this, 'clientTimeouts', { header: client.header, body: client.body, send: client.send, keepalive: client.keepalive });
    if (props.upstreamKeepalive !== undefined) requireInteger(this, 'upstreamKeepalive', props.upstreamKeepalive, { min: 1, max: 1024 });
    if (props.workers !== undefined) requireInteger(this, 'workers', props.workers, { min: 1, max: 256 });
    if (props.workerConnections !== undefined) requireInteger(this, 'workerConnections', props.workerConnections, { min: 64, max: 262144 });
    if (props.cacheSize && props.cacheSize.toMebibytes() < 1) reject(this, `cacheSize must be 1 MiB or more, got ${props.cacheSize}`);
  }

  private requireBody(size: Size | undefined): void {
    // For nginx 0 means: no limit.
    if (size && size.toBytes() < 1024) reject(this, `maxBodySize must be 1 KiB or more, got ${shown(size)}`);
  }
}

function requireTimeouts(scope: Construct, timeouts: ProxyTimeouts): void {
  requireTimes(scope, 'timeouts', { connect: timeouts.connect, send: timeouts.send, read: timeouts.read });
}

function requireTimes(scope: Construct, prop: string, times: { readonly [name: string]: Duration | undefined }): void {
  for (const [name, time] of Object.entries(times)) {
    if (time && time.toMilliseconds() < 100) reject(scope, `${prop}.${name} must be 100 ms or more, got ${shown(time)}`);
  }
}
