import { Engine } from '../support/engine';
import { Shop } from './shop';

/** Static files of several sizes, by what they are called in the table. */
const FILES = {
  'style sheet of 2 KiB': 'catalogue/shop.*.css',
  'style sheet of 22 KiB': 'admin/css/base.*.css',
  'script of 85 KiB': 'admin/js/vendor/jquery/jquery.min.*.js',
};
const ROOT = '/srv/static/';

/** Their paths, under the names with a hash that pages link to. */
export async function staticFiles(engine: Engine, shop: Shop): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, pattern] of Object.entries(FILES)) {
    const file = await engine.docker('exec', shop.fileServer, 'sh', '-c', `ls ${ROOT}${pattern}`);
    if (file.includes('\n')) throw new Error(`several files match ${pattern}:\n${file}`);
    found[name] = file.replace(ROOT, '/static/');
  }
  return found;
}
