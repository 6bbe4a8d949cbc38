import ignore from '@balena/dockerignore';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { IConstruct } from 'constructs';
import { reject, shown } from '../core/errors';

const OWN_FILE = '.dockerignore';

/**
 * What is excluded by an option, when it and the folder's own `.dockerignore` can be read. The library that reads them makes expressions of them, and leaves some characters as they are.
 *
 * @throws when a pattern cannot be read
 */
export function checkedPatterns(user: IConstruct, directory: string, exclude: readonly string[]): string[] {
  for (const [where, patterns] of [
    ['exclude', exclude],
    [join(directory, OWN_FILE), ownPatterns(directory)],
  ] as const) {
    const wrong = patterns.find((pattern) => !canBeRead(pattern));
    if (wrong !== undefined)
      reject(user, `${where} has ${shown(wrong)}, which is no pattern such as "*.md" or "docs"; leave out brackets and braces`);
  }
  return [...exclude];
}

function canBeRead(pattern: string): boolean {
  try {
    ignore().add([pattern]).ignores('any');
    return true;
  } catch {
    return false;
  }
}

function ownPatterns(directory: string): string[] {
  const own = join(directory, OWN_FILE);
  return existsSync(own) ? readFileSync(own, 'utf8').split(/\r?\n/) : [];
}

/** The files that a build sees: those of a folder that are not ignored, and generated ones. */
export class BuildContext {
  /** A fingerprint of all paths, modes and contents. */
  public readonly hash: string;
  private readonly paths: string[];

  /**
   * @param directory an existing folder
   * @param ignored patterns in the syntax of `.dockerignore`, added to those of the folder's own file
   * @param generated files that we write, by path
   * @param needed files of the folder that are there even when they are ignored: docker build, too, has an ignored Dockerfile
   */
  constructor(
    private readonly directory: string,
    ignored: string[],
    private readonly generated: ReadonlyMap<string, string> = new Map(),
    needed: string[] = [],
  ) {
    const patterns = ownPatterns(directory);
    const filter = ignore().add([...patterns, ...ignored]);
    const found = walk(
      directory,
      '',
      (path) => filter.ignores(path),
      patterns.some((pattern) => pattern.trim().startsWith('!')),
    );
    this.paths = [...new Set([...found, ...needed])].sort();
    this.hash = this.fingerprint();
  }

  /** Writes the context to a folder, replacing what is there. */
  public stage(target: string): void {
    rmSync(target, { recursive: true, force: true });
    mkdirSync(target, { recursive: true });
    for (const path of this.paths) {
      const from = join(this.directory, path);
      const to = join(target, path);
      makeFolder(target, dirname(path));
      const stat = lstatSync(from);
      if (stat.isSymbolicLink()) {
        symlinkSync(readlinkSync(from), to);
      } else {
        copyFileSync(from, to);
        // The image's user is another one than who wrote the files, perhaps with a strict umask.
        chmodSync(to, isExecutable(stat.mode) ? 0o755 : 0o644);
      }
    }
    for (const [path, content] of this.generated) {
      makeFolder(target, dirname(path));
      writeFileSync(join(target, path), content);
      chmodSync(join(target, path), 0o644);
    }
  }

  private fingerprint(): string {
    const hash = createHash('sha256');
    for (const path of this.paths) {
      const stat = lstatSync(join(this.directory, path));
      const content = stat.isSymbolicLink() ? readlinkSync(join(this.directory, path)) : readFileSync(join(this.directory, path));
      // Of the mode only the executable bit: the rest differs between checkouts (umask), and the image must not.
      const kind = stat.isSymbolicLink() ? 'link' : isExecutable(stat.mode) ? 'executable' : 'file';
      hash.update(`${kind} ${JSON.stringify(path)} ${content.length}\n`).update(content);
    }
    for (const [path, content] of [...this.generated].sort()) hash.update(`generated ${JSON.stringify(path)} ${content.length}\n`).update(content);
    return hash.digest('hex');
  }
}

function isExecutable(mode: number): boolean {
  return (mode & 0o100) !== 0;
}

/** Makes a folder below a root, with all folders above it, for everybody to read. */
function makeFolder(root: string, path: string): void {
  if (path === '.' || existsSync(join(root, path))) return;
  makeFolder(root, dirname(path));
  mkdirSync(join(root, path));
  chmodSync(join(root, path), 0o755);
}

/** All files below a folder that are not ignored. An ignored folder is not entered, unless a pattern may bring back something in it. */
function walk(root: string, folder: string, ignored: (path: string) => boolean, enterIgnored: boolean): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    const out = ignored(path);
    if (entry.isDirectory()) return out && !enterIgnored ? [] : walk(root, path, ignored, enterIgnored);
    return out || !(entry.isFile() || entry.isSymbolicLink()) ? [] : [path];
  });
}
