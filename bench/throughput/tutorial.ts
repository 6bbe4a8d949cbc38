import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '../support/engine';
import { eventually } from '../support/eventually';
import { Shop } from './shop';

const FILES = join(__dirname, 'tutorial');
const PASSWORD = 'only-for-the-bench';

/**
 * The same project as tutorials put it on a server: nginx with a bare proxy_pass, as many containers as ours, Gunicorn's and Postgres's
 * defaults, a connection to the database for each request. No limits, no read-only root, no probes: nothing that costs.
 */
export class Tutorial {
  private readonly network: string;
  private readonly names: { readonly database: string; readonly apps: string[]; readonly nginx: string };

  constructor(private readonly engine: Engine) {
    this.network = `${engine.prefix}-tutorial`;
    this.names = { database: `${this.network}-db`, apps: [1, 2].map((index) => `${this.network}-app-${index}`), nginx: `${this.network}-nginx` };
  }

  /** Starts it, with the images that our own stack runs. Gives the address of its nginx. */
  public async start(shop: Shop): Promise<string> {
    const { engine, names } = this;
    const image = (container: string) => engine.docker('inspect', container, '--format', '{{.Image}}');
    await engine.docker('network', 'create', this.network);
    await this.run(names.database, await image(shop.database), [
      '-e',
      `POSTGRES_PASSWORD=${PASSWORD}`,
      '-e',
      'POSTGRES_USER=shop',
      '-e',
      'POSTGRES_DB=shop',
    ]);
    const settings = [
      '-e',
      'PYTHONPATH=/opt/tutorial',
      '-e',
      'DJANGO_SETTINGS_MODULE=tutorial_settings',
      '-e',
      `DATABASE_PASSWORD=${PASSWORD}`,
      '-e',
      `DATABASE_HOST=${names.database}`,
    ];
    for (const app of names.apps) {
      const command = ['gunicorn', '--bind', '0.0.0.0:8000', 'shop.wsgi'];
      await this.run(app, shop.image, settings, command, [[join(FILES, 'tutorial_settings.py'), '/opt/tutorial/tutorial_settings.py']]);
    }
    // Over TCP: the first start of the official image answers on its socket before it is ready.
    await eventually(() => engine.docker('exec', names.database, 'pg_isready', '-h', names.database, '-U', 'shop'), 60);
    await engine.docker('exec', names.apps[0], 'python', 'manage.py', 'migrate', '--verbosity', '0');
    await this.startNginx(await image(shop.proxy));
    return engine.address(names.nginx, this.network);
  }

  private async startNginx(image: string): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'cdktf-django-bench-'));
    try {
      const template = readFileSync(join(FILES, 'nginx.conf.template'), 'utf8');
      const file = join(folder, 'default.conf');
      writeFileSync(file, template.replace('APP_1', this.names.apps[0]).replace('APP_2', this.names.apps[1]), { mode: 0o644 });
      await this.run(this.names.nginx, image, [], [], [[file, '/etc/nginx/conf.d/default.conf']]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Files are copied before the start, so that the engine need not see this machine's folders. */
  private async run(name: string, image: string, options: string[], command: string[] = [], files: [string, string][] = []): Promise<void> {
    const folders = files.flatMap(([, target]) =>
      target.startsWith('/opt/') ? ['--mount', `type=volume,source=${name}-files,target=${target.slice(0, target.lastIndexOf('/'))}`] : [],
    );
    await this.engine.docker('create', '--name', name, '--network', this.network, ...options, ...folders, image, ...command);
    for (const [source, target] of files) await this.engine.docker('cp', source, `${name}:${target}`);
    await this.engine.docker('start', name);
  }
}
