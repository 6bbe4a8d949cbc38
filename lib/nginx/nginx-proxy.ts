import { isIPv6 } from 'node:net';
import { Construct } from 'constructs';
import { Duration } from '../core/duration';
import { reject, requireInteger, requireMatch, shown } from '../core/errors';
import { RemovalPolicy } from '../core/removal-policy';
import { Size } from '../core/size';
import { ContainerImage } from '../image/container-image';
import { defaultImages, runtimeFile } from '../image/default-images';
import { IMonitored, IMonitoring, MonitoringTarget } from '../monitoring/monitored';
import { Files } from '../workload/files';
import { HealthCheck } from '../workload/health-check';
import { Job } from '../workload/job';
import { INetwork, Network } from '../workload/network';
import { PublishedPort, Service, UpdateStrategy } from '../workload/service';
import { Volume } from '../workload/volume';
import { Certificates } from './certificates';
import { bootstrapConfig } from './config/bootstrap-config';
import { renderConfig } from './config/directive';
import { mainConfig } from './config/main-config';
import { listenConfig, tlsHook, TlsSettings } from './config/tls-config';
import { Hsts } from './hsts';
import { checkedSomeNetworks } from '../core/networks';
import {
  CACHE_FOLDER,
  CERTIFICATES_FOLDER,
  HTTP_PORT,
  HTTPS_PORT,
  IPV6_PORTS,
  LOCAL_PORT,
  PROGRAM_FOLDER,
  PROXY_OWNER,
  PROXY_USER,
  SCHEME_PORTS,
  STATE_FOLDER,
} from './proxy-layout';
import { ProxyRouteOptions, ProxyRouteProps } from './proxy-route';
import { monitorProxy } from './proxy-monitoring';
import { INginxProxy } from './proxy-target';
import { checkedSnippet, isAddress, requireTimes } from './route-checks';
import { Routing } from './routing';
import { NginxProxyAttributes, SharedProxy } from './shared-proxy';
import { Tls } from './tls';

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

/** How a proxy is reached over IPv6. */
export interface ProxyIpv6 {
  /**
   * The network of the proxy and its apps on the engine, of /48 to /64, which is used nowhere else: such as one that everybody may make up (RFC 4193), `fd` and ten random
   * hexadecimal digits, then four for the subnet.
   */
  readonly subnet: string;

  /**
   * The IPv6 address of the host at which the proxy listens.
   *
   * @default '::'
   */
  readonly address?: string;
}

/** Settings of an `NginxProxy`. */
export interface NginxProxyProps extends ProxyRouteOptions {
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
   * Serves all routes over HTTPS, with this certificate where a route has none of its own. Plain HTTP is answered with a redirect, and Django is told: secure cookies,
   * trusted origins.
   *
   * nginx's master is root then, without any right over other users' files, and alone can read the keys; its workers are the user `nginx` of the image. The image needs
   * OpenSSL 3.5, `openssl` and `setpriv`, as the official Debian ones have them. Turning it on or off replaces the proxy.
   *
   * @default - plain HTTP
   */
  readonly tls?: Tls;

  /**
   * The port of the host at which the proxy listens for HTTPS.
   *
   * @default 443, with `tls`
   */
  readonly httpsPort?: number;

  /**
   * What the proxy tells browsers about HTTPS alone.
   *
   * @default Hsts.ramp(), or Hsts.off() with Tls.selfSigned()
   */
  readonly hsts?: Hsts;

  /**
   * Whether HTTP/3 is offered, at the same port over UDP, by nginx 1.29.3 or newer. Connections over it end with each change of the proxy's configuration; clients then connect again.
   *
   * @default false
   */
  readonly http3?: boolean;

  /**
   * The IPv4 address of the host at which the proxy listens.
   *
   * @default '0.0.0.0', since the proxy reads all incoming traffic
   */
  readonly address?: string;

  /**
   * Lets clients come by IPv6, too. The host's engine must be 27 or newer, or have `ip6tables` turned on: others show all of these clients as one address, the engine's own.
   * Turning it on or off replaces the edge network and all that is in it.
   *
   * @default - IPv4 alone; clients that have only IPv6 come by way of a proxy in front (`trustedProxies`)
   */
  readonly ipv6?: ProxyIpv6;

  /**
   * How long the proxy waits for clients.
   *
   * @default - 15 seconds for a header, 30 seconds for the rest
   */
  readonly clientTimeouts?: ClientTimeouts;

  /**
   * The largest header of a request, all of its lines together; a line has at most 8 KiB in any case. A larger one is answered with 400 or 414.
   *
   * @default Size.kibibytes(16), as Node.js has it (--max-http-header-size); nginx's own is 32 KiB
   */
  readonly maxHeaderSize?: Size;

  /**
   * Proxies in front of this one, such as a load balancer or a CDN: the addresses and networks that they connect from. The client is then the last address in
   * `X-Forwarded-For` that is not one of them, and `X-Forwarded-Proto` is believed. Of everybody else both are overwritten. Whoever else can connect from such an
   * address can pass for anybody.
   *
   * @default - none, and nobody is believed
   */
  readonly trustedProxies?: string[];

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
   * Whether each request is logged, as a line of JSON. Files that the proxy has in its cache (`cacheSize`) are not: they can be most of all requests.
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
   * The time, in whole seconds, that requests in progress have to end when the proxy's own container is stopped or replaced. Nobody else gets in meanwhile: a port of the
   * host can be open in one container only.
   *
   * @default Duration.seconds(5)
   */
  readonly drainTimeout?: Duration;

  /**
   * Whether clients of every route, other stacks' ones too, get the maintenance page with status 503. Files of file servers are served as before.
   *
   * @default false
   */
  readonly maintenance?: boolean;

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
   * Connections that a worker can have, counting those to clients and those to apps. They are what carries half-sent headers, which no limit counts. Each needs an open
   * file: where the engine allows a container fewer (its `default-ulimits`), nginx says so in its log.
   *
   * @default 16384
   */
  readonly workerConnections?: number;

  /**
   * The memory that the proxy may use. It is seldom used: 10,000 half-sent headers were seen to take 90 MiB, and 9,000 of 14 KiB each 290 MiB.
   *
   * @default Size.gibibytes(1), in which some 30,000 of the larger ones would fit by that account; two workers have room for 32,768 connections
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
export class NginxProxy extends Construct implements INginxProxy, IMonitored {
  /**
   * A proxy of another stack, to which this stack adds routes of its own. Each stack releases by itself; a route that another stack has is refused, and the routes
   * of a stack that is destroyed are withdrawn. Both stacks must be on one engine.
   *
   * @throws when a name is not one that an engine accepts
   *
   * @example
   * const proxy = NginxProxy.fromAttributes(this, 'Proxy', {
   *   edgeNetworkName: 'edge-proxy-edge',
   *   configurationVolumeName: 'edge-proxy-configuration',
   * });
   * proxy.addRoute({ host: 'blog.example.com', target: shop });
   */
  public static fromAttributes(scope: Construct, id: string, attributes: NginxProxyAttributes): INginxProxy {
    return new SharedProxy(scope, id, attributes);
  }

  public readonly edgeNetwork: INetwork;
  /** `http` or `https`, as clients see it. */
  public readonly scheme: string;
  /** The port of the host at which the proxy listens for HTTP. */
  public readonly httpPort: number;
  /** The port of the host at which the proxy listens for HTTPS, if it does. */
  public readonly httpsPort?: number;
  /** The IPv4 address of the host at which the proxy listens. */
  public readonly address: string;
  /** nginx and its supervisor. No route is part of it, so that no route replaces it. */
  public readonly service: Service;
  /** The volume with the configuration that nginx runs with, and with what it ran before. */
  public readonly configuration: Volume;
  /** The volume with certificates and their keys, which couriers fill and the proxy reads; with TLS alone. */
  public readonly certificates?: Volume;
  /** The volume with cached files, and with bodies that do not fit into memory. */
  public readonly cache: Volume;
  /** Hands the routes of this stack to the proxy and waits until they are in use. */
  public readonly publication: Job;

  private readonly routing: Routing;
  private monitored = false;

  /**
   * @throws when a value is out of range or not of the allowed form
   */
  constructor(scope: Construct, id: string, props: NginxProxyProps = {}) {
    super(scope, id);
    const image = props.image ?? ContainerImage.fromRegistry(defaultImages.nginx);
    this.httpPort = props.httpPort ?? 80;
    this.address = props.address ?? '0.0.0.0';
    this.httpsPort = props.tls ? (props.httpsPort ?? SCHEME_PORTS.https) : undefined;
    this.scheme = props.tls ? 'https' : 'http';
    this.validate(props);
    const owner = { user: PROXY_USER, group: PROXY_USER, image };
    this.edgeNetwork = new Network(this, 'Edge', { ipv6Subnet: props.ipv6?.subnet });
    this.configuration = new Volume(this, 'Configuration', { owner, removalPolicy: RemovalPolicy.DESTROY });
    this.cache = new Volume(this, 'Cache', { owner, removalPolicy: RemovalPolicy.DESTROY });
    if (props.tls) this.certificates = new Volume(this, 'Certificates', { removalPolicy: RemovalPolicy.DESTROY });
    this.service = this.makeService(image, props);
    this.routing = new Routing(this, {
      owner: PROXY_OWNER,
      image,
      configuration: this.configuration,
      scheme: this.scheme,
      port: this.httpsPort ?? this.httpPort,
      certificates: this.certificates && new Certificates(this, { image, owner: PROXY_OWNER, network: this.edgeNetwork, volume: this.certificates }),
      tls: props.tls,
      upstreamKeepalive: props.upstreamKeepalive,
      defaults: props,
    });
    this.addSettings(this.routing.files, props);
    this.publication = this.routing.publication;
    this.node.defaultChild = this.service;
  }

  public get routeUrls(): string[] {
    return [...this.routing.urls];
  }

  public addRoute(route: ProxyRouteProps): void {
    this.routing.add(route);
  }

  /**
   * Lets a network ask as much as it likes, of all routes of this stack and of other stacks' routes that have no limits of their own: a load test, a monitor.
   *
   * @param network an address or a network: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`
   * @throws when it is neither
   *
   * @example
   * proxy.exemptFromLimits('192.0.2.0/24');
   */
  public exemptFromLimits(network: string): void {
    this.routing.rules.addExempt(network);
  }

  public bindToMonitoring(monitoring: IMonitoring): MonitoringTarget {
    this.monitored = true;
    return monitorProxy(this, monitoring);
  }

  private makeService(image: ContainerImage, props: NginxProxyProps): Service {
    const program = new Files(this, 'Program', { image });
    program.addFile('supervise.sh', runtimeFile('nginx/supervise.sh'));
    program.addFile('tls.sh', runtimeFile('nginx/tls.sh'));
    if (this.certificates) for (const name of ['keeper.sh', 'kept.sh']) program.addFile(name, runtimeFile(`nginx/${name}`));
    program.addFile('bootstrap/nginx.conf', renderConfig(bootstrapConfig(props.ipv6 !== undefined)));
    const drain = props.drainTimeout ?? Duration.seconds(5);
    const service = new Service(this, 'Server', {
      image,
      entrypoint: ['sh'],
      command: [`${PROGRAM_FOLDER}/${this.certificates ? 'keeper.sh' : 'supervise.sh'}`],
      environment: {
        PROXY_STATE: STATE_FOLDER,
        PROXY_CACHE: CACHE_FOLDER,
        PROXY_OWNER,
        PROXY_LOCAL_PORT: String(LOCAL_PORT),
        PROXY_DRAIN: String(drain.toSeconds()),
        ...(this.certificates ? { PROXY_USER: String(PROXY_USER) } : {}),
      },
      // Keys are for nginx's master alone, which is root where there are keys; all else takes another user.
      user: this.certificates ? '0:0' : `${PROXY_USER}:${PROXY_USER}`,
      capabilities: this.certificates ? ['KILL', 'SETGID', 'SETUID'] : [],
      memory: props.memory ?? Size.gibibytes(1),
      cpus: props.cpus,
      updateStrategy: UpdateStrategy.STOP_FIRST,
      publishedPorts: this.publishedPorts(props),
      // The supervisor's own signal; it lets nginx finish what is under way.
      stopSignal: 'SIGTERM',
      stopGracePeriod: drain.plus(Duration.seconds(10)),
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
    if (this.certificates) service.addReadOnlyVolume(this.certificates, CERTIFICATES_FOLDER);
    return service;
  }

  private publishedPorts({ http3, ipv6 }: NginxProxyProps): PublishedPort[] {
    const { httpPort, httpsPort } = this;
    const ports = [
      { containerPort: HTTP_PORT, hostPort: httpPort, protocol: 'tcp' },
      ...(httpsPort === undefined
        ? []
        : (http3 ? ['tcp', 'udp'] : ['tcp']).map((protocol) => ({ containerPort: HTTPS_PORT, hostPort: httpsPort, protocol }))),
    ];
    return [
      ...ports.map((port) => ({ ...port, address: this.address })),
      ...(ipv6 ? ports.map((port) => ({ ...port, containerPort: IPV6_PORTS[port.containerPort], address: ipv6.address ?? '::' })) : []),
    ];
  }

  /** What only the proxy's own stack hands in. */
  private addSettings(files: Files, props: NginxProxyProps): void {
    const httpSnippet = checkedSnippet(this, 'httpSnippet', props.httpSnippet);
    const serverSnippet = checkedSnippet(this, 'serverSnippet', props.serverSnippet);
    files._addLateFile('nginx.conf', () =>
      renderConfig(
        mainConfig({
          workers: props.workers ?? Math.max(1, Math.ceil(props.cpus ?? 2)),
          workerConnections: props.workerConnections ?? 16384,
          gzip: props.gzip ?? true,
          accessLog: props.accessLog ?? true,
          ipv6: props.ipv6 !== undefined,
          cacheSize: props.cacheSize ?? Size.mebibytes(512),
          headerTimeout: props.clientTimeouts?.header ?? Duration.seconds(15),
          bodyTimeout: props.clientTimeouts?.body ?? Duration.seconds(30),
          sendTimeout: props.clientTimeouts?.send ?? Duration.seconds(30),
          keepalive: props.clientTimeouts?.keepalive ?? Duration.seconds(30),
          maxHeaderSize: props.maxHeaderSize ?? Size.kibibytes(16),
          trustedProxies: props.trustedProxies ?? [],
          limitZones: this.routing.rules.proxyZones(),
          maintenance: props.maintenance ?? false,
          snippet: httpSnippet !== undefined,
          monitored: this.monitored,
          tls: this.tlsSettings(props),
        }),
      ),
    );
    files._addLateFile('listen.conf', () => renderConfig(listenConfig(this.tlsSettings(props), props.ipv6 !== undefined)));
    if (props.tls) {
      const hsts = (props.hsts ?? (props.tls._trusted ? Hsts.ramp() : Hsts.off()))._steps;
      if (hsts !== undefined) files.addFile('hsts', hsts);
      files._addLateFile('snippets/location/tls.conf', () => renderConfig(tlsHook(this.tlsSettings(props)!, hsts !== undefined)));
    }
    if (httpSnippet !== undefined) files.addFile('snippets/http.conf', httpSnippet);
    if (serverSnippet !== undefined) files.addFile('snippets/server/user.conf', serverSnippet);
  }

  private tlsSettings(props: NginxProxyProps): TlsSettings | undefined {
    if (this.httpsPort === undefined) return undefined;
    return { port: this.httpsPort, http3: props.http3 ?? false, ipv6: props.ipv6 !== undefined, addresses: [...this.routing.hosts].some(isAddress) };
  }

  private validate(props: NginxProxyProps): void {
    requireInteger(this, 'httpPort', this.httpPort, { min: 1, max: 65535 });
    for (const [name, value] of Object.entries({ httpsPort: props.httpsPort, hsts: props.hsts, http3: props.http3 })) {
      if (value !== undefined && !props.tls)
        reject(this, `${name} is for a proxy with TLS; give it a tls, such as Tls.selfSigned(), or leave ${name} out`);
    }
    if (this.httpsPort !== undefined) {
      requireInteger(this, 'httpsPort', this.httpsPort, { min: 1, max: 65535 });
      if (this.httpsPort === this.httpPort) reject(this, `httpsPort must be another port than httpPort, got ${this.httpsPort} for both`);
    }
    requireMatch(this, 'address', this.address, /^(\d{1,3}\.){3}\d{1,3}$/, 'an IPv4 address of the host, such as 127.0.0.1 or 0.0.0.0');
    const ipv6Address = props.ipv6?.address ?? '::';
    if (!isIPv6(ipv6Address) || ipv6Address.includes('%'))
      reject(this, `ipv6.address must be an IPv6 address of the host, such as ::1 or ::, got ${shown(ipv6Address)}`);
    const client: ClientTimeouts = props.clientTimeouts ?? {};
    requireTimes(this, 'clientTimeouts', { header: client.header, body: client.body, send: client.send, keepalive: client.keepalive });
    const header = props.maxHeaderSize;
    if (header && (header.toKibibytes() < 8 || header.toMebibytes() > 1)) reject(this, `maxHeaderSize must be from 8 KiB to 1 MiB, got ${header}`);
    checkedSomeNetworks(this, 'trustedProxies', props.trustedProxies ?? [], 'anybody could pass for anybody else');
    const drain = props.drainTimeout;
    if (drain) requireInteger(this, 'drainTimeout, in seconds,', drain.toSeconds(), { min: 1, max: 3600 });
    if (props.workers !== undefined) requireInteger(this, 'workers', props.workers, { min: 1, max: 256 });
    if (props.workerConnections !== undefined) requireInteger(this, 'workerConnections', props.workerConnections, { min: 64, max: 262144 });
    if (props.cacheSize && props.cacheSize.toMebibytes() < 1) reject(this, `cacheSize must be 1 MiB or more, got ${props.cacheSize}`);
  }
}
