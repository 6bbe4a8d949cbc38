import { Duration, Hsts } from '../../lib';

test('a ramp has the stages of hstspreload.org, and ends at a year', () => {
  expect(Hsts.ramp()._steps).toBe(`0 max-age=300
86400 max-age=604800
691200 max-age=2592000
3283200 max-age=31536000
`);
});

test('preload is sent when the time is long enough', () => {
  expect(Hsts.ramp({ includeSubDomains: true, preload: true })._steps).toBe(`0 max-age=300; includeSubDomains
86400 max-age=604800; includeSubDomains
691200 max-age=2592000; includeSubDomains
3283200 max-age=31536000; includeSubDomains; preload
`);
});

test('a fixed time, one that takes it back, and none', () => {
  expect(Hsts.fixed(Duration.days(730), { includeSubDomains: true, preload: true })._steps).toBe('0 max-age=63072000; includeSubDomains; preload\n');
  expect(Hsts.fixed(Duration.seconds(0))._steps).toBe('0 max-age=0\n');
  expect(Hsts.off()._steps).toBeUndefined();
});

const stage = (after: number, maxAge: number) => ({ after: Duration.seconds(after), maxAge: Duration.seconds(maxAge) });

test.each<[() => Hsts, string]>([
  [() => Hsts.ramp({ stages: [] }), 'Hsts.ramp: the first stage must be after 0 seconds, got no stage'],
  [() => Hsts.ramp({ stages: [stage(5, 300)] }), 'Hsts.ramp: the first stage must be after 0 seconds, got 5s'],
  [() => Hsts.ramp({ stages: [stage(0, 300), stage(0, 600)] }), 'Hsts.ramp: each stage must be after the one before, got 0s after 0s'],
  [() => Hsts.fixed(Duration.days(365), { preload: true }), 'Hsts: preload needs includeSubDomains: true (hstspreload.org)'],
  [
    () => Hsts.fixed(Duration.days(364), { preload: true, includeSubDomains: true }),
    `Hsts: preload needs a maxAge of 365 days or more (hstspreload.org), got ${364 * 86400}s`,
  ],
])('%s is refused', (make, message) => {
  expect(make).toThrow(message);
});
