/**
 * Nodes of a Swarm.
 *
 * @example
 * new DockerSwarm({ dataNode: 'node1', edgeNodes: SwarmNodes.labelled('edge', 'true') });
 */
export class SwarmNodes {
  /** All of them, those that join later too. */
  public static all(): SwarmNodes {
    return new SwarmNodes([]);
  }

  /**
   * The one with a host name, as `docker node ls` shows it.
   *
   * @throws when it is no host name
   */
  public static named(hostname: string): SwarmNodes {
    return new SwarmNodes([`node.hostname == ${checkedHostname('SwarmNodes.named', hostname)}`]);
  }

  /**
   * Those with a label, as `docker node update --label-add NAME=VALUE NODE` gives it.
   *
   * @throws when name or value are not made of letters, digits, `_`, `.` and `-`
   */
  public static labelled(name: string, value: string): SwarmNodes {
    for (const text of [name, value]) {
      if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(text)) {
        throw new Error(`SwarmNodes.labelled: name and value must be made of letters, digits, "_", "." and "-", got ${JSON.stringify(text)}`);
      }
    }
    return new SwarmNodes([`node.labels.${name} == ${value}`]);
  }

  private constructor(
    /** As the scheduler takes them; all of them hold. @internal */
    public readonly _constraints: string[],
  ) {}
}

/** Refuses what is no name of a host. */
export function checkedHostname(what: string, hostname: string): string {
  if (!/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(hostname)) {
    throw new Error(`${what}: must be the host name of a node, as "docker node ls" shows it, got ${JSON.stringify(hostname)}`);
  }
  return hostname;
}
