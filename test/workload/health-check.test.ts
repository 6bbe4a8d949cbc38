import { Duration, HealthCheck } from '../../lib';

test('defaults', () => {
  expect(HealthCheck.command(['true'])).toMatchObject({
    test: ['true'],
    interval: Duration.seconds(5),
    timeout: Duration.seconds(5),
    retries: 3,
    startPeriod: Duration.seconds(60),
  });
});

test('patience is the start period and as many rounds as it takes to become unhealthy, and one more', () => {
  expect(HealthCheck.command(['true']).patience).toEqual(Duration.seconds(60 + 4 * 10));
  const options = { interval: Duration.seconds(1), timeout: Duration.seconds(2), retries: 1, startPeriod: Duration.seconds(0) };
  expect(HealthCheck.command(['true'], options).patience).toEqual(Duration.seconds(6));
});

test.each([
  [[], {}, /^HealthCheck: the command must name a program, got an empty list$/],
  [['true'], { retries: 0 }, /^HealthCheck: retries must be an integer of 1 or more, got 0$/],
  [['true'], { retries: 1.5 }, /retries must be .*, got 1.5$/],
  [['true'], { interval: Duration.millis(99) }, /^HealthCheck: interval must be 100 ms or more, got 99ms$/],
  [['true'], { timeout: Duration.seconds(0) }, /^HealthCheck: timeout must be 100 ms or more, got 0s$/],
])('%j with %o is refused', (command, options, message) => expect(() => HealthCheck.command(command, options)).toThrow(message));
