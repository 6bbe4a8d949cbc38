import { Construct, IConstruct } from 'constructs';
import { reject, requireMatch, shown } from '../core/errors';
import { checkedNetworks } from '../core/networks';
import { platformOf } from '../platform/platform-of';
import { NetworkBinding } from '../platform/bindings';

/** A network that workloads can join. */
export interface INetwork extends IConstruct {
  /** The name or id by which the platform knows the network. */
  readonly networkReference: string;
}

/** Settings of a `Network`. */
export interface NetworkProps {
  /**
   * Whether the network has no routed way out: its members reach each other and nothing else.
   *
   * @default false
   */
  readonly internal?: boolean;

  /**
   * Gives the network IPv6 beside IPv4: a network of its own of /48 to /64, such as one of those that everybody may make up (RFC 4193): `fd`, ten random hexadecimal
   * digits, four for the subnet. Another one is another network, whose members are replaced.
   *
   * @default - IPv4 alone
   */
  readonly ipv6Subnet?: string;
}

/**
 * A private network. Whoever joins it reaches every port of every other member; nobody else does.
 *
 * @example
 * new Network(this, 'Backstage', { internal: true });
 */
export class Network extends Construct implements INetwork {
  /**
   * A network that exists already and is not managed by this stack.
   *
   * @param networkName its name on the engine
   * @throws when the name is not one that an engine accepts
   */
  public static fromNetworkName(scope: Construct, id: string, networkName: string): INetwork {
    return new ImportedNetwork(scope, id, networkName);
  }

  public readonly networkReference: string;
  /** Whether the network has no routed way out. */
  public readonly internal: boolean;
  /** The IPv6 network, if it has one. */
  public readonly ipv6Subnet?: string;

  /** @internal */
  public readonly _binding: NetworkBinding;

  /**
   * @throws when `ipv6Subnet` is not such a network
   */
  constructor(scope: Construct, id: string, props: NetworkProps = {}) {
    super(scope, id);
    this.internal = props.internal ?? false;
    this.ipv6Subnet = props.ipv6Subnet;
    const [prefix, length] = (props.ipv6Subnet ?? 'fd00::/64').split('/');
    // In this form the first address of the network is its text and one digit more.
    if (!/^[0-9a-f]{1,4}(:[0-9a-f]{1,4}){0,3}::$/.test(prefix) || !/^(4[89]|5\d|6[0-4])$/.test(length))
      reject(this, `ipv6Subnet must be an IPv6 network of /48 to /64 in lower case, such as "fd7c:31a0:9e5b:1::/64", got ${shown(props.ipv6Subnet)}`);
    checkedNetworks(this, 'ipv6Subnet', [`${prefix}/${length}`]);
    this._binding = platformOf(this)._bindNetwork(this);
    this.networkReference = this._binding.reference;
  }
}

class ImportedNetwork extends Construct implements INetwork {
  public readonly networkReference: string;

  constructor(scope: Construct, id: string, networkName: string) {
    super(scope, id);
    requireMatch(this, 'networkName', networkName, /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, 'a network name of the engine (letters, digits, "_", ".", "-")');
    this.networkReference = platformOf(this)._findNetwork(this, networkName);
  }
}
