/**
 * The kreuzwerker/docker provider, in a mirror folder of the cache: fetched from the registry once where that answers, else
 * built as a Go tool. With the mirror, no `init` asks the network.
 */

import fs from 'node:fs';
import path from 'node:path';
import { cachePath, publish, withLock, withTemp, writeFile } from './cache.mjs';
import { buildGoTool } from './go.mjs';
import { ask } from './run.mjs';
import { say, slowly } from './say.mjs';
import { PROVIDER } from './versions.mjs';

const NAME = 'kreuzwerker/docker';
const HOSTS = { Terraform: 'registry.terraform.io', OpenTofu: 'registry.opentofu.org' };
const platform = () => `${process.platform}_${{ x64: 'amd64', ia32: '386' }[process.arch] ?? process.arch}`;
const binaryName = `terraform-provider-docker_v${PROVIDER.version}`;

const unpacked = (host) => cachePath('mirror', host, NAME, PROVIDER.version, platform());
const packed = (host) => cachePath('mirror', host, NAME, `terraform-provider-docker_${PROVIDER.version}_${platform()}.zip`);

const there = (host) => fs.existsSync(path.join(unpacked(host), binaryName)) || fs.existsSync(packed(host));

/** When the provider in the mirror was made; 0 when there is none. */
export function providerMadeAt() {
  const files = Object.values(HOSTS).flatMap((host) => [path.join(unpacked(host), binaryName), packed(host)]);
  return Math.max(0, ...files.filter((file) => fs.existsSync(file)).map((file) => fs.statSync(file).mtimeMs));
}

/** A CLI configuration of the user's own that says where providers come from is left alone. */
function usersOwn() {
  const file = process.env.TF_CLI_CONFIG_FILE;
  return file !== undefined && file !== configuration() && fs.existsSync(file) && /^\s*provider_installation\b/m.test(fs.readFileSync(file, 'utf8'))
    ? file
    : undefined;
}

const configuration = () => cachePath('terraform.rc');

/** Asks the registry, in Terraform's own way (so that its proxies and credentials hold). */
async function fetchFromRegistry({ binary, product }) {
  const host = HOSTS[product];
  return withTemp(async (dir) => {
    const source = `terraform {\n  required_providers {\n    docker = {\n      source  = "${NAME}"\n      version = "${PROVIDER.version}"\n    }\n  }\n}\n`;
    fs.writeFileSync(path.join(dir, 'main.tf'), source);
    const answer = await ask(binary, ['providers', 'mirror', `-platform=${platform()}`, path.join(dir, 'mirror')], {
      cwd: dir,
      timeout: 120_000,
      env: {
        ...process.env,
        CHECKPOINT_DISABLE: '1',
        TF_REGISTRY_CLIENT_TIMEOUT: '5',
        TF_REGISTRY_DISCOVERY_RETRY: '0',
      },
    });
    const archive = path.join(dir, 'mirror', host, NAME, path.basename(packed(host)));
    if (answer.code !== 0 || !fs.existsSync(archive)) return false;
    publish(archive, packed(host));
    return true;
  });
}

/** Links the provider's binary under the other registry's name too: the same program. */
function linkOver() {
  const [from] = Object.values(HOSTS).filter((host) => fs.existsSync(path.join(unpacked(host), binaryName)));
  if (!from) return;
  for (const host of Object.values(HOSTS).filter((name) => !there(name))) {
    fs.mkdirSync(unpacked(host), { recursive: true });
    try {
      fs.linkSync(path.join(unpacked(from), binaryName), path.join(unpacked(host), binaryName));
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
  }
}

/**
 * @param {{ binary: string, product: 'Terraform' | 'OpenTofu' }} terraform from `setUpTerraform`
 * @returns {Promise<Record<string, string>>} environment that makes Terraform find the provider
 */
export async function setUpProvider(terraform) {
  const own = usersOwn();
  if (own) {
    say('provider', `as ${own} says`);
    return {};
  }
  const host = HOSTS[terraform.product];
  if (!there(host)) {
    await withLock('provider', async () => {
      linkOver();
      if (there(host)) return;
      const fetched = await slowly('provider', `fetching ${NAME} ${PROVIDER.version}`, () => fetchFromRegistry(terraform), Boolean);
      if (fetched) return;
      say('provider', `${host} does not give it: building it`);
      const pkg = 'github.com/terraform-providers/terraform-provider-docker';
      await buildGoTool({
        part: 'provider',
        what: `${NAME} ${PROVIDER.version}`,
        pkg,
        requires: [`${pkg} v0.0.0`],
        replaces: [`${pkg} => github.com/kreuzwerker/terraform-provider-docker ${PROVIDER.commit}`],
        to: path.join(unpacked(host), binaryName),
      });
      linkOver();
    });
  }
  // The mirror serves this one provider; every other comes from where it always does.
  const names = Object.values(HOSTS).map((name) => `"${name}/${NAME}"`);
  writeFile(
    configuration(),
    [
      '# Written by the set-up of cdktf-django.',
      'disable_checkpoint = true',
      'provider_installation {',
      '  filesystem_mirror {',
      `    path    = ${JSON.stringify(cachePath('mirror'))}`,
      `    include = [${names.join(', ')}]`,
      '  }',
      '  direct {',
      `    exclude = [${names.join(', ')}]`,
      '  }',
      '}',
      '',
    ].join('\n'),
  );
  say('provider', `${NAME} ${PROVIDER.version}`);
  return {
    TF_CLI_CONFIG_FILE: configuration(),
    // `cdktf destroy` notes checksums whenever it finds none for its provider's name, and cannot be told not to; without this
    // that step alone would go to the registry.
    TF_CLI_ARGS_providers_lock: `"-fs-mirror=${cachePath('mirror')}"`,
  };
}
