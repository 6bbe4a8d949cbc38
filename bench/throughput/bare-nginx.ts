import { Engine } from '../support/engine';
import { Shop } from './shop';
import { startBeside } from './beside';

/** The same nginx with as many workers, in front of the very servers that ours is in front of, and nothing but what passes a request on over kept connections. */
export async function startBareNginx(engine: Engine, shop: Shop): Promise<string> {
  const image = await engine.docker('inspect', shop.proxy, '--format', '{{.Image}}');
  const address = await startBeside(engine, shop, 'bare', { image, texts: { '/etc/nginx/nginx.conf': configuration(shop) } });
  return `${address}:8080`;
}

function configuration(shop: Shop): string {
  return `worker_processes 2;
events {
    worker_connections 16384;
}
http {
    upstream app {
${shop.apps.map((app) => `        server ${app}:8000;`).join('\n')}
        keepalive 32;
    }
    server {
        listen 8080;
        location / {
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_pass http://app;
        }
    }
}
`;
}
