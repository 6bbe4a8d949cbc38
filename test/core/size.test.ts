import { Size } from '../../lib';

test.each([
  [Size.kibibytes(1), 1024, '1024 bytes'],
  [Size.mebibytes(512), 536_870_912, '512 MiB'],
  [Size.gibibytes(1), 1_073_741_824, '1024 MiB'],
  [Size.mebibytes(1.5), 1_572_864, '1.5 MiB'],
  [Size.mebibytes(0), 0, '0 MiB'],
])('%s', (size, bytes, text) => {
  expect(size.toBytes()).toBe(bytes);
  expect(size.toKibibytes()).toBe(bytes / 1024);
  expect(size.toMebibytes()).toBe(bytes / 1024 / 1024);
  expect(`${size}`).toBe(text);
});

test.each([
  [-1, /^Size: must be 0 or more, in whole bytes, got -1048576 bytes$/],
  [0.1, /^Size: must be 0 or more, in whole bytes, got 104857.6 bytes$/],
  [NaN, /got NaN bytes$/],
  [Infinity, /got Infinity bytes$/],
])('%s MiB are refused', (mebibytes, message) => {
  expect(() => Size.mebibytes(mebibytes)).toThrow(message);
});
