import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..', '..');

/** Makes a stand-in that few tests need, where stand-ins are in use. */
export function prepareStandIn(name: string): void {
  const program = `
    import { STAND_INS } from './tools/setup/pins.mjs';
    import { ensureStandIns } from './tools/setup/standins.mjs';
    if (process.env.CDKTF_DJANGO_IMAGE_MIRROR === STAND_INS) await ensureStandIns([${JSON.stringify(name)}]);`;
  const made = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: ROOT, encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`the image ${name} could not be made:\n${made.stdout}${made.stderr}`);
}
