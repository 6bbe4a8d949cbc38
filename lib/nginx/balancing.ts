/** How requests are spread over the servers of an app. */
export enum Balancing {
  /** One after the other. */
  ROUND_ROBIN = 'round-robin',
  /** The one with the fewest requests under way: for requests of very different lengths. */
  LEAST_CONNECTIONS = 'least-connections',
  /** The same one for a client's address, for apps that keep sessions in memory. A client changes servers when their number does. */
  IP_HASH = 'ip-hash',
}
