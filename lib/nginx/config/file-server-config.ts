import { compression } from './compression';
import { block, comment, ConfigNode, directive, expression, mapEntry } from './directive';
import { fileSecurityHeaders } from './headers-config';
import { localServer, processSettings, temporaryFolders } from './process';
import { HTTP_PORT } from '../proxy-layout';

/** Where a file server has its files, inside its container and below its address alike. */
export interface ServedFolder {
  readonly urlPrefix: string;
  readonly folder: string;
}

/** nginx.conf of a file server. */
export function fileServerConfig(folders: { readonly static?: ServedFolder; readonly media?: ServedFolder }): ConfigNode[] {
  return [
    comment('Written by cdktf-django.'),
    ...processSettings(1, 4096),
    block(
      'http',
      [],
      [
        directive('include', '/etc/nginx/mime.types'),
        directive('default_type', 'application/octet-stream'),
        directive('charset', 'utf-8'),
        directive('charset_types', 'text/plain', 'text/css', 'text/csv', 'text/javascript', 'text/xml', 'application/javascript', 'application/json'),
        directive('server_tokens', 'off'),
        directive('absolute_redirect', 'off'),
        // The proxy logs each request.
        directive('access_log', 'off'),
        directive('log_not_found', 'off'),
        directive('sendfile', 'on'),
        directive('tcp_nopush', 'on'),
        // Above the time for which the proxy keeps an idle connection.
        directive('keepalive_timeout', '75s'),
        directive('keepalive_requests', 100000),
        directive('open_file_cache', 'max=2000', 'inactive=60s'),
        directive('open_file_cache_valid', '5s'),
        directive('open_file_cache_errors', 'off'),
        ...temporaryFolders('/tmp'),
        ...compression(true),
        directive('gzip_static', 'on'),
        lifetimes(),
        mediaLifetimes(),
        dispositions(),
        block(
          'server',
          [],
          [
            directive('listen', HTTP_PORT, 'backlog=4096'),
            directive('client_max_body_size', '1k'),
            block('location', ['~', expression('/\\.')], [directive('return', 404)]),
            ...(folders.static ? [staticLocation(folders.static)] : []),
            ...(folders.media ? [mediaLocation(folders.media)] : []),
            block('location', ['/'], [directive('return', 404)]),
            directive('add_header', 'Cache-Control', 'no-store', 'always'),
            ...fileSecurityHeaders(),
          ],
        ),
        localServer([]),
      ],
    ),
  ];
}

/** How long an answer may be kept. Anything but a file may be there a moment later. */
function lifetimes(): ConfigNode {
  return block(
    'map',
    [expression('$status:$uri'), expression('$lifetime')],
    [
      mapEntry('default', 'no-store'),
      // The name tells the content: collectstatic puts 12 digits of its hash into it.
      mapEntry('~^(?:200|206|304):.*/[^/]+\\.[0-9a-f]{12}\\.[^/]+$', 'public, max-age=31536000, immutable'),
      mapEntry('~^(?:200|206|304):', 'public, max-age=60'),
    ],
  );
}

/** What people upload is never immutable, whatever its name looks like. */
function mediaLifetimes(): ConfigNode {
  return block(
    'map',
    [expression('$status'), expression('$media_lifetime')],
    [mapEntry('default', 'no-store'), mapEntry('~^(?:200|206|304)$', 'public, max-age=60')],
  );
}

/** Uploads that a browser would run as part of the site are handed over as downloads. */
function dispositions(): ConfigNode {
  return block(
    'map',
    [expression('$uri'), expression('$disposition')],
    [mapEntry('default', ''), mapEntry('~*\\.(?:html?|xhtml?|shtml|mhtml?|svgz?|xml|xslt?|m?js|css|swf|wasm)$', 'attachment')],
  );
}

function staticLocation(folder: ServedFolder): ConfigNode {
  return block(
    'location',
    [folder.urlPrefix],
    [
      directive('alias', folder.folder),
      directive('add_header', 'Cache-Control', expression('$lifetime'), 'always'),
      ...fileSecurityHeaders(),
      // Fonts and modules of a site are fetched with CORS when a page of another host of it uses them.
      directive('add_header', 'Access-Control-Allow-Origin', '*'),
    ],
  );
}

function mediaLocation(folder: ServedFolder): ConfigNode {
  return block(
    'location',
    [folder.urlPrefix],
    [
      directive('alias', folder.folder),
      directive('gzip_static', 'off'),
      directive('add_header', 'Cache-Control', expression('$media_lifetime'), 'always'),
      ...fileSecurityHeaders(),
      directive('add_header', 'Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; sandbox", 'always'),
      directive('add_header', 'Content-Disposition', expression('$disposition'), 'always'),
    ],
  );
}
