import { Construct, IConstruct } from 'constructs';
import { requireMatch } from '../core/errors';
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

  /** @internal */
  public readonly _binding: NetworkBinding;

  constructor(scope: Construct, id: string, props: NetworkProps = {}) {
    super(scope, id);
    this.internal = props.internal ?? false;
    this._binding = platformOf(this)._bindNetwork(this);
    this.networkReference = this._binding.reference;
  }
}

class ImportedNetwork extends Construct implements INetwork {
  public readonly networkReference: string;

  constructor(scope: Construct, id: string, networkName: string) {
    super(scope, id);
    requireMatch(this, 'networkName', networkName, /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, 'a network name of the engine (letters, digits, "_", ".", "-")');
    this.networkReference = networkName;
  }
}
