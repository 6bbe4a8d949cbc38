import { labelName } from '../platform/labels';
import { engineResourcesOf, SynthesizedStack } from './synthesized-stack';
import { systemPath } from './system-path';

/** A server of a stack, with all of its replicas. */
export interface Server {
  /** Below the stack, without an id that says nothing: `Shop/App`. */
  readonly path: string;
  readonly replicas: number;
  /** The tag of an image from a registry; undefined for one that is built. */
  readonly image?: string;
  /** In MiB. */
  readonly memory?: number;
  /** As `127.0.0.1:8080`. */
  readonly ports: readonly string[];
  /** The keys of the networks that it is in. */
  readonly networks: readonly string[];
  readonly volumes: readonly { readonly key: string; readonly writes: boolean }[];
  readonly secrets: readonly string[];
}

/** A network, or a volume with data. */
export interface Shared {
  readonly key: string;
  /** A network's is its path below the stack where it is the stack's own; else the name on the engine. */
  readonly name: string;
}

/** What a synthesized stack consists of, and who reaches what. */
export interface Topology {
  readonly stack: string;
  readonly servers: readonly Server[];
  /** What runs to its end in a deploy, in its order, but for what only prepares storage. */
  readonly jobs: readonly string[];
  readonly networks: readonly (Shared & { readonly internal: boolean })[];
  readonly volumes: readonly Shared[];
}

interface Labelled {
  readonly name: string;
  readonly labels?: readonly { readonly label: string; readonly value: string }[];
}

interface ContainerResource extends Labelled {
  readonly image: string;
  readonly restart?: string;
  readonly attach?: boolean;
  readonly depends_on?: readonly string[];
  readonly user?: string;
  readonly memory?: number;
  readonly networks_advanced?: readonly { readonly name: string }[];
  readonly mounts?: readonly { readonly type: string; readonly source: string; readonly target: string; readonly read_only?: boolean }[];
  readonly ports?: readonly { readonly ip?: string; readonly external: number }[];
}

interface Resources {
  readonly docker_container: Readonly<Record<string, ContainerResource>>;
  readonly docker_network: Readonly<Record<string, Labelled & { readonly internal?: boolean }>>;
  readonly docker_volume: Readonly<Record<string, Labelled>>;
  readonly docker_image: Readonly<Record<string, { readonly name: string; readonly build?: object }>>;
}

const SECRETS = '/run/secrets/';

/** Reads a stack's topology from what cdktf has synthesized. */
export function topologyOf(stack: SynthesizedStack): Topology {
  const resources = engineResourcesOf<Resources>(stack);
  const containers = Object.values(resources.docker_container ?? {});
  const networks = resources.docker_network ?? {};
  const volumes = resources.docker_volume ?? {};
  const images = resources.docker_image ?? {};
  const namespace = label(containers[0], 'namespace') ?? stack.name;

  const replicas = new Map<string, ContainerResource[]>();
  for (const one of containers) {
    const path = pathOf(one);
    if (path !== undefined && one.restart !== 'no') replicas.set(path, [...(replicas.get(path) ?? []), one]);
  }
  const servers = [...replicas].sort().map(([path, [one, ...more]]): Server => {
    const image = images[referred(one.image) ?? ''];
    return {
      path: systemPath(path),
      replicas: 1 + more.length,
      image: image?.build === undefined ? image?.name : undefined,
      memory: one.memory,
      ports: (one.ports ?? []).map(({ ip, external }) => `${ip ?? '0.0.0.0'}:${external}`),
      networks: (one.networks_advanced ?? []).map(({ name }) => name),
      volumes: (one.mounts ?? [])
        .filter(({ source, target }) => !target.startsWith(SECRETS) && label(volumes[referred(source) ?? ''], 'content') === undefined)
        .map(({ source, read_only }) => ({ key: source, writes: !read_only })),
      secrets: (one.mounts ?? []).filter(({ target }) => target.startsWith(SECRETS)).map(({ target }) => target.slice(SECRETS.length).split('/')[0]),
    };
  });
  const short = (name: string) => (name.startsWith(`${namespace}-`) ? name.slice(namespace.length + 1) : name);
  const nameOf = (one: Labelled | undefined, key: string) => short(one?.name ?? key);
  return {
    stack: stack.name,
    servers,
    jobs: inOrder(resources.docker_container ?? {})
      .filter(({ attach, user }) => attach && !/^0(:|$)/.test(user ?? '0'))
      .map((one) => pathOf(one)!),
    networks: keysOf(servers, ({ networks: all }) => all).map((key) => {
      const resource = networks[referred(key) ?? ''];
      return { key, name: pathOf(resource) ?? nameOf(resource, key), internal: resource?.internal ?? false };
    }),
    volumes: keysOf(servers, ({ volumes: all }) => all.map((one) => one.key)).map((key) => ({
      key,
      name: nameOf(volumes[referred(key) ?? ''], key),
    })),
  };
}

/** Each after those that it waits for. */
function inOrder(containers: Resources['docker_container']): ContainerResource[] {
  const done = new Set<string>();
  const visit = (id: string) => {
    if (done.has(id)) return;
    done.add(id);
    for (const address of containers[id].depends_on ?? []) {
      const other = address.replace(/^docker_container\./, '');
      if (other in containers) visit(other);
    }
    ordered.push(containers[id]);
  };
  const ordered: ContainerResource[] = [];
  for (const id of Object.keys(containers).sort()) visit(id);
  return ordered;
}

/** The logical id of the resource that an expression of Terraform refers to. */
function referred(text: string): string | undefined {
  return /^\$\{docker_\w+\.(.+)\.\w+\}$/.exec(text)?.[1];
}

function keysOf(servers: readonly Server[], keys: (server: Server) => readonly string[]): string[] {
  return [...new Set(servers.flatMap(keys))].sort();
}

function label(one: Labelled | undefined, name: string): string | undefined {
  return one?.labels?.find((each) => each.label === labelName(name))?.value;
}

function pathOf(one: Labelled | undefined): string | undefined {
  return label(one, 'path')?.split('/').slice(1).join('/');
}
