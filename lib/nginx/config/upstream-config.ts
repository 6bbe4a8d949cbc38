import { Endpoint } from '../../workload/endpoint';
import { Balancing } from '../balancing';
import { block, ConfigNode, directive } from './directive';

/** A group of servers. They stand in a file of their own, which the supervisor joins with the one before. */
export function upstreamConfig(owner: string, name: string, balancing: Balancing, keepalive: number): ConfigNode[] {
  return [
    block(
      'upstream',
      [name],
      [
        // Shared by the workers; from the one of the same name a reload takes the addresses that are already known.
        directive('zone', name, '256k'),
        ...method(balancing),
        directive('include', `owners/${owner}/upstreams/${name}.servers`),
        directive('keepalive', keepalive),
        // Below Gunicorn's own, so that no request meets a connection that is just being closed.
        directive('keepalive_timeout', '30s'),
        directive('keepalive_requests', 10000),
      ],
    ),
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
