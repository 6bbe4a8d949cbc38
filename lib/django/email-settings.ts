import { IConstruct } from 'constructs';
import { reject, requireMatch } from '../core/errors';
import { IMailServer } from '../mail/mail-server';
import { SmtpSecurity } from '../mail/smtp-security';
import { DjangoSettings } from './django-settings';

/** How a Django project sends mail. */
export interface EmailOptions {
  /**
   * The server that takes the project's mail: an `SmtpServer`, or a `MailCatcher` for staging. It is Django's default mailer (`EMAIL_HOST` and others, or `MAILERS` in projects that have it), in
   * place of whatever the project's settings say. A catcher is all of `MAILERS`, so that nothing gets past it.
   *
   * @default - the project's own settings decide
   */
  readonly email?: IMailServer;

  /**
   * The address that mail comes from, where the code names none (`DEFAULT_FROM_EMAIL`).
   *
   * @default - the project's own settings decide; Django's default, webmaster@localhost, is refused by most servers
   */
  readonly defaultFromEmail?: string;

  /**
   * The address that mail to ADMINS and MANAGERS comes from (`SERVER_EMAIL`).
   *
   * @default - the project's own settings decide; where they do not, defaultFromEmail
   */
  readonly serverEmail?: string;
}

const ADDRESS = /^([^<>\r\n\0]+ <[^\s<>@,]+@[^\s<>@,]+>|[^\s<>@,]+@[^\s<>@,]+)$/;

/** Settings that say where mail goes: those of an `IMailServer` are written in their place. `EMAIL_BACKEND` may be overridden, by one that queues. */
const PLACES = ['MAILERS', 'EMAIL_HOST', 'EMAIL_PORT', 'EMAIL_HOST_USER', 'EMAIL_HOST_PASSWORD', 'EMAIL_USE_TLS', 'EMAIL_USE_SSL', 'EMAIL_TIMEOUT'];

/** Refuses addresses that are none, and settings that are given twice or would not arrive. */
export function checkEmail(scope: IConstruct, options: EmailOptions, settings: DjangoSettings): void {
  for (const name of ['defaultFromEmail', 'serverEmail'] as const) {
    const value = options[name];
    if (value === undefined) continue;
    requireMatch(scope, name, value, ADDRESS, 'an address such as "shop@example.com" or "Shop <shop@example.com>"');
    if (settings._environment)
      reject(
        scope,
        `${name} is for DjangoSettings.overlay(): with DjangoSettings.environment() give it in environment, under the name that the project reads`,
      );
  }
  const twice = options.email && PLACES.find((name) => name in settings.overrides);
  if (twice) reject(scope, `${twice} is in overrides, and email is given; set it in one place`);
}

/** The members of django.json; the schema is described in runtime/django/cdktf_django_overlay/settings.py. */
export function renderEmail({ email, defaultFromEmail, serverEmail }: EmailOptions): object {
  return {
    email: email && {
      host: email.host,
      port: email.port,
      user: email.user,
      passwordFile: email.passwordSecret?.path,
      security: email.security,
      timeout: email.timeout.toSeconds(),
      delivers: email.delivers,
    },
    defaultFromEmail,
    serverEmail,
  };
}

const SCHEMES = { [SmtpSecurity.STARTTLS]: 'smtp+tls', [SmtpSecurity.TLS]: 'smtp+ssl', [SmtpSecurity.NONE]: 'smtp' };

/** A URL as django-environ reads it, in which the launcher puts the password. */
export function emailUrl({ host, port, user, passwordSecret, security }: IMailServer): string {
  const login = user !== undefined && passwordSecret ? `${encodeURIComponent(user)}:{url:${passwordSecret.path}}@` : '';
  return `${SCHEMES[security]}://${login}${host}:${port}`;
}
