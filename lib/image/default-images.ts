import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface PinnedImages {
  readonly nginx: string;
  readonly postgres: { readonly [major: string]: string };
  readonly python: string;
  readonly lego: string;
  readonly pgbouncer: string;
  readonly valkey: string;
  readonly mailpit: string;
  readonly prometheus: string;
  readonly nodeExporter: string;
  readonly nginxExporter: string;
  readonly postgresExporter: string;
  readonly redisExporter: string;
  readonly statsdExporter: string;
}

/** The folder of what runs inside containers, beside `lib` in the sources and beside `build` in the package. */
export const runtimeFolder = join(__dirname, '..', '..', 'runtime');

/** The official images that constructs use where none is given, with full versions, from one file. */
export const defaultImages: PinnedImages = JSON.parse(readFileSync(join(runtimeFolder, 'images.json'), 'utf8')) as PinnedImages;

/** The text of a program that runs inside containers. */
export function runtimeFile(path: string): string {
  return readFileSync(join(runtimeFolder, path), 'utf8');
}
