/** What `npm start` and `npm stop` know of the example: its stack, its state, its port, its volumes. */

import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../setup/index.mjs';
import { providerMadeAt } from '../setup/provider.mjs';
import { shown } from '../setup/run.mjs';
import { Trouble } from '../setup/trouble.mjs';

export const STACK = 'shop';
export const DEFAULT_PORT = 8080;
export const HTTPS_PORT = 8443;

const STATE = path.join(ROOT, `terraform.${STACK}.tfstate`);
const SYNTHESIZED = path.join(ROOT, 'cdktf.out', 'stacks', STACK, 'cdk.tf.json');

/** Runs cdktf in front of the person. */
export async function cdktf(args, { env, what, remedy }) {
  // Terraform notes the provider's checksum beside what was synthesized. One that was built anew since (an emptied cache, a
  // newer Go) has another, and init would refuse it; the set-up pins the version, so the note adds nothing.
  const lock = path.join(path.dirname(SYNTHESIZED), '.terraform.lock.hcl');
  if (fs.existsSync(lock) && fs.statSync(lock).mtimeMs < providerMadeAt()) fs.rmSync(lock);
  // Without a terminal, cdktf would write its moving picture into the log.
  const plain = process.stdout.isTTY ? [] : ['--no-color'];
  const cli = path.join(ROOT, 'node_modules', 'cdktf-cli', 'bundle', 'bin', 'cdktf');
  const code = await shown(process.execPath, [cli, ...args, ...plain], {
    cwd: ROOT,
    env: { ...process.env, ...(process.stdout.isTTY ? {} : { CI: 'true' }), ...env },
  });
  if (code !== 0) throw new Trouble(`${what} (exit code ${code}); its output is above`, { remedy });
}

/** The Terraform state as text; empty when nothing was ever deployed. */
export function stateText() {
  return fs.existsSync(STATE) ? fs.readFileSync(STATE, 'utf8') : '';
}

/** Whether the state knows of anything to destroy. */
export function deployed() {
  const text = stateText();
  return text !== '' && (JSON.parse(text).resources ?? []).some(({ mode }) => mode === 'managed');
}

export const synthesized = () => fs.existsSync(SYNTHESIZED);

/**
 * The names of the example's data volumes: those that a synthesized container mounts by a literal name in the stack's
 * namespace. The engine makes them at the first mount; Terraform does not own them, so `destroy` leaves them. A volume that
 * Terraform owns is mounted by a reference (`${...}`), and one that was adopted has a name of another kind.
 */
export function dataVolumes() {
  const { resource = {} } = JSON.parse(fs.readFileSync(SYNTHESIZED, 'utf8'));
  const names = new Set();
  for (const container of Object.values(resource.docker_container ?? {})) {
    for (const { type, source } of [container.mounts ?? []].flat()) if (type === 'volume') names.add(source);
    for (const { volume_name: name } of [container.volumes ?? []].flat()) names.add(name);
  }
  return [...names].filter((name) => name?.startsWith(`${STACK}-`) && !name.includes('${')).sort();
}
