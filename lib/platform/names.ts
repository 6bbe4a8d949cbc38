import { TerraformStack } from 'cdktf';
import { IConstruct } from 'constructs';
import { reject, shown } from '../core/errors';
import { kebab, shortHash } from '../core/text';

/** A label of DNS, which a container's name has to be, so that others find it. */
const LONGEST_NAME = 63;
const GENERATION_LENGTH = '-20260101000000'.length;

/**
 * The time of the plan, as the last part of the name of everything that is created before its predecessor is destroyed. A hash of the
 * content would not do: it is taken already when a failed release is tried again or an old one comes back.
 */
const GENERATION = '${formatdate("YYYYMMDDhhmmss", plantimestamp())}';

/** The key of each of several, as a part of its name. */
const KEY = '${substr(sha256(each.key), 0, 8)}';
const KEY_LENGTH = '-01234567'.length;

/** Names on an engine: `<namespace>-<path of the construct>`, each given once. */
export class Names {
  private readonly givenTo = new Map<string, IConstruct>();

  constructor(private readonly namespaceOf: (scope: IConstruct) => string) {}

  /** A name for what exists once and keeps its name for ever. */
  public fixed(scope: IConstruct, suffix = ''): string {
    return this.claim(scope, LONGEST_NAME, suffix);
  }

  /** A name that is another one at each replacement. It needs `ignore_changes = [name]`, or every plan would change it. */
  public generation(scope: IConstruct, suffix = ''): string {
    return `${this.claim(scope, LONGEST_NAME - GENERATION_LENGTH, suffix)}-${GENERATION}`;
  }

  /** The same for each of several that one resource makes (`for_each`). */
  public generationOfEach(scope: IConstruct): string {
    return `${this.claim(scope, LONGEST_NAME - GENERATION_LENGTH - KEY_LENGTH)}-${KEY}-${GENERATION}`;
  }

  /** Terraform's addresses are made of what cdktf leaves of the ids, and begin with a letter or "_". */
  private requireAddress(scope: IConstruct, ids: readonly string[]): void {
    const left = ids.map((id) => id.replace(/[^A-Za-z0-9_-]/g, '')).find((id) => id !== '') ?? '';
    if (!/^[A-Za-z_]/.test(left)) {
      reject(
        scope,
        `the id ${shown(ids[0] ?? '')} must begin with a letter of A to Z or "_", of what is left without other characters than letters, digits, "_" and "-": Terraform's addresses do`,
      );
    }
  }

  private claim(scope: IConstruct, longest: number, suffix = ''): string {
    const stack = TerraformStack.of(scope);
    const own = scope.node.path
      .slice(stack.node.path.length)
      .split('/')
      .filter((part) => part !== '' && part !== 'Resource');
    this.requireAddress(scope, own);
    const full = [this.namespaceOf(scope), ...own.map(kebab), suffix].filter((part) => part !== '').join('-');
    const name = full.length > longest ? `${full.slice(0, longest - 9)}-${shortHash(full, 8)}` : full;
    const other = this.givenTo.get(name);
    if (other && other !== scope) {
      reject(scope, `its name on the engine, ${name}, is the one of ${other.node.path} too; give one of the two another id`);
    }
    this.givenTo.set(name, scope);
    return name;
  }
}
