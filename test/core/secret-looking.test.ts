import { Fn, Lazy, TerraformVariable } from 'cdktf';
import { Construct } from 'constructs';
import { refuseSecretArguments, secretInJson, secretInNamed, secretInText } from '../../lib/core/secret-looking';
import { newStack } from '../support/synth';

const stack = newStack();
const scope = new Construct(stack, 'Web');
const NAME = 'has the name of a secret';
const URL = 'has a URL with a password in it';

test.each([
  'PASSWORD',
  'DB_PASSWORD',
  'PGPASSWORD',
  'MYSQL_PASSWD',
  'SMTP_PASS',
  'DB_PWD',
  'KEY_PASSPHRASE',
  'SECRET',
  'CLIENT_SECRET',
  'clientSecret',
  'GITHUB_TOKEN',
  'access-token',
  'API_KEY',
  'STRIPE_API_KEY',
  'stripeApiKey',
  'STRIPE_SECRET_KEY_LIVE',
  'SECRET_KEY',
  'SECRET_KEY_FALLBACKS',
  'SECRET_KEY_2',
  'API_TOKEN_V2',
  'DB_PASSWORD_OLD',
  'AWS_SECRET_ACCESS_KEY',
  'SSL_PRIVATE_KEY',
  'JWT_SIGNING_KEY',
  'ENCRYPTION_KEY',
  'CREDENTIALS',
  'GOOGLE_CREDENTIALS',
])('%s is the name of a secret', (name) => expect(secretInNamed(scope, name, 'abc')).toBe(NAME));

test.each([
  'POSTGRES_PASSWORD_FILE',
  'SSL_PRIVATE_KEY_PATH',
  'PASSWORD_RESET_TIMEOUT',
  'PASSWORD_HASHERS',
  'AUTH_PASSWORD_VALIDATORS',
  'PASSWORD_MIN_LENGTH',
  'TOKEN_LIFETIME',
  'MAX_TOKENS',
  'TOKENIZERS',
  'SECRETARY',
  'AWS_ACCESS_KEY_ID',
  'STRIPE_PUBLIC_KEY',
  'NEXT_PUBLIC_API_KEY',
  'STRIPE_PUBLISHABLE_KEY',
  'PRIMARY_KEY',
  'CACHE_KEY',
  'API_KEY_HEADER',
  'SECRET_MANAGER',
  'CREDENTIALS_URL',
  'COMPASS',
  'BYPASS',
  'PWD',
  'OLDPWD',
  'KEY',
  'MONKEY',
  'RANDOM_ROOT_PASSWORD',
])('%s is not', (name) => expect(secretInNamed(scope, name, 'abc')).toBeUndefined());

test.each(['', 'true', 'False', 'yes', 'off', '0', '1', 'none', '/run/secrets/db-password/value'])('%j is the value of none', (value) =>
  expect(secretInNamed(scope, 'DB_PASSWORD', value)).toBeUndefined(),
);

test('a number may be a password and is no token', () => {
  expect(secretInNamed(scope, 'DB_PASSWORD', '123456')).toBe(NAME);
  expect(secretInNamed(scope, 'REFRESH_TOKEN', '3600')).toBeUndefined();
});

test.each([
  'postgres://shop:hunter2@db:5432/shop',
  'redis://:hunter2@cache:6379/0',
  'cache=redis://:hunter2@cache',
  'amqps://a:p%40ss@mq.example.com',
  'postgres://db/shop?user=shop&password=hunter2',
  'postgres://shop:a{b@db/shop',
])('%s has a password in it', (value) => {
  expect(secretInText(scope, value)).toBe(URL);
  expect(secretInNamed(scope, 'BROKER', value)).toBe(URL);
});

test.each([
  'redis://cache:6379/0',
  'https://public@sentry.example.com/1',
  'https://example.com/a:b@c',
  'http://a.example.com/?next=http://b:80/@x',
  'postgres://shop:{password}@db/shop',
  'postgres://shop:${PASSWORD}@db/shop',
  'postgres://shop:$PASSWORD@db/shop',
  'postgres://shop:%s@db/shop',
  'postgres://shop:***@db/shop',
  'postgres://shop@db/shop?password=${PASSWORD}',
  'user:password@host',
  'http://[::1]:8000/@',
])('%s has none', (value) => expect(secretInText(scope, value)).toBeUndefined());

test('a private key is one under any name', () => {
  expect(secretInText(scope, '-----BEGIN RSA PRIVATE KEY-----\nMIIE')).toBe('has a private key in it');
  expect(secretInText(scope, '-----BEGIN PUBLIC KEY-----\nMIIE')).toBeUndefined();
});

describe('tokens', () => {
  const secret = new TerraformVariable(stack, 'mail', { sensitive: true });
  const plain = new TerraformVariable(stack, 'plain', {});

  test('of a sensitive variable are found, by themselves, in a text, and in an expression', () => {
    const reason = 'has the value of shop/mail, a variable that is sensitive';
    expect(secretInText(scope, secret.stringValue)).toBe(reason);
    expect(secretInNamed(scope, 'A', `x-${secret.stringValue}`)).toBe(reason);
    expect(secretInText(scope, Fn.upper(secret.stringValue))).toBe(reason);
  });

  test('of anything else pass, whatever the name', () => {
    expect(secretInNamed(scope, 'DB_PASSWORD', plain.stringValue)).toBeUndefined();
    expect(secretInText(scope, Fn.upper(plain.stringValue))).toBeUndefined();
  });

  test('in the place of a password are one', () => expect(secretInText(scope, `redis://:${plain.stringValue}@cache`)).toBe(URL));

  test('that are known late are not asked for', () => {
    const late = Lazy.stringValue({ produce: () => fail('too early') });
    expect(secretInNamed(scope, 'DB_PASSWORD', late)).toBeUndefined();
  });
});

test('JSON is searched to its leaves', () => {
  expect(secretInJson(scope, 'DATABASES', { default: { NAME: 'a', PASSWORD: 'b' } })).toEqual({ path: 'DATABASES.default.PASSWORD', reason: NAME });
  expect(secretInJson(scope, 'CACHES', { default: { LOCATION: ['redis://:a@b'] } })).toEqual({ path: 'CACHES.default.LOCATION.0', reason: URL });
  expect(secretInJson(scope, 'SECRET_KEY_FALLBACKS', ['a'])).toEqual({ path: 'SECRET_KEY_FALLBACKS.0', reason: NAME });
  expect(secretInJson(scope, 'A', { PASSWORD: 1, PASSWORD_HASHERS: ['x'], b: null, c: false })).toBeUndefined();
});

test.each<[string[], string]>([
  [['--broker', 'redis://:a@b'], 'argument 2 of command has a URL with a password in it, which'],
  [['--password=a'], 'argument 1 of command gives the value of --password, which'],
  [['run', '--db-password', 'a'], 'argument 2 of command gives the value of --db-password, which'],
  [['env', 'PGPASSWORD=a', 'psql'], 'argument 2 of command gives the value of PGPASSWORD, which'],
  [['--api-key=a'], 'argument 1 of command gives the value of --api-key, which'],
])('%j are refused as arguments', (args, message) => {
  expect(() => refuseSecretArguments(scope, 'command', args)).toThrow(
    `shop/Web: ${message} would be in Terraform's state and in every list of processes`,
  );
});

test.each([
  [['--password-file=/run/secrets/a/value']],
  [['--password-file', 'a']],
  [['--no-password', 'db']],
  [['--password', '--verbose']],
  [['--password']],
  [['--password=/run/secrets/a/value']],
  [['changepassword', 'admin']],
  [['--token', 'users']],
  [['sh', '-c', 'PGPASSWORD=$(cat "$PASSWORD_FILE") psql']],
])('%j are not', (args) => expect(() => refuseSecretArguments(scope, 'command', args)).not.toThrow());
