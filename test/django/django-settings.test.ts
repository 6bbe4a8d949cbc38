import { Construct } from 'constructs';
import { DjangoSettings } from '../../lib';
import { newStack } from '../support/synth';

const check = (settings: DjangoSettings) => () => settings._validate(new Construct(newStack(), 'Shop'));

test('an overlay has the module and what wins over it', () => {
  const settings = DjangoSettings.overlay('shop.settings', { overrides: { TIME_ZONE: 'UTC' } });
  expect(settings).toMatchObject({ module: 'shop.settings', overrides: { TIME_ZONE: 'UTC' }, _environment: undefined });
  expect(check(settings)).not.toThrow();
});

test('what looks like a secret and is none is said to be public', () => {
  const settings = DjangoSettings.overlay('a', { overrides: { PASSWORD_RESET_TIMEOUT: 9 }, publicOverrides: { RECAPTCHA_SECRET: 'none' } });
  expect(check(settings)).not.toThrow();
  expect(settings.overrides).toEqual({ PASSWORD_RESET_TIMEOUT: 9, RECAPTCHA_SECRET: 'none' });
});

test('the environment has the usual names, unless others are given', () => {
  expect(DjangoSettings.environment('config.settings')._environment).toEqual({
    databaseUrl: 'DATABASE_URL',
    redisUrl: 'REDIS_URL',
    celeryBrokerUrl: 'CELERY_BROKER_URL',
    emailUrl: 'EMAIL_URL',
    secretKey: 'DJANGO_SECRET_KEY',
    secretKeyFallbacks: 'DJANGO_SECRET_KEY_FALLBACKS',
    allowedHosts: 'DJANGO_ALLOWED_HOSTS',
    csrfTrustedOrigins: 'DJANGO_CSRF_TRUSTED_ORIGINS',
    staticRoot: 'DJANGO_STATIC_ROOT',
    mediaRoot: 'DJANGO_MEDIA_ROOT',
  });
  expect(DjangoSettings.environment('config.settings', { secretKey: 'SECRET_KEY', mediaRoot: 'MEDIA' })._environment).toMatchObject({
    secretKey: 'SECRET_KEY',
    mediaRoot: 'MEDIA',
    staticRoot: 'DJANGO_STATIC_ROOT',
  });
});

test.each<[DjangoSettings, RegExp]>([
  [DjangoSettings.overlay('shop-settings'), /^shop\/Shop: the settings module must be a Python module such as "shop.settings", got "shop-settings"$/],
  [DjangoSettings.overlay('shop/settings.py'), /^shop\/Shop: the settings module must be/],
  [DjangoSettings.overlay(''), /^shop\/Shop: the settings module must be/],
  [
    DjangoSettings.overlay('a', { overrides: { debug: true } }),
    /^shop\/Shop: the name of a setting must be in upper case, such as "TIME_ZONE", got "debug"$/,
  ],
  [
    DjangoSettings.overlay('a', { overrides: { CACHES: { default: { LOCATION: 'redis://:hunter2@cache' } } } }),
    /^shop\/Shop: setting CACHES\.default\.LOCATION of overrides has a URL with a password in it, and everybody .* secretEnvironment sets from Secret\.generated\(\), Secret\.fromFile\(\) or Secret\.fromVariable\(\), or from a file of secrets\. If it is no secret, give it in publicOverrides$/,
  ],
  [
    DjangoSettings.overlay('a', { overrides: { A: 1 }, publicOverrides: { A: 2 } }),
    /^shop\/Shop: setting "A" is in overrides and in publicOverrides; set it in one place$/,
  ],
  [DjangoSettings.overlay('a', { publicOverrides: { a: 1 } }), /^shop\/Shop: the name of a setting must be in upper case/],
  [DjangoSettings.environment('a', { secretKey: 'A B' }), /^shop\/Shop: the name of an environment variable must be made of .*, got "A B"$/],
])('%# is refused', (settings, message) => expect(check(settings)).toThrow(message));
