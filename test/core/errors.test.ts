import { TerraformVariable } from 'cdktf';
import { Construct } from 'constructs';
import { reject, requireInteger, requireMatch, shown } from '../../lib/core/errors';
import { newStack } from '../support/synth';

test('an error begins with the path of the construct', () => {
  expect(() => reject(new Construct(newStack(), 'Db'), 'is wrong')).toThrow(/^shop\/Db: is wrong$/);
});

test('the root has no path, and says so', () => {
  expect(() => reject(newStack().node.root, 'is wrong')).toThrow(/^\(root\): is wrong$/);
});

test.each([
  ['text', '"text"'],
  ['a"b\n', '"a\\"b\\n"'],
  [5, '5'],
  [undefined, 'undefined'],
  [null, 'null'],
])('%j is shown as %s', (value, text) => expect(shown(value)).toBe(text));

test('long text is cut to 120 characters', () => {
  const text = shown('x'.repeat(500));
  expect(text).toHaveLength(120);
  expect(text).toMatch(/^"x{116}\.\.\.$/);
});

describe('integers', () => {
  const scope = new Construct(newStack(), 'Db');
  const check = (value: unknown) => () => requireInteger(scope, 'replicas', value as number, { min: 1, max: 9 });

  test.each([1, 9])('%s passes', (value) => expect(check(value)).not.toThrow());

  test.each([0, 10, -1, 1.5, NaN, Infinity, '3', null])('%j is refused', (value) => {
    expect(check(value)).toThrow(/^shop\/Db: replicas must be an integer from 1 to 9, got /);
  });

  test('a token passes', () => {
    expect(check(new TerraformVariable(scope, 'v', { type: 'number' }).numberValue)).not.toThrow();
  });
});

describe('text', () => {
  const scope = new Construct(newStack(), 'Db');
  const check = (value: unknown) => () => requireMatch(scope, 'name', value as string, /^[a-z]+$/, 'made of letters');

  test('passes when it matches, or is a token', () => {
    expect(check('abc')).not.toThrow();
    expect(check(new TerraformVariable(scope, 'v', {}).stringValue)).not.toThrow();
  });

  test.each(['', 'a b', 'abc\n', 5, undefined, ['abc']])('%j is refused', (value) => {
    expect(check(value)).toThrow(/^shop\/Db: name must be made of letters, got /);
  });
});
