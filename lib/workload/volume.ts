import { Construct, IConstruct } from 'constructs';
import { reject, requireInteger, requireMatch } from '../core/errors';
import { RemovalPolicy } from '../core/removal-policy';
import { ContainerImage } from '../image/container-image';
import { VolumeBinding } from '../platform/bindings';
import { platformOf } from '../platform/platform-of';

/** Who may write to a volume. */
export interface VolumeOwner {
  /** Numeric user id. */
  readonly user: number;
  /** Numeric group id. */
  readonly group: number;
  /**
   * An image with a POSIX shell, in which a fresh volume is handed to its owner. Take the one that mounts the volume.
   */
  readonly image: ContainerImage;
}

/** Storage that workloads can mount. */
export interface IVolume extends IConstruct {
  /** The name by which the platform knows the volume. */
  readonly volumeName: string;
  /** @internal */
  readonly _binding: VolumeBinding;
}

/**
 * The form of what a volume holds, which programs for another form cannot read.
 *
 * @internal
 */
export interface VolumeFormat {
  readonly name: string;
  /** The form that it is brought from, by what the same deploy runs. */
  readonly from?: string;
  /** What to do where it has another one. */
  readonly remedy: string;
}

/** Settings of a `Volume`. */
export interface VolumeProps {
  /**
   * What becomes of the data when the volume leaves the stack.
   *
   * A retained volume is made by the engine when it is first mounted and is never owned by Terraform, so that no edit, rename of
   * a label or destroy can remove it.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * The user that a fresh volume is handed to. A volume that is in use keeps the owners of its files.
   *
   * @default - the engine's own: root, or what the image has at the place where the volume is mounted
   */
  readonly owner?: VolumeOwner;

  /**
   * The name of a volume that exists already, to adopt it with its data.
   *
   * @default - a name made of the namespace and the construct's path
   */
  readonly volumeName?: string;

  /**
   * Of a volume that keeps a form. A deploy that has another one is refused at the plan.
   *
   * @internal
   */
  readonly _format?: VolumeFormat;
}

/**
 * Storage that outlives the containers that mount it.
 *
 * @example
 * new Volume(this, 'Uploads', { owner: { user: 10001, group: 10001, image } });
 */
export class Volume extends Construct implements IVolume {
  public readonly volumeName: string;
  /** What becomes of the data when the volume leaves the stack. */
  public readonly removalPolicy: RemovalPolicy;
  /** The user that a fresh volume is handed to. */
  public readonly owner?: VolumeOwner;
  /** The name that was asked for, if one was. */
  public readonly adoptedName?: string;
  /** @internal */
  public readonly _format?: VolumeFormat;

  /** @internal */
  public readonly _binding: VolumeBinding;

  /**
   * @throws when the name is not one that an engine accepts, an id is out of range, or an adopted volume shall be destroyed
   */
  constructor(scope: Construct, id: string, props: VolumeProps = {}) {
    super(scope, id);
    this.removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    this.owner = props.owner;
    this.adoptedName = props.volumeName;
    this._format = props._format;
    if (props.volumeName !== undefined) {
      requireMatch(
        this,
        'volumeName',
        props.volumeName,
        /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/,
        'a volume name of the engine (letters, digits, "_", ".", "-")',
      );
      if (this.removalPolicy === RemovalPolicy.DESTROY) {
        reject(
          this,
          `volume ${props.volumeName} exists outside this stack, so its removalPolicy must be RETAIN, got DESTROY; leave volumeName out to let the stack own a volume`,
        );
      }
    }
    if (props.owner) {
      requireInteger(this, 'owner.user', props.owner.user, { min: 0, max: 2 ** 31 - 1 });
      requireInteger(this, 'owner.group', props.owner.group, { min: 0, max: 2 ** 31 - 1 });
    }
    this._binding = platformOf(this)._bindVolume(this);
    this.volumeName = this._binding.name;
  }
}
