import { run } from '../support/run';
import { packageVersions } from '../support/versions';
import { Engine } from '../support/engine';
import { Shop } from './shop';

/** Versions of everything that the figures depend on. */
export async function throughputVersions(engine: Engine, shop: Shop, caddyProgram: string): Promise<Record<string, string>> {
  const python =
    'import django, gunicorn, platform, psycopg; print(platform.python_version(), django.__version__, gunicorn.__version__, psycopg.__version__)';
  const [pythonVersion, django, gunicorn, psycopg] = (await engine.docker('exec', shop.apps[0], 'python', '-c', python)).split(' ');
  const nginx = await engine.docker('exec', shop.proxy, 'sh', '-c', 'nginx -v 2>&1');
  const wrk = await run('sh', ['-c', 'wrk -v 2>&1 | head -n 1']);
  return {
    'Docker Engine': await engine.docker('version', '--format', '{{.Server.Version}}'),
    nginx: number(nginx),
    PostgreSQL: number(await engine.docker('exec', shop.database, 'postgres', '--version')),
    Python: pythonVersion,
    Django: django,
    Gunicorn: gunicorn,
    psycopg,
    // Built from its module, it does not know its version; the folder that the set-up put it into does.
    Caddy: number(caddyProgram),
    wrk: number(wrk),
    ...packageVersions('cdktf', '@cdktf/provider-docker'),
  };
}

function number(text: string): string {
  return /\d+(\.\d+)+/.exec(text)?.[0] ?? 'unknown';
}
