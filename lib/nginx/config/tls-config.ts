import { CHALLENGES_FOLDER, HTTP_PORT, HTTPS_PORT, PROXY_OWNER, SCHEME_PORTS } from '../proxy-layout';
import { ownSecurityHeaders } from './headers-config';
import { block, comment, ConfigNode, directive, expression } from './directive';
import { listen } from './process';

/* TLS: what the proxy's own stack says of it, for the hosts of all stacks. */

/** How the proxy serves HTTPS. */
export interface TlsSettings {
  /** The port of the host at which clients reach it. */
  readonly port: number;
  readonly http3: boolean;
  readonly ipv6: boolean;
  /** Whether a route is for an address. Clients name no server in the handshake then. */
  readonly addresses: boolean;
}

/** The name of the certificate of all hosts that have none of their own. No host is called so. */
export const DEFAULT_CERTIFICATE = '_default';

/**
 * Mozilla's intermediate profile, version 5.8 of its guidelines (https://ssl-config.mozilla.org/guidelines/5.8.json): TLS 1.2 and 1.3, forward secrecy and AEAD
 * throughout, the client's order (a telephone without AES in hardware prefers ChaCha20), and the hybrid with ML-KEM among the groups, for which OpenSSL 3.5 is
 * needed. Not from it: stapling, since OCSP is at its end (Let's Encrypt turned it off in 2025).
 */
const CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
];
const GROUPS = ['X25519MLKEM768', 'X25519', 'prime256v1', 'secp384r1'];

/** In the http block. */
export function tlsConfig(settings: TlsSettings): ConfigNode[] {
  return [
    directive('ssl_protocols', 'TLSv1.2', 'TLSv1.3'),
    directive('ssl_ciphers', CIPHERS.join(':')),
    directive('ssl_prefer_server_ciphers', 'off'),
    directive('ssl_ecdh_curve', GROUPS.join(':')),
    // About 40,000 sessions, for a day. Tickets would be encrypted with a key that lives as long as the process.
    directive('ssl_session_cache', 'shared:tls:10m'),
    directive('ssl_session_timeout', '1d'),
    directive('ssl_session_tickets', 'off'),
    // Small records first: a page begins to show sooner.
    directive('ssl_buffer_size', '4k'),
    directive('http2', 'on'),
    ...certificate(PROXY_OWNER, DEFAULT_CERTIFICATE),
    redirects(settings),
    ...unknownNames(settings),
  ];
}

/** In a server: its certificate. The supervisor makes these names lead to a pair that fits. */
export function certificate(owner: string, name: string): ConfigNode[] {
  const folder = `certificates/${owner}/${name}`;
  return [directive('ssl_certificate', `${folder}/fullchain.pem`), directive('ssl_certificate_key', `${folder}/privkey.pem`)];
}

/** A file beside a host's server: the certificate that is its own. */
export function hostCertificate(host: string, owner: string, name: string): ConfigNode[] {
  return [comment(`the certificate of host ${host}`), ...certificate(owner, name)];
}

/** What the server of each host has from the proxy's stack, whichever stack the host is of. */
export function listenConfig(settings: TlsSettings | undefined, ipv6: boolean): ConfigNode[] {
  if (!settings) return listen(ipv6, HTTP_PORT);
  return [
    ...listen(ipv6, HTTPS_PORT, 'ssl'),
    ...(settings.http3 ? listen(ipv6, HTTPS_PORT, 'quic') : []),
    ...tlsHeaders(settings),
    // What a server has of its own takes the place of what it would have inherited.
    ...ownSecurityHeaders(),
  ];
}

/** In each location that has headers of its own, for the same reason. With HSTS, an app's word about it does not stand beside the proxy's. */
export function tlsHook(settings: TlsSettings, hsts: boolean): ConfigNode[] {
  return [...tlsHeaders(settings), ...(hsts ? [directive('proxy_hide_header', 'Strict-Transport-Security')] : [])];
}

function tlsHeaders({ http3, port }: TlsSettings): ConfigNode[] {
  return [...(http3 ? [directive('add_header', 'Alt-Svc', `h3=":${port}"; ma=86400`, 'always')] : []), directive('include', 'hsts.conf')];
}

/** Over HTTP a known host is sent to HTTPS, with the method and the body that it came with. */
function redirects({ port, ipv6 }: TlsSettings): ConfigNode {
  const suffix = port === SCHEME_PORTS.https ? '' : `:${port}`;
  return block(
    'server',
    [],
    [
      ...listen(ipv6, HTTP_PORT),
      directive('include', 'names.conf'),
      challenges(),
      block('location', ['/'], [directive('return', 308, expression(`https://$host${suffix}$request_uri`))]),
    ],
  );
}

/** What an ACME server asks for, at every host of every stack, before it certifies it. */
function challenges(): ConfigNode {
  return block('location', ['^~', '/.well-known/acme-challenge/'], [directive('root', CHALLENGES_FOLDER), directive('default_type', 'text/plain')]);
}

/** Who asks for a name that is not here is refused in the handshake, and shown no certificate. */
function unknownNames({ http3, addresses, ipv6 }: TlsSettings): ConfigNode[] {
  const listening = (...parameters: string[]) => [
    ...listen(ipv6, HTTPS_PORT, 'ssl', ...parameters, ...(parameters.length > 0 ? ['backlog=4096'] : [])),
    // With a socket for each worker: a client's packets come to the worker that knows it.
    ...(http3 ? listen(ipv6, HTTPS_PORT, 'quic', ...parameters, ...(parameters.length > 0 ? ['reuseport'] : [])) : []),
  ];
  const server = (children: ConfigNode[]) => block('server', [], [...children, directive('access_log', 'off'), directive('return', 444)]);
  const refused = directive('ssl_reject_handshake', 'on');
  if (!addresses) return [server([...listening('default_server'), refused])];
  return [
    // No name at all: it may be meant for the address.
    server(listening('default_server')),
    server([...listening(), directive('server_name', expression('~.')), refused]),
  ];
}
