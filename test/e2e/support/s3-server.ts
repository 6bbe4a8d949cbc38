import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { engine } from './docker';

const ROOT = join(__dirname, '..', '..', '..');
const DATA = '/data';

/** What is missing for a bucket: a server of S3. Gives the path of its program. */
export function prepareS3(): string {
  const program = `
    import { ensureVersitygw } from './tools/setup/versitygw.mjs';
    console.log('s3: ' + (await ensureVersitygw()));`;
  const made = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: ROOT, encoding: 'utf8' });
  const found = /^s3: (.*)$/m.exec(made.stdout ?? '');
  if (made.status !== 0 || !found) throw new Error(`S3 cannot be tested:\n${made.stdout}${made.stderr}`);
  return found[1];
}

/** A server of S3 in a container, whose buckets are folders. */
export class S3Server {
  public readonly endpoint: string;

  /**
   * @param at where clients reach it: by its name, unless it is in another network than they
   */
  constructor(
    private readonly name: string,
    private readonly program: string,
    private readonly keys: { readonly id: string; readonly secret: string },
    private readonly at: { readonly host: string; readonly port: number } = { host: name, port: 7070 },
  ) {
    this.endpoint = `http://${at.host}:${at.port}`;
  }

  public start(network: string, image: string): void {
    engine(
      ...['run', '--detach', '--name', this.name, '--network', network, '--user', '0', '--volume', DATA, '--volume', `${this.program}:/s3-server:ro`],
      ...['--env', `ROOT_ACCESS_KEY=${this.keys.id}`, '--env', `ROOT_SECRET_KEY=${this.keys.secret}`, '--entrypoint', 'sh', image, '-c'],
      // Not every file system has extended attributes.
      `mkdir -p ${DATA}/buckets ${DATA}/about && exec /s3-server --port :${this.at.port} posix --sidecar ${DATA}/about ${DATA}/buckets`,
    );
  }

  public stop(): void {
    engine('stop', '--time', '1', this.name);
  }

  public restart(): void {
    engine('start', this.name);
  }

  /** Runs a script where the buckets are folders. */
  public onDisk(script: string): string {
    return engine('exec', this.name, 'sh', '-c', `cd ${DATA}/buckets && ${script}`);
  }

  public remove(): void {
    spawnSync('docker', ['rm', '--force', '--volumes', this.name]);
  }
}
