import { IConstruct } from 'constructs';
import { reject, requireMatch, shown } from '../core/errors';
import { LONGEST_IDENTIFIER } from './names';

/** Settings of an extension in a database. */
export interface PostgresExtensionOptions {
  /**
   * The version. Another one is updated to where the image has a way from one to the other.
   *
   * @default - the one that the image has when the extension is made; later ones are reported in the deploy's output, and not taken
   */
  readonly version?: string;

  /**
   * Whether the server loads the extension's library when it starts (`shared_preload_libraries`), which some need. A change restarts the server.
   *
   * @default - true for those that are known to need it: pg_stat_statements, pg_cron, pgaudit, timescaledb, citus, pg_stat_kcache, pg_stat_monitor,
   * pg_qualstats, pg_wait_sampling, pg_squeeze, pglogical
   */
  readonly preload?: boolean;
}

/** From their documentations. */
const PRELOADED = new Set([
  'citus',
  'pg_cron',
  'pg_qualstats',
  'pg_squeeze',
  'pg_stat_kcache',
  'pg_stat_monitor',
  'pg_stat_statements',
  'pg_wait_sampling',
  'pgaudit',
  'pglogical',
  'timescaledb',
]);

/** Whether an extension's library has to be there when the server starts. */
export function isPreloaded(name: string, options: PostgresExtensionOptions): boolean {
  return options.preload ?? PRELOADED.has(name);
}

export function checkExtension(scope: IConstruct, name: string, options: PostgresExtensionOptions): void {
  requireMatch(
    scope,
    'the name of an extension',
    name,
    /^[a-z][a-z0-9_-]{0,62}$/,
    `made of lower-case letters, digits, "_" and "-", at most ${LONGEST_IDENTIFIER}, as in "pg_trgm" or "uuid-ossp"`,
  );
  if (name === 'plpgsql') reject(scope, `extension ${shown(name)} is in every database already; leave it out`);
  if (options.version !== undefined) {
    requireMatch(
      scope,
      `version of extension ${name}`,
      options.version,
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
      'made of letters, digits, ".", "_" and "-", as in "1.6"',
    );
  }
}
