/** Sets up what is missing. Each part uses what is there, and takes no time when nothing is missing. */

import { fileURLToPath } from 'node:url';
import { setUpEngine, stopEngine } from './engine.mjs';
import { setUpImages } from './images.mjs';
import { setUpNodeModules } from './node-modules.mjs';
import { setUpProvider } from './provider.mjs';
import { setUpTerraform } from './terraform.mjs';

/** The checkout. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url)).replace(/[\\/]$/, '');

/** All parts; `images` needs `engine`, `provider` needs `terraform`. */
export const PARTS = ['engine', 'node-modules', 'terraform', 'provider', 'images'];

/**
 * @param {{ parts?: string[] }} [options] which of {@link PARTS}; all unless given
 * @returns {Promise<{ env: Record<string, string>, startedEngine?: number }>} `env`: to merge into the environment of
 *   what runs next; `startedEngine`: the process id of the Docker daemon if this call started it
 */
export async function setUp({ parts = PARTS } = {}) {
  // Neither Terraform nor cdktf need to tell their makers about every run.
  const env = { CHECKPOINT_DISABLE: '1' };
  let startedEngine;

  const engineAndImages = async () => {
    if (parts.includes('engine') || parts.includes('images')) ({ startedPid: startedEngine } = await setUpEngine());
    if (parts.includes('images')) Object.assign(env, await setUpImages());
  };
  const terraformAndProvider = async () => {
    if (!parts.includes('terraform') && !parts.includes('provider')) return;
    const terraform = await setUpTerraform();
    if (terraform.binary !== 'terraform') env.TERRAFORM_BINARY_NAME = terraform.binary;
    if (parts.includes('provider')) Object.assign(env, await setUpProvider(terraform));
  };
  const nodeModules = async () => {
    if (parts.includes('node-modules')) await setUpNodeModules(ROOT);
  };

  // Side by side: images wait for the network, the provider for the processor. One that fails does not stop the others in the
  // middle of their work; what they make stays in the cache for the next try.
  const ends = await Promise.allSettled([engineAndImages(), terraformAndProvider(), nodeModules()]);
  const failures = ends.filter(({ status }) => status === 'rejected').map(({ reason }) => reason);
  if (failures.length > 0) {
    if (startedEngine) await stopEngine(startedEngine);
    for (const failure of failures.slice(1)) process.stderr.write(failure.text ?? `${failure.stack}\n`);
    throw failures[0];
  }
  return { env, startedEngine };
}
