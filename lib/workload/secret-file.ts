import { Annotations } from 'cdktf';
import { Construct } from 'constructs';
import { requireInteger, requireMatch } from '../core/errors';
import { RemovalPolicy } from '../core/removal-policy';
import { ContainerImage } from '../image/container-image';
import { SecretBinding } from '../platform/bindings';
import { platformOf } from '../platform/platform-of';
import { Secret } from './secret';
import { IVolume } from './volume';

/** Data that a generated secret opens. */
export interface SecretGuard {
  /** The volume with the data. */
  readonly volume: IVolume;
  /** A file in the volume that exists once there is data. */
  readonly file: string;
  /** What the secret opens, for the error message: `the database`. */
  readonly what: string;
}

/** Settings of a `SecretFile`. */
export interface SecretFileProps {
  /** Where the value comes from. */
  readonly secret: Secret;
  /** The name under which consumers find it: lower-case letters, digits and dashes. */
  readonly secretName: string;
  /** An image with a POSIX shell, in which a generated secret is made. Take the one of its consumer. */
  readonly image: ContainerImage;
  /**
   * What becomes of a generated secret when it leaves the stack: the same as the data that it opens.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
  /**
   * Data beside which nothing may be generated, because the secret that opens it exists and is missing.
   *
   * @default - none
   */
  readonly guard?: SecretGuard;
}

/**
 * A secret as its consumers see it: a file that only they can read, at `/run/secrets/NAME/value`.
 */
export class SecretFile extends Construct {
  /** Where the value comes from. */
  public readonly secret: Secret;
  /** The name under which consumers find it. */
  public readonly secretName: string;
  /** The file's path inside its consumers. */
  public readonly path: string;
  /** The numeric group that may read the file. */
  public readonly group: number;
  /** The image in which a generated secret is made. */
  public readonly image: ContainerImage;
  /** What becomes of a generated secret when it leaves the stack. */
  public readonly removalPolicy: RemovalPolicy;
  /** Data beside which nothing may be generated. */
  public readonly guard?: SecretGuard;

  /** @internal */
  public readonly _binding: SecretBinding;

  /**
   * @throws when the name is not of the allowed form
   */
  constructor(scope: Construct, id: string, props: SecretFileProps) {
    super(scope, id);
    requireMatch(
      this,
      'secretName',
      props.secretName,
      /^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$/,
      'made of lower-case letters, digits and dashes, at most 42',
    );
    this.secret = props.secret;
    this.secretName = props.secretName;
    this.path = `/run/secrets/${props.secretName}/value`;
    this.image = props.image;
    this.removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    this.guard = props.guard;
    this.group = groupOf(this.node.path);
    requireInteger(this, 'group', this.group, { min: 20000, max: 59999 });
    if (this.secret.inTerraformState) {
      Annotations.of(this).addWarning(
        `secret ${this.secretName} comes from a Terraform variable, so its value is in Terraform's state and plan files; keep them in an encrypted backend, or use Secret.generated() or Secret.fromFile()`,
      );
    }
    this._binding = platformOf(this)._bindSecret(this);
  }
}

/** A group of its own for each secret, stable for its path, in a range that no ordinary account uses. */
function groupOf(path: string): number {
  let hash = 0;
  for (const character of path) hash = (hash * 31 + character.codePointAt(0)!) % 40000;
  return 20000 + hash;
}
