import { reject } from '../core/errors';
import type { PublishedPort, Service } from '../workload/service';

const EVERYWHERE = ['0.0.0.0', '::'];
const isOfIpv6 = (address: string) => address.includes(':');

interface Taken {
  readonly service: Service;
  readonly port: PublishedPort;
}

/** The ports of an engine's host: each can be published once. */
export class PublishedPorts {
  private readonly taken: Taken[] = [];

  public claim(service: Service): void {
    for (const port of service.publishedPorts) {
      const other = this.taken.find((one) => clash(one.port, port));
      if (other) {
        reject(
          service,
          `port ${port.hostPort} of the host is published by ${other.service.node.path} already; choose another port or address for one of the two`,
        );
      }
      this.taken.push({ service, port });
    }
  }
}

function clash(one: PublishedPort, other: PublishedPort): boolean {
  const addresses = [one.address ?? '127.0.0.1', other.address ?? '127.0.0.1'];
  const sameAddress =
    addresses[0] === addresses[1] || (isOfIpv6(addresses[0]) === isOfIpv6(addresses[1]) && addresses.some((one) => EVERYWHERE.includes(one)));
  return sameAddress && one.hostPort === other.hostPort && (one.protocol ?? 'tcp') === (other.protocol ?? 'tcp');
}
