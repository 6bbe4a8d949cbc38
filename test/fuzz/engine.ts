import fc from 'fast-check';
import { text } from '../support/arbitraries';
import { newStack, Synthesized } from '../support/synth';
import { FuzzCase } from './cases';
import { decodedStack, difference } from './decode';

/** An error of ours: the path of a construct, or the class of a value, and what is wrong. Or one of constructs', for an id, which has no path yet. */
const CLEAR = /^((shop[^]*?|[A-Z][A-Za-z]+(\.[a-z]\w*)?): [^]{10,}|Only root constructs may have an empty ID$)/;

export interface Outcome {
  /** What was wrong: nothing, in the end. */
  readonly problems: string[];
  readonly refused: number;
  readonly accepted: { readonly value: string; readonly at: FuzzCase }[];
  /** Stacks with accepted values. */
  readonly stacks: Synthesized[];
}

/** Values for a place: any text, and harmless values with something in them. */
function valuesOf(one: FuzzCase): fc.Arbitrary<string> {
  const benign = fc.nat(3).map(one.benign);
  const spliced = fc.tuple(benign, text, fc.double({ min: 0, max: 1, noNaN: true })).map(([whole, part, where]) => {
    const at = Math.round(whole.length * where);
    return whole.slice(0, at) + part + whole.slice(at);
  });
  // The marks of decode.ts are no text of anybody's.
  const any = fc.oneof(text, spliced, spliced).map((value) => value.replace(/[\uE000\uE001]/g, ''));
  // No configuration is no file of it.
  return one.configures ? any.filter((value) => value.trim() !== '') : any;
}

function synthesized(one: FuzzCase, values: readonly string[]): Synthesized {
  const stack = newStack();
  one.build(stack, values);
  return new Synthesized(stack);
}

const plain = new Map<FuzzCase, Map<number, unknown>>();

function plainTree(one: FuzzCase, count: number): unknown {
  const byCount = plain.get(one) ?? new Map<number, unknown>();
  plain.set(one, byCount);
  if (!byCount.has(count)) {
    const values = Array.from({ length: count }, (_unused, index) => one.benign(index));
    byCount.set(count, decodedStack(synthesized(one, values), one.configures));
  }
  return byCount.get(count);
}

/** What a stack with these values has beside them that one with harmless values has not. */
function smuggled(one: FuzzCase, values: readonly string[], synth: Synthesized): string | undefined {
  if (one.identifies) return wrongName(synth);
  const forms = one.forms ?? ((value: string) => [value]);
  const inserted = (expected: string): string[] => {
    const index = one.at_once ? Number(/benign(\d+)x/.exec(expected)?.[1] ?? -1) : 0;
    if (index < 0 || index >= values.length) return [expected];
    const [before, after] = [forms(one.benign(index)), forms(values[index])];
    const replaced = before.flatMap((form, which) => (expected.includes(form) ? [expected.replaceAll(form, () => after[which])] : []));
    return replaced.length > 0 ? replaced : [expected];
  };
  return difference(plainTree(one, values.length), decodedStack(synth, one.configures), inserted);
}

/** Names made of an id are names for the engine and for Terraform. */
function wrongName(synth: Synthesized): string | undefined {
  for (const [address, resource] of Object.entries(synth.addresses())) {
    if (!/^[a-z_]+\.[A-Za-z0-9_-]+$/.test(address)) return `the address ${address}`;
    const name = String(resource.name ?? 'none').replace(/\$\{formatdate\([^}]*\}/, '0');
    if (address.startsWith('docker_container.') && !/^[a-z0-9][a-z0-9-]*$/.test(name)) return `the name ${JSON.stringify(name)}`;
  }
  return undefined;
}

/** Gives a place this many inputs. */
export function fuzz(one: FuzzCase, inputs: number, seed: number): Outcome {
  const outcome = { problems: [] as string[], refused: 0, accepted: [] as Outcome['accepted'], stacks: [] as Synthesized[] };
  const values = fc.sample(valuesOf(one), { numRuns: inputs, seed });
  const problem = (value: readonly string[], what: string) => outcome.problems.push(`${one.props.join(', ')} with ${JSON.stringify(value)}: ${what}`);
  const attempt = (some: readonly string[]): Synthesized | undefined => {
    try {
      return synthesized(one, some);
    } catch (error) {
      const { message } = error as Error;
      if (some.length === 1 && !CLEAR.test(message)) problem(some, `an error that nobody understands: ${message}`);
      return undefined;
    }
  };
  const size = one.at_once ?? 1;
  // Fails where even harmless values are refused, for then all of the others would be, and nothing were tested.
  plainTree(one, Math.min(size, values.length));
  for (let at = 0; at < values.length; at += size) {
    let batch = values.slice(at, at + size);
    let synth = attempt(batch);
    if (!synth && size > 1) {
      batch = batch.filter((value) => attempt([value]) !== undefined);
      synth = batch.length > 0 ? attempt(batch) : undefined;
      if (!synth && batch.length > 0) problem(batch, 'refused together, and accepted one by one');
    }
    if (!synth) {
      outcome.refused += Math.min(size, values.length - at);
      continue;
    }
    outcome.refused += Math.min(size, values.length - at) - batch.length;
    const difference_ = smuggled(one, batch, synth);
    if (difference_ !== undefined) problem(batch.length === 1 ? batch : [`${batch.length} values`], difference_);
    outcome.accepted.push(...batch.map((value) => ({ value, at: one })));
    outcome.stacks.push(synth);
  }
  return outcome;
}
