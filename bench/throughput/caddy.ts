import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from './engine';
import { Shop } from './shop';

/** Caddy in front of the very servers that our nginx is in front of, in the same network; it reads the static files itself. */
export class Caddy {
  private readonly name: string;

  constructor(private readonly engine: Engine) {
    this.name = `${engine.prefix}-caddy`;
  }

  /** Starts the program that the set-up built, and gives the address at which it listens on port 8080. */
  public async start(program: string, shop: Shop): Promise<string> {
    const { engine, name } = this;
    // Any image that has a root filesystem does: the program is static.
    const image = await engine.docker('inspect', shop.proxy, '--format', '{{.Image}}');
    const mounts = ['--mount', `type=volume,source=${shop.staticVolume},target=/srv/static,readonly`];
    await engine.docker(
      'create',
      '--name',
      name,
      '--network',
      shop.network,
      ...mounts,
      '--entrypoint',
      '/usr/local/bin/caddy',
      image,
      'run',
      '--config',
      '/etc/Caddyfile',
    );
    const folder = mkdtempSync(join(tmpdir(), 'cdktf-django-bench-'));
    try {
      const file = join(folder, 'Caddyfile');
      writeFileSync(file, caddyfile(shop), { mode: 0o644 });
      await engine.docker('cp', file, `${name}:/etc/Caddyfile`);
      await engine.docker('cp', program, `${name}:/usr/local/bin/caddy`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    await engine.docker('start', name);
    return engine.address(name, shop.network);
  }
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
