/**
 * A length of time.
 *
 * @example
 * Duration.seconds(30);
 */
export class Duration {
  /**
   * A number of milliseconds.
   *
   * @param amount milliseconds, 0 or more
   */
  public static millis(amount: number): Duration {
    return new Duration(amount);
  }

  /**
   * A number of seconds.
   *
   * @param amount seconds, 0 or more
   */
  public static seconds(amount: number): Duration {
    return new Duration(amount * 1000);
  }

  /**
   * A number of minutes.
   *
   * @param amount minutes, 0 or more
   */
  public static minutes(amount: number): Duration {
    return new Duration(amount * 60_000);
  }

  /**
   * A number of hours.
   *
   * @param amount hours, 0 or more
   */
  public static hours(amount: number): Duration {
    return new Duration(amount * 3_600_000);
  }

  /**
   * A number of days.
   *
   * @param amount days of 24 hours, 0 or more
   */
  public static days(amount: number): Duration {
    return new Duration(amount * 86_400_000);
  }

  private constructor(private readonly milliseconds: number) {
    if (!Number.isFinite(milliseconds) || milliseconds < 0 || !Number.isInteger(milliseconds)) {
      throw new Error(`Duration: must be 0 or more, in whole milliseconds, got ${milliseconds} ms`);
    }
  }

  /** The length in milliseconds. */
  public toMilliseconds(): number {
    return this.milliseconds;
  }

  /** The length in seconds, possibly a fraction. */
  public toSeconds(): number {
    return this.milliseconds / 1000;
  }

  /** This length and another one. */
  public plus(other: Duration): Duration {
    return new Duration(this.milliseconds + other.milliseconds);
  }

  /** For example `90s` or `1500ms`. */
  public toString(): string {
    return this.milliseconds % 1000 === 0 ? `${this.milliseconds / 1000}s` : `${this.milliseconds}ms`;
  }
}
