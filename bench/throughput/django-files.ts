import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startBeside } from './beside';
import { Engine } from '../support/engine';
import { Shop } from './shop';

const PROGRAM = readFileSync(join(__dirname, 'django-files', 'django_files.py'), 'utf8');

/** Gunicorn and Django as they serve static files where nobody else does, with as many workers as Gunicorn's documentation has for two cores. */
export async function startDjangoFiles(engine: Engine, shop: Shop): Promise<string> {
  const address = await startBeside(engine, shop, 'django-files', {
    image: shop.image,
    arguments: ['--env', 'PYTHONPATH=/tmp'],
    command: ['gunicorn', '--bind', '0.0.0.0:8000', '--workers', '5', '--worker-class', 'gthread', '--threads', '2', 'django_files:application'],
    texts: { '/tmp/django_files.py': PROGRAM },
  });
  return `${address}:8000`;
}
