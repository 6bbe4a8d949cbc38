import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Trouble } from './trouble';

/** A stack as cdktf has synthesized it. */
export interface SynthesizedStack {
  readonly name: string;
  /** The folder with its `cdk.tf.json`. */
  readonly folder: string;
}

/** The names of the stacks that cdktf has synthesized to a folder. */
export function synthesizedStacks(output: string): string[] {
  const stacks = join(output, 'stacks');
  return existsSync(stacks) ? readdirSync(stacks).sort() : [];
}

/** The stack of that name, or the only one. */
export function synthesizedStack(output: string, name: string | undefined): SynthesizedStack {
  const known = synthesizedStacks(output);
  if (known.length === 0) {
    throw new Trouble(`there is no synthesized stack in ${output}; run this where cdktf.json is, after a deploy, or name the folder with --output`);
  }
  const stack = name ?? (known.length === 1 ? known[0] : undefined);
  if (stack === undefined) throw new Trouble(`there are several stacks, say which one: ${known.join(', ')}`);
  if (!known.includes(stack)) throw new Trouble(`there is no stack ${JSON.stringify(stack)} in ${output}, only ${known.join(', ')}`);
  return { name: stack, folder: join(output, 'stacks', stack) };
}

/** The resources of a stack, by type and logical id. */
export function resourcesOf<T extends object>(stack: SynthesizedStack): Partial<T> {
  const file = join(stack.folder, 'cdk.tf.json');
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { resource?: Partial<T> }).resource ?? {};
  } catch (error) {
    throw new Trouble(`${file} cannot be read: ${(error as Error).message}`);
  }
}

/** The resources of a stack of containers; an error where it is for a Swarm, whose data no command here reaches. */
export function engineResourcesOf<T extends object>(stack: SynthesizedStack): Partial<T> {
  const resources = resourcesOf<T & { readonly docker_service: object }>(stack);
  if (resources.docker_service !== undefined) {
    throw new Trouble(`stack ${stack.name} is for a Swarm, and this works on one engine; docs/swarm.md says what to do there`);
  }
  return resources;
}
