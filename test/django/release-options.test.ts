import { Construct } from 'constructs';
import { CheckLevel, Duration, ReleaseOptions } from '../../lib';
import { renderRelease } from '../../lib/django/release-options';
import { newStack } from '../support/synth';

const render = (options: ReleaseOptions) => renderRelease(new Construct(newStack(), 'Shop'), options);

test('defaults', () => {
  expect(render({})).toEqual({ check: 'ERROR', migrate: true, collectstatic: true, commands: [], lockTimeout: '5000ms', keepGenerations: 5 });
});

test('everything can be said', () => {
  const options = {
    checkLevel: CheckLevel.WARNING,
    migrate: false,
    lockTimeout: Duration.millis(1500),
    commands: [['loaddata', 'x']],
    keepGenerations: 1,
  };
  expect(render(options)).toEqual({
    check: 'WARNING',
    migrate: false,
    collectstatic: true,
    commands: [['loaddata', 'x']],
    lockTimeout: '1500ms',
    keepGenerations: 1,
  });
});

test.each<[ReleaseOptions, RegExp]>([
  [{ keepGenerations: 0 }, /^shop\/Shop: release.keepGenerations must be an integer from 1 to 1000, got 0$/],
  [{ commands: [[]] }, /^shop\/Shop: a command of release.commands must be a list such as \["loaddata", "regions"\], got "\[\]"$/],
  [{ commands: [['a', '']] }, /^shop\/Shop: a command of release.commands must be/],
])('%o is refused', (options, message) => expect(() => render(options)).toThrow(message));
