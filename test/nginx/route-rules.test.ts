import { ClientLimits, ContainerImage, DjangoService, NginxProxy, NginxProxyProps, PostgresDb, ProxyRouteOptions, Size } from '../../lib';
import { INginxProxy } from '../../lib/nginx/proxy-target';
import { Files } from '../../lib/workload/files';
import { newStack } from '../support/synth';

const HOST = 'shop.example.com';

/** The files that a stack hands in, of the proxy's own stack or of another one. */
function handedIn(route: ProxyRouteOptions, props: ProxyRouteOptions & NginxProxyProps = {}, guest = false, exempt: string[] = []) {
  const stack = newStack();
  const shop = new DjangoService(stack, 'Shop', {
    image: ContainerImage.fromRegistry('example/shop:1'),
    project: 'shop',
    database: new PostgresDb(stack, 'Db'),
  });
  let proxy: INginxProxy;
  if (guest) {
    proxy = NginxProxy.fromAttributes(stack, 'Proxy', {
      ...props,
      edgeNetworkName: 'edge-proxy-edge',
      configurationVolumeName: 'edge-proxy-configuration',
    });
  } else {
    const own = new NginxProxy(stack, 'Proxy', props);
    for (const network of exempt) own.exemptFromLimits(network);
    proxy = own;
  }
  proxy.addRoute({ host: HOST, aliases: ['www.example.com'], target: shop, ...route });
  const files = Object.fromEntries((proxy.node.findChild('Candidate') as Files)._entries.map(({ path, content }) => [path, content]));
  const location = (part: string) => Object.entries(files).find(([path]) => path.startsWith(`servers/${HOST}/locations/${part}`))![1];
  return { files, config: files['nginx.conf'], root: location('root'), media: location('media'), names: Object.keys(files) };
}

const INCLUDED = {
  access: '    include owners/proxy/rules/denied*.conf;\n    include owners/proxy/rules/allowed*.conf;\n',
  limits: '    include owners/proxy/rules/limits*.conf;\n',
  files: '    include owners/proxy/rules/file-limits*.conf;\n',
};

describe('limits', () => {
  test('are those of the whole proxy: requests and connections to apps, connections for files', () => {
    const { files, config, root, media } = handedIn({});
    expect(config).toContain(`    map $binary_remote_addr $client_network {
        default $binary_remote_addr;
        "~(?s)^\\\\x00{10}\\\\xff{2}(?<client_of_four>.{4})$" $client_of_four;
        "~(?s)^(?<client_of_eight>.{8}).{8}$" $client_of_eight;
    }
    limit_req_status 429;
    limit_conn_status 429;
    limit_req_log_level info;
    limit_conn_log_level info;
    geo $exempt_proxy {
        default 0;
    }
    map $exempt_proxy $client_proxy {
        default $client_network;
        1 "";
    }
    map $request_method:$uri $login_proxy {
        default "";
        "~^(?!(?:GET|HEAD|OPTIONS):).*(?:/accounts/login/|/admin/login/)$" $client_proxy;
    }
    limit_req_zone $client_proxy zone=requests_9c1f1672:10m rate=50r/s;
    limit_req_zone $login_proxy zone=logins_a176322f:4m rate=10r/m;
    limit_conn_zone $client_proxy zone=connections_9c1f1672:4m;
    limit_conn_zone $client_proxy zone=files_9c1f1672:4m;
`);
    expect(files['rules/limits.conf']).toBe(`limit_req zone=requests_9c1f1672 burst=200 nodelay;
limit_req zone=logins_a176322f burst=20 nodelay;
limit_conn connections_9c1f1672 256;
`);
    expect(files['rules/file-limits.conf']).toBe('limit_conn files_9c1f1672 512;\n');
    expect(root).toContain(INCLUDED.access + INCLUDED.limits);
    expect(media).toContain(INCLUDED.access + INCLUDED.files);
  });

  test('of the proxy change nothing in a route', () => {
    const limits = ClientLimits.perAddress({
      requestsPerSecond: 5,
      burst: 6,
      connections: 7,
      loginsPerMinute: 8,
      loginBurst: 9,
      loginPaths: ['/a.b/'],
    });
    const { files, config, root } = handedIn({}, { limits });
    expect(config).toContain(`        "~^(?!(?:GET|HEAD|OPTIONS):).*(?:/a\\\\.b/)$" $client_proxy;\n`);
    expect(config).toContain('rate=5r/s;\n');
    expect(config).toContain('rate=8r/m;\n');
    expect(files['rules/limits.conf']).toBe(`limit_req zone=requests_9c1f1672 burst=6 nodelay;
limit_req zone=logins_a176322f burst=9 nodelay;
limit_conn connections_9c1f1672 7;
`);
    expect(root).toBe(handedIn({}).root);
  });

  test('of a route are counted by themselves, for all of its hosts; what it does not say is the proxy’s', () => {
    const { files, root, media, names } = handedIn(
      { limits: ClientLimits.perAddress({ connections: 1000, exemptNetworks: ['2001:db8::/48'] }) },
      { limits: ClientLimits.perAddress({ burst: 7, exemptNetworks: ['192.0.2.0/24'] }) },
      false,
      ['198.51.100.1'],
    );
    const [file] = names.filter((name) => name.startsWith('http/'));
    const id = /limits-([0-9a-f]{8})\.conf$/.exec(file)![1];
    expect(files[file]).toContain(`geo $exempt_${id} {
    default 0;
    192.0.2.0/24 1;
    2001:db8::/48 1;
    198.51.100.1 1;
}
map $exempt_${id} $client_${id} {
`);
    expect(files[file]).toMatch(new RegExp(`limit_req_zone \\$client_${id} zone=requests_[0-9a-f]{8}:2m rate=50r/s;\n`));
    expect(root).toMatch(/ {4}limit_req zone=requests_[0-9a-f]{8} burst=7 nodelay;\n {4}limit_req zone=logins_[0-9a-f]{8} burst=20 nodelay;\n/);
    expect(root).toMatch(/ {4}limit_conn connections_[0-9a-f]{8} 1000;\n/);
    expect(media).toMatch(/ {4}limit_conn files_[0-9a-f]{8} 2000;\n/);
    expect(files['servers/www.example.com/locations/root.conf'].replace('host www.example.com', `host ${HOST}`)).toBe(root);
    // A zone of one name never has two keys.
    expect(new Set([...`${files[file]}${files['nginx.conf']}`.matchAll(/ zone=(\w+):/g)].map((match) => match[1])).size).toBe(8);
  });

  test('can be none, of a route or of the proxy', () => {
    const route = handedIn({ limits: ClientLimits.none() });
    expect(route.root).not.toContain('limit');
    expect(route.media).not.toContain('limit');
    const proxy = handedIn({}, { limits: ClientLimits.none() });
    expect(proxy.names).not.toContain('rules/limits.conf');
    expect(proxy.names).not.toContain('rules/file-limits.conf');
    expect(proxy.config).not.toContain('limit_req_zone');
    const again = handedIn({ limits: ClientLimits.perAddress({ burst: 3 }) }, { limits: ClientLimits.none() });
    expect(again.root).toContain('burst=3 nodelay;');
  });

  test('of another stack’s proxy are that one’s, unless this one has its own', () => {
    const guest = handedIn({}, {}, true);
    expect(guest.root).toContain(INCLUDED.access + INCLUDED.limits);
    expect(guest.names.filter((name) => /^(?:rules|http)\//.test(name))).toEqual([]);
    const own = handedIn({}, { limits: ClientLimits.perAddress({ burst: 3 }), deniedNetworks: ['192.0.2.1'], allowedNetworks: ['::1'] }, true);
    expect(own.root).toContain('burst=3 nodelay;');
    expect(own.root).toContain('    include owners/proxy/rules/denied*.conf;\n    deny 192.0.2.1;\n    allow ::1;\n    deny all;\n');
    expect(own.names.filter((name) => /^rules\//.test(name))).toEqual([]);
  });
});

test('what a slow client costs is bounded', () => {
  expect(handedIn({}).config).toContain(`    keepalive_requests 1000;
    http2_max_concurrent_streams 128;
    reset_timedout_connection on;
    client_header_buffer_size 1k;
    large_client_header_buffers 2 8k;
    client_body_buffer_size 16k;
    underscores_in_headers off;
    ignore_invalid_headers on;
`);
  expect(handedIn({}, { maxHeaderSize: Size.kibibytes(33) }).config).toContain('    large_client_header_buffers 5 8k;\n');
  expect(handedIn({}).config).toContain('    proxy_max_temp_file_size 32m;\n');
  expect(handedIn({}).media).toContain('    proxy_max_temp_file_size 0;\n');
});

describe('networks', () => {
  test('of the proxy hold for every route, and a route has its own in addition, or in the place of who is allowed', () => {
    const { files, root, media } = handedIn(
      { deniedNetworks: ['192.0.2.1'], allowedNetworks: ['2001:db8::/32', '198.51.100.0/24'] },
      { deniedNetworks: ['203.0.113.0/24'], allowedNetworks: ['10.0.0.0/8'] },
    );
    expect(files['rules/denied.conf']).toBe('deny 203.0.113.0/24;\n');
    expect(files['rules/allowed.conf']).toBe('allow 10.0.0.0/8;\ndeny all;\n');
    const own = `    include owners/proxy/rules/denied*.conf;
    deny 192.0.2.1;
    allow 2001:db8::/32;
    allow 198.51.100.0/24;
    deny all;
`;
    expect(root).toContain(own);
    expect(media).toContain(own);
  });

  test('of proxies in front are believed, and nobody else', () => {
    const nobody = `    geo $realip_remote_addr $from_trusted_proxy {
        default 0;
    }
    map "$from_trusted_proxy $http_x_forwarded_proto" $client_scheme {
        default $scheme;
        "1 http" http;
        "1 https" https;
    }
    map $http_host $client_port {
        default "";
        "~(?<written_port>:[0-9]+)$" $written_port;
    }
`;
    expect(handedIn({}).config).toContain(nobody);
    expect(handedIn({}).config).not.toContain('real_ip');
    expect(handedIn({}, { trustedProxies: ['10.0.0.0/8', '2001:db8::1'] }).config).toContain(`    set_real_ip_from 10.0.0.0/8;
    set_real_ip_from 2001:db8::1;
    real_ip_header X-Forwarded-For;
    real_ip_recursive on;
    geo $realip_remote_addr $from_trusted_proxy {
        default 0;
        10.0.0.0/8 1;
        2001:db8::1 1;
    }
`);
  });
});

test('a policy is sent with answers that have none, the route’s or the proxy’s', () => {
  const header = (config: string) => /add_header Content-Security-Policy (\$policy_[0-9a-f]{8}) always;/.exec(config)?.[1];
  const { files, root, media, names } = handedIn({ contentSecurityPolicy: "default-src 'none'" }, { contentSecurityPolicy: "default-src 'self'" });
  const [file] = names.filter((name) => name.startsWith('http/'));
  expect(files[file]).toBe(`map $upstream_http_content_security_policy ${header(root)} {
    default "";
    "" "default-src 'none'";
}
`);
  expect(header(media)).toBeUndefined();
  const all = handedIn({}, { contentSecurityPolicy: "default-src 'self'; img-src *;" });
  expect(header(all.root)).toBeDefined();
  expect(all.names.filter((name) => name.startsWith('http/')).length).toBe(1);
});

test.each<[ProxyRouteOptions & NginxProxyProps, RegExp]>([
  [{ limits: ClientLimits.perAddress({ requestsPerSecond: 0 }) }, /limits.requestsPerSecond must be an integer from 1 to 1000000, got 0$/],
  [{ limits: ClientLimits.perAddress({ burst: 1.5 }) }, /limits.burst must be an integer/],
  [{ limits: ClientLimits.perAddress({ connections: 65536 }) }, /limits.connections must be an integer from 1 to 65535, got 65536$/],
  [
    { limits: ClientLimits.perAddress({ loginPaths: ['login;'] }) },
    /limits.loginPaths must have paths such as "\/accounts\/login\/".*, got "login;"$/,
  ],
  [{ limits: ClientLimits.perAddress({ loginPaths: ['/a|/b'] }) }, /limits.loginPaths must have/],
  [{ limits: ClientLimits.perAddress({ exemptNetworks: ['office'] }) }, /limits.exemptNetworks must have .*, got "office"$/],
  [{ allowedNetworks: [] }, /allowedNetworks must not be empty: leave it out to allow everybody$/],
  [{ allowedNetworks: ['all'] }, /allowedNetworks must have .*, got "all"$/],
  [{ deniedNetworks: ['0.0.0.0/0'] }, /deniedNetworks must not have "0.0.0.0\/0", which is everybody: use allowedNetworks/],
  [{ deniedNetworks: ['10.0.0.1/8'] }, /deniedNetworks has "10.0.0.1\/8", whose address is not the first one/],
  [{ contentSecurityPolicy: '' }, /contentSecurityPolicy must be printable ASCII/],
  [{ contentSecurityPolicy: "default-src 'self'\nX: y" }, /contentSecurityPolicy must be printable ASCII/],
  [{ contentSecurityPolicy: 'default-src $host' }, /contentSecurityPolicy must be printable ASCII/],
  [{ contentSecurityPolicy: '; img-src *' }, /contentSecurityPolicy must be directives such as/],
  [{ contentSecurityPolicy: 'Default' }, /contentSecurityPolicy must be directives such as/],
  [{ contentSecurityPolicy: "script-src 'nonce-abc'" }, /contentSecurityPolicy must not have a nonce/],
])('%j is refused, for a proxy and for a route', (options, message) => {
  expect(() => handedIn({}, options)).toThrow(message);
  expect(() => handedIn(options)).toThrow(message);
  expect(() => handedIn(options)).toThrow(/^shop\/Proxy: /);
});

test.each<[NginxProxyProps, RegExp]>([
  [
    { trustedProxies: ['0.0.0.0/0'] },
    /^shop\/Proxy: trustedProxies must not have "0.0.0.0\/0", which is everybody: anybody could pass for anybody else$/,
  ],
  [{ trustedProxies: ['lb.example.com'] }, /^shop\/Proxy: trustedProxies must have/],
])('%j is refused', (props, message) => {
  expect(() => handedIn({}, props)).toThrow(message);
});

test('an exempt network is a network', () => {
  const proxy = new NginxProxy(newStack(), 'Proxy');
  expect(() => proxy.exemptFromLimits('the office')).toThrow('shop/Proxy: network must have addresses and networks');
});
