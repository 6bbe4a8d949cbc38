/** What a role may do with the tables, views and sequences of a database. */
export enum PostgresAccess {
  /** Read all of them, those that the app makes later too. */
  READ_ONLY = 'read-only',
  /** Read and write the rows of all of them, those that the app makes later too, and change nothing else. */
  READ_WRITE = 'read-write',
  /** Read the server's own statistics and settings (PostgreSQL's `pg_monitor`), and no table: for a monitor. */
  MONITOR = 'monitor',
  /** Nothing but connect: what it may do is granted by statements of yours, a migration for example. */
  NONE = 'none',
}
