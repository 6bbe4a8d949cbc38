import { Token } from 'cdktf';
import { IConstruct } from 'constructs';
import { Duration } from '../core/duration';
import { reject, requireMatch, shown } from '../core/errors';
import { shortHash } from '../core/text';

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const NAME = new RegExp(`^(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*$`);
const ADDRESS = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const ALLOWED_HOST = 'a host name such as "shop.example.com", "*.example.com", or an IPv4 address, without scheme, port and path';

/** A host in lower case, or an error. */
export function checkedHost(scope: IConstruct, host: string): string {
  if (typeof host === 'string' && Token.isUnresolved(host))
    reject(scope, 'host must be known at synth, got a token; the names of files and settings of apps are made from it');
  const lower = typeof host === 'string' ? host.toLowerCase() : host;
  requireMatch(scope, 'host', lower, NAME, ALLOWED_HOST);
  const lastLabel = lower.slice(lower.lastIndexOf('.') + 1);
  if (lower.length > 253 || (/^\d+$/.test(lastLabel) && !ADDRESS.test(lower)) || lower === '*')
    reject(scope, `host must be ${ALLOWED_HOST}, got ${shown(host)}`);
  return lower;
}

/** Whether a host is an IPv4 address. */
export function isAddress(host: string): boolean {
  return ADDRESS.test(host);
}

/** A path with a slash at both ends, or an error. */
export function checkedPath(scope: IConstruct, path: string): string {
  const allowed = 'a path such as "/" or "/hello/", made of letters, digits, "-", "_", "." and "~" between slashes';
  if (typeof path === 'string' && Token.isUnresolved(path)) reject(scope, `path must be ${allowed}, got a token; it must be known at synth`);
  requireMatch(scope, 'path', path, /^\/(?:[A-Za-z0-9_~-][A-Za-z0-9_.~-]*\/)*(?:[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)?$/, allowed);
  if (path.length > 200) reject(scope, `path must be at most 200 characters long, got ${path.length}`);
  return path.endsWith('/') ? path : `${path}/`;
}

/** A text of nginx directives, or an error. */
export function checkedSnippet(scope: IConstruct, name: string, snippet: string | undefined): string | undefined {
  if (snippet === undefined || snippet.trim() === '') return undefined;
  if (snippet.includes('\0')) reject(scope, `${name} must not contain a NUL character`);
  return snippet.endsWith('\n') ? snippet : `${snippet}\n`;
}

/** The name of a host's folder: a `*` would be a pattern there. */
export function hostKey(host: string): string {
  return host.replace(/^\*/, '_');
}

/** The name of a path's file, the same one for whoever publishes the path. */
export function pathKey(path: string): string {
  if (path === '/') return 'root';
  const readable =
    path
      .replace(/[^A-Za-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 40) || 'path';
  return `${readable}-${shortHash(path, 8)}`;
}

/** Times that nginx can wait for, or an error. For nginx 0 means something else. */
export function requireTimes(scope: IConstruct, prop: string, times: { readonly [name: string]: Duration | undefined }): void {
  for (const [name, time] of Object.entries(times)) {
    if (time && time.toMilliseconds() < 100) reject(scope, `${prop}.${name} must be 100 ms or more, got ${shown(time)}`);
  }
}
