import { TerraformVariable } from 'cdktf';
import fc from 'fast-check';
import { kebab, shortHash, stableJson, terraformText } from '../../lib/core/text';
import { newStack } from '../support/synth';

describe('text as Terraform shall see it', () => {
  test.each([
    ['plain $host and 100%', 'plain $host and 100%'],
    ['A=${HOME}', 'A=$${HOME}'],
    ['%{if x}', '%%{if x}'],
    ['${a}${b}%{c}', '$${a}$${b}%%{c}'],
    ['{{ var }}', '{{ var }}'],
  ])('%s', (text, escaped) => expect(terraformText(text)).toBe(escaped));

  test('tokens are spared', () => {
    const token = new TerraformVariable(newStack(), 'v', {}).stringValue;
    expect(terraformText(`${token}/\${HOME}`)).toBe(`${token}/$\${HOME}`);
  });

  test('no template begins that was not escaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('$', '%', '{', '}', 'a') }), (text) => {
        expect(terraformText(text).replace(/\$\$\{|%%\{/g, '-')).not.toMatch(/\$\{|%\{/);
      }),
    );
  });
});

describe('names', () => {
  test.each([
    ['DjangoService', 'django-service'],
    ['Db/Data', 'db-data'],
    ['HTTPServer2', 'http-server2'],
    ['a__b--c', 'a-b-c'],
    ['-Übung-', 'bung'],
    ['', ''],
  ])('%s is %s', (text, name) => expect(kebab(text)).toBe(name));

  test('whatever the text, a name has lower-case letters, digits and single dashes, and does not change again', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(kebab(text)).toMatch(/^([a-z0-9]+(-[a-z0-9]+)*)?$/);
        expect(kebab(kebab(text))).toBe(kebab(text));
      }),
    );
  });
});

test('a short hash is the beginning of SHA-256', () => {
  expect(shortHash('abc')).toBe('ba7816bf8f01');
  expect(shortHash('abc', 4)).toBe('ba78');
});

test('equal values give equal JSON, whatever the order of their keys', () => {
  expect(stableJson({ b: [{ d: 1, c: null }], a: 'x' })).toBe('{"a":"x","b":[{"c":null,"d":1}]}');
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const reversed = Object.fromEntries(Object.entries(value).reverse());
      expect(stableJson(reversed)).toBe(stableJson(value));
      expect(JSON.parse(stableJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
