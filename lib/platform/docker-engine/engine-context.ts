import { TerraformProvider, TerraformStack } from 'cdktf';
import { IConstruct } from 'constructs';
import { EngineImages } from './engine-images';
import { labelName } from '../labels';
import { PlatformContext } from '../platform-context';
import { Ownership } from './ownership';

/** What all parts of an engine share: its provider, its namespace, the names that it gave, its images. */
export class EngineContext extends PlatformContext {
  public readonly images: EngineImages;

  constructor(provider: TerraformProvider | undefined, namespace: string | undefined, imageMirror: string | undefined) {
    super('DockerEngine', provider, namespace);
    this.images = new EngineImages(this, imageMirror, (scope) => [this.ownershipOf(scope)]);
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

  protected prepare(stack: TerraformStack): void {
    Ownership.of(stack).check(this.namespaceOf(stack), this.provider);
  }
}
