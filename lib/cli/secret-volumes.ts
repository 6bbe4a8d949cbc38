import { run } from './run';
import { fileOfTar, tarOf } from './tar';
import { Trouble } from './trouble';

/** A volume with the name of a secret's in it, as docker cp sees it. */
const FOLDER = '/secret';

/**
 * Reads and writes secrets' volumes through containers that are never started, made from an empty image: nothing has to be on the engine, nothing is run, and
 * values go through pipes alone.
 */
export class SecretVolumes {
  private readonly image: string;

  constructor() {
    // Two blocks of zeros are an archive without files.
    const made = run('docker', ['import', '--message', 'cdktf-django secrets', '-'], { input: Buffer.alloc(1024) });
    if (!made.ok) throw new Trouble(`the engine cannot be worked with:\n${made.stderr.trim()}`);
    this.image = made.stdout.trim();
  }

  /** The value in a volume; undefined if there is none. */
  public read(volume: string): string | undefined {
    // A container would make it.
    if (!run('docker', ['volume', 'inspect', volume]).ok) return undefined;
    return this.through(volume, true, (container) => {
      const copied = run('docker', ['cp', `${container}:${FOLDER}/value`, '-']);
      if (copied.ok) return fileOfTar(copied.stdout);
      if (/no such (file|container:path)|could not find the file/i.test(copied.stderr)) return undefined;
      throw new Trouble(`volume ${volume} cannot be read:\n${copied.stderr.trim()}`);
    });
  }

  /** Writes a value as the job that makes secrets does: owned by root and readable for a group. */
  public write(volume: string, value: string, group: number): void {
    this.through(volume, false, (container) => {
      const archive = tarOf({ name: 'value', content: value, mode: 0o440, user: 0, group });
      const copied = run('docker', ['cp', '-', `${container}:${FOLDER}`], { input: archive });
      if (!copied.ok) throw new Trouble(`volume ${volume} cannot be written:\n${copied.stderr.trim()}`);
    });
    if (this.read(volume) !== value) throw new Trouble(`volume ${volume} has not what was written into it; remove it, and import again`);
  }

  public end(): void {
    run('docker', ['rmi', this.image]);
  }

  private through<T>(volume: string, readOnly: boolean, use: (container: string) => T): T {
    const mount = `type=volume,source=${volume},target=${FOLDER}${readOnly ? ',readonly' : ''}`;
    const created = run('docker', ['create', '--network', 'none', '--mount', mount, this.image, 'none']);
    if (!created.ok) throw new Trouble(`volume ${volume} cannot be reached:\n${created.stderr.trim()}`);
    const container = created.stdout.trim();
    try {
      return use(container);
    } finally {
      run('docker', ['rm', container]);
    }
  }
}
