import { TerraformStack } from 'cdktf';
import { Construct } from 'constructs';
import { Balancing } from '../../lib/nginx/balancing';
import { ErrorPage } from '../../lib/nginx/error-page';
import { NginxProxy, NginxProxyProps } from '../../lib/nginx/nginx-proxy';
import { ProxyRouteProps } from '../../lib/nginx/proxy-route';
import { Tls } from '../../lib/nginx/tls';
import { INginxProxy, IProxyTarget, ProxyFileLocation, ProxyRoute, ProxyTargetConfig } from '../../lib/nginx/proxy-target';
import { ContainerImage } from '../../lib/image/container-image';
import { Duration } from '../../lib/core/duration';
import { Size } from '../../lib/core/size';
import { Endpoint } from '../../lib/workload/endpoint';
import { Files } from '../../lib/workload/files';
import { Service } from '../../lib/workload/service';
import { newStack, Synthesized } from '../support/synth';

class Target extends Construct implements IProxyTarget {
  public readonly routes: ProxyRoute[] = [];

  constructor(
    scope: Construct,
    id: string,
    private readonly config: {
      servers?: string[];
      files?: ProxyFileLocation[];
      readTimeout?: Duration;
      completion?: Construct[];
      scriptName?: string;
    } = {},
  ) {
    super(scope, id);
  }

  public bindToProxy(_proxy: INginxProxy, route: ProxyRoute): ProxyTargetConfig {
    this.routes.push(route);
    return {
      servers: (this.config.servers ?? ['web-1', 'web-2']).map((name) => new Endpoint(name, 8000)),
      completion: this.config.completion ?? [],
      fileLocations: this.config.files,
      readTimeout: this.config.readTimeout,
      scriptName: this.config.scriptName,
    };
  }
}

function newProxy(props: NginxProxyProps = {}, stack: TerraformStack = newStack()): NginxProxy {
  return new NginxProxy(stack, 'Proxy', props);
}

function candidate(proxy: NginxProxy): Record<string, string> {
  const files = proxy.node.findChild('Candidate') as Files;
  return Object.fromEntries(files._entries.map(({ path, content }) => [path, content]));
}

/** The servers of each group, which are no part of the files. */
function servers(proxy: NginxProxy): string[] {
  return Object.entries(proxy.publication.environment)
    .filter(([name]) => /^PROXY_SERVERS_\d+$/.test(name))
    .map(([, value]) => value);
}

function routed(route: Partial<ProxyRouteProps> = {}, props: NginxProxyProps = {}, target?: (scope: Construct) => Target) {
  const stack = newStack();
  const proxy = newProxy(props, stack);
  const to = target?.(stack) ?? new Target(stack, 'Web');
  proxy.addRoute({ host: 'shop.example.com', target: to, ...route });
  return { stack, proxy, target: to, files: candidate(proxy) };
}

describe('the candidate', () => {
  test('has a server for the host, a location for the path and a group of servers', () => {
    const { files, proxy } = routed();
    expect(Object.keys(files)).toEqual([
      'listen.conf',
      'nginx.conf',
      'pages/maintenance.html',
      'pages/too-many-requests.html',
      'pages/unavailable.html',
      'rules/file-limits.conf',
      'rules/limits.conf',
      'servers/shop.example.com/locations/root.conf',
      'servers/shop.example.com/server.conf',
      'upstreams/shop-web.conf',
    ]);
    expect(files['servers/shop.example.com/server.conf']).toBe(`server {
    include owners/proxy/listen.conf;
    server_name shop.example.com;
    include owners/*/servers/shop.example.com/certificate*.conf;
    include owners/proxy/snippets/server/*.conf;
    location ^~ /.cdktf-django/ {
        internal;
        alias /var/lib/proxy/live/owners/;
        add_header Retry-After $retry_after always;
        add_header Cache-Control no-store always;
        add_header X-Content-Type-Options nosniff always;
        add_header Referrer-Policy same-origin always;
        add_header X-Frame-Options DENY always;
        add_header Cross-Origin-Opener-Policy same-origin always;
        include owners/proxy/snippets/location/*.conf;
    }
    include owners/*/servers/shop.example.com/locations/*.conf;
}
`);
    expect(files['listen.conf']).toBe('listen 8080;\n');
    expect(files['upstreams/shop-web.conf']).toBe(`upstream shop-web {
    zone shop-web 256k;
    include owners/proxy/upstreams/shop-web.servers;
    keepalive 32;
    keepalive_timeout 30s;
    keepalive_requests 10000;
}
upstream shop-web.once {
    zone shop-web.once 256k;
    include owners/proxy/upstreams/shop-web.servers;
}
`);
    expect(servers(proxy)).toEqual(['shop-web\nserver web-1:8000 resolve max_fails=0;\nserver web-2:8000 resolve max_fails=0;\n']);
    const passed = `    include owners/proxy/rules/denied*.conf;
    include owners/proxy/rules/allowed*.conf;
    include owners/proxy/rules/limits*.conf;
    add_header X-Content-Type-Options $own_x_content_type_options always;
    add_header Referrer-Policy $own_referrer_policy always;
    add_header X-Frame-Options $own_x_frame_options always;
    add_header Cross-Origin-Opener-Policy $own_cross_origin_opener_policy always;
    if ($in_maintenance) {
        set $retry_after 300;
        error_page 503 /.cdktf-django/proxy/pages/maintenance.html;
        return 503;
    }
    set $retry_after 10;
    error_page 502 504 /.cdktf-django/proxy/pages/unavailable.html;
    error_page 429 /.cdktf-django/proxy/pages/too-many-requests.html;
    proxy_connect_timeout 1s;
    proxy_send_timeout 60s;
    proxy_read_timeout 60s;
    include owners/proxy/snippets/location/*.conf;
    proxy_set_header Host $host$client_port;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-Proto $client_scheme;
    proxy_set_header X-Request-ID $request_id;
    proxy_set_header Upgrade $upgrade_to;
    proxy_set_header Connection $connection_to_app;
    proxy_set_header Forwarded "";
    proxy_set_header Proxy "";
    proxy_set_header X-Forwarded-Host "";
    proxy_set_header X-Forwarded-Port "";
    proxy_set_header X-Forwarded-Prefix "";
    proxy_set_header X-Forwarded-Protocol "";
    proxy_set_header X-Forwarded-Server "";
    proxy_set_header X-Forwarded-Ssl "";
    proxy_set_header X-Url-Scheme "";
    proxy_pass http://shop-web$once;
`;
    expect(files['servers/shop.example.com/locations/root.conf']).toBe(`# host shop.example.com, path /
location / {
    client_max_body_size 10m;
    recursive_error_pages on;
    error_page 502 504 = @again/;
${passed}}
location @again/ {
    if ($final_status = 502) {
        return 502;
    }
    if ($final_status = 504) {
        return 504;
    }
${passed}}
`);
  });

  test('below a path: SCRIPT_NAME, a redirect to the slash, and the path as it is written', () => {
    const { files } = routed({ path: '/my.app' });
    const location = Object.entries(files).find(([path]) => path.includes('/locations/my-app-'))![1];
    expect(location).toContain(`location = /my.app {
    return 308 /my.app/$is_args$args;
}
location /my.app/ {
    if ($request_uri !~ "^/my\\\\.app/)" {
        return 400;
    }
`);
    expect(location).toContain('    proxy_set_header SCRIPT_NAME /my.app;\n    proxy_pass http://shop-web$once;\n');
  });

  test.each([
    ['/shop/', 'has no slash at its end'],
    ['/other', 'and path /shop/ws/ is not below it'],
    ['/sh', 'and path /shop/ws/ is not below it'],
    ['/a;b', 'path must be a path such as'],
  ])('a target that says to be mounted at %p is refused', (scriptName, problem) => {
    expect(() => routed({ path: '/shop/ws/' }, {}, (scope) => new Target(scope, 'Web', { scriptName }))).toThrow(problem);
  });

  test('several hosts, of which one stands for many', () => {
    const { files, target, proxy } = routed({ aliases: ['127.0.0.1', '*.Example.com'] }, { httpPort: 8080 });
    expect(files['servers/_.example.com/server.conf']).toContain('    server_name *.example.com;\n');
    expect(files['servers/_.example.com/server.conf']).toContain('    include owners/*/servers/_.example.com/locations/*.conf;\n');
    expect(target.routes.map((route) => route.origin)).toEqual([
      'http://shop.example.com:8080',
      'http://127.0.0.1:8080',
      'http://*.example.com:8080',
    ]);
    expect(proxy.routeUrls).toEqual(['http://shop.example.com:8080/', 'http://127.0.0.1:8080/', 'http://*.example.com:8080/']);
  });

  test('a route tells its target how clients see it', () => {
    const { target } = routed({ path: '/hello' });
    expect(target.routes).toEqual([
      { host: 'shop.example.com', path: '/hello/', scriptName: '/hello', scheme: 'http', port: 80, origin: 'http://shop.example.com' },
    ]);
  });

  test('a route’s settings win over those of the proxy', () => {
    const defaults = { maxBodySize: Size.mebibytes(3), timeouts: { send: Duration.seconds(5) }, balancing: Balancing.LEAST_CONNECTIONS };
    const { files } = routed(
      { maxBodySize: Size.gibibytes(1), timeouts: { connect: Duration.millis(500) }, balancing: Balancing.IP_HASH },
      defaults,
      (scope) => {
        return new Target(scope, 'Web', { readTimeout: Duration.seconds(35) });
      },
    );
    expect(files['servers/shop.example.com/locations/root.conf']).toContain(`    proxy_connect_timeout 500ms;
    proxy_send_timeout 5s;
    proxy_read_timeout 35s;
`);
    expect(files['servers/shop.example.com/locations/root.conf']).toContain('    client_max_body_size 1024m;\n');
    expect(files['upstreams/shop-web-ip-hash.conf']).toContain(
      '    zone shop-web-ip-hash 256k;\n    ip_hash;\n    include owners/proxy/upstreams/shop-web-ip-hash.servers;\n',
    );
    expect(routed({}, defaults).files['upstreams/shop-web-least-connections.conf']).toContain('    least_conn;\n');
  });

  test('files come from a file server and are kept where they are immutable', () => {
    const endpoints = [new Endpoint('files', 8080)];
    const { files, proxy } = routed(
      { path: '/hello' },
      {},
      (scope) => new Target(scope, 'Web', { files: [{ urlPrefix: '/hello/static/', serverPrefix: '/static/', servers: endpoints }] }),
    );
    const location = Object.entries(files).find(([path]) => path.includes('/locations/hello-static-'))![1];
    expect(location).toBe(`# host shop.example.com, path /hello/static/
location ^~ /hello/static/ {
    include owners/proxy/rules/denied*.conf;
    include owners/proxy/rules/allowed*.conf;
    include owners/proxy/rules/file-limits*.conf;
    add_header X-Content-Type-Options $own_x_content_type_options always;
    add_header Referrer-Policy $own_referrer_policy always;
    add_header X-Frame-Options $own_x_frame_options always;
    add_header Cross-Origin-Opener-Policy $own_cross_origin_opener_policy always;
    set $retry_after 10;
    error_page 502 504 /.cdktf-django/proxy/pages/unavailable.html;
    error_page 429 /.cdktf-django/proxy/pages/too-many-requests.html;
    include owners/proxy/snippets/location/*.conf;
    proxy_set_header Connection "";
    proxy_set_header Accept-Encoding $file_encoding;
    proxy_set_header Cookie "";
    proxy_set_header Authorization "";
    proxy_set_header X-Request-ID $request_id;
    proxy_connect_timeout 1s;
    proxy_max_temp_file_size 0;
    proxy_cache files;
    proxy_cache_key "$proxy_host$uri $file_encoding";
    proxy_ignore_headers Vary;
    proxy_no_cache $may_change;
    proxy_cache_lock on;
    proxy_cache_use_stale error timeout updating;
    proxy_pass http://shop-web-files/static/;
}
`);
    expect(servers(proxy)[1]).toBe('shop-web-files\nserver files:8080 resolve max_fails=0;\n');
  });

  test('a snippet stands in the location that asks once more, too, but where it has locations of its own or passes bodies on while they come', () => {
    const again = (snippet: string) => /location @again\/ [^]*/.exec(routed({ snippet }).files['servers/shop.example.com/locations/root.conf'])?.[0];
    expect(again('proxy_buffering off;')).toContain('    include owners/proxy/servers/shop.example.com/locations/root.snippet;\n}\n');
    expect(again('location /inner/ { deny all; }')).toBeUndefined();
    expect(again('proxy_request_buffering off;')).toBeUndefined();
  });

  test('snippets stand in files of their own, word for word', () => {
    const { files } = routed(
      { snippet: 'deny 10.0.0.1; # "}' },
      { httpSnippet: 'limit_req_zone $binary_remote_addr zone=a:1m rate=9r/s;', serverSnippet: 'etag off;\n' },
    );
    expect(files['servers/shop.example.com/locations/root.snippet']).toBe('deny 10.0.0.1; # "}\n');
    expect(files['servers/shop.example.com/locations/root.conf']).toContain(
      '    include owners/proxy/servers/shop.example.com/locations/root.snippet;\n}\n',
    );
    expect(files['snippets/http.conf']).toBe('limit_req_zone $binary_remote_addr zone=a:1m rate=9r/s;\n');
    expect(files['nginx.conf']).toContain('    include owners/proxy/snippets/http.conf;\n');
    expect(files['snippets/server/user.conf']).toBe('etag off;\n');
  });

  test('settings of the whole proxy', () => {
    const config = candidate(
      newProxy({
        cpus: 2.5,
        workerConnections: 2000,
        gzip: false,
        accessLog: false,
        cacheSize: Size.gibibytes(1),
        clientTimeouts: { keepalive: Duration.seconds(20) },
      }),
    )['nginx.conf'];
    expect(config).toContain('worker_processes 3;\n');
    expect(config).toContain('    worker_connections 2000;\n');
    expect(config).toContain('    gzip off;\n');
    expect(config).toContain('    access_log off;\n');
    expect(config).toContain('max_size=1024m');
    expect(config).toContain('    keepalive_timeout 20s;\n    keepalive_min_timeout 20s;\n');
  });

  test('who is unknown gets no answer, and missing servers keep nginx from nothing', () => {
    const config = candidate(newProxy())['nginx.conf'];
    expect(config).toContain(`    server {
        listen 8080 default_server backlog=4096;
        access_log off;
        return 444;
    }
`);
    expect(config).toContain('    resolver 127.0.0.11 valid=2s ipv6=off;\n');
    expect(config).toContain('    proxy_next_upstream error timeout;\n');
    expect(config).toContain(`    map $request_method $once {
        default "";
        "~^(?:POST|LOCK|PATCH)$" .once;
    }
`);
    expect(config).toContain(`    map "$upstream_connect_time|$upstream_status" $final_status {
        default 502;
        "~(?:^|[ ,:])-\\\\|" "";
        ~504$ 504;
    }
`);
    expect(config).toContain(`    map $upgrade_to$once $connection_to_app {
        default upgrade;
        "" "";
        "~\\\\.once$" close;
    }
`);
    expect(config).toContain('        location = /generation {\n            include generation.conf;\n        }\n');
    expect(config).toContain(
      '    map $upstream_cache_status $logged {\n        default 1;\n        HIT 0;\n    }\n    access_log /dev/stdout json buffer=4k flush=1s if=$logged;\n',
    );
  });

  test('the log is JSON', () => {
    const config = candidate(newProxy())['nginx.conf'];
    const format = /log_format json escape=json "(.*)";/.exec(config)![1].replace(/\\"/g, '"');
    const line = JSON.parse(format.replace(/"\$[a-z_]+"/g, '"text"').replace(/\$[a-z_]+/g, '1')) as object;
    expect(Object.keys(line)).toEqual(
      expect.arrayContaining(['request_id', 'client', 'status', 'seconds', 'upstream', 'upstream_status', 'upstream_seconds']),
    );
  });
});

describe('where an app cannot answer', () => {
  const location = 'servers/shop.example.com/locations/root.conf';

  test('a route in maintenance has no servers, waits for none, and shows the page', () => {
    let web: Service | undefined;
    const { proxy, files, target } = routed({ maintenance: true, path: '/hello' }, {}, (scope) => {
      web = new Service(scope, 'Web', { image: ContainerImage.fromRegistry('example/web:1') });
      return new Target(scope, 'Target', { completion: [web] });
    });
    const [name] = Object.keys(files).filter((path) => path.includes('/locations/'));
    expect(files[name]).toBe(`# host shop.example.com, path /hello/
location = /hello {
    return 308 /hello/$is_args$args;
}
location /hello/ {
    if ($request_uri !~ ^/hello/) {
        return 400;
    }
    client_max_body_size 10m;
    set $retry_after 300;
    error_page 503 /.cdktf-django/proxy/pages/maintenance.html;
    return 503;
}
`);
    expect(Object.keys(files).filter((path) => path.startsWith('upstreams/'))).toEqual([]);
    expect(proxy.publication._predecessors).not.toContain(web);
    expect(target.routes.length).toBe(1);
  });

  test('the maintenance of the whole proxy is a switch that every location looks at', () => {
    const on = routed({}, { maintenance: true }).files;
    const off = routed().files;
    expect(on['nginx.conf']).toContain('    map $host $in_maintenance {\n        default 1;\n    }\n');
    expect(off['nginx.conf']).toContain('    map $host $in_maintenance {\n        default 0;\n    }\n');
    expect({ ...on, 'nginx.conf': '' }).toEqual({ ...off, 'nginx.conf': '' });
  });

  test('pages and times are the proxy’s, or the route’s own', () => {
    const pages = { unavailable: ErrorPage.fromHtml('<p>${gone}</p>'), maintenanceRetryAfter: Duration.hours(1) };
    const { files, proxy, stack } = routed({}, { pages });
    expect(files['pages/unavailable.html']).toBe('<p>${gone}</p>');
    expect(files['pages/maintenance.html']).toContain('<h1>Down for maintenance</h1>');
    expect(files[location]).toContain('        set $retry_after 3600;\n');
    expect(files[location]).toContain('    set $retry_after 10;\n');

    proxy.addRoute({
      host: 'own.example.com',
      target: new Target(stack, 'Own'),
      pages: { maintenance: ErrorPage.fromHtml('<p>own</p>'), unavailableRetryAfter: Duration.seconds(1) },
    });
    const own = candidate(proxy);
    expect(own['pages/own.example.com-root-maintenance.html']).toBe('<p>own</p>');
    expect(own['servers/own.example.com/locations/root.conf']).toContain(`    if ($in_maintenance) {
        set $retry_after 3600;
        error_page 503 /.cdktf-django/proxy/pages/own.example.com-root-maintenance.html;
        return 503;
    }
    set $retry_after 1;
    error_page 502 504 /.cdktf-django/proxy/pages/unavailable.html;
`);
  });
});

test('other servers are no other files: a release brings none', () => {
  const of = (name: string) => routed({}, {}, (scope) => new Target(scope, 'Web', { servers: [name] }));
  expect(of('one').files).toEqual(of('two').files);
  expect(servers(of('one').proxy)).not.toEqual(servers(of('two').proxy));
});

describe('what runs', () => {
  test('no route and no setting of nginx is part of the proxy’s container', () => {
    const bare = newStack();
    newProxy({ httpPort: 8080 }, bare);
    const full = newStack();
    const proxy = newProxy({ httpPort: 8080, gzip: false, httpSnippet: 'etag off;' }, full);
    proxy.addRoute({ host: 'shop.example.com', target: new Target(full, 'Web') });
    expect(new Synthesized(full).container('shop/Proxy/Server')).toEqual(new Synthesized(bare).container('shop/Proxy/Server'));
  });

  test('clients by IPv6 come to ports of their own', () => {
    const stack = newStack();
    const proxy = newProxy({ httpPort: 80, tls: Tls.selfSigned(), http3: true, ipv6: { subnet: 'fd7c:31a0:9e5b:1::/64' } }, stack);
    proxy.addRoute({ host: 'shop.example.com', target: new Target(stack, 'Web') });
    const published = (address: string) =>
      new Synthesized(stack)
        .container('shop/Proxy/Server')
        .ports.filter(({ ip }: { ip: string }) => ip === address)
        .map((port: Record<string, unknown>) => `${port.external}/${port.protocol} ${port.internal}`);
    expect(published('0.0.0.0')).toEqual(['80/tcp 8080', '443/tcp 8443', '443/udp 8443']);
    expect(published('::')).toEqual(['80/tcp 8082', '443/tcp 8444', '443/udp 8444']);
  });

  test('the container is confined', () => {
    const stack = newStack();
    const proxy = newProxy({ httpPort: 8080, address: '127.0.0.1' }, stack);
    const container = new Synthesized(stack).container('shop/Proxy/Server');
    expect(container).toMatchObject({
      user: '10101:10101',
      read_only: true,
      entrypoint: ['sh'],
      command: ['/opt/proxy/supervise.sh'],
      stop_timeout: 15,
      ports: [{ internal: 8080, external: 8080, ip: '127.0.0.1', protocol: 'tcp' }],
    });
    expect(proxy.node.defaultChild).toBe(proxy.service);
  });

  test('routes are published after their targets are complete', () => {
    const stack = newStack();
    const web = new Service(stack, 'Web', { image: ContainerImage.fromRegistry('example/web:1') });
    const proxy = newProxy({}, stack);
    proxy.addRoute({ host: 'a.example.com', target: new Target(stack, 'Target', { completion: [web] }) });
    expect(proxy.publication.offline).toBe(true);
    expect(proxy.publication._predecessors).toContain(web);
    expect(proxy.service._predecessors).not.toContain(web);
    expect(proxy.publication._predecessors).not.toContain(proxy.service);
  });
});

describe('bad input', () => {
  test('two routes for one host and path', () => {
    const { proxy, stack } = routed();
    expect(() => proxy.addRoute({ host: 'SHOP.example.com', target: new Target(stack, 'Other') })).toThrow(
      'shop/Proxy: host shop.example.com has two routes for path /; a host and path lead to one target: give one of them another host or path',
    );
  });

  test('a path below which another target has its files', () => {
    const stack = newStack();
    const proxy = newProxy({}, stack);
    const servers = [new Endpoint('files', 8080)];
    proxy.addRoute({ host: 'a.example', path: '/static', target: new Target(stack, 'One') });
    const other = new Target(stack, 'Two', { files: [{ urlPrefix: '/static/', serverPrefix: '/static/', servers }] });
    expect(() => proxy.addRoute({ host: 'a.example', target: other })).toThrow(
      'shop/Proxy: host a.example has two routes for the file prefix /static/',
    );
  });

  test('a target in another stack', () => {
    const stack = newStack();
    const other = new TerraformStack(stack.node.root, 'other');
    expect(() => newProxy({}, stack).addRoute({ host: 'a.example', target: new Target(other, 'Web') })).toThrow(
      "shop/Proxy: the target other/Web of host a.example is in another stack; a route and its target belong to one: declare the app in shop, or add the route in the app's stack at NginxProxy.fromAttributes()",
    );
  });

  test.each(['a b', 'a;b'])('host %j', (host) => {
    expect(() => routed({ host })).toThrow(/^shop\/Proxy: host must be a host name .*, got "a/);
  });

  test.each<[NginxProxyProps, RegExp]>([
    [{ httpPort: 0 }, /^shop\/Proxy: httpPort must be an integer from 1 to 65535, got 0$/],
    [{ address: 'localhost' }, /^shop\/Proxy: address must be an IPv4 address/],
    [
      { ipv6: { subnet: 'fd00::/64', address: '127.0.0.1' } },
      /^shop\/Proxy: ipv6.address must be an IPv6 address of the host, such as ::1 or ::, got "127.0.0.1"$/,
    ],
    [{ ipv6: { subnet: '10.0.0.0/8' } }, /^shop\/Proxy\/Edge: ipv6Subnet must be an IPv6 network of \/48 to \/64/],
    [{ maxBodySize: Size.mebibytes(0) }, /^shop\/Proxy: maxBodySize must be 1 KiB or more, got 0 MiB$/],
    [{ timeouts: { read: Duration.millis(0) } }, /^shop\/Proxy: timeouts.read must be 100 ms or more, got 0s$/],
    [{ clientTimeouts: { header: Duration.millis(1) } }, /^shop\/Proxy: clientTimeouts.header must be/],
    [{ drainTimeout: Duration.millis(500) }, /^shop\/Proxy: drainTimeout, in seconds, must be an integer from 1 to 3600, got 0.5$/],
    [{ workers: 0 }, /^shop\/Proxy: workers must be an integer from 1 to 256, got 0$/],
    [{ workerConnections: 1 }, /^shop\/Proxy: workerConnections must be/],
    [{ upstreamKeepalive: 0 }, /^shop\/Proxy: upstreamKeepalive must be/],
    [{ cacheSize: Size.kibibytes(1) }, /^shop\/Proxy: cacheSize must be 1 MiB or more/],
    [{ pages: { unavailableRetryAfter: Duration.millis(10) } }, /^shop\/Proxy: pages.unavailableRetryAfter must be 1 second or more, got 10ms$/],
    [{ httpSnippet: 'a\0' }, /^shop\/Proxy: httpSnippet must not contain a NUL character$/],
  ])('%j', (props, message) => {
    expect(() => newProxy(props)).toThrow(message);
  });

  test('a target without servers', () => {
    expect(() => routed({}, {}, (scope) => new Target(scope, 'Web', { servers: [] }))).toThrow(
      'shop/Proxy: the target shop/Web of host shop.example.com has no servers',
    );
  });
});
