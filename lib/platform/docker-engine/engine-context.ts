import { TerraformProvider, TerraformStack } from 'cdktf';
import { IConstruct } from 'constructs';
import { requireMatch } from '../../core/errors';
import { InheritedAspects } from '../../core/inherited-aspects';
import { kebab } from '../../core/text';
import { EngineImages } from './engine-images';
import { labelBlocks, labelName, ownerLabels } from './labels';
import { Names } from './names';
import { Ownership } from './ownership';

/** What all parts of an engine share: its provider, its namespace, the names that it gave, its images. */
export class EngineContext {
  public readonly names = new Names((scope) => this.namespaceOf(scope));
  public readonly images: EngineImages;
  private readonly prepared = new Set<TerraformStack>();

  constructor(
    public readonly provider: TerraformProvider | undefined,
    private readonly namespace: string | undefined,
    imageMirror: string | undefined,
  ) {
    this.images = new EngineImages(
      (scope) => this.namespaceOf(scope),
      provider,
      imageMirror,
      (scope) => this.ownershipOf(scope),
    );
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

  /** The labels of a container, which say besides from which state it was deployed. */
  public containerLabels(scope: IConstruct): Record<string, string> {
    return { ...this.labels(scope), [labelName('owner')]: this.ownershipOf(scope).id };
  }

  /** What everything that a stack has on this engine waits for. */
  public ownershipOf(scope: IConstruct): Ownership {
    this.prepareStack(scope);
    return Ownership.of(TerraformStack.of(scope));
  }

  /** The check of the owner, and the constraints on provider and Terraform, once a stack: the bindings pin a provider that deletes stopped containers at a mere plan (#590). */
  public prepareStack(scope: IConstruct): void {
    const stack = TerraformStack.of(scope);
    if (this.prepared.has(stack)) return;
    this.prepared.add(stack);
    InheritedAspects.applyTo(stack);
    requireMatch(
      stack,
      'the namespace made of the stack id',
      this.namespaceOf(scope),
      /^[a-z][a-z0-9-]{0,29}$/,
      'made of lower-case letters, digits and dashes, at most 30 (set one with new DockerEngine({ namespace }))',
    );
    stack.addOverride('terraform.required_providers.docker.version', '>= 4.6.0, < 5.0.0');
    // plantimestamp() came with 1.5.
    stack.addOverride('terraform.required_version', '>= 1.5.0');
    Ownership.of(stack).check(this.namespaceOf(scope), this.provider);
  }
}
