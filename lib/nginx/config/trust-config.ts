import { block, ConfigNode, directive, expression, mapEntry } from './directive';

/** What an app is told of the scheme: the proxy's own, or what a trusted proxy in front of it says. */
export const CLIENT_SCHEME = '$client_scheme';

/** The port in the Host header, with its colon. */
export const CLIENT_PORT = '$client_port';

/** In the http block: whose word is taken for who the client is, and for how it came. Nobody's, unless the list has somebody. */
export function trust(proxies: readonly string[], http3: boolean): ConfigNode[] {
  return [
    ...proxies.map((network) => directive('set_real_ip_from', network)),
    // Recursive: the last address that is not one of them. What stands before it, the client may have written itself.
    ...(proxies.length === 0 ? [] : [directive('real_ip_header', 'X-Forwarded-For'), directive('real_ip_recursive', 'on')]),
    // The other end of the connection, whatever it says of itself.
    block(
      'geo',
      [expression('$realip_remote_addr'), expression('$from_trusted_proxy')],
      [mapEntry('default', 0), ...proxies.map((network) => mapEntry(network, 1))],
    ),
    block(
      'map',
      [expression('$from_trusted_proxy $http_x_forwarded_proto'), expression(CLIENT_SCHEME)],
      [mapEntry('default', expression('$scheme')), mapEntry('1 http', 'http'), mapEntry('1 https', 'https')],
    ),
    block(
      'map',
      [expression('$http_host'), expression(CLIENT_PORT)],
      [
        mapEntry('default', ''),
        // HTTP/3 has no header for the host, and what nginx makes of it there came with 1.29.3.
        ...(http3 ? [mapEntry('', expression('$is_request_port$request_port'))] : []),
        mapEntry('~(?<written_port>:[0-9]+)$', expression('$written_port')),
      ],
    ),
  ];
}
