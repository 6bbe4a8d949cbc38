import { labelName } from '../platform/labels';
import { docker, dockerLines, inspected } from './docker';
import { ONE_OFF, SWARM_TASK } from './engine-container';
import { Ran } from './run';

/** What an object is. */
export type Kind = 'container' | 'network' | 'volume';

/** An object on the engine that carries the labels of this library. */
export interface EngineObject {
  readonly kind: Kind;
  /** A volume's is its name. */
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly path: string;
  /** Of a container: the state that it was deployed from. */
  readonly owner?: string;
  /** Of a container. */
  readonly running: boolean;
  /** Where a container mounts which volume. */
  readonly mounts: readonly { readonly volume: string; readonly target: string }[];
  /** The networks of a container. */
  readonly networks: readonly string[];
  /** Of a volume: whether it holds one generation of files that the stack has, and nothing else. */
  readonly generated: boolean;
  /** Of a container: whether `cdktf-django run` made it. */
  readonly oneOff: boolean;
}

/** What `docker inspect` says of an object, as far as somebody here asks. */
export interface InspectedObject {
  readonly Id?: string;
  readonly Name: string;
  readonly Labels?: Record<string, string> | null;
  /** Of a network or a volume. */
  readonly Scope?: string;
  readonly Config?: { readonly Labels?: Record<string, string> | null };
  readonly State?: { readonly Running: boolean };
  readonly Mounts?: { readonly Name?: string; readonly Destination: string }[];
  readonly NetworkSettings?: { readonly Networks?: Record<string, { readonly NetworkID: string }> };
}

/** For which a removal that the engine has begun itself is waited for. */
const REMOVAL_MILLISECONDS = 10_000;

const LISTS: Record<Kind, string[]> = {
  container: ['ps', '--all', '--quiet', '--no-trunc'],
  network: ['network', 'ls', '--quiet', '--no-trunc'],
  volume: ['volume', 'ls', '--quiet'],
};

/** All objects of this library on the engine that the docker client talks to, whoever's they are. What a Swarm has put there is the Swarm's. */
export function labelledObjects(): EngineObject[] {
  return (Object.keys(LISTS) as Kind[]).flatMap((kind) => {
    const ids = dockerLines(...LISTS[kind], '--filter', `label=${labelName('path')}`);
    return objectsOf(kind, inspected<InspectedObject>(kind, ids));
  });
}

/** Of what the engine says, all but the containers of a Swarm's tasks and its networks. */
export function objectsOf(kind: Kind, found: readonly InspectedObject[]): EngineObject[] {
  return found.filter((one) => one.Config?.Labels?.[SWARM_TASK] === undefined && one.Scope !== 'swarm').map((one) => objectOf(kind, one));
}

function objectOf(kind: Kind, one: InspectedObject): EngineObject {
  const labels = one.Config?.Labels ?? one.Labels ?? {};
  return {
    kind,
    id: one.Id ?? one.Name,
    name: one.Name.replace(/^\//, ''),
    namespace: labels[labelName('namespace')] ?? '',
    path: labels[labelName('path')] ?? '',
    owner: labels[labelName('owner')],
    running: one.State?.Running ?? false,
    mounts: (one.Mounts ?? []).flatMap(({ Name, Destination }) => (Name === undefined ? [] : [{ volume: Name, target: Destination }])),
    networks: Object.values(one.NetworkSettings?.Networks ?? {}).map(({ NetworkID }) => NetworkID),
    generated: labels[labelName('content')] !== undefined,
    oneOff: labels[ONE_OFF] !== undefined,
  };
}

/** Whether a file below a folder of a container has a word in it; undefined when nobody can tell. */
export function mentions(container: EngineObject, folder: string, word: string): boolean | undefined {
  const found = docker('exec', container.id, 'grep', '-rqwF', '-e', word, folder);
  if (found.ok) return true;
  // grep's own answer is silent; all else has a message.
  return found.stderr === '' ? false : undefined;
}

/** Removes an object, a running container in its own time. Gives what went wrong. */
export function remove(object: EngineObject): string | undefined {
  const steps =
    object.kind === 'container'
      ? [
          ['stop', object.id],
          // With the volumes without a name that the engine made for it; named ones stay.
          ['rm', '--volumes', object.id],
        ]
      : [[object.kind, 'rm', object.id]];
  for (const step of steps) {
    const done = onceFree(step);
    if (!done.ok && !/no such/i.test(done.stderr)) return done.stderr.trim();
  }
  return undefined;
}

/** The engine removes a container of `run` by itself when it has stopped, and refuses to do so twice at once. */
function onceFree(step: readonly string[]): Ran {
  const deadline = Date.now() + REMOVAL_MILLISECONDS;
  for (;;) {
    const done = docker(...step);
    if (done.ok || !/removal .* already in progress/i.test(done.stderr) || Date.now() > deadline) return done;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}
