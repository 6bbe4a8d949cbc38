import { Duration } from '../../core/duration';
import { Size } from '../../core/size';
import { CACHE_FOLDER, PROXY_OWNER, STATUS_PATH, STATUS_SOCKET } from '../proxy-layout';
import { compression } from './compression';
import { block, comment, ConfigNode, directive, expression, mapEntry } from './directive';
import { maintenanceSwitch } from './error-config';
import { ownHeaderMaps, ownSecurityHeaders } from './headers-config';
import { limitSettings } from './limits-config';
import { accessLog, localServer, PROXY_TEMPORARY_FOLDER, processSettings, REFUSAL_LOG, temporaryFolders, unknownHosts } from './process';
import { HTTP_FOLDER } from './rules-config';
import { tlsConfig, TlsSettings } from './tls-config';
import { trust } from './trust-config';
import { connectionSwitch, finalStatus, groupSwitch } from './upstream-config';
import { nginxSize, nginxTime } from './values';

/** The name of the cache, which file locations refer to. */
export const FILE_CACHE = 'files';

/** What the whole proxy is set to. */
export interface MainSettings {
  readonly workers: number;
  readonly workerConnections: number;
  readonly gzip: boolean;
  readonly accessLog: boolean;
  /** Whether clients come by IPv6, too. */
  readonly ipv6: boolean;
  readonly cacheSize: Size;
  readonly headerTimeout: Duration;
  readonly bodyTimeout: Duration;
  readonly sendTimeout: Duration;
  readonly keepalive: Duration;
  readonly maxHeaderSize: Size;
  readonly trustedProxies: readonly string[];
  /** What the limits of the whole proxy count by. */
  readonly limitZones: readonly ConfigNode[];
  /** Whether every route of every stack shows the maintenance page. */
  readonly maintenance: boolean;
  readonly snippet: boolean;
  /** Whether an exporter asks for figures. */
  readonly monitored: boolean;
  readonly tls?: TlsSettings;
}

/** nginx.conf of the proxy. Paths without a leading slash are relative to the folder of the generation that it is part of. */
export function mainConfig(settings: MainSettings): ConfigNode[] {
  return [
    comment('Written by cdktf-django. A generation: owners/ as handed in, the rest composed by the supervisor.'),
    ...processSettings(settings.workers, settings.workerConnections),
    directive('error_log', REFUSAL_LOG, 'emerg'),
    // Old workers keep long requests and WebSockets for so long after a reload.
    directive('worker_shutdown_timeout', '10m'),
    block(
      'http',
      [],
      [
        ...general(),
        ...client(settings),
        ...trust(settings.trustedProxies, settings.tls?.http3 ?? false),
        ...limitSettings(),
        ...settings.limitZones,
        ...ownHeaderMaps(),
        ...ownSecurityHeaders(),
        ...upstreams(),
        ...fileCache(settings.cacheSize),
        ...compression(settings.gzip),
        ...accessLog(settings.accessLog),
        maintenanceSwitch(settings.maintenance),
        ...(settings.snippet ? [directive('include', `owners/${PROXY_OWNER}/snippets/http.conf`)] : []),
        directive('include', `owners/*/${HTTP_FOLDER}/*.conf`),
        directive('include', 'owners/*/upstreams/*.conf'),
        unknownHosts(settings.ipv6),
        ...(settings.tls ? tlsConfig(settings.tls) : []),
        directive('include', 'servers.conf'),
        localServer([
          block('location', ['=', '/generation'], [directive('include', 'generation.conf')]),
          block('location', ['=', STATUS_PATH], [directive('stub_status')]),
        ]),
        ...(settings.monitored ? [statusServer()] : []),
      ],
    ),
  ];
}

/** What a container with the volume of this socket can ask. */
function statusServer(): ConfigNode {
  return block(
    'server',
    [],
    [
      directive('listen', `unix:${STATUS_SOCKET}`),
      directive('access_log', 'off'),
      block('location', ['=', STATUS_PATH], [directive('stub_status')]),
      block('location', ['/'], [directive('return', 404)]),
    ],
  );
}

function general(): ConfigNode[] {
  return [
    directive('include', '/etc/nginx/mime.types'),
    directive('default_type', 'application/octet-stream'),
    directive('server_tokens', 'off'),
    // The container's port is not the one that clients see.
    directive('absolute_redirect', 'off'),
    directive('sendfile', 'on'),
    directive('tcp_nopush', 'on'),
    directive('server_names_hash_bucket_size', 128),
    directive('server_names_hash_max_size', 4096),
    directive('variables_hash_max_size', 2048),
    ...temporaryFolders(PROXY_TEMPORARY_FOLDER),
  ];
}

function client(settings: MainSettings): ConfigNode[] {
  return [
    directive('client_header_timeout', nginxTime(settings.headerTimeout)),
    directive('client_body_timeout', nginxTime(settings.bodyTimeout)),
    directive('send_timeout', nginxTime(settings.sendTimeout)),
    directive('keepalive_timeout', nginxTime(settings.keepalive)),
    // An idle connection is as safe to use after a reload as before: without it a reload closes it under the client's next request.
    directive('keepalive_min_timeout', nginxTime(settings.keepalive)),
    // A connection is closed after so many requests, so that it does not keep its memory for ever; and one of HTTP/2 has so many at a time. nginx's own values, which
    // its makers name as what bounds the attack by resets (CVE-2023-44487).
    directive('keepalive_requests', 1000),
    directive('http2_max_concurrent_streams', 128),
    directive('reset_timedout_connection', 'on'),
    // What a slow client costs: so much for each header, and for each body; the rest of a body is on the disk. A line of a header has 8 KiB, as Gunicorn has it
    // (limit_request_field_size).
    directive('client_header_buffer_size', '1k'),
    directive('large_client_header_buffers', Math.ceil(settings.maxHeaderSize.toKibibytes() / 8), '8k'),
    directive('client_body_buffer_size', '16k'),
    // Names that an app could take for others: X_Forwarded_For is HTTP_X_FORWARDED_FOR for WSGI.
    directive('underscores_in_headers', 'off'),
    directive('ignore_invalid_headers', 'on'),
  ];
}

function upstreams(): ConfigNode[] {
  return [
    // The engine's own name server: a restarted container has another address.
    directive('resolver', '127.0.0.11', 'valid=2s', 'ipv6=off'),
    directive('resolver_timeout', '2s'),
    directive('proxy_http_version', '1.1'),
    directive('proxy_redirect', 'off'),
    directive('proxy_next_upstream', 'error', 'timeout'),
    // Servers that cannot be reached are passed over; a request that an app is slow to answer is not asked for again.
    directive('proxy_next_upstream_timeout', '10s'),
    directive('proxy_buffer_size', '16k'),
    directive('proxy_buffers', 8, '16k'),
    directive('proxy_busy_buffers_size', '32k'),
    // So much of an answer is kept on the disk for whoever takes it slowly, so that it holds no worker of the app. `limits.connections` times that is what one address
    // can fill.
    directive('proxy_max_temp_file_size', '32m'),
    groupSwitch(),
    // Only WebSockets: another upgrade (h2c) would be a tunnel past the rules of this proxy.
    block('map', [expression('$http_upgrade'), expression('$upgrade_to')], [mapEntry('default', ''), mapEntry('~*^websocket$', 'websocket')]),
    connectionSwitch(),
    finalStatus(),
  ];
}

function fileCache(size: Size): ConfigNode[] {
  return [
    directive(
      'proxy_cache_path',
      `${CACHE_FOLDER}/files`,
      'levels=1:2',
      `keys_zone=${FILE_CACHE}:10m`,
      `max_size=${nginxSize(size)}`,
      'inactive=30d',
      'use_temp_path=off',
    ),
    // Two kinds of answers are kept, instead of one for each way in which browsers list what they accept.
    block('map', [expression('$http_accept_encoding'), expression('$file_encoding')], [mapEntry('default', ''), mapEntry('~*\\bgzip\\b', 'gzip')]),
    block('map', [expression('$upstream_http_cache_control'), expression('$may_change')], [mapEntry('default', 1), mapEntry('~*\\bimmutable\\b', 0)]),
  ];
}
