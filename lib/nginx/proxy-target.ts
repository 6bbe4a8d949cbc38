import { Construct, IConstruct } from 'constructs';
import { Duration } from '../core/duration';
import { Endpoint } from '../workload/endpoint';
import { INetwork } from '../workload/network';
import { ProxyRouteProps } from './proxy-route';

/** A proxy: one of this stack, or one of another stack that this one adds routes to. */
export interface INginxProxy extends IConstruct {
  /** The network in which the proxy reaches its targets. A target joins it in `bindToProxy`. */
  readonly edgeNetwork: INetwork;

  /** The addresses under which clients reach the routes of this stack. */
  readonly routeUrls: string[];

  /**
   * Routes requests to a target.
   *
   * @throws when the host or path is not of the allowed form or leads elsewhere already, or the target is in another stack
   */
  addRoute(route: ProxyRouteProps): void;
}

/** One way in which the outside world reaches a target. */
export interface ProxyRoute {
  /** The host that clients ask for: a name in lower case, an IPv4 address, or `*.example.com`. */
  readonly host: string;
  /** The path below which the target answers, with a slash at both ends: `/` or `/hello/`. */
  readonly path: string;
  /** The same as WSGI's SCRIPT_NAME: empty, or `/hello`. The proxy sends it as a header; the request's path stays whole. */
  readonly scriptName: string;
  /** `http` or `https`, as clients see it. */
  readonly scheme: string;
  /** The port that clients connect to. */
  readonly port: number;
  /** What browsers send as Origin: `http://127.0.0.1:8080`. The scheme's own port is left out. */
  readonly origin: string;
}

/** Files that a target does not serve itself: the proxy asks a file server for what is below a prefix. */
export interface ProxyFileLocation {
  /** What clients ask for, absolute on the host and with a slash at both ends: `/static/`, or `/hello/static/` below a path. */
  readonly urlPrefix: string;
  /** Where the file server has it, with a slash at both ends. */
  readonly serverPrefix: string;
  /** The file server. */
  readonly servers: Endpoint[];
}

/** What a target tells the proxy about a route. */
export interface ProxyTargetConfig {
  /** Where the target's servers listen. All are in the proxy's edge network. */
  readonly servers: Endpoint[];

  /** What must be complete before the route is published: the target's servers are healthy, its files are served. Never what publishes a port. */
  readonly completion: Construct[];

  /**
   * Files that a file server serves in the target's place.
   *
   * @default - none
   */
  readonly fileLocations?: ProxyFileLocation[];

  /**
   * The longest time that the target lets a client wait. A route's own `timeouts.read` wins.
   *
   * @default - the proxy's own
   */
  readonly readTimeout?: Duration;

  /**
   * The path under which the app is mounted, as WSGI's SCRIPT_NAME has it, where that is not the route's own: empty for one that serves only a part of its paths here.
   *
   * @default - the route's
   */
  readonly scriptName?: string;

  /**
   * Whether the proxy takes an answer from the target as fast as it comes, and keeps what the client does not take yet. Without it, each part of an answer gets to the client at once.
   *
   * @default true
   */
  readonly buffering?: boolean;
}

/** What requests can be routed to. */
export interface IProxyTarget extends IConstruct {
  /**
   * Called once for each host and path that a proxy routes to the target: the target joins the proxy's edge network, remembers the route (its hosts
   * and origins follow from it), and tells where it listens.
   *
   * @param proxy the proxy
   * @param route how clients reach the target
   */
  bindToProxy(proxy: INginxProxy, route: ProxyRoute): ProxyTargetConfig;
}
