import { STATE_FOLDER } from '../nginx/proxy-layout';
import { EngineObject, Kind } from './engine-objects';
import { KnownObjects } from './terraform-state';
import { Trouble } from './trouble';

/** An object that no state knows, and why it stays although. */
export interface Stray {
  readonly object: EngineObject;
  /** Why it is not removed, and what to do then. */
  readonly kept?: string;
  /** What its removal does to those who are served. */
  readonly warning?: string;
}

/** Whether the routes in a proxy name a container; undefined when nobody can tell. */
export type Routed = (proxy: EngineObject, name: string) => boolean | undefined;

/** Containers have to go before what they use. */
const ORDER: Kind[] = ['container', 'network', 'volume'];
const GENERATION = /-\d{14}$/;

/**
 * The objects of a stack that its state does not know, in the order in which they can be removed.
 *
 * @param objects all of the engine that have labels of this library
 */
export function straysOf(known: KnownObjects, objects: readonly EngineObject[], routed: Routed): Stray[] {
  // The same stack may run on another engine, from another state: nothing there is known, and everything would go.
  if (!objects.some((object) => object.kind !== 'volume' && known.ids.has(object.id))) {
    throw new Trouble(
      'none of the containers and networks that the state knows is on this engine, so it is another one; lead the docker client to the engine of the stack with DOCKER_HOST or a context',
    );
  }
  const unknown = objects.filter(
    (object) => known.namespaces.has(object.namespace) && object.path.startsWith(`${known.path}/`) && !known.ids.has(object.id),
  );
  const strays = unknown
    .filter(({ kind }) => kind !== 'volume')
    .map((object) => (foreign(object, known) ? { object, kept: 'it was deployed from another state' } : strayOf(object, objects, routed)));
  const staying = new Set(strays.filter(({ kept }) => kept !== undefined).map(({ object }) => object));
  for (const object of objects) if (!unknown.includes(object)) staying.add(object);
  strays.push(...unknown.filter(({ kind }) => kind === 'volume').map((volume) => strayVolume(volume, [...staying])));
  return strays.sort(
    (one, other) => ORDER.indexOf(one.object.kind) - ORDER.indexOf(other.object.kind) || (one.object.name < other.object.name ? -1 : 1),
  );
}

function foreign({ owner }: EngineObject, known: KnownObjects): boolean {
  return owner !== undefined && known.owner !== undefined && owner !== known.owner;
}

function strayOf(object: EngineObject, objects: readonly EngineObject[], routed: Routed): Stray {
  if (object.kind !== 'container' || !object.running) return { object };
  const proxies = objects.filter(
    (other) => other !== object && other.running && isProxy(other) && other.networks.some((network) => object.networks.includes(network)),
  );
  for (const proxy of proxies) {
    const answer = routed(proxy, object.name);
    if (answer === true) return { object, kept: `${proxy.name} has routes to it; deploy, which leads them to servers of the state, and sweep again` };
    if (answer === undefined) return { object, kept: `${proxy.name} cannot be asked whether it has routes to it; deploy, and sweep again` };
  }
  if (object.oneOff) return { object, warning: 'what somebody runs in it by "cdktf-django run" is stopped' };
  if (GENERATION.test(object.name)) return { object };
  return { object, warning: 'it runs, and there is no other of its kind: from its removal to the next deploy it is missing' };
}

function strayVolume(volume: EngineObject, staying: readonly EngineObject[]): Stray {
  const user = staying.find(({ mounts }) => mounts.some((mount) => mount.volume === volume.name));
  if (user) return { object: volume, kept: `${user.name} uses it` };
  if (volume.generated) return { object: volume };
  return {
    object: volume,
    kept: `it may have data, and the next deploy takes it over if it is in the stack; without either: docker volume rm ${volume.name}`,
  };
}

/** A proxy keeps its configuration in a volume that its publish jobs mount in the same place; those do not run any more. */
function isProxy(object: EngineObject): boolean {
  return object.mounts.some(({ target }) => target === STATE_FOLDER);
}
