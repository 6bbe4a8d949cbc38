import { startBeside } from './beside';
import { Engine } from '../support/engine';
import { Shop } from './shop';

/**
 * Caddy in front of the very servers that our nginx is in front of, in the same network; it reads the static files itself. The program is the one that the set-up built.
 * Gives where it listens.
 */
export async function startCaddy(engine: Engine, shop: Shop, program: string): Promise<string> {
  const address = await startBeside(engine, shop, 'caddy', {
    // Any image that has a root filesystem does: the program is static.
    image: await engine.docker('inspect', shop.proxy, '--format', '{{.Image}}'),
    arguments: ['--mount', `type=volume,source=${shop.staticVolume},target=/srv/static,readonly`, '--entrypoint', '/usr/local/bin/caddy'],
    command: ['run', '--config', '/etc/Caddyfile'],
    texts: { '/etc/Caddyfile': caddyfile(shop) },
    files: { '/usr/local/bin/caddy': program },
  });
  return `${address}:8080`;
}

/** As few words as its own documentation needs: no log of requests and no compression, though our nginx has both. */
function caddyfile(shop: Shop): string {
  const upstreams = (containers: string[]) => containers.map((container) => `${container}:8000`).join(' ');
  return `{
	admin off
	auto_https off
}
http://hello.localhost:8080 {
	reverse_proxy ${upstreams(shop.hellos)}
}
:8080 {
	handle_path /static/* {
		root * /srv/static
		file_server
	}
	handle {
		reverse_proxy ${upstreams(shop.apps)} {
			lb_policy round_robin
		}
	}
}
`;
}
