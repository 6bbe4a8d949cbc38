/** How a client protects its connection to a database, in the words of libpq (`sslmode`). */
export enum PostgresSslMode {
  /** Not at all. */
  DISABLE = 'disable',
  /** Encrypted where the server offers it. */
  PREFER = 'prefer',
  /** Encrypted; the server's identity is not checked. */
  REQUIRE = 'require',
  /** Encrypted, and the server's certificate is checked against the name and the client's authorities. */
  VERIFY_FULL = 'verify-full',
}
