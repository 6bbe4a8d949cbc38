import { IConstruct } from 'constructs';
import { Duration } from '../core/duration';
import { reject, requireInteger, requireMatch, shown } from '../core/errors';
import { refuseSecretArguments } from '../core/secret-looking';

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
   * Migrations, as `app.name`, that may break the release that is still serving while this one starts.
   *
   * Between the migration and the end of a release the old servers run on the new schema. The release job looks at the operations of all migrations that are
   * not applied yet, and fails before it changes anything when the old code cannot survive one: a column or table that goes or gets another name, a new column
   * that is NOT NULL without `db_default`, a type or a constraint that refuses what the old code writes. The message names the ways out: two releases, expand and
   * contract, or this list, for what the running release does not use any more. What `RunSQL` and `RunPython` do is not judged.
   *
   * @default - none
   */
  readonly breakingMigrations?: string[];

  /**
   * The time that a migration waits for a lock on a table before it gives up, instead of holding up the whole site behind it.
   *
   * @default Duration.seconds(5)
   */
  readonly lockTimeout?: Duration;

  /**
   * The time that one statement of a migration may take before Postgres ends it (its `statement_timeout`), from 1 ms to 24 days. A statement that rewrites
   * or checks a large table holds a lock on it for as long.
   *
   * @default - that of the database's role; Postgres' own default is no limit
   */
  readonly statementTimeout?: Duration;

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

/** Milliseconds. Postgres keeps them in 32 bits. */
const LONGEST_STATEMENT = Duration.days(24).toMilliseconds();

/** The release job's part of django.json; the schema is described in runtime/django/release.py. */
export function renderRelease(scope: IConstruct, options: ReleaseOptions): object {
  const lockTimeout = options.lockTimeout ?? Duration.seconds(5);
  const keepGenerations = options.keepGenerations ?? 5;
  requireInteger(scope, 'release.keepGenerations', keepGenerations, { min: 1, max: 1000 });
  for (const command of options.commands ?? []) {
    if (command.length === 0 || command.some((argument) => typeof argument !== 'string' || argument === '')) {
      reject(scope, `a command of release.commands must be a list such as ["loaddata", "regions"], got ${shown(JSON.stringify(command))}`);
    }
    refuseSecretArguments(scope, 'a command of release.commands', command);
  }
  for (const name of options.breakingMigrations ?? []) {
    requireMatch(
      scope,
      'a migration of release.breakingMigrations',
      name,
      /^[A-Za-z_]\w*\.\w+$/,
      'an app and the name of its migration, such as "catalogue.0004_drop_price"',
    );
  }
  const statementTimeout = options.statementTimeout?.toMilliseconds();
  if (statementTimeout !== undefined && !(Number.isInteger(statementTimeout) && statementTimeout >= 1 && statementTimeout <= LONGEST_STATEMENT)) {
    reject(
      scope,
      `release.statementTimeout must be in whole milliseconds, from 1 ms to 24 days, got ${options.statementTimeout}; leave it out for no limit`,
    );
  }
  return {
    check: options.checkLevel ?? CheckLevel.ERROR,
    migrate: options.migrate ?? true,
    collectstatic: true,
    commands: options.commands ?? [],
    breakingMigrations: options.breakingMigrations ?? [],
    lockTimeout: `${lockTimeout.toMilliseconds()}ms`,
    ...(statementTimeout === undefined ? {} : { statementTimeout: `${statementTimeout}ms` }),
    keepGenerations,
  };
}
