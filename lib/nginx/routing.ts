import { TerraformStack } from 'cdktf';
import { Construct } from 'constructs';
import { Duration } from '../core/duration';
import { reject, requireInteger, shown } from '../core/errors';
import { Size } from '../core/size';
import { kebab } from '../core/text';
import { ContainerImage } from '../image/container-image';
import { runtimeFile } from '../image/default-images';
import { Files } from '../workload/files';
import { Job } from '../workload/job';
import { IVolume } from '../workload/volume';
import { Balancing } from './balancing';
import { Candidate } from './candidate';
import { Certificates } from './certificates';
import { LocationPages } from './config/error-config';
import { DEFAULT_CERTIFICATE } from './config/tls-config';
import { ErrorPage } from './error-page';
import { CANDIDATE_FOLDER, PROGRAM_FOLDER, PROXY_OWNER, PROXY_USER, SCHEME_PORTS, STATE_FOLDER } from './proxy-layout';
import { ProxyPages } from './proxy-pages';
import { ProxyRouteOptions, ProxyRouteProps, ProxyTimeouts } from './proxy-route';
import { INginxProxy, ProxyRoute } from './proxy-target';
import { AddConfig, LocationRules, RouteRules } from './route-rules';
import { Tls } from './tls';
import { checkedHost, checkedPath, checkedSnippet, hostKey, pathKey, requireTimes } from './route-checks';

/** What the routes of a stack rest upon. */
export interface RoutingProps {
  /** The name under which the proxy knows this stack's routes. */
  readonly owner: string;
  readonly image: ContainerImage;
  readonly configuration: IVolume;
  readonly scheme: string;
  readonly port: number;
  readonly upstreamKeepalive?: number;
  readonly defaults: ProxyRouteOptions;
  /** Where certificates are brought to; nothing, when the proxy has no TLS, or it is not known here. */
  readonly certificates?: Certificates;
  /** The certificate of hosts that have none of their own: the proxy's own stack says it. */
  readonly tls?: Tls;
}

/** What a route has in common for all of its hosts. */
interface RouteParts {
  readonly pages: LocationPages;
  readonly rules: LocationRules;
  readonly snippet: string | undefined;
}

/** The routes that one stack has at a proxy, its own or another stack's: collected, handed in as one candidate, and published by one job. */
export class Routing {
  /** Hands the routes to the proxy and waits until they are in use. */
  public readonly publication: Job;
  /** What is handed in. */
  public readonly files: Files;
  /** The programs that talk to the proxy. */
  public readonly program: Files;
  /** The hosts that the routes are for. */
  public readonly hosts = new Set<string>();
  /** Where clients reach the routes. */
  public readonly urls: string[] = [];

  private readonly candidate: Candidate;
  private readonly certified = new Map<string, Tls>();
  private readonly defaults: ProxyRouteOptions;
  private readonly pages: LocationPages;
  /** Who may ask for a route, and how much. */
  public readonly rules: RouteRules;

  constructor(
    private readonly proxy: Construct & INginxProxy,
    private readonly props: RoutingProps,
  ) {
    this.defaults = props.defaults;
    this.validate(this.defaults);
    if (props.upstreamKeepalive !== undefined) requireInteger(proxy, 'upstreamKeepalive', props.upstreamKeepalive, { min: 1, max: 1024 });
    const { image } = props;
    this.files = new Files(proxy, 'Candidate', { image });
    let groups = 0;
    this.candidate = new Candidate(proxy, this.files, props.owner, props.upstreamKeepalive ?? 32, (text) =>
      this.publication.addEnvironment(`PROXY_SERVERS_${groups++}`, text),
    );
    this.pages = this.addPages(props.defaults.pages ?? {});
    const addConfig: AddConfig = (path, nodes) => this.candidate.addConfig(path, nodes);
    this.rules = new RouteRules(proxy, addConfig, props.defaults, props.owner === PROXY_OWNER);
    this.program = new Files(proxy, 'Publisher', { image });
    this.program.addFile('publish.sh', runtimeFile('nginx/publish.sh'));
    this.publication = this.makePublication();
    if (props.tls) this.addDefaultCertificate(props.tls);
  }

  public add(route: ProxyRouteProps): void {
    const { proxy } = this;
    const path = checkedPath(proxy, route.path ?? '/');
    const hosts = [route.host, ...(route.aliases ?? [])].map((host) => checkedHost(proxy, host));
    const snippet = checkedSnippet(proxy, 'snippet', route.snippet);
    this.validate(route);
    if (TerraformStack.of(route.target) !== TerraformStack.of(proxy)) {
      reject(
        proxy,
        `the target ${route.target.node.path} of host ${route.host} is in another stack; a route and its target belong to one: declare the app in ${TerraformStack.of(proxy).node.path}, or add the route in the app's stack at NginxProxy.fromAttributes()`,
      );
    }
    if (route.tls) this.addCertificate(route.tls, hosts);
    const pages = route.pages ? this.addPages(route.pages, `${hostKey(hosts[0])}-${pathKey(path)}-`) : this.pages;
    const rules = this.rules.of(route, hosts[0], path);
    for (const host of hosts) this.route(host, path, route, { pages, rules, snippet });
  }

  private route(host: string, path: string, props: ProxyRouteProps, common: RouteParts): void {
    const { scheme, port } = this.props;
    const { pages, rules, snippet } = common;
    const route: ProxyRoute = {
      host,
      path,
      scriptName: path.slice(0, -1),
      scheme,
      port,
      origin: port === SCHEME_PORTS[scheme] ? `${scheme}://${host}` : `${scheme}://${host}:${port}`,
    };
    const target = props.target.bindToProxy(this.proxy, route);
    this.hosts.add(host);
    if (target.servers.length === 0)
      reject(this.proxy, `the target ${props.target.node.path} of host ${host} has no servers; a target names at least one in bindToProxy()`);
    const scriptName = target.scriptName ?? route.scriptName;
    if (scriptName !== '' && checkedPath(this.proxy, scriptName) !== `${scriptName}/`)
      reject(
        this.proxy,
        `the target ${props.target.node.path} of host ${host} is mounted at ${shown(scriptName)}; a scriptName has no slash at its end`,
      );
    if (!path.startsWith(`${scriptName}/`))
      reject(
        this.proxy,
        `the target ${props.target.node.path} of host ${host} is mounted at ${shown(scriptName)}, and path ${path} is not below it; a target says where it is mounted in bindToProxy()`,
      );
    const balancing = props.balancing ?? this.defaults.balancing ?? Balancing.ROUND_ROBIN;
    const timeouts = { ...defined(this.defaults.timeouts), ...defined(props.timeouts) };
    this.candidate.addApp(
      {
        host,
        path,
        pages,
        rules: rules.app,
        scriptName,
        buffering: target.buffering ?? true,
        upstream: props.maintenance ? undefined : this.candidate.addUpstream(props.target, '', target.servers, balancing),
        maxBodySize: props.maxBodySize ?? this.defaults.maxBodySize ?? Size.mebibytes(10),
        connectTimeout: timeouts.connect ?? Duration.seconds(1),
        sendTimeout: timeouts.send ?? Duration.seconds(60),
        readTimeout: timeouts.read ?? target.readTimeout ?? Duration.seconds(60),
      },
      snippet,
    );
    for (const location of target.fileLocations ?? []) {
      this.candidate.addFiles({
        host,
        pages,
        rules: rules.files,
        urlPrefix: checkedPath(this.proxy, location.urlPrefix),
        serverPrefix: checkedPath(this.proxy, location.serverPrefix),
        upstream: this.candidate.addUpstream(props.target, 'files', location.servers, Balancing.ROUND_ROBIN),
      });
    }
    // An app that is closed for maintenance may be one that does not get healthy.
    if (!props.maintenance) this.publication.runAfter(...target.completion);
    this.urls.push(`${route.origin}${path}`);
  }

  private addDefaultCertificate(tls: Tls): void {
    const { certificates } = this.props;
    const name = certificates!.add(
      tls,
      '',
      DEFAULT_CERTIFICATE,
      () => [...this.hosts].filter((host) => (this.certified.get(host) ?? tls) === tls),
      this.publication,
    );
    this.candidate.nameCertificate(name);
    this.publication.runAfter(...certificates!.couriers);
  }

  private addCertificate(tls: Tls, hosts: string[]): void {
    const { certificates, scheme } = this.props;
    if (!certificates) {
      const remedy =
        scheme === 'https'
          ? "name the proxy's certificatesVolumeName in NginxProxy.fromAttributes()"
          : 'give the proxy its own tls first; from another stack, NginxProxy.fromAttributes() needs scheme "https" and certificatesVolumeName';
      reject(this.proxy, `the route of host ${hosts[0]} has a certificate, but this proxy has no place for one: ${remedy}`);
    }
    for (const host of hosts) {
      if ((this.certified.get(host) ?? tls) !== tls)
        reject(this.proxy, `host ${host} has two certificates; give all of its routes one and the same tls object, or only one of them`);
      this.certified.set(host, tls);
    }
    const key = hostKey(hosts[0]);
    const name = certificates.add(
      tls,
      `-${key}`,
      key,
      () => [...this.certified.keys()].filter((host) => this.certified.get(host) === tls),
      this.publication,
    );
    this.publication.runAfter(...certificates.couriers);
    if (name === DEFAULT_CERTIFICATE) return;
    for (const host of hosts) this.candidate.addCertificate(host, name);
  }

  /** Adds the pages of a route, or of all; what is not given is the proxy's own. */
  private addPages(pages: ProxyPages, prefix = ''): LocationPages {
    const own = prefix === '';
    const file = (name: 'unavailable' | 'maintenance' | 'tooManyRequests', page: ErrorPage | undefined) => {
      const key = kebab(name);
      return page || own ? this.candidate.addPage(`${prefix}${key}`, page ?? ErrorPage._shipped(name)) : `pages/${key}.html`;
    };
    const defaults = this.defaults.pages ?? {};
    const retryAfter = pages.unavailableRetryAfter ?? defaults.unavailableRetryAfter ?? Duration.seconds(10);
    return {
      owner: this.props.owner,
      unavailable: { file: file('unavailable', pages.unavailable), retryAfter },
      tooManyRequests: { file: file('tooManyRequests', pages.tooManyRequests), retryAfter },
      maintenance: {
        file: file('maintenance', pages.maintenance),
        retryAfter: pages.maintenanceRetryAfter ?? defaults.maintenanceRetryAfter ?? Duration.minutes(5),
      },
    };
  }

  private makePublication(): Job {
    const { image, configuration, owner, certificates } = this.props;
    // It waits for the proxy by way of the volume: nothing that is created before it is destroyed may depend on a container that publishes a port.
    const job = new Job(this.proxy, 'Publish', {
      image,
      entrypoint: ['sh'],
      command: [`${PROGRAM_FOLDER}/publish.sh`],
      environment: {
        PROXY_STATE: STATE_FOLDER,
        PROXY_OWNER: owner,
        PROXY_CANDIDATE: CANDIDATE_FOLDER,
        ...(certificates ? { PROXY_TLS: 'yes' } : {}),
      },
      user: `${PROXY_USER}:${PROXY_USER}`,
      memory: Size.mebibytes(64),
      offline: true,
      timeout: Duration.minutes(5),
    });
    job.addFiles(this.program, PROGRAM_FOLDER);
    job.addFiles(this.files, CANDIDATE_FOLDER);
    job.addVolume(configuration, STATE_FOLDER);
    return job;
  }

  private validate(options: ProxyRouteOptions): void {
    const size = options.maxBodySize;
    // For nginx 0 means: no limit.
    if (size && size.toBytes() < 1024) reject(this.proxy, `maxBodySize must be 1 KiB or more, got ${shown(size)}`);
    const { connect, send, read }: ProxyTimeouts = options.timeouts ?? {};
    requireTimes(this.proxy, 'timeouts', { connect, send, read });
    const { unavailableRetryAfter, maintenanceRetryAfter } = options.pages ?? {};
    for (const [name, value] of Object.entries({ unavailableRetryAfter, maintenanceRetryAfter })) {
      if (value && value.toSeconds() < 1) reject(this.proxy, `pages.${name} must be 1 second or more, got ${value}`);
    }
  }
}

/** Without what is given as undefined, which must not hide a default. */
function defined(timeouts: ProxyTimeouts | undefined): ProxyTimeouts {
  return Object.fromEntries(Object.entries(timeouts ?? {}).filter(([, value]) => value !== undefined));
}
