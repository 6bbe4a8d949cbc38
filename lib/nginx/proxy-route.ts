import { Duration } from '../core/duration';
import { Size } from '../core/size';
import { Balancing } from './balancing';
import { ClientLimits } from './client-limits';
import { ProxyPages } from './proxy-pages';
import { IProxyTarget } from './proxy-target';
import { Tls } from './tls';

/** How long the proxy waits for an app. */
export interface ProxyTimeouts {
  /**
   * The time in which a server must accept a connection, before the next one is tried.
   *
   * @default Duration.seconds(1)
   */
  readonly connect?: Duration;

  /**
   * The time between two writes of a request to the app.
   *
   * @default Duration.seconds(60)
   */
  readonly send?: Duration;

  /**
   * The time that the app may take for an answer, or between two parts of it. A WebSocket that is silent for so long is closed.
   *
   * @default - what the target says, else Duration.seconds(60)
   */
  readonly read?: Duration;
}

/** What holds for a route, or for all routes that do not say otherwise. */
export interface ProxyRouteOptions {
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
   * How requests are spread over the servers of an app.
   *
   * @default Balancing.ROUND_ROBIN
   */
  readonly balancing?: Balancing;

  /**
   * What is shown where an app cannot answer.
   *
   * @default - plain pages of this library
   */
  readonly pages?: ProxyPages;

  /**
   * How much one client address may ask; more is answered with 429.
   *
   * @default - those of the proxy, with the values of `ClientLimits.perAddress({})`
   */
  readonly limits?: ClientLimits;

  /**
   * The only addresses and networks that are let in; everybody else gets 403. A route's own list takes the place of the proxy's.
   *
   * @default - everybody
   */
  readonly allowedNetworks?: string[];

  /**
   * Addresses and networks that get 403, whatever is allowed. A route's own list is added to the proxy's, which holds for other stacks' routes too.
   *
   * @default - nobody
   */
  readonly deniedNetworks?: string[];

  /**
   * The Content-Security-Policy of answers that come from an app without one of their own.
   *
   * @default - none; what a policy may forbid depends on the site
   */
  readonly contentSecurityPolicy?: string;
}

/** A route: which requests go to which target. What it does not say is as the proxy has it. */
export interface ProxyRouteProps extends ProxyRouteOptions {
  /**
   * The host that clients ask for: a name such as `shop.example.com`, all names below one as `*.example.com`, or an IPv4 address. Without a port.
   */
  readonly host: string;

  /**
   * Other hosts that are routed in the same way.
   *
   * @default - none
   */
  readonly aliases?: string[];

  /**
   * The path below which the target answers. Below `/hello/` it is told so by SCRIPT_NAME, and `/hello` is redirected to `/hello/`.
   *
   * @default '/'
   */
  readonly path?: string;

  /**
   * A certificate for the host and its aliases, at a proxy with TLS. All routes of a host have the same one, whichever of them says it.
   *
   * @default - the proxy's
   */
  readonly tls?: Tls;

  /** What answers. */
  readonly target: IProxyTarget;

  /**
   * Whether clients get the maintenance page with status 503 instead of the target's answers. Files that a file server serves are served as before. The target's
   * servers go on, and need not be healthy for it: a route can be closed because they are not.
   *
   * @default false
   */
  readonly maintenance?: boolean;

  /**
   * nginx directives for the route's location, for what this library did not think of. They are not looked at here; nginx tests them before they are in use, and
   * a deploy with wrong ones fails.
   *
   * A request that reached no server is asked once more, in another location with the same text. With a `location` or `proxy_request_buffering` in it none is.
   *
   * @default - none
   */
  readonly snippet?: string;
}
