import { Duration } from '../../core/duration';
import { Size } from '../../core/size';
import { block, comment, ConfigNode, directive, expression } from './directive';
import { LocationPages, maintenance, onceMore, unavailable, unlessFinal, wholeMaintenance } from './error-config';
import { ownSecurityHeaders } from './headers-config';
import { FILE_CACHE } from './main-config';
import { appHeaders, fileHeaders, hooks } from './proxying';
import { groupAddress } from './upstream-config';
import { nginxSize, nginxTime } from './values';

/** What every location has. */
interface Location {
  /** The host, for whoever reads the file, and for the message to another stack that wants the same location. */
  readonly host: string;
  readonly pages: LocationPages;
  /** Who may ask, and how much; and what answers carry. */
  readonly rules: readonly ConfigNode[];
}

/** What is below a path of a host and passed to an app. */
export interface AppLocation extends Location {
  readonly path: string;
  /** Where the app is mounted: at the path, above it, or nowhere. */
  readonly scriptName: string;
  readonly buffering: boolean;
  /** The group of servers; nothing during maintenance. */
  readonly upstream?: string;
  readonly maxBodySize: Size;
  readonly connectTimeout: Duration;
  readonly sendTimeout: Duration;
  readonly readTimeout: Duration;
  /** The file with the user's own text, relative to the folder of the configuration. */
  readonly snippetFile?: string;
  /** Whether that text lets a request be asked once more. */
  readonly repeatable: boolean;
}

export function appLocation(location: AppLocation): ConfigNode[] {
  const below = location.scriptName !== '';
  const again = location.upstream === undefined || !location.repeatable ? undefined : `@again${location.path}`;
  const named = (name: string[], first: ConfigNode[]) =>
    block('location', name, [
      ...first,
      ...(location.upstream === undefined ? maintenance(location.pages) : passing(location, location.upstream)),
      ...(location.snippetFile === undefined ? [] : [directive('include', location.snippetFile)]),
    ]);
  return [
    title(location.host, location.path),
    ...(location.path === `${location.scriptName}/` && below
      ? [block('location', ['=', location.scriptName], [directive('return', 308, expression(`${location.path}$is_args$args`))])]
      : []),
    named(
      [location.path],
      [
        ...(below ? [plainSpelling(location.path)] : []),
        directive('client_max_body_size', nginxSize(location.maxBodySize)),
        ...(again === undefined ? [] : onceMore(again)),
      ],
    ),
    ...(again === undefined ? [] : [named([again], unlessFinal())]),
  ];
}

function title(host: string, path: string): ConfigNode {
  return comment(`host ${host}, path ${path}`);
}

function passing(location: AppLocation, upstream: string): ConfigNode[] {
  return [
    ...location.rules,
    ...ownSecurityHeaders(),
    wholeMaintenance(location.pages),
    ...unavailable(location.pages),
    directive('proxy_connect_timeout', nginxTime(location.connectTimeout)),
    directive('proxy_send_timeout', nginxTime(location.sendTimeout)),
    directive('proxy_read_timeout', nginxTime(location.readTimeout)),
    ...(location.buffering ? [] : [directive('proxy_buffering', 'off')]),
    hooks(),
    ...appHeaders(location.scriptName),
    // Without a path of its own, so that the request's arrives as the client wrote it (an encoded slash stays one).
    directive('proxy_pass', groupAddress(upstream)),
  ];
}

/** nginx finds the location of `//hello/` and `/%68ello/` too, but Gunicorn fails on a path that does not begin with SCRIPT_NAME. */
function plainSpelling(path: string): ConfigNode {
  const pattern = `^${path.replace(/[.~]/g, '\\$&')}`;
  return block('if', [expression('($request_uri'), '!~', expression(`${pattern})`)], [directive('return', 400)]);
}

/** What is below a prefix of a host and served by a file server. */
export interface FileLocation extends Location {
  readonly urlPrefix: string;
  readonly serverPrefix: string;
  readonly upstream: string;
}

export function fileLocation(location: FileLocation): ConfigNode[] {
  return [
    title(location.host, location.urlPrefix),
    block(
      'location',
      ['^~', location.urlPrefix],
      [
        ...location.rules,
        ...ownSecurityHeaders(),
        ...unavailable(location.pages),
        hooks(),
        ...fileHeaders(),
        directive('proxy_connect_timeout', '1s'),
        // A file server can wait for whoever takes a large file slowly; a copy of it for each of them would fill the disk.
        directive('proxy_max_temp_file_size', 0),
        directive('proxy_cache', FILE_CACHE),
        // Without the query: nobody can fill the cache by inventing them.
        directive('proxy_cache_key', expression('$proxy_host$uri $file_encoding')),
        directive('proxy_ignore_headers', 'Vary'),
        directive('proxy_no_cache', expression('$may_change')),
        directive('proxy_cache_lock', 'on'),
        directive('proxy_cache_use_stale', 'error', 'timeout', 'updating'),
        directive('proxy_pass', `http://${location.upstream}${location.serverPrefix}`),
      ],
    ),
  ];
}
