import { Construct } from 'constructs';
import { CheckLevel, Duration, ReleaseOptions } from '../../lib';
import { renderRelease } from '../../lib/django/release-options';
import { newStack } from '../support/synth';

const render = (options: ReleaseOptions) => renderRelease(new Construct(newStack(), 'Shop'), options);

test('defaults', () => {
  expect(render({})).toEqual({
    check: 'ERROR',
    migrate: true,
    collectstatic: true,
    commands: [],
    breakingMigrations: [],
    lockTimeout: '5000ms',
    keepGenerations: 5,
  });
});

test('everything can be said', () => {
  const options = {
    checkLevel: CheckLevel.WARNING,
    migrate: false,
    breakingMigrations: ['catalogue.0004_drop_price', 'auth.0013_x'],
    lockTimeout: Duration.millis(1500),
    statementTimeout: Duration.minutes(2),
    commands: [['loaddata', 'x']],
    keepGenerations: 1,
  };
  expect(render(options)).toEqual({
    check: 'WARNING',
    migrate: false,
    collectstatic: true,
    commands: [['loaddata', 'x']],
    breakingMigrations: ['catalogue.0004_drop_price', 'auth.0013_x'],
    lockTimeout: '1500ms',
    statementTimeout: '120000ms',
    keepGenerations: 1,
  });
});

test.each<[ReleaseOptions, RegExp]>([
  [{ keepGenerations: 0 }, /^shop\/Shop: release.keepGenerations must be an integer from 1 to 1000, got 0$/],
  [{ commands: [[]] }, /^shop\/Shop: a command of release.commands must be a list such as \["loaddata", "regions"\], got "\[\]"$/],
  [{ commands: [['a', '']] }, /^shop\/Shop: a command of release.commands must be/],
  [{ commands: [['load', '--password=a']] }, /^shop\/Shop: argument 2 of a command of release.commands gives the value of --password, which/],
  [
    { breakingMigrations: ['0004_drop_price'] },
    /^shop\/Shop: a migration of release.breakingMigrations must be an app and the name of its migration, such as "catalogue.0004_drop_price", got "0004_drop_price"$/,
  ],
  [{ breakingMigrations: ['catalogue.0004.py'] }, /^shop\/Shop: a migration of release.breakingMigrations must be/],
  [
    { statementTimeout: Duration.seconds(0) },
    /^shop\/Shop: release.statementTimeout must be in whole milliseconds, from 1 ms to 24 days, got 0s; leave it out for no limit$/,
  ],
  [{ statementTimeout: Duration.days(25) }, /^shop\/Shop: release.statementTimeout must be/],
])('%o is refused', (options, message) => expect(() => render(options)).toThrow(message));
