import { Duration } from '../../lib';
import { cpuQuota, goDuration } from '../../lib/platform/units';

test.each([
  [Duration.millis(0), '0ms'],
  [Duration.millis(500), '500ms'],
  [Duration.millis(1500), '1.5s'],
  [Duration.seconds(5), '5s'],
  [Duration.seconds(60), '1m0s'],
  [Duration.seconds(90), '1m30s'],
  [Duration.hours(1), '1h0m0s'],
  [Duration.millis(3_661_001), '1h1m1.001s'],
])('%s is written as Go does', (duration, text) => expect(goDuration(duration)).toBe(text));

test.each([
  [0.01, 1000],
  [0.05, 5000],
  [1, 100_000],
  [1.333, 133_300],
  [10, 1_000_000],
])('%s CPUs', (cpus, quota) => expect(cpuQuota(cpus)).toBe(quota));
