import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..', '..');

/** Images that the set-up makes only for who needs them, where it makes stand-ins at all. */
export function prepareStandIns(...names: string[]): void {
  const program = `
    import { ensureStandIns } from './tools/setup/standins.mjs';
    import { STAND_INS } from './tools/setup/pins.mjs';
    if (process.env.CDKTF_DJANGO_IMAGE_MIRROR === STAND_INS) await ensureStandIns(${JSON.stringify(names)});`;
  const made = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: ROOT, encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`images could not be made: ${names.join(', ')}\n${made.stdout}${made.stderr}`);
}
