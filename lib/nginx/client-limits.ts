import { Token } from 'cdktf';
import { IConstruct } from 'constructs';
import { reject, requireInteger, shown } from '../core/errors';
import { checkedNetworks } from '../core/networks';

/** What one client address may do: an IPv4 address, or the /64 network of an IPv6 address, of which one machine can have any number. */
export interface ClientLimitsProps {
  /**
   * Requests to apps that an address may make in a second, in the long run. More are answered with 429. Files of file servers do not count.
   *
   * @default 50, with which an office behind one address can have a hundred people who open a page of three requests every six seconds
   */
  readonly requestsPerSecond?: number;

  /**
   * Requests that an address may make at once beyond that; they are passed on without delay.
   *
   * @default 200, since a page of a hundred pictures that an app serves itself is asked for at once over HTTP/2, and may be opened twice
   */
  readonly burst?: number;

  /**
   * Requests to apps that an address may have under way at one time, WebSockets among them. More are answered with 429. Requests for files have a limit of their own, of
   * twice as many.
   *
   * @default 256: two browsers with the 128 concurrent streams that nginx allows an HTTP/2 connection, each of which counts (nginx, ngx_http_limit_conn_module)
   */
  readonly connections?: number;

  /**
   * Attempts to log in that an address may make in a minute, in the long run: requests to one of the `loginPaths` that are not GET, HEAD or OPTIONS.
   *
   * @default 10; a session of Django lasts two weeks (SESSION_COOKIE_AGE), so that two hundred people behind one address log in twenty times a day
   */
  readonly loginsPerMinute?: number;

  /**
   * Attempts to log in that an address may make at once beyond that.
   *
   * @default 20
   */
  readonly loginBurst?: number;

  /**
   * Paths to which passwords are posted. Each is the end of a path, so that it holds below the path of a route too.
   *
   * @default ['/accounts/login/', '/admin/login/'], as django.contrib.auth and django.contrib.admin have them
   */
  readonly loginPaths?: string[];

  /**
   * Networks whose requests are not counted: load tests, monitors, a company's own office.
   *
   * @default - none; for a route, those of the proxy, which hold for it in any case
   */
  readonly exemptNetworks?: string[];
}

/** Limits with all of their values. @internal */
export interface LimitValues {
  readonly requestsPerSecond: number;
  readonly burst: number;
  readonly connections: number;
  readonly loginsPerMinute: number;
  readonly loginBurst: number;
  readonly loginPaths: readonly string[];
  readonly exemptNetworks: readonly string[];
}

const DEFAULTS: LimitValues = {
  requestsPerSecond: 50,
  burst: 200,
  connections: 256,
  loginsPerMinute: 10,
  loginBurst: 20,
  loginPaths: ['/accounts/login/', '/admin/login/'],
  exemptNetworks: [],
};

/** The largest value of each; nginx itself takes no more connections. */
const LARGEST = { requestsPerSecond: 1_000_000, burst: 1_000_000, connections: 65_535, loginsPerMinute: 1_000_000, loginBurst: 1_000_000 };

/** How much one client address may ask of a proxy or a route. */
export class ClientLimits {
  /**
   * Limits for each client address. What is not given is as the proxy has it, or as it is by default.
   *
   * @example
   * ClientLimits.perAddress({ requestsPerSecond: 100, exemptNetworks: ['192.0.2.0/24'] });
   */
  public static perAddress(props: ClientLimitsProps): ClientLimits {
    return new ClientLimits(props);
  }

  /**
   * No limits: anybody may ask as much as they like.
   *
   * @example
   * ClientLimits.none();
   */
  public static none(): ClientLimits {
    return new ClientLimits(undefined);
  }

  /**
   * The values of a proxy's or a route's limits; nothing where there are none.
   *
   * @param above what a route falls back to
   * @internal
   */
  public static _values(scope: IConstruct, limits: ClientLimits | undefined, above: LimitValues = DEFAULTS): LimitValues | undefined {
    const props: ClientLimitsProps | undefined = limits ? limits.props : {};
    if (!props) return undefined;
    for (const name of Object.keys(LARGEST) as (keyof typeof LARGEST)[]) {
      const value = props[name];
      if (value !== undefined) requireInteger(scope, `limits.${name}`, value, { min: 1, max: LARGEST[name] });
    }
    for (const path of props.loginPaths ?? []) checkLoginPath(scope, path);
    const exempt = checkedNetworks(scope, 'limits.exemptNetworks', props.exemptNetworks ?? []);
    const given = Object.fromEntries(Object.entries(props).filter(([, value]) => value !== undefined));
    return { ...above, ...given, exemptNetworks: [...new Set([...above.exemptNetworks, ...exempt])] };
  }

  private constructor(private readonly props: ClientLimitsProps | undefined) {}
}

function checkLoginPath(scope: IConstruct, path: string): void {
  const allowed = 'paths such as "/accounts/login/", made of letters, digits, "-", "_", "." and "~" between slashes';
  if (typeof path !== 'string' || Token.isUnresolved(path) || !/^(?:\/[A-Za-z0-9_.~-]+)+\/?$/.test(path) || path.length > 200)
    reject(scope, `limits.loginPaths must have ${allowed}, got ${Token.isUnresolved(path) ? 'a token; they must be known at synth' : shown(path)}`);
}
