import { Construct } from 'constructs';
import { requireMatch } from '../core/errors';
import { ContainerImage } from '../image/container-image';
import { runtimeFile } from '../image/default-images';
import { Files } from '../workload/files';

/** Where the program is mounted. It is not among the app's files: another version of it must not replace the app's servers. */
const PATH = '/run/cdktf-celery';

/** Celery's own queue, where `task_default_queue` does not say otherwise. */
export const CELERY_QUEUE = 'celery';

/** What workers and beat have in common. */
export interface CeleryOptions {
  /**
   * The module with the Celery app, as `celery -A` takes it: `shop`, `shop.celery`, `config.celery_app:app`.
   *
   * @default - the project's package
   */
  readonly celeryApp?: string;
}

/** The files of Celery's processes. */
export function celeryFiles(scope: Construct, image: ContainerImage): Files {
  const files = new Files(scope, 'Files', { image });
  files.addFile('celery_process.py', runtimeFile('celery/celery_process.py'));
  return files;
}

/** Where `celeryFiles` are mounted. */
export const CELERY_PATH = PATH;

/** Celery's `worker` or `beat`, run by our program. */
export function celeryCommand(scope: Construct, app: string, options: string[], celery: string[]): string[] {
  requireMatch(scope, 'celeryApp', app, /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[A-Za-z_]\w*)?$/, 'a module such as "shop" or "config.celery_app:app"');
  return ['python', `${PATH}/celery_process.py`, '--app', app, ...options, '--', ...celery];
}
