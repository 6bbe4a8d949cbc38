import { PROXY_OWNER } from '../proxy-layout';
import { ConfigNode, directive, expression } from './directive';
import { CLIENT_PORT, CLIENT_SCHEME } from './trust-config';

/*
 * What every request that is passed to an app carries. It stands in each location, since nginx drops what it has inherited as soon as a
 * location (or a snippet in it) sets one header of its own.
 */

/** Headers by which a client could pass for another one, or for one that came by https. */
const CLEARED_HEADERS = [
  'Forwarded',
  'Proxy',
  'X-Forwarded-Host',
  'X-Forwarded-Port',
  'X-Forwarded-Prefix',
  'X-Forwarded-Protocol',
  'X-Forwarded-Server',
  'X-Forwarded-Ssl',
  'X-Url-Scheme',
];

/** What the proxy's own stack says of every request that is passed on, of whichever stack the location is. A pattern, since it may match nothing. */
export function hooks(): ConfigNode {
  return directive('include', `owners/${PROXY_OWNER}/snippets/location/*.conf`);
}

/** Headers of a request on its way to an app. */
export function appHeaders(scriptName: string): ConfigNode[] {
  const header = (name: string, value: string) => directive('proxy_set_header', name, expression(value));
  return [
    // The host by which nginx chose the route, whatever else a request names beside it; with the port that the client wrote, since Django compares it with the Origin.
    header('Host', `$host${CLIENT_PORT}`),
    // What a client says of itself is overwritten, never appended to. Only a proxy in front that is trusted is asked (trust-config.ts).
    header('X-Forwarded-For', '$remote_addr'),
    header('X-Real-IP', '$remote_addr'),
    header('X-Forwarded-Proto', CLIENT_SCHEME),
    header('X-Request-ID', '$request_id'),
    header('Upgrade', '$upgrade_to'),
    header('Connection', '$connection_to_app'),
    ...CLEARED_HEADERS.map((name) => directive('proxy_set_header', name, '')),
    // Gunicorn takes it from here and cuts it off the path itself. A client cannot send it: nginx drops names with an underscore.
    ...(scriptName === '' ? [] : [directive('proxy_set_header', 'SCRIPT_NAME', scriptName)]),
  ];
}

/** Headers of a request on its way to a file server, which needs to know nothing of the client. */
export function fileHeaders(): ConfigNode[] {
  return [
    directive('proxy_set_header', 'Connection', ''),
    directive('proxy_set_header', 'Accept-Encoding', expression('$file_encoding')),
    directive('proxy_set_header', 'Cookie', ''),
    directive('proxy_set_header', 'Authorization', ''),
    directive('proxy_set_header', 'X-Request-ID', expression('$request_id')),
  ];
}
