import { Duration } from '../core/duration';
import { Size } from '../core/size';
import { Balancing } from './balancing';
import { IProxyTarget } from './proxy-target';

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

/** A route: which requests go to which target. */
export interface ProxyRouteProps {
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

  /** What answers. */
  readonly target: IProxyTarget;

  /**
   * How requests are spread over the target's servers.
   *
   * @default - the proxy's own
   */
  readonly balancing?: Balancing;

  /**
   * The largest request body; a larger one is answered with 413.
   *
   * @default - the proxy's own
   */
  readonly maxBodySize?: Size;

  /**
   * How long the proxy waits for the target.
   *
   * @default - the proxy's own
   */
  readonly timeouts?: ProxyTimeouts;

  /**
   * nginx directives for the route's location, for what this library did not think of. They are not looked at here; nginx tests them before they are in use, and
   * a deploy with wrong ones fails.
   *
   * @default - none
   */
  readonly snippet?: string;
}
