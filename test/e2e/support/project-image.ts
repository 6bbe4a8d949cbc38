import { RootConstruct } from 'constructs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProjectKind, projectContext } from '../../../lib/image/python-project';
import { engine } from './docker';

/** Builds the image of the example's shop, as a deployment does it but without one, under a name of its own. To be removed by `engine('rmi', name)`. */
export function buildShopImage(suite: string): string {
  const name = `cdktf-django/e2e-${suite}-${process.pid}-shop:test`;
  const folder = mkdtempSync(join(tmpdir(), 'cdktf-django-image-'));
  try {
    const project = join(__dirname, '..', '..', '..', 'examples', 'shop');
    const { context, dockerfile } = projectContext(
      new RootConstruct('Image'),
      ProjectKind.DJANGO,
      project,
      {},
      process.env.CDKTF_DJANGO_IMAGE_MIRROR,
    );
    context.stage(folder);
    engine('build', '--quiet', '--tag', name, '--file', join(folder, dockerfile), folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return name;
}
