import { renderConfig } from '../../../lib/nginx/config/directive';
import { ownSecurityHeaders } from '../../../lib/nginx/config/headers-config';
import { hostCertificate, listenConfig, tlsConfig, tlsHook } from '../../../lib/nginx/config/tls-config';

const PLAIN = { port: 443, http3: false, ipv6: false, addresses: false };

test('the whole of it', () => {
  expect(renderConfig(tlsConfig(PLAIN))).toBe(`ssl_protocols TLSv1.2 TLSv1.3;
ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;
ssl_prefer_server_ciphers off;
ssl_ecdh_curve X25519MLKEM768:X25519:prime256v1:secp384r1;
ssl_session_cache shared:tls:10m;
ssl_session_timeout 1d;
ssl_session_tickets off;
ssl_buffer_size 4k;
http2 on;
ssl_certificate certificates/proxy/_default/fullchain.pem;
ssl_certificate_key certificates/proxy/_default/privkey.pem;
server {
    listen 8080;
    include names.conf;
    location ^~ /.well-known/acme-challenge/ {
        root /var/lib/certificates/.challenges;
        default_type text/plain;
    }
    location / {
        return 308 https://$host$request_uri;
    }
}
server {
    listen 8443 ssl default_server backlog=4096;
    ssl_reject_handshake on;
    access_log off;
    return 444;
}
`);
});

test('another port is in the redirect', () => {
  expect(renderConfig(tlsConfig({ ...PLAIN, port: 8443 }))).toContain('        return 308 https://$host:8443$request_uri;\n');
});

test('a host that is an address is reached without a name, and unknown names are refused all the same', () => {
  expect(renderConfig(tlsConfig({ ...PLAIN, addresses: true }))).toContain(`server {
    listen 8443 ssl default_server backlog=4096;
    access_log off;
    return 444;
}
server {
    listen 8443 ssl;
    server_name ~.;
    ssl_reject_handshake on;
    access_log off;
    return 444;
}
`);
});

test('HTTP/3 has a socket for each worker', () => {
  const config = renderConfig(tlsConfig({ ...PLAIN, http3: true, addresses: true }));
  expect(config).toContain('    listen 8443 ssl default_server backlog=4096;\n    listen 8443 quic default_server reuseport;\n');
  expect(config).toContain('    listen 8443 ssl;\n    listen 8443 quic;\n    server_name ~.;\n');
});

test('what each host listens to', () => {
  expect(renderConfig(listenConfig(undefined, false))).toBe('listen 8080;\n');
  const own = renderConfig(ownSecurityHeaders());
  expect(renderConfig(listenConfig(PLAIN, false))).toBe(`listen 8443 ssl;\ninclude hsts.conf;\n${own}`);
  expect(renderConfig(listenConfig({ ...PLAIN, port: 8443, http3: true }, false))).toBe(
    `listen 8443 ssl;\nlisten 8443 quic;\nadd_header Alt-Svc "h3=\\":8443\\"; ma=86400" always;\ninclude hsts.conf;\n${own}`,
  );
});

test('with IPv6, every port has a twin', () => {
  const settings = { ...PLAIN, http3: true, ipv6: true };
  expect(renderConfig(listenConfig(undefined, true))).toBe('listen 8080;\nlisten "[::]:8082";\n');
  expect(renderConfig(listenConfig(settings, true))).toContain(
    'listen 8443 ssl;\nlisten "[::]:8444" ssl;\nlisten 8443 quic;\nlisten "[::]:8444" quic;\n',
  );
  expect(renderConfig(tlsConfig(settings))).toContain(`    listen 8443 ssl default_server backlog=4096;
    listen "[::]:8444" ssl default_server backlog=4096;
    listen 8443 quic default_server reuseport;
    listen "[::]:8444" quic default_server reuseport;
`);
  expect(renderConfig(tlsConfig(settings))).toContain('    listen 8080;\n    listen "[::]:8082";\n');
});

test('what each location has that sets headers of its own', () => {
  expect(renderConfig(tlsHook(PLAIN, true))).toBe('include hsts.conf;\nproxy_hide_header Strict-Transport-Security;\n');
  expect(renderConfig(tlsHook({ port: 443, http3: true, ipv6: false, addresses: false }, false))).toBe(
    'add_header Alt-Svc "h3=\\":443\\"; ma=86400" always;\ninclude hsts.conf;\n',
  );
});

test('a certificate of a host', () => {
  expect(renderConfig(hostCertificate('*.example.com', 'blog-proxy', '_.example.com'))).toBe(`# the certificate of host *.example.com
ssl_certificate certificates/blog-proxy/_.example.com/fullchain.pem;
ssl_certificate_key certificates/blog-proxy/_.example.com/privkey.pem;
`);
});
