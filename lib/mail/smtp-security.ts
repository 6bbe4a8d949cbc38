/** How the way to a mail server is kept from others. */
export enum SmtpSecurity {
  /** The connection begins in the clear and turns to TLS before anything is said (`EMAIL_USE_TLS`): port 587. A server that cannot is refused. */
  STARTTLS = 'starttls',
  /** TLS from the first byte (`EMAIL_USE_SSL`): port 465. */
  TLS = 'tls',
  /** Nothing: whoever is on the way reads mail and passwords. For a server in a network of one's own: port 25. */
  NONE = 'none',
}
