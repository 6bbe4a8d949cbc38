import { Construct } from 'constructs';
import { Duration } from '../core/duration';
import { reject, requireInteger, requireMatch, shown } from '../core/errors';
import { Size } from '../core/size';
import { CALLABLE, GunicornApp } from '../gunicorn/gunicorn-app';
import { INginxProxy, IProxyTarget, ProxyRoute, ProxyTargetConfig } from '../nginx/proxy-target';
import type { DjangoService } from './django-service';

/** What servers of ASGI beside WSGI are, and what they may use. */
export interface DjangoAsgiOptions {
  /**
   * The project's ASGI callable.
   *
   * @default '<project>.asgi:application'
   */
  readonly asgiCallable?: string;

  /**
   * The number of containers that serve it.
   *
   * @default 1
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
   * Worker processes of each replica. One event loop serves all connections of a worker.
   *
   * @default - 2 x cpus + 1 as Gunicorn's design page advises, but no more than fit into the memory at 128 MiB each
   */
  readonly workers?: number;

  /**
   * A worker whose event loop has stood still for this long is killed and started anew, in whole seconds.
   *
   * @default Duration.seconds(30)
   */
  readonly timeout?: Duration;

  /**
   * The time, in whole seconds, that WebSockets and requests have when a release replaces the servers: those that are open go on with the old ones for so long. It must be at least the timeout.
   *
   * @default - the timeout
   */
  readonly gracefulTimeout?: Duration;

  /**
   * The connections to the database that each replica opens at the most, from 1 to 10000, for the budget of the server's connections.
   *
   * @default - four for each worker: nobody knows how many requests an event loop serves at once
   */
  readonly databaseConnections?: number;
}

/** Settings of a `DjangoAsgi`. */
export interface DjangoAsgiProps extends DjangoAsgiOptions {
  /** The site that it serves some paths of. */
  readonly site: DjangoService;
}

/** The longest silence on a connection. Whoever wants to know sooner that the other end is gone sends pings, as Daphne does every 20 seconds. */
const LONGEST_SILENCE = Duration.hours(1);

/**
 * Servers of ASGI for some paths of a site that is served by WSGI: WebSockets of Channels, or server-sent events. `DjangoService.addAsgi` makes them.
 *
 * They have the image, settings and secrets of the site, keep no connections to the database, as Django advises for ASGI, and see their paths whole: what is routed to them by `/ws/` is `/ws/`
 * in the project's URLs, too. Each part of an answer gets to the client at once, and a connection may be silent for an hour (`timeouts.read` of the route).
 *
 * A release starts the new ones after its migrations and before the site's web servers. What is open then goes on with the old ones until `gracefulTimeout`; a WebSocket that is still open 3 seconds
 * before it is closed with code 1012, "service restart". Nothing stays open for longer than 10 minutes after a change of the proxy's routes or certificates, whatever `gracefulTimeout` says: nginx's old
 * workers end then.
 *
 * @example
 * const live = new DjangoAsgi(this, 'Live', { site: shop });
 * proxy.addRoute({ host: 'shop.example.com', target: shop });
 * proxy.addRoute({ host: 'shop.example.com', path: '/ws/', target: live });
 */
export class DjangoAsgi extends Construct implements IProxyTarget {
  /** The servers. Settings and secrets that are added to them are added to the site's own servers too, and the other way round. */
  public readonly app: GunicornApp;

  private readonly site: DjangoService;

  /**
   * @throws when a name is not of the allowed form, a number is out of range, or timeouts do not fit each other
   */
  constructor(scope: Construct, id: string, props: DjangoAsgiProps) {
    super(scope, id);
    const { site, asgiCallable, databaseConnections, ...options } = props;
    const callable = asgiCallable ?? `${site._project}.asgi:application`;
    requireMatch(this, 'asgiCallable', callable, CALLABLE, 'a module and a callable such as "shop.asgi:application"');
    if (databaseConnections !== undefined) requireInteger(this, 'databaseConnections', databaseConnections, { min: 1, max: 10_000 });
    this.site = site;
    this.app = new GunicornApp(this, 'App', { ...options, ...site._serversBeside(callable), asgi: true, replicas: options.replicas ?? 1 });
    site._releaseBeside(this.app, callable, databaseConnections);
    this.node.defaultChild = this.app.service;
  }

  public bindToProxy(proxy: INginxProxy, route: ProxyRoute): ProxyTargetConfig {
    const { site } = this;
    const main = site._routeAt(route.host);
    if (main === undefined) {
      reject(
        this,
        `serves some paths of ${site.node.path}, which is not routed at host ${shown(route.host)} yet: call addRoute() for ${site.node.path} and that host first. Its hosts and origins are those that Django accepts`,
      );
    }
    if (!route.path.startsWith(main.path)) {
      reject(
        this,
        `is routed under ${shown(route.path)}, and ${site.node.path} under ${shown(main.path)}: a path of the site is below it, such as ${shown(`${main.path}ws/`)}`,
      );
    }
    return { ...this.app.bindToProxy(proxy, route), scriptName: main.scriptName, buffering: false, readTimeout: LONGEST_SILENCE };
  }
}
