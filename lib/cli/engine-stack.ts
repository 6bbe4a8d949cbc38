import { labelName } from '../platform/labels';
import { dockerLines, inspected, otherEngine } from './docker';
import { Container, containerOf, Inspected } from './engine-container';
import { Trouble } from './trouble';

/** A stack that is on an engine, as its containers' labels tell: no synth and no state is needed. */
export interface EngineStack {
  /** How it is called here: its path, or its namespace where several have that path. */
  readonly name: string;
  readonly namespace: string;
  /** The path of its construct. */
  readonly path: string;
  /** The id of the state that it was deployed from. */
  readonly owner: string;
  /** Of its containers. */
  readonly ids: readonly string[];
}

const LISTED = `{{.ID}} ${['namespace', 'owner', 'path'].map((name) => `{{.Label "${labelName(name)}"}}`).join(' ')}`;

/** All stacks of this library on the engine. */
export function engineStacks(): EngineStack[] {
  const stacks = new Map<string, { namespace: string; path: string; owner: string; ids: string[] }>();
  for (const line of dockerLines('ps', '--all', '--no-trunc', '--filter', `label=${labelName('path')}`, '--format', LISTED)) {
    const [, id, namespace, owner, path] = /^(\S+) (\S*) (\S*) (.*)$/.exec(line)!;
    const stack = path.split('/')[0];
    const key = `${namespace} ${owner} ${stack}`;
    const known = stacks.get(key) ?? { namespace, path: stack, owner, ids: [] };
    known.ids.push(id);
    stacks.set(key, known);
  }
  const all = [...stacks.values()];
  const alone = (one: { path: string }) => all.filter(({ path }) => path === one.path).length === 1;
  return all.map((one) => ({ ...one, name: alone(one) ? one.path : one.namespace })).sort((one, other) => (one.name < other.name ? -1 : 1));
}

/**
 * The stack of that name, path or namespace, or the only one.
 *
 * @param how how the command is told the name
 */
export function engineStack(name: string | undefined, how: string): EngineStack {
  const all = engineStacks();
  if (all.length === 0) throw new Trouble(`no stack of this library is on ${otherEngine()}`);
  const names = all.map((one) => one.name).join(', ');
  if (name === undefined) {
    if (all.length > 1) throw new Trouble(`there are several stacks on this engine, say which one with ${how}: ${names}`);
    return all[0];
  }
  const found = all.filter((one) => one.name === name);
  const wanted = found.length > 0 ? found : all.filter((one) => one.namespace === name || one.path === name);
  if (wanted.length === 0) throw new Trouble(`there is no stack ${JSON.stringify(name)}, only ${names}, on ${otherEngine()}`);
  if (wanted.length > 1) throw new Trouble(`${JSON.stringify(name)} is the name of several stacks, say the namespace: ${names}`);
  return wanted[0];
}

/** The containers of a stack, the newest first. */
export function containersOf(stack: EngineStack): Container[] {
  return inspected<Inspected>('container', stack.ids)
    .map((one) => containerOf(one))
    .sort((one, other) => (one.created > other.created ? -1 : 1));
}
