import { readFileSync, writeFileSync } from 'node:fs';
import { parsedArguments } from './arguments';
import { passphrase } from './passphrase';
import { seal, unseal } from './sealed-file';
import { SecretVolumes } from './secret-volumes';
import { secretsOf, StackSecrets } from './stack-secrets';
import { synthesizedStack } from './synthesized-stack';
import { Trouble } from './trouble';

export const SECRETS_HELP = `cdktf-django secrets export [STACK] --file FILE [options]
cdktf-django secrets import [STACK] --file FILE [options]

Takes the secrets that this stack has generated on one engine to another one: for a move, or for a restored backup, whose data they open.

export writes them to a new file, encrypted with a passphrase (scrypt and AES-256-GCM). import writes them from there to the engine, before the first deploy
to it. It changes nothing where another value is already. A secret is known by its construct's path below the stack, so namespaces may differ. Secrets from
files of the host are not in it: bring the files yourself. Nor are those of Terraform's variables.

STACK is a folder in cdktf.out/stacks; it can be left out where there is one. The engine is the docker client's: DOCKER_HOST and contexts hold. The passphrase
is asked for, unseen. Whoever has file and passphrase has all secrets: keep them apart, and off the host.

  --file FILE             the encrypted file
  --passphrase-file FILE  take the passphrase from a file
  --output FOLDER         where cdktf synthesizes to (default: cdktf.out)
  --help                  print this
`;

const OPTIONS = {
  file: { type: 'string' },
  'passphrase-file': { type: 'string' },
  output: { type: 'string', default: 'cdktf.out' },
  help: { type: 'boolean', default: false },
} as const;

/** What an exported file has in it. */
interface Exported {
  readonly stack: string;
  readonly secrets: { readonly [path: string]: string };
}

/** Runs the command. Gives the exit code. */
export async function secrets(args: string[]): Promise<number> {
  const { values, positionals } = parsedArguments('secrets', args, OPTIONS);
  const [verb, stackName, ...more] = positionals;
  if (values.help) {
    process.stdout.write(SECRETS_HELP);
    return 0;
  }
  if ((verb !== 'export' && verb !== 'import') || more.length > 0)
    throw new Trouble('say "secrets export" or "secrets import"; see cdktf-django secrets --help');
  if (values.file === undefined) throw new Trouble(`say which file: cdktf-django secrets ${verb} --file FILE`);
  const stack = synthesizedStack(values.output, stackName);
  const known = secretsOf(stack);
  if (known.generated.length === 0) throw new Trouble(`stack ${stack.name} generates no secrets`);
  if (verb === 'export') await exportTo(values.file, stack.name, known, values['passphrase-file']);
  else await importFrom(values.file, known, values['passphrase-file']);
  for (const file of known.files) print(`Not among them, since it is a file of the host: ${file}\n`);
  return 0;
}

async function exportTo(file: string, stack: string, known: StackSecrets, passphraseFile: string | undefined): Promise<void> {
  const values = withVolumes((volumes) =>
    Object.fromEntries(
      known.generated.map(({ path, volume }): [string, string] => {
        const value = volumes.read(volume);
        if (value === undefined || value === '') {
          throw new Trouble(
            `secret ${path} is not on this engine: volume ${volume} has no value. Deploy first, or lead the docker client to the engine of the stack with DOCKER_HOST or a context`,
          );
        }
        return [path, value];
      }),
    ),
  );
  const exported: Exported = { stack, secrets: values };
  const sealed = seal(JSON.stringify(exported), await passphrase(passphraseFile, true));
  try {
    writeFileSync(file, sealed, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw new Trouble(`${file} cannot be written: ${(error as Error).message}`);
  }
  print(`${known.generated.length} secrets are in ${file}:\n${known.generated.map(({ path }) => `  ${path}\n`).join('')}`);
}

async function importFrom(file: string, known: StackSecrets, passphraseFile: string | undefined): Promise<void> {
  let sealed;
  try {
    sealed = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Trouble(`${file} cannot be read: ${(error as Error).message}`);
  }
  const given = new Map(Object.entries((JSON.parse(unseal(sealed, await passphrase(passphraseFile, false))) as Exported).secrets));
  const unknown = [...given.keys()].filter((path) => !known.generated.some((one) => one.path === path));
  if (unknown.length > 0)
    throw new Trouble(`the file has secrets that this stack has not, so nothing was imported: ${unknown.join(', ')}; is it another stack's?`);
  const lines = withVolumes((volumes) => {
    const found = known.generated.map((secret) => ({ ...secret, value: given.get(secret.path), there: volumes.read(secret.volume) }));
    const others = found.filter(({ value, there }) => value !== undefined && there !== undefined && there !== value);
    if (others.length > 0) {
      throw new Trouble(
        `other values are on this engine already, so nothing was imported: ${others.map(({ path, volume }) => `${path} (volume ${volume})`).join(', ')}. What they open would be lost with them; if nothing is, remove these volumes, and import again`,
      );
    }
    return found.map(({ path, volume, group, value, there }) => {
      if (value === undefined) return `  ${path}: not in the file${there === undefined ? '; the deploy makes it' : ''}\n`;
      if (there !== undefined) return `  ${path}: was there\n`;
      volumes.write(volume, value, group);
      return `  ${path}: imported\n`;
    });
  });
  print(`Secrets on this engine:\n${lines.join('')}`);
}

function withVolumes<T>(use: (volumes: SecretVolumes) => T): T {
  const volumes = new SecretVolumes();
  try {
    return use(volumes);
  } finally {
    volumes.end();
  }
}

function print(text: string): void {
  process.stdout.write(text);
}
