import { Lazy } from 'cdktf';
import { Duration, Schedule } from '../../lib';

const rendered = (expression: string, timeZone?: string) => Schedule.cron(expression, { timeZone })._render();
const from = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_unused, index) => first + index);

describe('cron', () => {
  test('becomes sets', () => {
    expect(rendered('0 4 * * *')).toEqual({
      kind: 'cron',
      expression: '0 4 * * *',
      timeZone: 'UTC',
      minutes: [0],
      hours: [4],
      days: from(1, 31),
      months: from(1, 12),
      weekdays: from(0, 6),
      dayRule: 'both',
    });
  });

  test.each([
    ['*/15 * * * *', { minutes: [0, 15, 30, 45] }],
    ['5-59/20 * * * *', { minutes: [5, 25, 45] }],
    ['30,0,30,10-12 * * * *', { minutes: [0, 10, 11, 12, 30] }],
    ['0 0-23/6 * * *', { hours: [0, 6, 12, 18] }],
    ['0 0 1 jan,JUL *', { months: [1, 7] }],
    ['0 0 1 Mar-May *', { months: [3, 4, 5] }],
    ['0 0 * * MON-FRI', { weekdays: from(1, 5) }],
    ['0 0 * * 7', { weekdays: [0] }],
    ['0 0 * * 5-7', { weekdays: [0, 5, 6] }],
    ['0 0 * * FRI-SUN', { weekdays: [0, 5, 6] }],
    ['0 0 * * SUN-TUE', { weekdays: [0, 1, 2] }],
    ['0 0 * * */2', { weekdays: [0, 2, 4, 6] }],
    ['0 0 * * */7', { weekdays: [0] }],
  ])('%s', (expression, expected) => {
    expect(rendered(expression)).toMatchObject(expected);
  });

  test.each([
    ['0 0 13 * 5', 'either'],
    ['0 0 13 * *', 'both'],
    ['0 0 * * 5', 'both'],
    // As in cron: what begins with a star is not restricted.
    ['0 0 */2 * 5', 'both'],
    ['0 0 1-31 * 5', 'either'],
  ])('day of month and day of week of %s: %s', (expression, dayRule) => {
    expect(rendered(expression).dayRule).toBe(dayRule);
  });

  test.each([
    ['@hourly', { minutes: [0], hours: from(0, 23) }],
    ['@daily', { minutes: [0], hours: [0] }],
    ['@midnight', { minutes: [0], hours: [0] }],
    ['@Weekly', { weekdays: [0], hours: [0] }],
    ['@monthly', { days: [1], weekdays: from(0, 6) }],
    ['@yearly', { days: [1], months: [1] }],
    ['@annually', { days: [1], months: [1] }],
  ])('%s', (expression, expected) => {
    expect(rendered(expression)).toMatchObject(expected);
  });

  test('blanks between fields do not matter', () => {
    expect(rendered('  0\t4 *  * * ')).toEqual(rendered('0 4 * * *'));
  });

  test('29 February comes true', () => {
    expect(rendered('0 0 29 2 *')).toMatchObject({ days: [29], months: [2] });
  });

  test.each([
    ['', 'must have 5 fields (minute, hour, day of month, month, day of week) such as "0 4 * * *", got 0 in ""'],
    ['0 4 * *', 'got 4 in "0 4 * *"'],
    ['0 0 4 * * *', 'got 6 in "0 0 4 * * *"'],
    [
      '60 * * * *',
      'the minute must be *, a number from 0 to 59, a range such as 1-5, or either with a step such as */2; 60 is out of bounds, got "60" in "60 * * * *"',
    ],
    ['0 24 * * *', 'the hour must be *, a number from 0 to 23'],
    ['0 0 0 * *', 'the day of month must be *, a number from 1 to 31'],
    ['0 0 1 13 *', 'the month must be *, a number from 1 to 12 or JAN to DEC'],
    ['0 0 * * 8', 'the day of week must be *, a number from 0 to 7 or SUN to SAT'],
    ['0 0 * * MONDAY', 'MONDAY is out of bounds'],
    ['0 0 * JAN-13 *', '13 is out of bounds'],
    ['0 0 * * FRI-MON', 'a range must not end before it begins; write two, with a comma, got "FRI-MON"'],
    ['50-10 * * * *', 'a range must not end before it begins'],
    ['5/10 * * * *', 'a step needs a range to go through, such as 5-59/10'],
    ['*/0 * * * *', 'a step must be from 1 to 59'],
    ['*/60 * * * *', 'a step must be from 1 to 59'],
    ['1,,2 * * * *', 'this is none of them, got ""'],
    ['-1 * * * *', 'this is none of them, got "-1"'],
    ['1.5 * * * *', 'this is none of them'],
    ['*-5 * * * *', 'this is none of them'],
    ['0 0 L * *', 'L is out of bounds'],
    ['0 0 ? * *', 'this is none of them'],
    ['0 0 * * 5#3', 'this is none of them'],
    ['0 0 31 2 *', 'no month of the expression has such a day, so it would never come true, got "0 0 31 2 *"'],
    ['0 0 31 2,4,6,9,11 *', 'never come true'],
    ['@reboot', 'the name must be one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually, got "@reboot"'],
  ])('%s is refused', (expression, problem) => {
    expect(() => Schedule.cron(expression)).toThrow(problem);
    expect(() => Schedule.cron(expression)).toThrow(/^Schedule\.cron: /);
  });

  test('what is not known at synth is refused', () => {
    expect(() => Schedule.cron(Lazy.stringValue({ produce: () => '0 4 * * *' }))).toThrow('known at synth');
    expect(() => Schedule.cron(undefined as unknown as string)).toThrow('known at synth');
  });

  test.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Asia/Kolkata', 'Etc/GMT+5'])('time zone %s', (timeZone) => {
    expect(rendered('0 4 * * *', timeZone).timeZone).toBe(timeZone);
  });

  test.each(['Europe/Bonn', 'Berlin', '+02:00', 'CET', 'utc', '', 'europe/berlin', '../etc/passwd'])('time zone %j is refused', (timeZone) => {
    expect(() => rendered('0 4 * * *', timeZone)).toThrow(`timeZone must be a name of the IANA database such as "Europe/Berlin" or "UTC"`);
  });

  test('a time zone in other letters is corrected', () => {
    expect(() => rendered('0 4 * * *', 'Europe/BERLIN')).toThrow('spelled "Europe/Berlin", got "Europe/BERLIN"');
  });

  test('says what it is', () => {
    expect(String(Schedule.cron('0 4 * * *'))).toBe('0 4 * * *');
    expect(String(Schedule.cron('@daily', { timeZone: 'Europe/Berlin' }))).toBe('@daily (Europe/Berlin)');
  });
});

describe('rate', () => {
  test('is an interval in seconds', () => {
    expect(Schedule.rate(Duration.minutes(10))._render()).toEqual({ kind: 'rate', seconds: 600 });
    expect(String(Schedule.rate(Duration.minutes(10)))).toBe('every 600s');
  });

  test.each([Duration.seconds(0), Duration.seconds(30), Duration.seconds(90), Duration.millis(60_001), Duration.days(367)])(
    '%s is refused',
    (interval) => {
      expect(() => Schedule.rate(interval)).toThrow(
        `Schedule.rate: the interval must be in whole minutes, from 1 minute to 366 days, got ${interval}`,
      );
    },
  );
});
