import { stringProps } from '../support/string-props';
import { cases, made } from './cases';
import { fuzz } from './engine';

// A taste of it: the end-to-end suite `fuzz` tries more, and asks the readers of what is written.
const inputs = Number(process.env.CDKTF_DJANGO_FUZZ_INPUTS ?? 16);
const seed = Number(process.env.CDKTF_DJANGO_FUZZ_SEED ?? 1);

test('every place in the public API that text comes in by has a case; a new one belongs into test/fuzz/cases.ts', () => {
  const known = new Set([...cases.flatMap((one) => one.props), ...made]);
  const props = stringProps();
  expect(props.filter((one) => !known.has(one))).toEqual([]);
  expect([...known].filter((one) => !props.includes(one))).toEqual([]);
}, 60_000);

test.each(cases.map((one, index) => [one.props.join(', '), index, one] as const))(
  '%s (%s): refused with a clear error, or nothing else is changed',
  (_name, _index, one) => {
    expect(fuzz(one, inputs, seed).problems.slice(0, 3)).toEqual([]);
  },
  600_000,
);
