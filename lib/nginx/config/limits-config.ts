import { shortHash } from '../../core/text';
import { LimitValues } from '../client-limits';
import { block, ConfigNode, directive, expression, mapEntry } from './directive';

/*
 * How much one client address may ask. nginx takes neither another key for a zone that it has, nor forgets a zone's counts at a reload; so a zone's name follows
 * from its key, and the keys never change: what does is in the maps that they are made from.
 */

/** The limits of the whole proxy, which routes have that have none of their own. */
export const PROXY_LIMITS = 'proxy';

/** In the http block of the whole proxy: what stands for a client, and how it is told. */
export function limitSettings(): ConfigNode[] {
  return [
    // As bytes: an address of IPv4 that came as one of IPv6, and the network in which one machine of IPv6 can have all addresses. "(?s)": a byte may be a line break.
    block(
      'map',
      [expression('$binary_remote_addr'), expression('$client_network')],
      [
        mapEntry('default', expression('$binary_remote_addr')),
        mapEntry('~(?s)^\\x00{10}\\xff{2}(?<client_of_four>.{4})$', expression('$client_of_four')),
        mapEntry('~(?s)^(?<client_of_eight>.{8}).{8}$', expression('$client_of_eight')),
      ],
    ),
    directive('limit_req_status', 429),
    directive('limit_conn_status', 429),
    // Each is in the access log already.
    directive('limit_req_log_level', 'info'),
    directive('limit_conn_log_level', 'info'),
  ];
}

/** In the http block: what is counted for these limits, and by what. Requests with an empty key are not counted. */
export function limitZones(of: string, limits: LimitValues): ConfigNode[] {
  const { client, login } = keys(of);
  const size = of === PROXY_LIMITS ? { requests: '10m', others: '4m' } : { requests: '2m', others: '1m' };
  return [
    block('geo', [expression(`$exempt_${of}`)], [mapEntry('default', 0), ...limits.exemptNetworks.map((network) => mapEntry(network, 1))]),
    block('map', [expression(`$exempt_${of}`), expression(client)], [mapEntry('default', expression('$client_network')), mapEntry('1', '')]),
    block(
      'map',
      [expression('$request_method:$uri'), expression(login)],
      [mapEntry('default', ''), ...(limits.loginPaths.length === 0 ? [] : [mapEntry(loginPattern(limits.loginPaths), expression(client))])],
    ),
    directive('limit_req_zone', expression(client), zoneArgument('requests', client, size.requests), `rate=${limits.requestsPerSecond}r/s`),
    directive('limit_req_zone', expression(login), zoneArgument('logins', login, size.others), `rate=${limits.loginsPerMinute}r/m`),
    directive('limit_conn_zone', expression(client), zoneArgument('connections', client, size.others)),
    directive('limit_conn_zone', expression(client), zoneArgument('files', client, size.others)),
  ];
}

/** In a location that is passed to an app. */
export function limitedRequests(of: string, limits: LimitValues): ConfigNode[] {
  const { client, login } = keys(of);
  return [
    directive('limit_req', `zone=${zone('requests', client)}`, `burst=${limits.burst}`, 'nodelay'),
    directive('limit_req', `zone=${zone('logins', login)}`, `burst=${limits.loginBurst}`, 'nodelay'),
    directive('limit_conn', zone('connections', client), limits.connections),
  ];
}

/** In a location of files: a page may have any number, and they cost little; who takes them slowly holds some memory. */
export function limitedFiles(of: string, limits: LimitValues): ConfigNode[] {
  return [directive('limit_conn', zone('files', keys(of).client), limits.connections * 2)];
}

/** The name under which a route's own limits are known. */
export function limitsOf(host: string, path: string): string {
  return shortHash(`${host} ${path}`, 8);
}

function keys(of: string): { readonly client: string; readonly login: string } {
  return { client: `$client_${of}`, login: `$login_${of}` };
}

function zone(purpose: string, key: string): string {
  return `${purpose}_${shortHash(key, 8)}`;
}

function zoneArgument(purpose: string, key: string, size: string): string {
  return `zone=${zone(purpose, key)}:${size}`;
}

/** Any method by which something could be sent: what is counted must not depend on what an app takes for a login. */
function loginPattern(paths: readonly string[]): string {
  return `~^(?!(?:GET|HEAD|OPTIONS):).*(?:${paths.map((path) => path.replace(/[.]/g, '\\.')).join('|')})$`;
}
