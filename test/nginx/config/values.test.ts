import { Duration } from '../../../lib/core/duration';
import { Size } from '../../../lib/core/size';
import { nginxSize, nginxTime } from '../../../lib/nginx/config/values';

test('sizes and times in the units of nginx', () => {
  expect(nginxSize(Size.mebibytes(10))).toBe('10m');
  expect(nginxSize(Size.kibibytes(1536))).toBe('1536k');
  expect(nginxSize(Size.gibibytes(2))).toBe('2048m');
  expect(nginxSize(Size.mebibytes(0))).toBe('0');
  expect(nginxTime(Duration.seconds(90))).toBe('90s');
  expect(nginxTime(Duration.millis(1500))).toBe('1500ms');
});
