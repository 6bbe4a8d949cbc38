/*
 * Where things lie inside the proxy's container. The programs in runtime/nginx and the configuration name the same places.
 */

/** The user and group of the proxy and of what publishes to it. */
export const PROXY_USER = 10101;
/** The user and group of a file server. */
export const FILE_SERVER_USER = 10102;
/** The port that a server listens on; a user that is not root cannot have 80. */
export const HTTP_PORT = 8080;
/** The port for HTTPS, likewise; for HTTP/3 too, over UDP. */
export const HTTPS_PORT = 8443;
/** The ports for clients that come by IPv6. They are others, since the provider replaces a container that has one port at two of the host's at every plan. */
export const IPV6_PORTS: Readonly<Record<number, number>> = { [HTTP_PORT]: 8082, [HTTPS_PORT]: 8444 };
/** The port of the loopback interface for health and generation. */
export const LOCAL_PORT = 8081;
/** The programs, read-only. */
export const PROGRAM_FOLDER = '/opt/proxy';
/** The configuration volume. */
export const STATE_FOLDER = '/var/lib/proxy';
/** The volume for cached files and for bodies that do not fit into memory. */
export const CACHE_FOLDER = '/var/cache/proxy';
/** Where nginx tells its figures to a container that has this volume; in a folder that its master may write to, whoever it is. */
export const STATUS_SOCKET = `${CACHE_FOLDER}/status/nginx.sock`;
export const STATUS_PATH = '/status';
/** The volume with certificates and their keys, where the proxy has TLS. */
export const CERTIFICATES_FOLDER = '/var/lib/certificates';
/** Where in it ACME clients answer their servers. No owner is called so. */
export const CHALLENGES_FOLDER = `${CERTIFICATES_FOLDER}/.challenges`;
/** Where the publish job finds the candidate. */
export const CANDIDATE_FOLDER = '/candidate';
/** The owner of the routes that the proxy's own stack publishes. It alone hands in nginx.conf. */
export const PROXY_OWNER = 'proxy';
/** The port of a scheme that an address leaves out. */
export const SCHEME_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };
