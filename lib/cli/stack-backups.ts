import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { labelName } from '../platform/labels';
import { SynthesizedStack } from './synthesized-stack';
import { Trouble } from './trouble';

/** A container of a stack that makes backups. */
export interface StackBackup {
  /** The path of its construct below the stack, such as `Db/Nightly`. */
  readonly path: string;
  readonly container: string;
}

/** The program of such a container. */
export const BACKUP_PROGRAM = '/run/cdktf-backup/backup.py';

interface Resource {
  readonly name?: string;
  readonly entrypoint?: readonly string[];
  readonly healthcheck?: { readonly test?: readonly string[] };
  readonly labels?: readonly { readonly label: string; readonly value: string }[];
}

interface Document {
  readonly resource?: { readonly docker_container?: Readonly<Record<string, Resource>> };
}

/** What a synthesized stack says about its backups. */
export function backupsOf(stack: SynthesizedStack): StackBackup[] {
  const file = join(stack.folder, 'cdk.tf.json');
  let document: Document;
  try {
    document = JSON.parse(readFileSync(file, 'utf8')) as Document;
  } catch (error) {
    throw new Trouble(`${file} cannot be read: ${(error as Error).message}`);
  }
  return Object.values(document.resource?.docker_container ?? {})
    .filter((one) => one.entrypoint?.[1] === BACKUP_PROGRAM && one.healthcheck?.test?.at(-1) === 'health')
    .map((one) => ({ path: pathBelow(stack.name, one), container: one.name! }))
    .sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** Without the stack and the service's own id. */
function pathBelow(stack: string, container: Resource): string {
  const parts = container.labels?.find(({ label }) => label === labelName('path'))?.value.split('/') ?? [];
  return parts.slice(parts.indexOf(stack) + 1, -1).join('/');
}
