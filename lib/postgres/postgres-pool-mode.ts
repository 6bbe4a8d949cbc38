/** How long a client keeps the connection to the server that a pooler lends to it. */
export enum PostgresPoolMode {
  /** For a transaction. A few connections serve many clients; what lasts longer than a transaction is lost. */
  TRANSACTION = 'transaction',
  /** For as long as the client is connected. All of PostgreSQL works, and as many clients as there are connections are served at once. */
  SESSION = 'session',
}
