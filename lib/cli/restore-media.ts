import { spawn } from 'node:child_process';
import { pipeline } from 'node:stream/promises';
import { PROGRAMS } from '../postgres/backup/backup-programs';
import { run } from './run';
import { BACKUP_PROGRAM } from './backup-container';
import { StackBackup } from './stack-backups';
import { Trouble } from './trouble';

/** The files of a volume in a backup, and where they belong. */
export interface MediaArchive {
  /** The file of the backup. */
  readonly file: string;
  readonly volume: string;
}

interface Inspected {
  readonly Image: string;
  readonly Mounts: readonly { readonly Type: string; readonly Name?: string; readonly Destination: string }[];
}

/** What the program says of its work. */
interface Brought {
  readonly added: number;
  readonly there: number;
  readonly kept: readonly string[];
  readonly leftOut: readonly string[];
}

const FOLDER = '/media';
const SHOWN = 5;

/** Brings the files of `media` back into their volumes, through a container of the backup's own image that has one volume and no network. */
export class MediaVolumes {
  public readonly archives: readonly MediaArchive[];
  private readonly container: Inspected;

  /**
   * @param files the files of the backup
   * @throws when a volume is not in the stack any more
   */
  constructor(
    private readonly backup: StackBackup,
    files: readonly string[],
  ) {
    const inspected = run('docker', ['container', 'inspect', backup.container]);
    if (!inspected.ok) throw new Trouble(`container ${backup.container} cannot be inspected:\n${inspected.stderr.trim()}`);
    [this.container] = JSON.parse(inspected.stdout) as Inspected[];
    this.archives = files.filter((file) => /^media-.*\.tar$/.test(file)).map((file) => ({ file, volume: this.volumeOf(file) }));
    if (this.archives.length === 0) throw new Trouble('the backup has no files of volumes; leave --media out');
  }

  /** Adds what is missing. Gives what there is to say about it. */
  public async bring(name: string, { file, volume }: MediaArchive): Promise<string> {
    const programs = this.mountedAt(PROGRAMS);
    const reader = spawn('docker', ['exec', this.backup.container, 'python3', BACKUP_PROGRAM, 'cat', name, file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const rights = ['ALL', ...['CHOWN', 'DAC_OVERRIDE', 'FOWNER'].flatMap((one) => ['--cap-add', one])];
    const writer = spawn(
      'docker',
      [
        ...['run', '--rm', '--interactive', '--log-driver', 'none', '--network', 'none', '--read-only', '--user', '0:0', '--cap-drop', ...rights],
        ...['--security-opt', 'no-new-privileges', '--mount', `type=volume,source=${programs},target=${PROGRAMS},readonly`],
        ...['--mount', `type=volume,source=${volume},target=${FOLDER}`, '--entrypoint', 'python3', this.container.Image],
        ...[`${PROGRAMS}/media.py`, FOLDER],
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    const said: Buffer[] = [];
    writer.stdout.on('data', (part: Buffer) => said.push(part));
    const ended = [reader, writer].map(
      (child) => new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', (code) => resolve(code))),
    );
    // One that ends too early takes the other one with it, and has said why.
    const carried = pipeline(reader.stdout, writer.stdin).then(
      () => true,
      () => false,
    );
    const codes = await Promise.all(ended);
    if (!(await carried) || codes.some((code) => code !== 0)) {
      throw new Trouble(
        `${file} could not be brought into volume ${volume}; the reason is above. Files that are missing there were added, nothing else was changed`,
      );
    }
    return this.report(volume, JSON.parse(Buffer.concat(said).toString()) as Brought);
  }

  private report(volume: string, { added, there, kept, leftOut }: Brought): string {
    const named = (names: readonly string[]) => `${names.slice(0, SHOWN).join(', ')}${names.length > SHOWN ? ', ...' : ''}`;
    return [
      `Volume ${volume}: ${added} files and folders were missing and are back, ${there} were there.\n`,
      ...(kept.length > 0 ? [`  ${kept.length} are there with other content and were not touched: ${named(kept)}\n`] : []),
      ...(leftOut.length > 0 ? [`  ${leftOut.length} are no files and were left out: ${named(leftOut)}\n`] : []),
    ].join('');
  }

  private volumeOf(file: string): string {
    const name = file.slice('media-'.length, -'.tar'.length);
    return this.mountedAt(`/media/${name}`, `the stack backs up no volume ${name}, which ${file} belongs into; leave --media out`);
  }

  private mountedAt(place: string, otherwise = `container ${this.backup.container} has no volume at ${place}; deploy again`): string {
    const found = this.container.Mounts.find(({ Destination, Type }) => Destination === place && Type === 'volume');
    if (found?.Name === undefined) throw new Trouble(otherwise);
    return found.Name;
  }
}
