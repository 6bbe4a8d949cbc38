import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultImages } from '../../../lib/image/default-images';
import { throughMirror } from '../../../lib/image/image-reference';

/** A project as the generator of a package from PyPI leaves it. */
export class GeneratedProject {
  private readonly folder = mkdtempSync(join(tmpdir(), 'cdktf-django-generated-'));
  /** The folder with `manage.py`. */
  public readonly path: string;

  /**
   * @param name the name of the project, and of its folder
   * @param packages what pip installs, pinned
   * @param commands what is run then, in an empty folder, to make a folder of that name
   */
  constructor(name: string, packages: string[], ...commands: string[]) {
    this.path = join(this.folder, name);
    const image = throughMirror(defaultImages.python, process.env.CDKTF_DJANGO_IMAGE_MIRROR);
    const script = ['set -e', `pip install --quiet ${packages.join(' ')} >&2`, 'cd /tmp', ...commands.map((command) => `${command} >&2`)];
    const made = ['run', '--rm', image, 'sh', '-c', [...script, `tar -c --owner=0 --group=0 ${name}`].join('\n')];
    const archive = execFileSync('docker', made, { maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'pipe'] });
    execFileSync('tar', ['-x', '--no-same-owner', '-C', this.folder], { input: archive });
  }

  /** Writes a file that a tutorial tells its reader to write. */
  public write(path: string, text: string): void {
    writeFileSync(join(this.path, path), text);
  }

  /** Adds what a tutorial tells its reader to add. */
  public append(path: string, text: string): void {
    appendFileSync(join(this.path, path), text);
  }

  public remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
