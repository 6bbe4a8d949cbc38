import { CACHE_FOLDER, HTTP_PORT, IPV6_PORTS, LOCAL_PORT } from '../proxy-layout';
import { block, ConfigNode, directive, expression, mapEntry } from './directive';

/* What the proxy's configuration, its bootstrap and the file server have in common: how nginx runs in a container that is not root's. */

/** The log in which the supervisor reads why nginx refused a reload. */
export const REFUSAL_LOG = '/tmp/refusal.log';

/** Files that may be open are not set here: whoever starts nginx raises its limit as far as the engine allows. */
export function processSettings(workers: number, connections: number): ConfigNode[] {
  return [
    directive('worker_processes', workers),
    directive('pid', '/tmp/nginx.pid'),
    directive('error_log', 'stderr', 'warn'),
    block('events', [], [directive('worker_connections', connections)]),
  ];
}

/** Folders for bodies and answers that do not fit into memory. All kinds are named, since nginx makes them all at its start. */
export function temporaryFolders(parent: string): ConfigNode[] {
  return [
    directive('client_body_temp_path', `${parent}/body`),
    directive('proxy_temp_path', `${parent}/proxy`),
    directive('fastcgi_temp_path', `${parent}/fastcgi`),
    directive('uwsgi_temp_path', `${parent}/uwsgi`),
    directive('scgi_temp_path', `${parent}/scgi`),
  ];
}

/** A folder on the disk: in a tmpfs a large upload would count as memory of the container. */
export const PROXY_TEMPORARY_FOLDER = `${CACHE_FOLDER}/temporary`;

/** Where clients come in: a port, and its twin for IPv6 where there is any. */
export function listen(ipv6: boolean, port: number, ...parameters: string[]): ConfigNode[] {
  return [directive('listen', port, ...parameters), ...(ipv6 ? [directive('listen', `[::]:${IPV6_PORTS[port]}`, ...parameters)] : [])];
}

/** Whoever asks for a host that is not here gets no answer at all. */
export function unknownHosts(ipv6: boolean): ConfigNode {
  return block(
    'server',
    [],
    [...listen(ipv6, HTTP_PORT, 'default_server', 'backlog=4096'), directive('access_log', 'off'), directive('return', 444)],
  );
}

/** What only the container itself can ask. */
export function localServer(locations: ConfigNode[]): ConfigNode {
  return block(
    'server',
    [],
    [
      directive('listen', `127.0.0.1:${LOCAL_PORT}`),
      directive('access_log', 'off'),
      directive('default_type', 'text/plain'),
      block('location', ['=', '/health'], [directive('return', 200, 'healthy')]),
      ...locations,
      block('location', ['/'], [directive('return', 404)]),
    ],
  );
}

/** The log of requests, one JSON object a line. What comes from the proxy's own cache is left out: a line costs the engine more than the answer costs nginx. */
export function accessLog(enabled: boolean): ConfigNode[] {
  if (!enabled) return [directive('access_log', 'off')];
  const text = (name: string, variable: string) => `"${name}":"$${variable}"`;
  const number = (name: string, variable: string) => `"${name}":$${variable}`;
  const fields = [
    text('time', 'time_iso8601'),
    text('request_id', 'request_id'),
    text('client', 'remote_addr'),
    text('method', 'request_method'),
    text('scheme', 'scheme'),
    text('host', 'host'),
    text('uri', 'request_uri'),
    text('protocol', 'server_protocol'),
    number('status', 'logged_status'),
    number('bytes', 'body_bytes_sent'),
    number('seconds', 'request_time'),
    text('upstream', 'upstream_addr'),
    text('upstream_status', 'upstream_status'),
    text('upstream_seconds', 'upstream_response_time'),
    text('cache', 'upstream_cache_status'),
    text('referer', 'http_referer'),
    text('agent', 'http_user_agent'),
  ];
  return [
    // A status below 100 is written with leading zeros, which are no JSON.
    block(
      'map',
      [expression('$status'), expression('$logged_status')],
      [
        { from: 'default', to: expression('$status') },
        { from: '~^0', to: 0 },
      ],
    ),
    directive('log_format', 'json', 'escape=json', expression(`{${fields.join(',')}}`)),
    // A pipe takes 4 KiB at once or not at all; of larger writes the lines of two workers get mixed.
    block('map', [expression('$upstream_cache_status'), expression('$logged')], [mapEntry('default', 1), mapEntry('HIT', 0)]),
    directive('access_log', '/dev/stdout', 'json', 'buffer=4k', 'flush=1s', expression('if=$logged')),
  ];
}
