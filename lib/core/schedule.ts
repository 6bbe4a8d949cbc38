import { Token } from 'cdktf';
import { Duration } from './duration';
import { shown } from './errors';

/** Settings of `Schedule.cron`. */
export interface CronOptions {
  /**
   * The time zone of the expression, by its name in the IANA database, such as `Europe/Berlin`.
   *
   * @default 'UTC'
   */
  readonly timeZone?: string;
}

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names of values; the first one is `min`. */
  readonly names?: string[];
}

interface CronTimes {
  readonly minutes: number[];
  readonly hours: number[];
  readonly days: number[];
  readonly months: number[];
  readonly weekdays: number[];
  readonly dayRule: 'both' | 'either';
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

const FIELDS: Field[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, names: MONTHS },
  { name: 'day of week', min: 0, max: 7, names: WEEKDAYS },
];

const SHORTHANDS: { readonly [name: string]: string } = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
};

const DAYS_OF_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const LONGEST_RATE = Duration.days(366);

/**
 * When something is to be run.
 *
 * @example
 * Schedule.cron('30 4 * * MON-FRI', { timeZone: 'Europe/Berlin' });
 */
export class Schedule {
  /**
   * Times as cron has them: minute, hour, day of month, month, day of week. Each is `*`, a number, a range (`1-5`), either of the last two with a step
   * (`0-30/10`), or a list of these with commas. Months and days of the week have names (`JAN`, `MON`); Sunday is 0 or 7. `@hourly`, `@daily`,
   * `@midnight`, `@weekly`, `@monthly`, `@yearly` and `@annually` stand for the whole expression.
   *
   * Where both the day of month and the day of week are restricted, that is neither begins with `*`, a day matches that fits either of them, as in cron.
   *
   * In a time zone that changes its clocks, a time that does not exist on a day (02:30 when clocks go from 02:00 to 03:00) is the next minute that does
   * exist (03:00), and of a time that occurs twice only the first counts. An expression for every hour (`*` or `0-23`) follows real time: it counts in both of
   * two equal hours, and not in one that does not exist.
   *
   * @param expression five fields separated by blanks, or one of the names above
   * @throws when the expression is not of that form, can never come true, or the time zone is not known
   *
   * @example
   * Schedule.cron('0 4 * * *');
   */
  public static cron(expression: string, options: CronOptions = {}): Schedule {
    if (typeof expression !== 'string' || Token.isUnresolved(expression)) {
      throw new Error(`Schedule.cron: the expression must be a text that is known at synth, such as "0 4 * * *", got ${shown(expression)}`);
    }
    const timeZone = options.timeZone ?? 'UTC';
    requireTimeZone(timeZone);
    const text = expression.trim().replace(/\s+/g, ' ');
    return new Schedule(timeZone === 'UTC' ? text : `${text} (${timeZone})`, { kind: 'cron', expression: text, timeZone, ...parseCron(text) });
  }

  /**
   * At every multiple of an interval, counted from 1970-01-01 00:00 UTC and not from a start: `Duration.hours(6)` is 00:00, 06:00, 12:00 and 18:00 UTC, and
   * neither a release nor a restart moves it.
   *
   * @param interval whole minutes, from 1 minute to 366 days
   * @throws when the interval is not of that form
   *
   * @example
   * Schedule.rate(Duration.minutes(10));
   */
  public static rate(interval: Duration): Schedule {
    const milliseconds = interval.toMilliseconds();
    if (milliseconds < 60_000 || milliseconds % 60_000 !== 0 || milliseconds > LONGEST_RATE.toMilliseconds()) {
      throw new Error(`Schedule.rate: the interval must be in whole minutes, from 1 minute to 366 days, got ${interval}`);
    }
    return new Schedule(`every ${interval}`, { kind: 'rate', seconds: interval.toSeconds() });
  }

  private constructor(
    private readonly text: string,
    private readonly rendered: { readonly [key: string]: unknown },
  ) {}

  /** For example `0 4 * * * (Europe/Berlin)` or `every 600s`. */
  public toString(): string {
    return this.text;
  }

  /** What the scheduler reads: sets instead of text; described in runtime/python/schedule.py. @internal */
  public _render(): { readonly [key: string]: unknown } {
    return this.rendered;
  }
}

function parseCron(expression: string): CronTimes {
  if (expression.startsWith('@') && !(expression.toLowerCase() in SHORTHANDS)) {
    throw new Error(`Schedule.cron: the name must be one of ${Object.keys(SHORTHANDS).join(', ')}, got ${shown(expression)}`);
  }
  const fields = (SHORTHANDS[expression.toLowerCase()] ?? expression).split(' ');
  if (fields.length !== FIELDS.length || fields[0] === '') {
    const found = fields[0] === '' ? 0 : fields.length;
    const what = `${FIELDS.length} fields (${FIELDS.map((field) => field.name).join(', ')}) such as "0 4 * * *"`;
    throw new Error(`Schedule.cron: the expression must have ${what}, got ${found} in ${shown(expression)}`);
  }
  const [minutes, hours, days, months, weekdays] = fields.map((text, index) => parseField(text, FIELDS[index], expression));
  const dayRule = fields[2].startsWith('*') || fields[4].startsWith('*') ? 'both' : 'either';
  if (dayRule === 'both' && !months.some((month) => days.some((day) => day <= DAYS_OF_MONTH[month - 1]))) {
    throw new Error(`Schedule.cron: no month of the expression has such a day, so it would never come true, got ${shown(expression)}`);
  }
  // Sunday has two numbers.
  return { minutes, hours, days, months, weekdays: sortedSet(weekdays.map((day) => day % 7)), dayRule };
}

function parseField(text: string, field: Field, expression: string): number[] {
  return sortedSet(text.split(',').flatMap((part) => parsePart(part, field, expression)));
}

function parsePart(part: string, field: Field, expression: string): number[] {
  const refuse = (problem: string): never => {
    const names = field.names ? ` or ${field.names[0]} to ${field.names[field.names.length - 1]}` : '';
    throw new Error(
      `Schedule.cron: the ${field.name} must be *, a number from ${field.min} to ${field.max}${names}, a range such as 1-5, or either with a step such as */2; ${problem}, got ${shown(part)} in ${shown(expression)}`,
    );
  };
  const match = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(part);
  if (!match) return refuse('this is none of them');
  const [, star, from, to, stepText] = match;
  const value = (word: string): number => {
    const index = field.names?.indexOf(word.toUpperCase()) ?? -1;
    const number = index >= 0 ? index + field.min : /^\d+$/.test(word) ? Number(word) : NaN;
    return number >= field.min && number <= field.max ? number : refuse(`${word} is out of bounds`);
  };
  const first = star ? field.min : value(from);
  // FRI-SUN: at the end of a range, Sunday is the seventh day.
  const named = to?.toUpperCase() === 'SUN' && field.names === WEEKDAYS && first > 0;
  const last = star ? (field.names === WEEKDAYS ? 6 : field.max) : to === undefined ? first : named ? 7 : value(to);
  if (last < first) refuse('a range must not end before it begins; write two, with a comma');
  if (stepText !== undefined && !star && to === undefined) refuse(`a step needs a range to go through, such as ${from}-${field.max}/${stepText}`);
  const step = Number(stepText ?? 1);
  if (step < 1 || step > field.max) refuse(`a step must be from 1 to ${field.max}`);
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_unused, index) => first + index * step);
}

function sortedSet(values: number[]): number[] {
  return [...new Set(values)].sort((one, other) => one - other);
}

function requireTimeZone(name: string): void {
  if (name === 'UTC') return;
  const refuse = (remedy: string): never => {
    throw new Error(`Schedule.cron: timeZone must be a name of the IANA database such as "Europe/Berlin" or "UTC"${remedy}, got ${shown(name)}`);
  };
  // Names of the database alone: Python knows neither +02:00 nor names in other letters.
  if (typeof name !== 'string' || !/^[A-Z][A-Za-z_+-]*(\/[A-Z][A-Za-z0-9_+-]*)+$/.test(name)) return refuse('');
  let resolved: string;
  try {
    resolved = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return refuse('');
  }
  if (resolved !== name && resolved.toLowerCase() === name.toLowerCase()) refuse(`, spelled ${shown(resolved)}`);
}
