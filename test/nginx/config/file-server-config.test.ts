import { renderConfig } from '../../../lib/nginx/config/directive';
import { fileServerConfig } from '../../../lib/nginx/config/file-server-config';

const both = renderConfig(
  fileServerConfig({ static: { urlPrefix: '/static/', folder: '/srv/static/' }, media: { urlPrefix: '/media/', folder: '/srv/media/' } }),
);

test('static files: hashed names are immutable, others short-lived, what is missing is never kept', () => {
  expect(both).toContain(`    map $status:$uri $lifetime {
        default no-store;
        "~^(?:200|206|304):.*/[^/]+\\\\.[0-9a-f]{12}\\\\.[^/]+$" "public, max-age=31536000, immutable";
        "~^(?:200|206|304):" "public, max-age=60";
    }
`);
  expect(both).toContain(`        location /static/ {
            alias /srv/static/;
            add_header Cache-Control $lifetime always;
            add_header X-Content-Type-Options nosniff always;
            add_header Referrer-Policy same-origin always;
            add_header X-Frame-Options SAMEORIGIN always;
            add_header Cross-Origin-Opener-Policy same-origin always;
            add_header Access-Control-Allow-Origin *;
        }
`);
});

test('uploads: never part of the site, never immutable', () => {
  expect(both).toContain(`        location /media/ {
            alias /srv/media/;
            gzip_static off;
            add_header Cache-Control $media_lifetime always;
            add_header X-Content-Type-Options nosniff always;
            add_header Referrer-Policy same-origin always;
            add_header X-Frame-Options SAMEORIGIN always;
            add_header Cross-Origin-Opener-Policy same-origin always;
            add_header Content-Security-Policy "default-src 'none'; style-src 'unsafe-inline'; sandbox" always;
            add_header Content-Disposition $disposition always;
        }
`);
});

test('hidden files are nobody’s business', () => {
  expect(both).toContain(`        location ~ "/\\\\." {
            return 404;
        }
`);
});

test('a folder that is not there has no location', () => {
  const media = renderConfig(fileServerConfig({ media: { urlPrefix: '/media/', folder: '/srv/media/' } }));
  expect(media).not.toContain('location /static/');
});
