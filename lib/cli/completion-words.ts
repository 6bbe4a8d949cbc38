import { Place } from './command';
import { Container } from './engine-container';
import { engineStack, engineStacks } from './engine-stack';
import { synthesizedStacks } from './synthesized-stack';

/** The stacks of the engine. */
export function stackNames(): string[] {
  return engineStacks().map(({ name }) => name);
}

/** The synthesized stacks of this folder, or of the one that is named. */
export function synthesizedNames({ before }: Place): string[] {
  return synthesizedStacks(valueOf(before, '--output') ?? 'cdktf.out');
}

/** Something of the containers of the stack that is named, or of the only one. */
export function systemNames(before: readonly string[], names: (containers: readonly Container[]) => string[]): string[] {
  return names(engineStack(valueOf(before, '--stack'), '--stack').home.containers());
}

/** The value that an option has among arguments. */
function valueOf(before: readonly string[], option: string): string | undefined {
  const inOne = before.find((word) => word.startsWith(`${option}=`));
  const at = before.indexOf(option);
  return inOne?.slice(option.length + 1) ?? (at < 0 ? undefined : before[at + 1]);
}
