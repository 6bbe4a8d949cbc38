import { Token } from 'cdktf';
import { DjangoService } from '../../django/django-service';
import { CheckLevel } from '../../django/release-options';
import { GunicornApp } from '../../gunicorn/gunicorn-app';
import { JudgingRule, ReadinessLevel } from '../readiness-rule';

/** Variables that projects of Django and Flask take for a switch. */
const DEBUG_VARIABLES = ['DEBUG', 'DJANGO_DEBUG', 'FLASK_DEBUG'];

/** Whether a value is one that the usual readers of environments take for yes; what is not known yet is not judged. */
function isOn(value: unknown): boolean {
  if (typeof value === 'string') return !Token.isUnresolved(value) && !/^\s*(|0|false|f|no|n|off|none)\s*$/i.test(value);
  return Boolean(value);
}

/** Backends of Django that deliver nothing, and need nobody's code. */
const NO_DELIVERY = /^django\.core\.mail\.backends\.(console|dummy|filebased|locmem)\.EmailBackend$/;

/** What keeps the mail of a project from those whom it is for. */
function undelivered({ email, settings }: DjangoService): string | undefined {
  const { EMAIL_BACKEND, MAILERS } = settings.overrides as { EMAIL_BACKEND?: unknown; MAILERS?: { default?: { BACKEND?: unknown } } };
  const backend = EMAIL_BACKEND ?? MAILERS?.default?.BACKEND;
  if (typeof backend === 'string' && NO_DELIVERY.test(backend)) return `the backend is overridden by ${backend}`;
  return email?.delivers === false ? `email is the catcher ${email.node.path}` : undefined;
}

/** How apps run, and how they are released. */
export const APP_RULES: readonly JudgingRule[] = [
  {
    id: 'DebugMode',
    level: ReadinessLevel.ERROR,
    sentence: 'DEBUG is switched on: error pages show code, settings and data to everybody.',
    remedy: 'Leave it out; DjangoSettings.overlay() switches it off.',
    find: (construct) => {
      if (construct instanceof DjangoService) return isOn(construct.settings.overrides.DEBUG) ? 'the setting DEBUG is overridden' : undefined;
      // Of servers beside it is said once, of the app whose settings they have.
      if (!(construct instanceof GunicornApp) || construct._isBeside) return undefined;
      const { environment } = construct.service;
      const on = DEBUG_VARIABLES.filter((name) => isOn(environment[name])).map((name) => `${name}=${environment[name]}`);
      return on.length === 0 ? undefined : on.join(', ');
    },
  },
  {
    id: 'SingleReplica',
    level: ReadinessLevel.WARNING,
    sentence: 'The app has one server: while it is restarted, nobody answers.',
    remedy: 'Set replicas to 2 or more.',
    find: (construct) => (construct instanceof GunicornApp && construct.replicas === 1 ? 'replicas is 1' : undefined),
  },
  {
    id: 'MigrationsNotRun',
    level: ReadinessLevel.WARNING,
    sentence: 'A release does not migrate the database: it fails as soon as its code has a migration that somebody forgot.',
    remedy: 'Leave out release.migrate, or suppress the rule with who migrates.',
    find: (construct) => (construct instanceof DjangoService && construct.release.migrate === false ? 'release.migrate is false' : undefined),
  },
  {
    id: 'ChecksIgnored',
    level: ReadinessLevel.WARNING,
    sentence: "Errors of Django's system checks do not stop a release.",
    remedy: 'Leave out release.checkLevel, or set CheckLevel.ERROR or CheckLevel.WARNING.',
    find: (construct) =>
      construct instanceof DjangoService && construct.release.checkLevel === CheckLevel.CRITICAL
        ? 'release.checkLevel is CheckLevel.CRITICAL'
        : undefined,
  },
  {
    id: 'MailNotDelivered',
    level: ReadinessLevel.WARNING,
    sentence: 'Mail of the project reaches nobody.',
    remedy: 'Give an SmtpServer as email, or suppress the rule where the stack is one for staging.',
    find: (construct) => (construct instanceof DjangoService ? undelivered(construct) : undefined),
  },
];
