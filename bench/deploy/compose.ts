import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../support/run';

const TUTORIAL = join(__dirname, '..', 'throughput', 'tutorial');

/** The images that the example runs, by what they are for. */
export interface ComposeImages {
  readonly shop: string;
  readonly postgres: string;
  readonly nginx: string;
}

/** The same project in a compose file, as one writes it by hand, with as many containers of the app as the example has. */
export class Compose {
  private readonly folder = mkdtempSync(join(tmpdir(), 'cdktf-django-bench-'));

  constructor(
    private readonly program: string,
    private readonly project: string,
    private readonly images: ComposeImages,
    private readonly port: number,
    private readonly signal: AbortSignal,
  ) {
    const template = readFileSync(join(TUTORIAL, 'nginx.conf.template'), 'utf8');
    writeFileSync(join(this.folder, 'default.conf'), template.replace('APP_1', 'web').replace('    server APP_2:8000;\n', ''));
  }

  /** Makes what runs what the file says, and gives the seconds that it took. */
  public async up(greeting: string): Promise<number> {
    writeFileSync(join(this.folder, 'compose.json'), JSON.stringify(this.file(greeting), null, 2));
    const since = performance.now();
    await this.compose(['up', '-d', '--wait'], this.signal);
    return (performance.now() - since) / 1000;
  }

  public async migrate(): Promise<void> {
    await this.compose(['exec', '-T', 'web', 'python', 'manage.py', 'migrate', '--verbosity', '0'], this.signal);
  }

  public async down(): Promise<void> {
    try {
      await this.compose(['down', '-v']);
    } finally {
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  private compose(args: string[], signal?: AbortSignal): Promise<string> {
    return run(this.program, ['-p', this.project, '-f', join(this.folder, 'compose.json'), ...args], { signal });
  }

  private file(greeting: string): object {
    const password = 'only-for-the-bench';
    const healthcheck = (test: string[]) => ({ test, interval: '3s', timeout: '5s', retries: 3, start_period: '60s' });
    return {
      services: {
        db: {
          image: this.images.postgres,
          environment: { POSTGRES_PASSWORD: password, POSTGRES_USER: 'shop', POSTGRES_DB: 'shop' },
          healthcheck: healthcheck(['CMD', 'pg_isready', '-h', '127.0.0.1', '-U', 'shop']),
        },
        web: {
          image: this.images.shop,
          command: ['gunicorn', '--bind', '0.0.0.0:8000', '--workers', '3', 'shop.wsgi'],
          environment: {
            PYTHONPATH: '/opt/tutorial',
            DJANGO_SETTINGS_MODULE: 'tutorial_settings',
            DATABASE_PASSWORD: password,
            DATABASE_HOST: 'db',
            GREETING: greeting,
          },
          volumes: [`${TUTORIAL}:/opt/tutorial:ro`],
          deploy: { replicas: 2 },
          depends_on: { db: { condition: 'service_healthy' } },
          healthcheck: healthcheck([
            'CMD',
            'python',
            '-c',
            "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/whoami/', timeout=4)",
          ]),
        },
        nginx: {
          image: this.images.nginx,
          ports: [`127.0.0.1:${this.port}:80`],
          volumes: [`${join(this.folder, 'default.conf')}:/etc/nginx/conf.d/default.conf:ro`],
          depends_on: { web: { condition: 'service_healthy' } },
        },
      },
    };
  }
}
