import { Token, Tokenization } from 'cdktf';
import { IConstruct } from 'constructs';
import { Duration } from '../core/duration';
import { reject, requireInteger, requireMatch } from '../core/errors';
import { Size } from '../core/size';

/** How Gunicorn runs an app. */
export interface GunicornOptions {
  /**
   * Whether the module is an ASGI app, for WebSockets and for views that wait a lot.
   *
   * Gunicorn's own ASGI worker serves it. It lets WebSockets and requests go on until the graceful timeout when a release replaces the app; Uvicorn's
   * worker closes every WebSocket at the first moment (`ws_protocol.shutdown` in uvicorn/server.py). A WebSocket that is still open 3 seconds before the graceful
   * timeout is closed with code 1012, "service restart".
   *
   * @default false
   */
  readonly asgi?: boolean;

  /**
   * Worker processes of each replica.
   *
   * @default - 2 x cpus + 1 as Gunicorn's design page advises, but no more than fit into the memory at 128 MiB each
   */
  readonly workers?: number;

  /**
   * Threads of each worker, for as many requests at once. Not with `asgi`, where one event loop serves all connections of a worker.
   *
   * @default 4 (Gunicorn's settings page: 2 to 4 x cores)
   */
  readonly threads?: number;

  /**
   * A worker that has not shown that it is alive for this long is killed and started anew. With threads this is about a worker's main loop, not about
   * the length of a request.
   *
   * @default Duration.seconds(30)
   */
  readonly timeout?: Duration;

  /**
   * The time that requests in progress have to end when a release replaces the app. It must be at least the timeout.
   *
   * @default Duration.seconds(30)
   */
  readonly gracefulTimeout?: Duration;

  /**
   * The time that an idle connection of the proxy's stays open. It must be longer than the proxy keeps it, or requests are lost
   * on connections that close (gunicorn#1698).
   *
   * @default Duration.seconds(75)
   */
  readonly keepAlive?: Duration;

  /**
   * Requests after which a worker is replaced by a fresh one, against leaks of memory. 0 keeps workers for ever.
   *
   * @default 10000, and 0 with `asgi`: a worker that is replaced closes its WebSockets at the graceful timeout, and nobody is in its place until then
   */
  readonly maxRequests?: number;

  /**
   * Requests, by chance up to this number, that are added for each worker, so that they are not all replaced at once.
   *
   * @default - a tenth of maxRequests
   */
  readonly maxRequestsJitter?: number;

  /**
   * Whether the app is loaded once and then copied into the workers: quicker and smaller, but nothing that the app opens while it is loaded
   * may be shared between processes.
   *
   * @default false
   */
  readonly preload?: boolean;

  /**
   * Further arguments of Gunicorn's command line, for what there is no option for here, as in `['--limit-request-line', '8190']`.
   *
   * @default - none
   */
  readonly gunicornArguments?: string[];
}

/** The command line's options, all settled. */
export interface GunicornPlan {
  readonly workers: number;
  readonly threads: number;
  readonly timeout: Duration;
  readonly gracefulTimeout: Duration;
  /** Longer than the graceful timeout: Gunicorn has to get to it before it is killed. */
  readonly stopGracePeriod: Duration;
  readonly arguments: string[];
}

const MEMORY_OF_A_WORKER = 128;
const SECONDS_TO_LEAVE = 10;

/** Settles Gunicorn's options for the CPUs and the memory that an app is given. */
export function planGunicorn(scope: IConstruct, options: GunicornOptions, cpus: number, memory: Size): GunicornPlan {
  const byCpu = 2 * Math.ceil(Token.isUnresolved(cpus) ? 1 : cpus) + 1;
  const byMemory = Math.max(1, Math.floor(memory.toMebibytes() / MEMORY_OF_A_WORKER));
  const workers = options.workers ?? Math.min(byCpu, byMemory);
  const asgi = options.asgi ?? false;
  const threads = options.threads ?? (asgi ? 1 : 4);
  const timeout = options.timeout ?? Duration.seconds(30);
  const gracefulTimeout = options.gracefulTimeout ?? timeout;
  const keepAlive = options.keepAlive ?? Duration.seconds(75);
  const maxRequests = options.maxRequests ?? (asgi ? 0 : 10_000);
  const jitter = options.maxRequestsJitter ?? (Token.isUnresolved(maxRequests) ? 1000 : Math.floor(maxRequests / 10));
  requireInteger(scope, 'workers', workers, { min: 1, max: 512 });
  requireInteger(scope, 'threads', threads, { min: 1, max: 512 });
  if (asgi && options.threads !== undefined) {
    reject(
      scope,
      `threads must be left out with asgi: true, got ${threads}: one event loop serves all connections of a worker, and Django runs views that are not async in threads of its own; set workers`,
    );
  }
  requireInteger(scope, 'maxRequests', maxRequests, { min: 0, max: 1_000_000_000 });
  requireInteger(scope, 'maxRequestsJitter', jitter, { min: 0, max: 1_000_000_000 });
  requireWholeSeconds(scope, 'timeout', timeout);
  requireWholeSeconds(scope, 'gracefulTimeout', gracefulTimeout);
  requireWholeSeconds(scope, 'keepAlive', keepAlive);
  if (gracefulTimeout.toSeconds() < timeout.toSeconds()) {
    reject(
      scope,
      `gracefulTimeout must be at least timeout (${timeout}), got ${gracefulTimeout}: a worker that is being replaced would be killed earlier than one that hangs`,
    );
  }
  for (const argument of options.gunicornArguments ?? []) {
    requireMatch(scope, 'an argument of gunicornArguments', argument, /^[^\0\n]+$/, 'one line that is not empty');
    const taken = /^(-b|--bind|-w|--workers|-c|--config|--threads|-k|--worker-class)(=|$)/.exec(argument);
    if (taken) reject(scope, `gunicornArguments must not contain ${taken[1]}, which has an option of its own or is decided by the library`);
  }
  return {
    workers,
    threads,
    timeout,
    gracefulTimeout,
    stopGracePeriod: gracefulTimeout.plus(Duration.seconds(SECONDS_TO_LEAVE)),
    arguments: [
      ...['--worker-class', asgi ? 'asgi' : 'gthread'],
      ...['--workers', Tokenization.stringifyNumber(workers)],
      ...(asgi ? [] : ['--threads', Tokenization.stringifyNumber(threads)]),
      ...['--timeout', String(timeout.toSeconds())],
      ...['--graceful-timeout', String(gracefulTimeout.toSeconds())],
      ...['--keep-alive', String(keepAlive.toSeconds())],
      ...['--max-requests', Tokenization.stringifyNumber(maxRequests)],
      ...['--max-requests-jitter', Tokenization.stringifyNumber(jitter)],
      // Only members of the app's private networks reach it at all, and which of them is the proxy is not known by address.
      ...['--forwarded-allow-ips', '*'],
      ...(options.preload ? ['--preload'] : []),
      ...(options.gunicornArguments ?? []),
    ],
  };
}

function requireWholeSeconds(scope: IConstruct, name: string, value: Duration): void {
  if (!Number.isInteger(value.toSeconds()) || value.toSeconds() < 1) reject(scope, `${name} must be in whole seconds, 1 or more, got ${value}`);
}
