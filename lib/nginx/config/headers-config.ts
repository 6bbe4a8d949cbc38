import { shortHash } from '../../core/text';
import { block, ConfigNode, directive, expression, mapEntry } from './directive';

/*
 * Headers that make browsers careful. What nginx answers by itself gets them here; what an app answers has its own, and Django's are these. They are written wherever a
 * location has any add_header, since that one makes nginx drop all that it would have inherited (add_header_inherit is newer than the oldest image that is allowed).
 */

/** Django's own values (SecurityMiddleware, XFrameOptionsMiddleware). */
const HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Opener-Policy': 'same-origin',
};

/** On a page that is nginx's own. */
export function securityHeaders(): ConfigNode[] {
  return Object.entries(HEADERS).map(([name, value]) => directive('add_header', name, value, 'always'));
}

/** On files: the site's own pages may show them in a frame, such as a PDF. */
export function fileSecurityHeaders(): ConfigNode[] {
  return Object.entries({ ...HEADERS, 'X-Frame-Options': 'SAMEORIGIN' }).map(([name, value]) => directive('add_header', name, value, 'always'));
}

/** In the http block: the values of `ownSecurityHeaders`. */
export function ownHeaderMaps(): ConfigNode[] {
  return Object.entries(HEADERS).map(([name, value]) =>
    // Neither an app nor the cache has answered: it is nginx itself, with 403, 413 or 429. nginx does not send a header that is empty.
    block('map', [expression('$upstream_status$upstream_cache_status'), expression(variable(name))], [mapEntry('default', ''), mapEntry('', value)]),
  );
}

/** Where requests are passed on: on what nginx answers instead. */
export function ownSecurityHeaders(): ConfigNode[] {
  return Object.keys(HEADERS).map((name) => directive('add_header', name, expression(variable(name)), 'always'));
}

/** In the http block: a policy for answers that come without one. */
export function policyMap(policy: string): ConfigNode {
  return block(
    'map',
    [expression('$upstream_http_content_security_policy'), expression(policyVariable(policy))],
    [mapEntry('default', ''), mapEntry('', policy)],
  );
}

/** In a location: that policy. */
export function policyHeader(policy: string): ConfigNode {
  return directive('add_header', 'Content-Security-Policy', expression(policyVariable(policy)), 'always');
}

/** The name of a policy's file. */
export function policyKey(policy: string): string {
  return `policy-${shortHash(policy, 8)}`;
}

function policyVariable(policy: string): string {
  return `$policy_${shortHash(policy, 8)}`;
}

function variable(name: string): string {
  return `$own_${name.toLowerCase().replace(/-/g, '_')}`;
}
