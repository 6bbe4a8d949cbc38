import { Token } from 'cdktf';
import { shown } from '../../core/errors';
import { isHostFolder } from '../../core/host-folder';
import { Secret, SecretKind } from '../../workload/secret';

/** Settings of `BackupTarget.s3`. */
export interface S3BackupTargetProps {
  /** The address of the service, without a path: `https://s3.eu-central-1.amazonaws.com`. */
  readonly endpoint: string;

  /** The bucket. It is there already, or the key may make it. */
  readonly bucket: string;

  /**
   * A folder in the bucket, such as `shop/backups`.
   *
   * @default - none
   */
  readonly prefix?: string;

  /**
   * The region of the bucket.
   *
   * @default 'us-east-1' - what services expect that have no regions
   */
  readonly region?: string;

  /** The id of an access key that may list, read, write and delete in the bucket: `Secret.fromFile()` or `Secret.fromVariable()`. */
  readonly accessKeyId: Secret;

  /** The secret of that access key: `Secret.fromFile()` or `Secret.fromVariable()`. */
  readonly secretAccessKey: Secret;

  /**
   * What the backups are encrypted with. Without it nobody can read them: keep it off the host. A generated one goes with `npx cdktf-django secrets export`.
   */
  readonly encryptionKey: Secret;
}

/** Settings of `BackupTarget.volume`. */
export interface VolumeBackupTargetProps {
  /**
   * The name of a volume that exists already, such as one that the engine keeps on another disk (`docker volume create --opt ...`), or that another stack
   * has made its backups in.
   *
   * @default - a name made of the namespace and the construct's path
   */
  readonly volumeName?: string;
}

/**
 * Where backups go. In it each backup has a folder `<namespace>-<path>` of its own, so that several share one target.
 *
 * @example
 * BackupTarget.directory('/srv/backups');
 */
export class BackupTarget {
  /**
   * A volume of the engine. It outlives the stack. Unless it is on another disk than the database, it helps against a wrong DELETE and not against a
   * disk that breaks.
   */
  public static volume(props: VolumeBackupTargetProps = {}): BackupTarget {
    return new BackupTarget(props.volumeName);
  }

  /**
   * A folder of the engine's host, such as one on another disk, or one that is mounted from another host. It has to be there before the deploy, and to
   * belong to user and group 10075, who make the backups: `install -d -o 10075 -g 10075 -m 700 /srv/backups`.
   *
   * @param path absolute path on the host; may be a token
   * @throws when the path is not absolute, or is "/"
   */
  public static directory(path: string): BackupTarget {
    if (typeof path !== 'string' || (!Token.isUnresolved(path) && !isHostFolder(path))) {
      throw new Error(`BackupTarget.directory: the path must be absolute on the engine's host, and not "/", got ${shown(path)}`);
    }
    return new BackupTarget(undefined, path);
  }

  /**
   * A bucket of S3, or of a service that speaks its protocol. Backups are encrypted on the host, by restic, in a repository of their own, and all bytes are read
   * back from there before a backup counts. On the host they need the disk of one backup while it is made.
   *
   * @throws when a text is not of the allowed form, or an access key is one that this library would generate
   *
   * @example
   * BackupTarget.s3({
   *   endpoint: 'https://s3.eu-central-1.amazonaws.com',
   *   bucket: 'shop-backups',
   *   region: 'eu-central-1',
   *   accessKeyId: Secret.fromFile('/etc/shop/s3-access-key-id'),
   *   secretAccessKey: Secret.fromFile('/etc/shop/s3-secret-access-key'),
   *   encryptionKey: Secret.generated(),
   * });
   */
  public static s3(props: S3BackupTargetProps): BackupTarget {
    const check = (name: string, value: string, pattern: RegExp, allowed: string) => {
      if (Token.isUnresolved(value)) return;
      if (typeof value !== 'string' || !pattern.test(value)) throw new Error(`BackupTarget.s3: ${name} must be ${allowed}, got ${shown(value)}`);
    };
    const host = /^https?:\/\/(\[[0-9a-fA-F:]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)(:\d{1,5})?$/;
    check('endpoint', props.endpoint, host, 'a scheme and a host, such as "https://s3.eu-central-1.amazonaws.com", without a path');
    check('bucket', props.bucket, /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'from 3 to 63 lower-case letters, digits, dots and dashes');
    const folder = /^[A-Za-z0-9_][A-Za-z0-9_.-]*(\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$/;
    if (props.prefix !== undefined)
      check('prefix', props.prefix, folder, 'a path such as "shop/backups", made of letters, digits, "_", "-", "." and "/"');
    if (props.region !== undefined) check('region', props.region, /^[a-z0-9][a-z0-9-]*$/, 'made of lower-case letters, digits and dashes');
    for (const name of ['accessKeyId', 'secretAccessKey'] as const) {
      if (props[name]._kind === SecretKind.GENERATED) {
        throw new Error(
          `BackupTarget.s3: ${name} must be one that the service gave: Secret.fromFile() or Secret.fromVariable(), got Secret.generated()`,
        );
      }
    }
    return new BackupTarget(undefined, undefined, props);
  }

  private constructor(
    /** @internal */
    public readonly _volumeName?: string,
    /** @internal */
    public readonly _directory?: string,
    /** @internal */
    public readonly _s3?: S3BackupTargetProps,
  ) {}
}
