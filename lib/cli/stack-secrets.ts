import { labelName } from '../platform/labels';
import { engineResourcesOf, SynthesizedStack } from './synthesized-stack';

/** A secret that the engine makes. */
export interface GeneratedSecret {
  /** The path of its construct below the stack: the same on every engine, in every namespace. */
  readonly path: string;
  /** The engine's volume that it is in. */
  readonly volume: string;
  /** The group that may read it. */
  readonly group: number;
}

/** The secrets of a stack. */
export interface StackSecrets {
  readonly generated: readonly GeneratedSecret[];
  /** Files of the engine's host that are secrets. */
  readonly files: readonly string[];
}

interface Resource {
  readonly command?: readonly string[];
  readonly labels?: readonly { readonly label: string; readonly value: string }[];
  readonly mounts?: readonly { readonly type: string; readonly source: string; readonly target: string }[];
}

interface Resources {
  readonly docker_container: Readonly<Record<string, Resource>>;
  readonly docker_volume: Readonly<Record<string, { readonly name: string }>>;
}

/** What a synthesized stack says about its secrets. No value is in it. */
export function secretsOf(stack: SynthesizedStack): StackSecrets {
  const resources = engineResourcesOf<Resources>(stack);
  const containers = Object.values(resources.docker_container ?? {});
  const volumes = resources.docker_volume ?? {};
  const generated = containers.flatMap((container): GeneratedSecret[] => {
    // The job that makes it (root-commands.ts): sh -c SCRIPT generate-secret NAME LENGTH GROUP VOLUME
    if (container.command?.[2] !== 'generate-secret') return [];
    const [, , , , , group, source] = container.command;
    const owned = /^\$\{docker_volume\.(.+)\.name\}$/.exec(source)?.[1];
    return [{ path: pathBelow(stack.name, container), volume: owned === undefined ? source : volumes[owned].name, group: Number(group) }];
  });
  const mounts = containers.flatMap(({ mounts: all }) => all ?? []);
  const files = mounts.filter(({ type, target }) => type === 'bind' && target.startsWith('/run/secrets/')).map(({ source }) => source);
  return { generated: generated.sort((one, other) => (one.path < other.path ? -1 : 1)), files: [...new Set(files)].sort() };
}

function pathBelow(stack: string, container: Resource): string {
  const parts = container.labels?.find(({ label }) => label === labelName('path'))?.value.split('/') ?? [];
  return parts.slice(parts.indexOf(stack) + 1).join('/');
}
