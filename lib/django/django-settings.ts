import { reject, requireMatch, shown } from '../core/errors';
import { secretInJson } from '../core/secret-looking';
import { IConstruct } from 'constructs';

/** The variable that Celery reads by itself, before any settings (celery/app/utils.py). */
export const CELERY_BROKER_URL = 'CELERY_BROKER_URL';

const MODULE = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/;

/** Settings of `DjangoSettings.overlay`. */
export interface OverlaySettingsOptions {
  /**
   * Settings that win over the project's own and over ours, as JSON has them. Not for secrets: they are in Terraform's state. What looks like one is refused.
   *
   * @default - none
   */
  // jsii has no `unknown`: this is what it calls any JSON value.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly overrides?: { readonly [name: string]: any };

  /**
   * The same, for settings that look like secrets and are none.
   *
   * @default - none
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly publicOverrides?: { readonly [name: string]: any };
}

/** Settings of `DjangoSettings.environment`. */
export interface EnvironmentSettingsOptions {
  /** The variable that gets the URL of the database. @default 'DATABASE_URL' */
  readonly databaseUrl?: string;
  /** The variable that gets the URL of the cache, where there is one. @default 'REDIS_URL' */
  readonly redisUrl?: string;
  /** The variable that gets the URL of Celery's broker, where there is one. @default 'CELERY_BROKER_URL' - which Celery reads by itself */
  readonly celeryBrokerUrl?: string;
  /** The variable that gets the URL of the mail server, where there is one, as django-environ reads it. @default 'EMAIL_URL' */
  readonly emailUrl?: string;
  /** The variable that gets the secret key. @default 'DJANGO_SECRET_KEY' */
  readonly secretKey?: string;
  /**
   * The variable that gets older secret keys, separated by commas, where there are any: keys from elsewhere must have no comma then.
   *
   * @default 'DJANGO_SECRET_KEY_FALLBACKS'
   */
  readonly secretKeyFallbacks?: string;
  /** The variable that gets the host names, separated by commas. @default 'DJANGO_ALLOWED_HOSTS' */
  readonly allowedHosts?: string;
  /** The variable that gets the trusted origins, separated by commas. @default 'DJANGO_CSRF_TRUSTED_ORIGINS' */
  readonly csrfTrustedOrigins?: string;
  /** The variable that gets the folder for collected static files. @default 'DJANGO_STATIC_ROOT' */
  readonly staticRoot?: string;
  /** The variable that gets the folder for uploads. @default 'DJANGO_MEDIA_ROOT' */
  readonly mediaRoot?: string;
}

/** @internal */
export interface EnvironmentNames {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly celeryBrokerUrl: string;
  readonly emailUrl: string;
  readonly secretKey: string;
  readonly secretKeyFallbacks: string;
  readonly allowedHosts: string;
  readonly csrfTrustedOrigins: string;
  readonly staticRoot: string;
  readonly mediaRoot: string;
}

/**
 * How a project gets the settings of production.
 *
 * @example
 * DjangoSettings.overlay('shop.settings');
 */
export class DjangoSettings {
  /**
   * The project's own settings, made fit for production by a module of ours that imports them: the project stays as `startproject` left it.
   *
   * @param module the project's settings module
   */
  public static overlay(module: string, options: OverlaySettingsOptions = {}): DjangoSettings {
    return new DjangoSettings(module, options.overrides ?? {}, options.publicOverrides ?? {}, undefined);
  }

  /**
   * Settings that read what they need from the environment, as twelve-factor projects do. Nothing is changed; the values arrive under
   * the usual names.
   *
   * @param module the project's settings module for production
   */
  public static environment(module: string, options: EnvironmentSettingsOptions = {}): DjangoSettings {
    return new DjangoSettings(
      module,
      {},
      {},
      {
        databaseUrl: options.databaseUrl ?? 'DATABASE_URL',
        redisUrl: options.redisUrl ?? 'REDIS_URL',
        celeryBrokerUrl: options.celeryBrokerUrl ?? CELERY_BROKER_URL,
        emailUrl: options.emailUrl ?? 'EMAIL_URL',
        secretKey: options.secretKey ?? 'DJANGO_SECRET_KEY',
        secretKeyFallbacks: options.secretKeyFallbacks ?? 'DJANGO_SECRET_KEY_FALLBACKS',
        allowedHosts: options.allowedHosts ?? 'DJANGO_ALLOWED_HOSTS',
        csrfTrustedOrigins: options.csrfTrustedOrigins ?? 'DJANGO_CSRF_TRUSTED_ORIGINS',
        staticRoot: options.staticRoot ?? 'DJANGO_STATIC_ROOT',
        mediaRoot: options.mediaRoot ?? 'DJANGO_MEDIA_ROOT',
      },
    );
  }

  private constructor(
    /** The project's settings module. */
    public readonly module: string,
    private readonly checkedOverrides: { readonly [name: string]: unknown },
    private readonly publicOverrides: { readonly [name: string]: unknown },
    /** The names of variables, when the project reads its environment. @internal */
    public readonly _environment: EnvironmentNames | undefined,
  ) {}

  /** Settings that win over all others, as JSON has them. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  public get overrides(): { readonly [name: string]: any } {
    return { ...this.checkedOverrides, ...this.publicOverrides };
  }

  /** @internal */
  public _validate(scope: IConstruct): void {
    requireMatch(scope, 'the settings module', this.module, MODULE, 'a Python module such as "shop.settings"');
    for (const [name, value] of Object.entries(this.checkedOverrides)) {
      const found = secretInJson(scope, name, value);
      if (found) {
        reject(
          scope,
          `setting ${found.path} of overrides ${found.reason}, and everybody who may read Terraform's state would see it; let the project's settings read it from a variable (os.environ) that secretEnvironment sets from Secret.generated(), Secret.fromFile() or Secret.fromVariable(), or from a file of secrets. If it is no secret, give it in publicOverrides`,
        );
      }
      if (name in this.publicOverrides) reject(scope, `setting ${shown(name)} is in overrides and in publicOverrides; set it in one place`);
    }
    for (const name of Object.keys(this.overrides))
      requireMatch(scope, 'the name of a setting', name, /^[A-Z][A-Z0-9_]*$/, 'in upper case, such as "TIME_ZONE"');
    for (const name of Object.values(this._environment ?? {}) as string[]) {
      requireMatch(scope, 'the name of an environment variable', name, /^[A-Za-z_][A-Za-z0-9_]*$/, 'made of letters, digits and "_"');
    }
  }
}
