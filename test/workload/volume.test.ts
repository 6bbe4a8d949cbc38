import { ContainerImage, RemovalPolicy, Volume } from '../../lib';
import { newStack } from '../support/synth';

const image = ContainerImage.fromRegistry('redis:8');
const owner = { user: 10001, group: 10001, image };

test('a volume is retained unless said otherwise', () => {
  expect(new Volume(newStack(), 'Data')).toMatchObject({ removalPolicy: RemovalPolicy.RETAIN, volumeName: 'shop-data', adoptedName: undefined });
});

test.each<[string, object, RegExp]>([
  ['a name with a slash', { volumeName: '/srv/data' }, /^shop\/Data: volumeName must be a volume name of the engine .*, got "\/srv\/data"$/],
  ['a name of one letter, which the engine refuses', { volumeName: 'a' }, /^shop\/Data: volumeName must be/],
  [
    'an adopted volume to be destroyed',
    { volumeName: 'old', removalPolicy: RemovalPolicy.DESTROY },
    /^shop\/Data: volume old exists outside this stack, so its removalPolicy must be RETAIN, got DESTROY; leave volumeName out/,
  ],
  ['a negative user', { owner: { ...owner, user: -1 } }, /^shop\/Data: owner.user must be an integer from 0 to 2147483647, got -1$/],
  ['a group that is none', { owner: { ...owner, group: 0.5 } }, /^shop\/Data: owner.group must be an integer .*, got 0.5$/],
])('%s is refused', (_what, props, message) => expect(() => new Volume(newStack(), 'Data', props)).toThrow(message));
