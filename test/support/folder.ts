import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const made: string[] = [];

afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A link that is made in place of a file. */
export interface Link {
  readonly link: string;
}

/** A fresh folder with these files, removed when the tests of the file have ended. */
export function folder(files: { readonly [path: string]: string | Link } = {}, name = 'project'): string {
  const root = mkdtempSync(join(tmpdir(), 'cdktf-django-test-'));
  made.push(root);
  const directory = join(root, name);
  mkdirSync(directory);
  for (const [path, content] of Object.entries(files)) write(directory, path, content);
  return directory;
}

export function write(directory: string, path: string, content: string | Link, mode = 0o644): void {
  const file = join(directory, path);
  mkdirSync(dirname(file), { recursive: true });
  if (typeof content !== 'string') return symlinkSync(content.link, file);
  writeFileSync(file, content);
  chmodSync(file, mode);
}

/** All files below a folder, by path. */
export function filesOf(directory: string): { [path: string]: string } {
  const paths = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(paths.sort().map((path) => [path.slice(directory.length + 1), readFileSync(path, 'utf8')]));
}
