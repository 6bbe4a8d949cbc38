import { shown } from '../../core/errors';

/** How many backups stay. */
export interface RetentionProps {
  /**
   * The newest backups, whenever they were made.
   *
   * @default 0
   */
  readonly last?: number;

  /**
   * Days of which the newest backup stays: the last ones that have one. They begin at midnight UTC.
   *
   * @default 0
   */
  readonly daily?: number;

  /**
   * Weeks of which the newest backup stays: the last ones that have one. They begin on Mondays.
   *
   * @default 0
   */
  readonly weekly?: number;

  /**
   * Months of which the newest backup stays: the last ones that have one.
   *
   * @default 0
   */
  readonly monthly?: number;
}

const MOST = 10000;

/**
 * Which backups stay. One that any of the rules wants stays; the newest good one always does. A backup is removed only while the next newer one that stays
 * has been read and is what was written, and a damaged one counts for nothing. Those of another server, such as one on a host that was lost, stay for a month whatever
 * the rules say: backups that a new host makes before it has its data back push none of them out.
 *
 * @example
 * Retention.of({ daily: 7, weekly: 4, monthly: 6 });
 */
export class Retention {
  /**
   * The last days, weeks and months, as in `restic forget`.
   *
   * @throws when a number is no integer from 0 to 10000, or none is 1 or more
   */
  public static of(props: RetentionProps): Retention {
    const numbers = { last: props.last ?? 0, daily: props.daily ?? 0, weekly: props.weekly ?? 0, monthly: props.monthly ?? 0 };
    for (const [name, value] of Object.entries(numbers)) {
      if (!Number.isInteger(value) || value < 0 || value > MOST) {
        throw new Error(`Retention.of: ${name} must be an integer from 0 to ${MOST}, got ${shown(value)}`);
      }
    }
    if (Object.values(numbers).every((value) => value === 0)) {
      throw new Error('Retention.of: last, daily, weekly or monthly must be 1 or more, got none; to keep one backup say { last: 1 }');
    }
    return new Retention(numbers.last, numbers.daily, numbers.weekly, numbers.monthly);
  }

  private constructor(
    /** The newest backups, whenever they were made. */
    public readonly last: number,
    /** Days of which the newest backup stays. */
    public readonly daily: number,
    /** Weeks of which the newest backup stays. */
    public readonly weekly: number,
    /** Months of which the newest backup stays. */
    public readonly monthly: number,
  ) {}
}
