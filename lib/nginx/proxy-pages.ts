import { Duration } from '../core/duration';
import { ErrorPage } from './error-page';

/** What the proxy shows where an app cannot answer. */
export interface ProxyPages {
  /**
   * Shown with the status 502 or 504 while no server of an app answers. What an app itself answers, be it 500, is passed on as it is.
   *
   * @default - a plain page of this library
   */
  readonly unavailable?: ErrorPage;

  /**
   * Shown with the status 429 to a client that asks for more than the limits allow.
   *
   * @default - a plain page of this library
   */
  readonly tooManyRequests?: ErrorPage;

  /**
   * What a client is told by `Retry-After` together with the status 429, 502 or 504.
   *
   * @default Duration.seconds(10)
   */
  readonly unavailableRetryAfter?: Duration;

  /**
   * Shown with the status 503 during maintenance.
   *
   * @default - a plain page of this library
   */
  readonly maintenance?: ErrorPage;

  /**
   * What a client is told by `Retry-After` during maintenance.
   *
   * @default Duration.minutes(5)
   */
  readonly maintenanceRetryAfter?: Duration;
}
