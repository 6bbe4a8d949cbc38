import { TerraformStack, TerraformVariable } from 'cdktf';
import { Duration, GunicornApp, ContainerImage, DjangoService, Hsts, NginxProxy, NginxProxyProps, ProxyRouteProps, Secret, Tls } from '../../lib';
import { Files } from '../../lib/workload/files';
import { violations } from '../support/graph';
import { newStack, Synthesized } from '../support/synth';

const FOLDER = { folder: '/etc/letsencrypt', certificate: 'live/x/fullchain.pem', privateKey: 'live/x/privkey.pem' };
const image = ContainerImage.fromRegistry('example/web:1');

function routed(props: NginxProxyProps, ...routes: Partial<ProxyRouteProps>[]) {
  const stack = newStack();
  const web = new GunicornApp(stack, 'Web', { image, module: 'app:app', replicas: 1 });
  const proxy = new NginxProxy(stack, 'Proxy', props);
  for (const route of routes.length > 0 ? routes : [{}]) proxy.addRoute({ host: 'shop.example.com', target: web, ...route });
  return { stack, proxy, web };
}

const candidate = (proxy: { readonly node: TerraformStack['node'] }) =>
  Object.fromEntries((proxy.node.findChild('Candidate') as Files)._entries.map(({ path, content }) => [path, content]));

describe('a proxy with TLS', () => {
  test('publishes a second port and tells its targets', () => {
    const { stack, proxy } = routed({ tls: Tls.selfSigned(), httpPort: 8080, httpsPort: 8443, address: '127.0.0.1', http3: true });
    expect([proxy.scheme, proxy.httpPort, proxy.httpsPort]).toEqual(['https', 8080, 8443]);
    expect(proxy.routeUrls).toEqual(['https://shop.example.com:8443/']);
    expect(routed({ tls: Tls.selfSigned() }).proxy.routeUrls).toEqual(['https://shop.example.com/']);
    const container = new Synthesized(stack).container('shop/Proxy/Server');
    expect(container.ports).toEqual([
      { internal: 8080, external: 8080, ip: '127.0.0.1', protocol: 'tcp' },
      { internal: 8443, external: 8443, ip: '127.0.0.1', protocol: 'tcp' },
      { internal: 8443, external: 8443, ip: '127.0.0.1', protocol: 'udp' },
    ]);
  });

  test('knows the host of HTTP/3, which is in no header there', () => {
    const config = (http3: boolean) => candidate(routed({ tls: Tls.selfSigned(), http3 }).proxy)['nginx.conf'];
    expect(config(true)).toContain(`    map $http_host $client_port {
        default "";
        "" $is_request_port$request_port;
        "~(?<written_port>:[0-9]+)$" $written_port;
    }
`);
    expect(config(false)).not.toContain('$request_port');
  });

  test('has the certificates in a volume that it only reads, and no certificate is part of its container', () => {
    const { stack } = routed({ tls: Tls.selfSigned() });
    const other = routed({ tls: Tls.certificateFiles(FOLDER) }, { tls: Tls.selfSigned() }, { host: 'other.example.com' });
    const container = new Synthesized(stack).container('shop/Proxy/Server');
    expect(container.mounts).toContainEqual({
      type: 'volume',
      source: '${docker_volume.Proxy_Certificates_051B2897.name}',
      target: '/var/lib/certificates',
      read_only: true,
    });
    expect(new Synthesized(other.stack).container('shop/Proxy/Server')).toEqual(container);
  });

  test('has keys for root, who has nothing else', () => {
    const { stack } = routed({ tls: Tls.selfSigned() });
    const container = new Synthesized(stack).container('shop/Proxy/Server');
    expect(container).toMatchObject({
      user: '0:0',
      read_only: true,
      command: ['/opt/proxy/keeper.sh'],
      capabilities: { drop: ['ALL'], add: ['CAP_KILL', 'CAP_SETGID', 'CAP_SETUID'] },
    });
    expect(container.env).toContain('PROXY_USER=10101');
  });

  test('lets a publication wait for the couriers, and for a proxy that has TLS', () => {
    const { stack } = routed({ tls: Tls.selfSigned() }, { tls: Tls.certificateFiles(FOLDER) });
    const publish = new Synthesized(stack).container('shop/Proxy/Publish');
    expect(publish.env).toContain('PROXY_TLS=yes');
    expect(publish.depends_on.join(' ')).toMatch(/docker_container\.Proxy_Certificate_.*docker_container\.Proxy_Certificate-shopexamplecom_/);
    expect(new Synthesized(routed({}).stack).container('shop/Proxy/Publish').env).not.toContain('PROXY_TLS=yes');
  });

  test('makes Django know that it is behind HTTPS', () => {
    const stack = newStack();
    const shop = new DjangoService(stack, 'Shop', { image, project: 'shop' });
    new NginxProxy(stack, 'Proxy', { tls: Tls.selfSigned(), httpsPort: 8443 }).addRoute({ host: 'shop.example.com', target: shop });
    const { text } = new Synthesized(stack);
    expect(text).toContain('\\"scheme\\": \\"https\\"');
    expect(text).toContain('https://shop.example.com:8443');
  });
});

describe('certificates', () => {
  test('of the engine’s own are made for the hosts that have no other', () => {
    const { stack, proxy } = routed(
      { tls: Tls.selfSigned() },
      { host: 'b.example.com', aliases: ['*.b.example.com', '127.0.0.1'] },
      { host: 'a.example.com' },
      { host: 'own.example.com', aliases: ['www.own.example.com'], tls: Tls.selfSigned() },
      { host: 'own.example.com', path: '/more/' },
    );
    const synthesized = new Synthesized(stack);
    const courier = synthesized.container('shop/Proxy/Certificate');
    expect(courier).toMatchObject({
      user: '0:0',
      read_only: true,
      capabilities: { drop: ['ALL'], add: [] },
      command: ['/opt/proxy/courier.sh'],
      env: [
        'COURIER_HOSTS=*.b.example.com,127.0.0.1,a.example.com,b.example.com',
        'COURIER_NAME=proxy/_default',
        'COURIER_VOLUME=/var/lib/certificates',
      ],
      wait: true,
    });
    expect(synthesized.container('shop/Proxy/Certificate-own.example.com').env.slice(0, 2)).toEqual([
      'COURIER_HOSTS=own.example.com,www.own.example.com',
      'COURIER_NAME=proxy/own.example.com',
    ]);
    const files = candidate(proxy);
    expect(files['certificates/_default']).toBe('# in use\n');
    expect(files['certificates/own.example.com']).toBe('# in use\n');
    for (const host of ['own.example.com', 'www.own.example.com'])
      expect(files[`servers/${host}/certificate.conf`]).toContain('ssl_certificate certificates/proxy/own.example.com/fullchain.pem;\n');
    expect(files).not.toHaveProperty('servers/a.example.com/certificate.conf');
    expect(files['nginx.conf']).toContain('server_name ~.;');
  });

  test('in files: the whole folder is mounted, for the courier alone', () => {
    const { stack } = routed({ tls: Tls.certificateFiles(FOLDER) });
    const synthesized = new Synthesized(stack);
    const courier = synthesized.container('shop/Proxy/Certificate');
    expect(courier.mounts).toContainEqual({ type: 'bind', source: '/etc/letsencrypt', target: '/source', read_only: true });
    expect(courier.env).toContain('COURIER_CERTIFICATE=/source/live/x/fullchain.pem');
    expect(courier.env).toContain('COURIER_KEY=/source/live/x/privkey.pem');
    expect(courier.capabilities).toEqual({ drop: ['ALL'], add: ['CAP_DAC_READ_SEARCH'] });
    const mounting = Object.values(synthesized.all('docker_container')).filter((one) =>
      JSON.stringify(one.mounts ?? []).includes('/etc/letsencrypt'),
    );
    expect(mounting).toHaveLength(1);
  });

  test('in variables', () => {
    const stack = newStack();
    const secret = (id: string) => Secret.fromVariable(new TerraformVariable(stack, id, { type: 'string', sensitive: true }));
    new NginxProxy(stack, 'Proxy', { tls: Tls.certificate({ certificate: secret('Cert'), privateKey: secret('Key') }) });
    const courier = new Synthesized(stack).container('shop/Proxy/Certificate');
    expect(courier.env).toContain('COURIER_CERTIFICATE=/run/secrets/certificate/value');
    expect(courier.env).toContain('COURIER_KEY=/run/secrets/private-key/value');
    expect(courier.mounts.map((mount: { target: string }) => mount.target)).toEqual(
      expect.arrayContaining(['/run/secrets/certificate', '/run/secrets/private-key']),
    );
  });

  test('one object is brought once', () => {
    const tls = Tls.certificateFiles(FOLDER);
    const { stack, proxy } = routed({ tls: Tls.selfSigned() }, { host: 'a.example.com', tls }, { host: 'b.example.com', tls });
    expect(candidate(proxy)['servers/b.example.com/certificate.conf']).toContain('certificates/proxy/a.example.com/');
    const couriers = Object.values(new Synthesized(stack).all('docker_container')).filter((one) => one.command?.[0] === '/opt/proxy/courier.sh');
    expect(couriers).toHaveLength(2);
  });

  test('of another stack are brought under its own name, to a volume that it does not own', () => {
    const stack = newStack('blog');
    const app = new GunicornApp(stack, 'Blog', { image, module: 'app:app', replicas: 1 });
    const proxy = NginxProxy.fromAttributes(stack, 'Proxy', {
      edgeNetworkName: 'edge-proxy-edge',
      configurationVolumeName: 'edge-proxy-configuration',
      certificatesVolumeName: 'edge-proxy-certificates',
      scheme: 'https',
      httpsPort: 8443,
    });
    proxy.addRoute({ host: 'blog.example.com', target: app, tls: Tls.certificateFiles(FOLDER) });
    expect(proxy.routeUrls).toEqual(['https://blog.example.com:8443/']);
    const files = candidate(proxy);
    expect(files['servers/blog.example.com/certificate.conf']).toContain('ssl_certificate certificates/blog-proxy/blog.example.com/fullchain.pem;\n');
    const courier = new Synthesized(stack).container('blog/Proxy/Certificate-blog.example.com');
    expect(courier.env).toContain('COURIER_NAME=blog-proxy/blog.example.com');
    expect(courier.mounts).toContainEqual({ type: 'volume', source: 'edge-proxy-certificates', target: '/var/lib/certificates', read_only: false });
  });
});

describe('of an ACME server', () => {
  const ACME = { email: 'admin@example.com', termsOfServiceAgreed: true };

  test('are fetched by a client after the hosts are served, and nobody waits for them', () => {
    const { stack } = routed({ tls: Tls.acme(ACME) }, { aliases: ['www.example.com'] }, { host: 'own.example.com', tls: Tls.selfSigned() });
    const synthesized = new Synthesized(stack);
    const client = synthesized.container('shop/Proxy/AcmeCertificate/Client');
    expect(client).toMatchObject({
      name: 'shop-proxy-acme-certificate-client',
      user: '0:0',
      read_only: true,
      capabilities: { drop: ['ALL'], add: [] },
      entrypoint: ['sh'],
      command: ['/opt/proxy/acme.sh'],
      env: [
        'ACME_DATA=/var/lib/acme',
        'ACME_DIRECTORY=https://acme-v02.api.letsencrypt.org/directory',
        'ACME_EMAIL=admin@example.com',
        'ACME_HOSTS=shop.example.com,www.example.com',
        'ACME_INTERVAL=43200',
        'ACME_WEBROOT=/var/lib/certificates/.challenges',
      ],
      wait: false,
    });
    // The key of the account outlives the stack.
    expect(client.mounts).toContainEqual({
      type: 'volume',
      source: 'shop-proxy-acme-certificate-account',
      target: '/var/lib/acme',
      read_only: false,
    });
    expect(client.depends_on.join(' ')).toMatch(/docker_container\.Proxy_Publish_/);
    const publish = synthesized.container('shop/Proxy/Publish');
    expect(publish.depends_on.join(' ')).not.toContain('AcmeCertificate');
    expect(publish.depends_on.join(' ')).toMatch(/docker_container\.Proxy_Certificate-ownexamplecom_/);
    const courier = synthesized.container('shop/Proxy/AcmeCertificate');
    expect(courier).toMatchObject({ name: 'shop-proxy-acme-certificate', wait: false });
    expect(courier.env).toContain('COURIER_CERTIFICATE=/source/certificates/shop.example.com.crt');
    expect(courier.env).toContain('COURIER_KEY=/source/certificates/shop.example.com.key');
    expect(courier.mounts).toContainEqual({ type: 'volume', source: 'shop-proxy-acme-certificate-account', target: '/source', read_only: true });
    expect(violations(synthesized)).toEqual([]);
  });

  test('of a company of one’s own', () => {
    const directoryAuthority = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n';
    const { stack } = routed({
      tls: Tls.acme({ ...ACME, directory: 'https://ca.example.com/dir', directoryAuthority, renewalCheck: Duration.seconds(5) }),
    });
    const { env } = new Synthesized(stack).container('shop/Proxy/AcmeCertificate/Client');
    expect(env).toEqual(
      expect.arrayContaining(['ACME_DIRECTORY=https://ca.example.com/dir', 'ACME_INTERVAL=5', 'LEGO_CA_CERTIFICATES=/opt/authority/authority.pem']),
    );
  });

  test.each([
    ['*.example.com', 'a wildcard'],
    ['127.0.0.1', 'an address'],
  ])('are not to be had for %s', (host, what) => {
    const { stack } = routed({ tls: Tls.acme(ACME) }, { host });
    expect(() => new Synthesized(stack)).toThrow(
      `shop/Proxy/AcmeCertificate: host ${host} is ${what}, for which Tls.acme() gets no certificate (HTTP-01); give its route a tls of its own, such as Tls.certificateFiles()`,
    );
  });

  test.each<[object, string]>([
    [{ termsOfServiceAgreed: false }, 'Tls.acme: termsOfServiceAgreed must be true'],
    [{ email: 'admin' }, 'Tls.acme: email must be an address, got "admin"'],
    [{ email: 'a@b c' }, 'Tls.acme: email must be an address'],
    [{ directory: 'http://ca.example.com/dir' }, 'Tls.acme: directory must be a URL that begins with https://, got "http://ca.example.com/dir"'],
    [{ directoryAuthority: '/etc/ca.pem' }, 'Tls.acme: directoryAuthority must be a certificate in PEM form, got "/etc/ca.pem"'],
    [{ renewalCheck: Duration.millis(1) }, 'Tls.acme: renewalCheck must be 1 second or more, got 1ms'],
  ])('%j is refused', (props, message) => {
    expect(() => Tls.acme({ ...ACME, ...props })).toThrow(message);
  });
});

describe('HSTS', () => {
  const steps = (props: NginxProxyProps) => candidate(routed(props).proxy).hsts;

  test('is a ramp for a certificate that browsers trust, and none for another', () => {
    expect(steps({ tls: Tls.certificateFiles(FOLDER) })).toBe(Hsts.ramp()._steps);
    expect(steps({ tls: Tls.selfSigned() })).toBeUndefined();
    expect(steps({ tls: Tls.selfSigned(), hsts: Hsts.fixed(Duration.hours(1)) })).toBe('0 max-age=3600\n');
    expect(steps({ tls: Tls.certificateFiles(FOLDER), hsts: Hsts.off() })).toBeUndefined();
  });

  test('takes the place of an app’s own', () => {
    const hook = (props: NginxProxyProps) => candidate(routed(props).proxy)['snippets/location/tls.conf'];
    expect(hook({ tls: Tls.certificateFiles(FOLDER) })).toBe('include hsts.conf;\nproxy_hide_header Strict-Transport-Security;\n');
    expect(hook({ tls: Tls.selfSigned() })).toBe('include hsts.conf;\n');
  });
});

describe('bad input', () => {
  test.each<[NginxProxyProps, string]>([
    [{ httpsPort: 443 }, 'shop/Proxy: httpsPort is for a proxy with TLS; give it a tls, such as Tls.selfSigned(), or leave httpsPort out'],
    [{ hsts: Hsts.off() }, 'shop/Proxy: hsts is for a proxy with TLS;'],
    [{ http3: true }, 'shop/Proxy: http3 is for a proxy with TLS;'],
    [{ tls: Tls.selfSigned(), httpsPort: 0 }, 'shop/Proxy: httpsPort must be an integer from 1 to 65535, got 0'],
    [{ tls: Tls.selfSigned(), httpPort: 8080, httpsPort: 8080 }, 'shop/Proxy: httpsPort must be another port than httpPort, got 8080 for both'],
  ])('%j', (props, message) => {
    expect(() => new NginxProxy(newStack(), 'Proxy', props)).toThrow(message);
  });

  test('a certificate for a route of a proxy without TLS', () => {
    expect(() => routed({}, { tls: Tls.selfSigned() })).toThrow(
      'shop/Proxy: the route of host shop.example.com has a certificate, but this proxy has no place for one: give the proxy its own tls first; from another stack, NginxProxy.fromAttributes() needs scheme "https" and certificatesVolumeName',
    );
  });

  test('two certificates for one host', () => {
    const routes = [{ tls: Tls.selfSigned() }, { path: '/a/', tls: Tls.selfSigned() }];
    expect(() => routed({ tls: Tls.selfSigned() }, ...routes)).toThrow(
      /^shop\/Proxy: host shop\.example\.com has two certificates; give all of its routes one and the same tls/,
    );
  });

  const files = (props: Partial<typeof FOLDER>) => () => Tls.certificateFiles({ ...FOLDER, ...props });

  test.each<[string, () => Tls, string]>([
    ['a relative folder', files({ folder: 'etc' }), 'Tls.certificateFiles: folder must be absolute on the engine\'s host and not "/", got "etc"'],
    ['the root of the host', files({ folder: '/' }), 'Tls.certificateFiles: folder must be absolute'],
    [
      'an absolute file',
      files({ certificate: '/a' }),
      'Tls.certificateFiles: certificate must be the path of a file relative to the folder, without "..", got "/a"',
    ],
    ['a file outside', files({ privateKey: 'live/../../a' }), 'Tls.certificateFiles: privateKey must be the path of a file'],
    [
      'a file as a secret',
      () => Tls.certificate({ certificate: Secret.fromFile('/a'), privateKey: Secret.fromFile('/b') }),
      'Tls.certificate: certificate is a file of the host; use Tls.certificateFiles(',
    ],
    [
      'a generated secret',
      () => Tls.certificate({ certificate: Secret.generated(), privateKey: Secret.generated() }),
      'Tls.certificate: certificate is a generated secret',
    ],
  ])('%s', (_what, make, message) => expect(make).toThrow(message));
});
