import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '../support/engine';
import { Shop } from './shop';

/** What is put beside the deployed example. */
export interface BesideOptions {
  readonly image: string;
  /** More arguments of `docker create`. */
  readonly arguments?: string[];
  readonly command?: string[];
  /** Texts of files, by where they are in the container. */
  readonly texts: { readonly [path: string]: string };
  /** Files of this machine, in the same way. */
  readonly files?: { readonly [path: string]: string };
}

/** A container in the network of the deployed example. Files are copied before its start, so that the engine need not see this machine's folders. Gives its address. */
export async function startBeside(engine: Engine, shop: Shop, purpose: string, options: BesideOptions): Promise<string> {
  const name = `${engine.prefix}-${purpose}`;
  await engine.docker('create', '--name', name, '--network', shop.network, ...(options.arguments ?? []), options.image, ...(options.command ?? []));
  const folder = mkdtempSync(join(tmpdir(), 'cdktf-django-bench-'));
  try {
    for (const [path, text] of Object.entries(options.texts)) {
      const file = join(folder, 'file');
      writeFileSync(file, text, { mode: 0o644 });
      await engine.docker('cp', file, `${name}:${path}`);
    }
    for (const [path, file] of Object.entries(options.files ?? {})) await engine.docker('cp', file, `${name}:${path}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  await engine.docker('start', name);
  return engine.address(name, shop.network);
}
