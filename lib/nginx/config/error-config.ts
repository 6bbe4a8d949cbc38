import { Duration } from '../../core/duration';
import { STATE_FOLDER } from '../proxy-layout';
import { block, ConfigNode, directive, expression } from './directive';
import { securityHeaders } from './headers-config';
import { hooks } from './proxying';

/* Pages that nginx shows by itself. They lie beside the routes of their owner, below a path that only nginx can ask for. */

const PREFIX = '/.cdktf-django/';

/** A page and what goes with it. */
export interface ShownPage {
  /** Its place among the owner's files. */
  readonly file: string;
  readonly retryAfter: Duration;
}

/** What a location shows instead of an app's answers. */
export interface LocationPages {
  readonly owner: string;
  readonly unavailable: ShownPage;
  readonly tooManyRequests: ShownPage;
  readonly maintenance: ShownPage;
}

/** In the server of each host. */
export function pagesLocation(): ConfigNode {
  return block(
    'location',
    ['^~', PREFIX],
    [
      directive('internal'),
      // By way of the link, so that workers from before a reload find the pages too.
      directive('alias', `${STATE_FOLDER}/live/owners/`),
      directive('add_header', 'Retry-After', expression('$retry_after'), 'always'),
      directive('add_header', 'Cache-Control', 'no-store', 'always'),
      ...securityHeaders(),
      hooks(),
    ],
  );
}

/** In a location: what is shown while no server answers, and to who asks for too much. */
export function unavailable(pages: LocationPages): ConfigNode[] {
  const { owner } = pages;
  return [
    retryAfter(pages.unavailable),
    directive('error_page', 502, 504, address(owner, pages.unavailable)),
    directive('error_page', 429, address(owner, pages.tooManyRequests)),
  ];
}

/**
 * In a location: a request that reached no server is asked once more, in a location of that name. The servers of a lost node leave nginx's list just while requests wait for them, and then
 * nginx sends these on to nobody: it stops when the list has changed (ngx_http_upstream_get_round_robin_peer), and when one server is left (ngx_http_upstream_free_round_robin_peer).
 */
export function onceMore(name: string): ConfigNode[] {
  // First in its location, so that the page does not come before it. The other location shows it, where it does not ask.
  return [directive('recursive_error_pages', 'on'), directive('error_page', 502, 504, '=', name)];
}

/** First in the location that asks once more. */
export function unlessFinal(): ConfigNode[] {
  return [502, 504].map((status) => block('if', [expression('($final_status'), '=', expression(`${status})`)], [directive('return', status)]));
}

/** In a location: what is shown during maintenance. */
export function maintenance(pages: LocationPages): ConfigNode[] {
  return [retryAfter(pages.maintenance), directive('error_page', 503, address(pages.owner, pages.maintenance)), directive('return', 503)];
}

/** In a location: the maintenance of the whole proxy, of whichever stack the location is. */
export function wholeMaintenance(pages: LocationPages): ConfigNode {
  return block('if', [expression('($in_maintenance)')], maintenance(pages));
}

/** In the http block. */
export function maintenanceSwitch(on: boolean): ConfigNode {
  return block('map', [expression('$host'), expression('$in_maintenance')], [{ from: 'default', to: on ? 1 : 0 }]);
}

function retryAfter(page: ShownPage): ConfigNode {
  return directive('set', expression('$retry_after'), Math.ceil(page.retryAfter.toSeconds()));
}

function address(owner: string, page: ShownPage): string {
  return `${PREFIX}${owner}/${page.file}`;
}
