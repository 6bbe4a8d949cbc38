import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Trouble } from './trouble';

/** A stack as cdktf has synthesized it. */
export interface SynthesizedStack {
  readonly name: string;
  /** The folder with its `cdk.tf.json`. */
  readonly folder: string;
}

/** The stack of that name, or the only one. */
export function synthesizedStack(output: string, name: string | undefined): SynthesizedStack {
  const stacks = join(output, 'stacks');
  const known = existsSync(stacks) ? readdirSync(stacks).sort() : [];
  if (known.length === 0) {
    throw new Trouble(`there is no synthesized stack in ${output}; run this where cdktf.json is, after a deploy, or name the folder with --output`);
  }
  const stack = name ?? (known.length === 1 ? known[0] : undefined);
  if (stack === undefined) throw new Trouble(`there are several stacks, say which one: ${known.join(', ')}`);
  if (!known.includes(stack)) throw new Trouble(`there is no stack ${JSON.stringify(stack)} in ${output}, only ${known.join(', ')}`);
  return { name: stack, folder: join(stacks, stack) };
}
