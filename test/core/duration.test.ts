import { Duration } from '../../lib';

test.each([
  [Duration.millis(1500), 1500, 1.5, '1500ms'],
  [Duration.seconds(90), 90_000, 90, '90s'],
  [Duration.seconds(0.25), 250, 0.25, '250ms'],
  [Duration.minutes(2), 120_000, 120, '120s'],
  [Duration.hours(1), 3_600_000, 3600, '3600s'],
  [Duration.days(1), 86_400_000, 86_400, '86400s'],
  [Duration.seconds(0), 0, 0, '0s'],
])('%s', (duration, milliseconds, seconds, text) => {
  expect(duration.toMilliseconds()).toBe(milliseconds);
  expect(duration.toSeconds()).toBe(seconds);
  expect(`${duration}`).toBe(text);
});

test('lengths add up', () => {
  expect(Duration.minutes(1).plus(Duration.millis(5)).toMilliseconds()).toBe(60_005);
});

test.each([
  [-1, /^Duration: must be 0 or more, in whole milliseconds, got -1000 ms$/],
  [0.0001, /whole milliseconds, got 0.1 ms$/],
  [NaN, /got NaN ms$/],
  [Infinity, /got Infinity ms$/],
])('%s seconds are refused', (seconds, message) => {
  expect(() => Duration.seconds(seconds)).toThrow(message);
});
