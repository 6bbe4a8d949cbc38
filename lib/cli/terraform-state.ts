import { readFileSync } from 'node:fs';
import { labelName, OWNERSHIP } from '../platform/labels';
import { run } from './run';
import { synthesizedStack } from './synthesized-stack';
import { Trouble } from './trouble';

/** What a state knows of an engine. */
export interface KnownObjects {
  /** The namespaces that its objects are labelled with. */
  readonly namespaces: ReadonlySet<string>;
  /** The path of the construct below which all of its objects are: the stack's, or a longer one. */
  readonly path: string;
  /** The ids of its containers and networks and the names of its volumes, those that are about to be replaced among them. */
  readonly ids: ReadonlySet<string>;
  /** What its containers name as their owner; none if it was deployed before they did. */
  readonly owner?: string;
  /** The address of one resource. */
  readonly address: string;
}

/** Where the state of one stack is. */
export interface StateSource {
  /** How it is called in messages. */
  readonly description: string;
  readonly read: () => KnownObjects;
  /** Fails while somebody else holds the state. */
  readonly refuseLocked: (known: KnownObjects) => void;
}

interface RawState {
  readonly version?: unknown;
  readonly resources?: {
    readonly mode: string;
    readonly module?: string;
    readonly type: string;
    readonly name: string;
    readonly instances: { readonly attributes: { readonly id?: unknown; readonly labels?: unknown } }[];
  }[];
}

const TYPES = ['docker_container', 'docker_network', 'docker_volume'];

/** The state of a stack that is synthesized, in whatever backend: Terraform is asked for it. */
export function stateOfStack(output: string, name: string | undefined): StateSource {
  const { name: stack, folder } = synthesizedStack(output, name);
  const terraform = (...args: string[]) => run(process.env.TERRAFORM_BINARY_NAME ?? 'terraform', args, { folder });
  const description = `the state of ${stack}`;
  return {
    description,
    read: () => {
      const pulled = terraform('state', 'pull');
      if (!pulled.ok) throw new Trouble(`${description} cannot be read; has this stack been deployed from here?\n${pulled.stderr.trim()}`);
      return parseState(pulled.stdout, description);
    },
    refuseLocked: (objects) => {
      // Changes nothing, and takes the lock for a moment.
      const tried = terraform('state', 'rm', '-dry-run', '-no-color', '-lock-timeout=0s', objects.address);
      if (!tried.ok) {
        throw new Trouble(
          `${description} cannot be locked. While a deploy runs nothing can be swept; after one that was killed, run "terraform force-unlock ID" in ${folder}.\n${tried.stderr.trim()}`,
        );
      }
    },
  };
}

/** A state in a file, as `terraform state pull` prints it. Nothing tells whether it is locked. */
export function stateOfFile(file: string): StateSource {
  const description = `the state in ${file}`;
  return {
    description,
    read: () => {
      let text;
      try {
        text = readFileSync(file, 'utf8');
      } catch (error) {
        throw new Trouble(`${description} cannot be read: ${(error as Error).message}`);
      }
      return parseState(text, description);
    },
    refuseLocked: () => {},
  };
}

/** What a state tells, in the form in which Terraform stores it. */
export function parseState(text: string, description: string): KnownObjects {
  const ids = new Set<string>();
  const namespaces = new Set<string>();
  const paths: string[] = [];
  let address: string | undefined;
  let owner: string | undefined;
  for (const resource of rawResources(text, description)) {
    if (resource.type === 'terraform_data' && resource.name === OWNERSHIP) owner = resource.instances[0]?.attributes.id as string | undefined;
    if (resource.mode === 'managed' && resource.type === 'docker_service') {
      // Its containers are in no state, and are none of ours to remove.
      throw new Trouble(`${description} is of a Swarm, which keeps its containers itself; this works on one engine`);
    }
    if (resource.mode !== 'managed' || !TYPES.includes(resource.type)) continue;
    address ??= [...(resource.module ? [resource.module] : []), resource.type, resource.name].join('.');
    for (const { attributes } of resource.instances) {
      if (typeof attributes.id === 'string') ids.add(attributes.id);
      const labels = new Map(((attributes.labels ?? []) as { label: string; value: string }[]).map(({ label, value }) => [label, value]));
      const namespace = labels.get(labelName('namespace'));
      const path = labels.get(labelName('path'));
      if (namespace === undefined || path === undefined) continue;
      namespaces.add(namespace);
      paths.push(path);
    }
  }
  if (address === undefined || paths.length === 0) {
    throw new Trouble(
      `${description} has no object of this library, so nothing tells which ones on the engine are this stack's; deploy it, then sweep`,
    );
  }
  return { ids, namespaces, path: commonPath(paths), owner, address };
}

function rawResources(text: string, description: string): NonNullable<RawState['resources']> {
  if (text.trim() === '') throw new Trouble(`${description} is empty: the stack is not deployed, or its state is somewhere else`);
  let state: RawState;
  try {
    state = JSON.parse(text) as RawState;
  } catch (error) {
    throw new Trouble(`${description} is not JSON: ${(error as Error).message}`);
  }
  if (state.version !== 4 || !Array.isArray(state.resources)) {
    throw new Trouble(
      `${description} has version ${JSON.stringify(state.version)} of Terraform's format, only 4 is known here; give the output of "terraform state pull"`,
    );
  }
  return state.resources;
}

/** The path that all constructs are below. Other stacks may have the first parts of it too, so it is the longest one. */
function commonPath(paths: readonly string[]): string {
  const [first, ...others] = paths.map((path) => path.split('/').slice(0, -1));
  let length = first.length;
  for (const other of others) while (first.slice(0, length).join('/') !== other.slice(0, length).join('/')) length--;
  return first.slice(0, length).join('/');
}
