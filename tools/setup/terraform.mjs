/** Terraform 1.5 or newer, or OpenTofu 1.6 or newer: the one that is there, else OpenTofu built as a Go tool. */

import fs from 'node:fs';
import path from 'node:path';
import { cachePath, withLock } from './cache.mjs';
import { buildGoTool } from './go.mjs';
import { ask } from './run.mjs';
import { say } from './say.mjs';
import { Trouble } from './trouble.mjs';
import { compare, TOFU } from './versions.mjs';

/** What a binary is, or why it does not do. */
async function look(binary) {
  const { code, stdout, missing } = await ask(binary, ['version'], {
    env: { ...process.env, CHECKPOINT_DISABLE: '1' },
  });
  if (missing) return {};
  const found = /(Terraform|OpenTofu) v(\d+\.\d+\.\d+)/.exec(stdout);
  if (code !== 0 || !found) return { why: `${binary} is there, but does not say its version` };
  const [, product, version] = found;
  const oldest = product === 'Terraform' ? '1.5' : '1.6';
  if (compare(version, oldest) < 0) return { why: `${product} ${version} is older than ${oldest}` };
  return { binary, product, version };
}

/**
 * @returns {Promise<{ binary: string, product: 'Terraform' | 'OpenTofu', version: string }>}
 */
export async function setUpTerraform() {
  const chosen = process.env.TERRAFORM_BINARY_NAME;
  const built = cachePath('bin', `tofu-${TOFU.version}`, process.platform === 'win32' ? 'tofu.exe' : 'tofu');
  const reasons = [];
  const tryOut = async (binary) => {
    const found = await look(binary);
    if (found.why) reasons.push(found.why);
    if (found.binary) say('terraform', `${found.product} ${found.version}`);
    return found.binary ? found : undefined;
  };

  if (chosen) {
    const found = await tryOut(chosen);
    if (found) return found;
    throw new Trouble(`TERRAFORM_BINARY_NAME is "${chosen}": ${reasons[0] ?? 'there is no such program'}`, {
      remedy: 'point it at Terraform 1.5 or OpenTofu 1.6 or newer, or unset it',
    });
  }
  for (const binary of ['terraform', 'tofu', built]) {
    const found = await tryOut(binary);
    if (found) return found;
  }
  for (const reason of reasons) say('terraform', reason);
  await withLock('terraform', async () => {
    if (fs.existsSync(built)) return;
    await buildGoTool({
      part: 'terraform',
      what: `OpenTofu ${TOFU.version}`,
      pkg: 'github.com/opentofu/opentofu/cmd/tofu',
      requires: [`github.com/opentofu/opentofu v${TOFU.version}`],
      replaces: [`github.com/hashicorp/hcl/v2 => github.com/opentofu/hcl/v2 ${TOFU.hcl}`],
      to: built,
    });
  });
  const found = await tryOut(built);
  if (found) return found;
  throw new Trouble(`the OpenTofu that was built does not run: ${built}`, {
    remedy: `remove ${path.dirname(built)} and try again, or install Terraform`,
  });
}
