import { TerraformVariable } from 'cdktf';
import { ContainerImage, RemovalPolicy, Secret, SecretFile } from '../../lib';
import { newStack } from '../support/synth';

const image = ContainerImage.fromRegistry('redis:8');
const newFile = (secretName: string, secret = Secret.generated(), id = 'Key') => new SecretFile(newStack(), id, { secret, secretName, image });

test('consumers find it at one path, on any platform', () => {
  expect(newFile('mail-password')).toMatchObject({ path: '/run/secrets/mail-password/value', removalPolicy: RemovalPolicy.RETAIN, guard: undefined });
});

test('its group follows from its path, in a range that no account has', () => {
  expect(newFile('a').group).toBe(newFile('b').group);
  const groups = Array.from({ length: 200 }, (_unused, index) => newFile('a', undefined, `Key${index}`).group);
  expect(new Set(groups).size).toBe(200);
  for (const group of groups) expect(group >= 20000 && group <= 59999).toBe(true);
});

test.each(['', 'A', 'a b', '-a', 'a-', '../a', 'a'.repeat(43)])('the name %j is refused', (name) => {
  expect(() => newFile(name)).toThrow(/^shop\/Key: secretName must be made of lower-case letters, digits and dashes, at most 42, got "/);
});

test('a name may have 42 characters', () => expect(() => newFile('a'.repeat(42))).not.toThrow());

test('a variable is warned of, since its value is in the state', () => {
  const stack = newStack();
  const variable = new TerraformVariable(stack, 'v', { sensitive: true });
  const file = new SecretFile(stack, 'Key', { secret: Secret.fromVariable(variable), secretName: 'key', image });
  expect(file.node.metadata).toEqual([
    expect.objectContaining({ type: '@cdktf/warn', data: expect.stringMatching(/^secret key comes from a Terraform variable.*encrypted backend/) }),
  ]);
  expect(newFile('key').node.metadata).toEqual([]);
});
