import { Arguments, Synthesized } from './synth';

/** What a resource waits for, by the addresses of resources. */
export function dependenciesOf(resource: Arguments, known: ReadonlySet<string>): Set<string> {
  const found = new Set<string>();
  const search = (value: unknown): void => {
    if (typeof value === 'string') {
      // Both forms: "docker_network.x" in depends_on, and an expression with "docker_network.x.id" in it, however deep.
      for (const [address] of value.matchAll(/\b[a-z]+_[a-z_]+\.[A-Za-z0-9_-]+/g)) if (known.has(address)) found.add(address);
    } else if (typeof value === 'object' && value !== null) {
      Object.values(value).forEach(search);
    }
  };
  search(resource);
  return found;
}

/**
 * All resources that Terraform creates before it destroys them: those that say so, and, since Terraform hands it down, everything that
 * such a resource depends on, by reference or by depends_on, whatever that one says itself.
 */
export function createdBeforeDestroyed(synth: Synthesized): Map<string, string[]> {
  const resources = synth.addresses();
  const known = new Set(Object.keys(resources));
  const reached = new Map<string, string[]>();
  const visit = (address: string, way: string[]): void => {
    if (reached.has(address)) return;
    reached.set(address, [...way, address]);
    for (const next of dependenciesOf(resources[address], known)) if (next !== address) visit(next, [...way, address]);
  };
  for (const address of known) if (resources[address].lifecycle?.create_before_destroy === true) visit(address, []);
  return reached;
}

/** Whether a container's name is the same after each replacement, so that two of them cannot be at once. */
const hasFixedName = (container: Arguments) => !String(container.name).includes('plantimestamp()');

/** A container of which only one may run: it has a port of the host, or writes to a volume under a name of its own. */
export function isSingle(container: Arguments): boolean {
  const writes = (container.mounts ?? []).some((mount: Arguments) => mount.read_only !== true);
  return (container.ports ?? []).length > 0 || (hasFixedName(container) && writes);
}

/** Ways on which a server of which only one may run would be started before its predecessor has ended; there must be none. */
export function violations(synth: Synthesized): string[] {
  const reached = createdBeforeDestroyed(synth);
  return Object.entries(synth.all('docker_container')).flatMap(([id, container]) => {
    const way = reached.get(`docker_container.${id}`);
    return way && (isSingle(container) || hasFixedName(container)) ? [way.join(' -> ')] : [];
  });
}
