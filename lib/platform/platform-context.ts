import { TerraformProvider, TerraformStack } from 'cdktf';
import { IConstruct } from 'constructs';
import { requireMatch } from '../core/errors';
import { InheritedAspects } from '../core/inherited-aspects';
import { kebab } from '../core/text';
import { parseImageReference } from '../image/image-reference';
import { labelBlocks, ownerLabels } from './labels';
import { Names } from './names';

const NAMESPACE = /^[a-z][a-z0-9-]{0,29}$/;

/** What all parts of a platform share: its provider, its namespace, the names that it gave. */
export abstract class PlatformContext {
  public readonly names = new Names((scope) => this.namespaceOf(scope));
  private readonly prepared = new Set<TerraformStack>();

  /**
   * @param platform the platform's class, for error messages
   */
  constructor(
    private readonly platform: string,
    public readonly provider: TerraformProvider | undefined,
    private readonly namespace: string | undefined,
  ) {
    if (namespace !== undefined && !NAMESPACE.test(namespace)) {
      throw new Error(
        `${platform}: namespace must start with a letter and have lower-case letters, digits and dashes, at most 30, got ${JSON.stringify(namespace)}`,
      );
    }
  }

  public namespaceOf(scope: IConstruct): string {
    return this.namespace ?? kebab(TerraformStack.of(scope).node.id);
  }

  /** The labels that say whose an object is. */
  public labels(scope: IConstruct): Record<string, string> {
    return ownerLabels(scope, this.namespaceOf(scope));
  }

  /** The same in the form of the provider's blocks. */
  public labelBlocks(scope: IConstruct): { label: string; value: string }[] {
    return labelBlocks(this.labels(scope));
  }

  /** The constraints on provider and Terraform, once a stack: the bindings pin a provider that deletes stopped containers at a mere plan (#590). */
  public prepareStack(scope: IConstruct): void {
    const stack = TerraformStack.of(scope);
    if (this.prepared.has(stack)) return;
    this.prepared.add(stack);
    InheritedAspects.applyTo(stack);
    requireMatch(
      stack,
      'the namespace made of the stack id',
      this.namespaceOf(scope),
      NAMESPACE,
      `made of lower-case letters, digits and dashes, at most 30 (set one with new ${this.platform}({ namespace }))`,
    );
    stack.addOverride('terraform.required_providers.docker.version', '>= 4.6.0, < 5.0.0');
    // plantimestamp() came with 1.5.
    stack.addOverride('terraform.required_version', '>= 1.5.0');
    this.prepare(stack);
  }

  /** What the platform has beside in each stack. */
  protected abstract prepare(stack: TerraformStack): void;
}

/** A registry and a path, as references of images begin with. */
export function checkedRegistry(platform: string, name: string, value: string | undefined): string | undefined {
  if (value !== undefined && !parseImageReference(`${value}/image:1`)) {
    throw new Error(
      `${platform}: ${name} must be a registry and a path such as "registry.example.com/dockerhub", without a scheme and a slash at the end, got ${JSON.stringify(value)}`,
    );
  }
  return value;
}
