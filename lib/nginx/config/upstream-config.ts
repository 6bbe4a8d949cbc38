import { Endpoint } from '../../workload/endpoint';
import { Balancing } from '../balancing';
import { block, ConfigNode, directive, Expression, expression, mapEntry } from './directive';

/**
 * What is appended to a group's name for requests that must not be asked twice: none of them goes over a connection that was used before. The app may just be
 * closing it, because a worker is renewed, and only a request that can be repeated is sent to somebody else then.
 */
const ONCE = '.once';

/** In the http block: which of a group's two forms a request is for. */
export function groupSwitch(): ConfigNode {
  // The methods that nginx itself does not repeat (proxy_next_upstream, non_idempotent).
  return block('map', [expression('$request_method'), expression('$once')], [mapEntry('default', ''), mapEntry('~^(?:POST|LOCK|PATCH)$', ONCE)]);
}

/** In the http block: what an app is told about the connection. Nothing, where it is kept; `keep-alive` is the meaning of HTTP/1.1. */
export function connectionSwitch(): ConfigNode {
  return block(
    'map',
    [expression('$upgrade_to$once'), expression('$connection_to_app')],
    [mapEntry('default', 'upgrade'), mapEntry('', ''), mapEntry(`~\\${ONCE}$`, 'close')],
  );
}

/**
 * In the http block: the status that stays, once nginx has tried; nothing for a request that reached nobody. The last of the times in which a connection was made is a dash then:
 * the request is not in any server's hands, or nginx itself had judged that it may be repeated.
 */
export function finalStatus(): ConfigNode {
  return block(
    'map',
    [expression('$upstream_connect_time|$upstream_status'), expression('$final_status')],
    [mapEntry('default', 502), mapEntry('~(?:^|[ ,:])-\\|', ''), mapEntry('~504$', 504)],
  );
}

/** Where requests are passed to. */
export function groupAddress(name: string): Expression {
  return expression(`http://${name}$once`);
}

/** A group of servers, in two forms. The servers stand in a file of their own, which the supervisor joins with the one before. */
export function upstreamConfig(owner: string, name: string, balancing: Balancing, keepalive: number): ConfigNode[] {
  const group = (form: string, connections: ConfigNode[]) =>
    block(
      'upstream',
      [form],
      [
        // Shared by the workers; from the one of the same name a reload takes the addresses that are already known.
        directive('zone', form, '256k'),
        ...method(balancing),
        directive('include', `owners/${owner}/upstreams/${name}.servers`),
        ...connections,
      ],
    );
  return [
    group(name, [
      directive('keepalive', keepalive),
      // Below Gunicorn's own, so that few requests meet a connection that is just being closed.
      directive('keepalive_timeout', '30s'),
      directive('keepalive_requests', 10000),
    ]),
    // Nothing is kept here: each request says that the connection ends with it.
    group(`${name}${ONCE}`, []),
  ];
}

/** One line for each server. `resolve`: nginx starts without them, and follows them to another address. */
export function upstreamServers(servers: readonly Endpoint[]): ConfigNode[] {
  // max_fails=0: none is ever left out for a while. Were all of them, one slow view would be an outage of the whole app.
  return servers.map((server) => directive('server', `${server.host}:${server.port}`, 'resolve', 'max_fails=0'));
}

function method(balancing: Balancing): ConfigNode[] {
  switch (balancing) {
    case Balancing.LEAST_CONNECTIONS:
      return [directive('least_conn')];
    case Balancing.IP_HASH:
      return [directive('ip_hash')];
    default:
      return [];
  }
}
