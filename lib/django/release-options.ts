import { IConstruct } from 'constructs';
import { Duration } from '../core/duration';
import { reject, requireInteger, shown } from '../core/errors';

/** The severity of a message of Django's system checks. */
export enum CheckLevel {
  /** Everything fails the release. */
  DEBUG = 'DEBUG',
  /** Remarks and everything worse fail the release. */
  INFO = 'INFO',
  /** Warnings and everything worse fail the release. */
  WARNING = 'WARNING',
  /** Errors fail the release. */
  ERROR = 'ERROR',
  /** Only what keeps Django from working fails the release. */
  CRITICAL = 'CRITICAL',
}

/** What the release job of a `DjangoService` does before any new server starts. */
export interface ReleaseOptions {
  /**
   * The severity from which on a message of `check --deploy` fails the release. All messages are in the deploy's output.
   *
   * @default CheckLevel.ERROR
   */
  readonly checkLevel?: CheckLevel;

  /**
   * Whether the database is migrated.
   *
   * @default true
   */
  readonly migrate?: boolean;

  /**
   * The time that a migration waits for a lock on a table before it gives up, instead of holding up the whole site behind it.
   *
   * @default Duration.seconds(5)
   */
  readonly lockTimeout?: Duration;

  /**
   * Management commands that are run after the migration, each as a list of arguments.
   *
   * @default - none
   */
  readonly commands?: string[][];

  /**
   * The number of releases whose static files are kept, for pages that were loaded before the newest one.
   *
   * @default 5
   */
  readonly keepGenerations?: number;

  /**
   * The time after which a release that has not ended fails the deploy.
   *
   * @default Duration.minutes(20)
   */
  readonly timeout?: Duration;
}

/** The release job's part of django.json; the schema is described in runtime/django/release.py. */
export function renderRelease(scope: IConstruct, options: ReleaseOptions): object {
  const lockTimeout = options.lockTimeout ?? Duration.seconds(5);
  const keepGenerations = options.keepGenerations ?? 5;
  requireInteger(scope, 'release.keepGenerations', keepGenerations, { min: 1, max: 1000 });
  for (const command of options.commands ?? []) {
    if (command.length === 0 || command.some((argument) => typeof argument !== 'string' || argument === '')) {
      reject(scope, `a command of release.commands must be a list such as ["loaddata", "regions"], got ${shown(JSON.stringify(command))}`);
    }
  }
  return {
    check: options.checkLevel ?? CheckLevel.ERROR,
    migrate: options.migrate ?? true,
    collectstatic: true,
    commands: options.commands ?? [],
    lockTimeout: `${lockTimeout.toMilliseconds()}ms`,
    keepGenerations,
  };
}
