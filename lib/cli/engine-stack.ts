import { labelName } from '../platform/labels';
import { dockerLines, engineName, otherEngine } from './docker';
import { SWARM_TASK } from './engine-container';
import { EngineHome } from './engine-home';
import { StackHome, StackLabels } from './stack-home';
import { SwarmHome } from './swarm-home';
import { managesSwarm, swarmServices } from './swarm-tasks';
import { Trouble } from './trouble';

/** A stack that is on an engine, as its containers' labels tell: no synth and no state is needed. */
export interface EngineStack extends StackLabels {
  /** How it is called here: its path, or its namespace where several have that path. */
  readonly name: string;
  readonly home: StackHome;
  /** Whether it is on a Swarm that this engine only works for: most of it may be elsewhere. */
  readonly partial: boolean;
}

type Writable = { namespace: string; path: string; owner: string; ids: string[]; onSwarm: boolean; partial: boolean };

const LISTED = `{{.ID}} {{.Label "${SWARM_TASK}"}} ${['namespace', 'owner', 'path'].map((name) => `{{.Label "${labelName(name)}"}}`).join(' ')}`;

/** All stacks of this library on the engine. */
export function engineStacks(): EngineStack[] {
  const stacks = new Map<string, Writable>();
  const named = (namespace: string, owner: string, path: string): Writable => {
    const stack = path.split('/')[0];
    const key = `${namespace} ${owner} ${stack}`;
    const known = stacks.get(key) ?? { namespace, path: stack, owner, ids: [], onSwarm: false, partial: false };
    stacks.set(key, known);
    return known;
  };
  const manager = managesSwarm();
  for (const line of dockerLines('ps', '--all', '--no-trunc', '--filter', `label=${labelName('path')}`, '--format', LISTED)) {
    const [, id, task, namespace, owner, path] = /^(\S+) (\S*) (\S*) (\S*) (.*)$/.exec(line)!;
    // A manager knows the tasks of all nodes, this one's too.
    if (task !== '' && manager) continue;
    const stack = named(namespace, owner, path);
    stack.ids.push(id);
    if (task !== '') stack.partial = true;
  }
  if (manager) {
    for (const service of swarmServices()) {
      const { Labels } = service.Spec;
      named(Labels[labelName('namespace')], '', Labels[labelName('path')]).onSwarm = true;
    }
  }
  const all = [...stacks.values()];
  const alone = (one: { path: string }) => all.filter(({ path }) => path === one.path).length === 1;
  return all
    .map((one) => ({
      ...{ namespace: one.namespace, path: one.path, owner: one.owner, partial: one.partial },
      name: alone(one) ? one.path : one.namespace,
      home: one.onSwarm ? new SwarmHome(one) : new EngineHome(one, one.ids),
    }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
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

/** The stack of that name, or the only one, with all that is of it. */
export function wholeStack(name: string | undefined, how: string): EngineStack {
  const stack = engineStack(name, how);
  if (stack.partial) {
    throw new Trouble(
      `stack ${stack.name} is on a Swarm, and this engine (${engineName()}) is a worker of it, which knows its own containers alone: ask a manager (DOCKER_HOST=ssh://MANAGER)`,
    );
  }
  return stack;
}
