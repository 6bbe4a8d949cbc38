import { Token } from 'cdktf';
import { shown } from '../core/errors';
import { ContainerImage } from '../image/container-image';
import { defaultImages } from '../image/default-images';
import { parseImageReference } from '../image/image-reference';

const SUPPORTED = [15, 16, 17, 18];

/**
 * A version of Postgres and the image that has it.
 *
 * A database stays with its major version and with the Debian release of its image: both are on its volume, and a server of another is
 * refused. Minor versions can be changed at will.
 *
 * @example
 * PostgresVersion.of(17, 'postgres:17.6-bookworm');
 */
export class PostgresVersion {
  /** Postgres 15, in the minor version that this release of the library pins. */
  public static readonly V15 = PostgresVersion.of(15, defaultImages.postgres[15]);
  /** Postgres 16, in the minor version that this release of the library pins. */
  public static readonly V16 = PostgresVersion.of(16, defaultImages.postgres[16]);
  /** Postgres 17, in the minor version that this release of the library pins. */
  public static readonly V17 = PostgresVersion.of(17, defaultImages.postgres[17]);
  /** Postgres 18, in the minor version that this release of the library pins. */
  public static readonly V18 = PostgresVersion.of(18, defaultImages.postgres[18]);

  /**
   * A version in an image of your choice: an official Debian image, or one made from it (with extensions, say).
   *
   * @param major 15 to 18
   * @param reference the image with a tag such as `17.6-bookworm`: the version and the Debian release that it stands on
   * @throws at the PostgresDb that uses it, when the major version is unknown, or the tag has another form or another major version
   */
  public static of(major: number, reference: string): PostgresVersion {
    return new PostgresVersion(major, reference);
  }

  /** The major version. */
  public readonly major: number;
  /** The Debian release that the image stands on, as in `bookworm`. */
  public readonly codename: string;
  /** The image. */
  public readonly image: ContainerImage;
  /** The path at which a server of this version has its volume: where its image declares one, lest the engine make another there. */
  public readonly mountPath: string;
  /** The data directory, below `mountPath`. */
  public readonly dataDirectory: string;

  /**
   * What keeps a database from using the version, for the database to report: the version itself does not know where it is used.
   *
   * @internal
   */
  public readonly _problem?: string;

  private constructor(major: number, reference: string) {
    const tag = typeof reference === 'string' ? parseImageReference(reference)?.tag : undefined;
    const parts = /^(\d+)(?:\.\d+)?-([a-z]+)$/.exec(tag ?? '');
    this.major = major;
    this.codename = parts?.[2] ?? '';
    this.image = ContainerImage.fromRegistry(reference);
    // docker-library/postgres#1259
    this.mountPath = major >= 18 ? '/var/lib/postgresql' : '/var/lib/postgresql/data';
    this.dataDirectory = `${this.mountPath}/${major}/docker`;
    this._problem = problemOf(major, reference, parts);
  }
}

function problemOf(major: number, reference: string, parts: RegExpExecArray | null): string | undefined {
  if (!SUPPORTED.includes(major)) return `version must be one of Postgres ${SUPPORTED.join(', ')}, got ${shown(major)}`;
  const form = `version ${major} must name an image with a tag of version and Debian release such as "postgres:${major}.1-trixie"`;
  if (Token.isUnresolved(reference)) return `${form}, got a value that is not known before the deploy; write it out`;
  if (!parts) return `${form}, got ${shown(reference)}`;
  if (Number(parts[1]) !== major) return `${form}, got ${shown(reference)}, which is version ${parts[1]}`;
  // Its C library sorts text otherwise, and it lacks what initdb needs under a numeric user.
  if (parts[2] === 'alpine') return `${form}, got ${shown(reference)}, which is Alpine; take the Debian image`;
  return undefined;
}
