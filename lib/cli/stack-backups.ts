import { labelName } from '../platform/labels';
import { backupKind } from './backup-container';
import { engineResourcesOf, SynthesizedStack } from './synthesized-stack';

/** A container of a stack that makes backups, or keeps an archive. */
export interface StackBackup {
  /** The path of its construct below the stack, such as `Db/Nightly`. */
  readonly path: string;
  readonly container: string;
  /** Whether it keeps an archive for point-in-time recovery. */
  readonly archive: boolean;
}

interface Resource {
  readonly name?: string;
  readonly entrypoint?: readonly string[];
  readonly healthcheck?: { readonly test?: readonly string[] };
  readonly labels?: readonly { readonly label: string; readonly value: string }[];
}

interface Resources {
  readonly docker_container: Readonly<Record<string, Resource>>;
}

/** What a synthesized stack says about its backups. */
export function backupsOf(stack: SynthesizedStack): StackBackup[] {
  return Object.values(engineResourcesOf<Resources>(stack).docker_container ?? {})
    .map((one) => ({ one, kind: backupKind(one.entrypoint, one.healthcheck?.test) }))
    .filter(({ kind }) => kind !== undefined)
    .map(({ one, kind }) => ({ path: pathBelow(stack.name, one), container: one.name!, archive: kind === 'archive' }))
    .sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** Without the stack and the service's own id. */
function pathBelow(stack: string, container: Resource): string {
  const parts = container.labels?.find(({ label }) => label === labelName('path'))?.value.split('/') ?? [];
  return parts.slice(parts.indexOf(stack) + 1, -1).join('/');
}
