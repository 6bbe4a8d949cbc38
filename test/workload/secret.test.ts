import { Fn, TerraformVariable, Token } from 'cdktf';
import { Secret } from '../../lib';
import { SecretKind } from '../../lib/workload/secret';
import { newStack } from '../support/synth';

test('a generated secret has 64 characters unless said otherwise', () => {
  expect(Secret.generated()).toMatchObject({ _kind: SecretKind.GENERATED, _source: '64' });
  expect(Secret.generated({ length: 20 })._source).toBe('20');
});

test.each([0, 19, 513, 20.5, NaN])('a length of %s is refused', (length) => {
  expect(() => Secret.generated({ length })).toThrow(/^Secret.generated: length must be an integer from 20 to 512, got /);
});

test.each(['password', './password', '', '/', '/a\nb', '~/x'])('the file %j is refused', (path) => {
  expect(() => Secret.fromFile(path)).toThrow(/^Secret.fromFile: the path must be absolute on the engine's host, got "/);
});

test('a file may be named late', () => {
  expect(() => Secret.fromFile(Fn.abspath('x'))).not.toThrow();
});

test('a variable must be sensitive', () => {
  const stack = newStack();
  expect(() => Secret.fromVariable(new TerraformVariable(stack, 'open', {}))).toThrow(
    /^Secret.fromVariable: shop\/open must be declared with sensitive: true, or Terraform prints its value$/,
  );
  expect(Token.isUnresolved(Secret.fromVariable(new TerraformVariable(stack, 'closed', { sensitive: true }))._source)).toBe(true);
});
