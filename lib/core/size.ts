const MEBI = 1024 * 1024;

/**
 * An amount of memory or of disk space.
 *
 * @example
 * Size.gibibytes(1);
 */
export class Size {
  /**
   * A number of kibibytes.
   *
   * @param amount kibibytes (1024 bytes), a whole number
   */
  public static kibibytes(amount: number): Size {
    return new Size(amount * 1024);
  }

  /**
   * A number of mebibytes.
   *
   * @param amount mebibytes (1024 kibibytes)
   */
  public static mebibytes(amount: number): Size {
    return new Size(amount * MEBI);
  }

  /**
   * A number of gibibytes.
   *
   * @param amount gibibytes (1024 mebibytes)
   */
  public static gibibytes(amount: number): Size {
    return new Size(amount * 1024 * MEBI);
  }

  private constructor(private readonly bytes: number) {
    if (!Number.isInteger(bytes) || bytes < 0) {
      throw new Error(`Size: must be 0 or more, in whole bytes, got ${bytes} bytes`);
    }
  }

  /** The amount in bytes. */
  public toBytes(): number {
    return this.bytes;
  }

  /** The amount in kibibytes, possibly a fraction. */
  public toKibibytes(): number {
    return this.bytes / 1024;
  }

  /** The amount in mebibytes, possibly a fraction. */
  public toMebibytes(): number {
    return this.bytes / MEBI;
  }

  /** For example `512 MiB`. */
  public toString(): string {
    return this.bytes >= MEBI || this.bytes === 0 ? `${this.bytes / MEBI} MiB` : `${this.bytes} bytes`;
  }
}
