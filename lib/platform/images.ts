import { Image } from '@cdktf/provider-docker/lib/image';
import { Fn, ISynthesisSession, TerraformProvider, TerraformResource, TerraformStack } from 'cdktf';
// The one way to write beside a synthesized stack; TerraformAsset uses it too, but it copies folders whole.
import { addCustomSynthesis } from 'cdktf/lib/synthesize/synthesizer';
import { Construct, IConstruct } from 'constructs';
import { join } from 'node:path';
import { shortHash, stableJson, terraformText } from '../core/text';
import { ContainerImage, ImageBuild, ImageSource } from '../image/container-image';
import { parseImageReference } from '../image/image-reference';
import { ImageBinding } from './bindings';
import type { PlatformContext } from './platform-context';

/** The images of a platform: each is pulled or built once a stack, by the engine of the provider, whoever uses it. */
export abstract class Images {
  private readonly bound = new Map<TerraformStack, Map<unknown, ImageBinding>>();

  constructor(
    protected readonly context: PlatformContext,
    private readonly mirror: string | undefined,
    private readonly dependencies: (scope: IConstruct) => TerraformResource[],
  ) {}

  /** An image of a registry is one resource for all that name it; a built one belongs to the construct that uses it first. */
  public bind(user: IConstruct, image: ContainerImage): ImageBinding {
    const source = image._source(user, this.mirror);
    const stack = TerraformStack.of(user);
    const known = this.bound.get(stack) ?? new Map<unknown, ImageBinding>();
    this.bound.set(stack, known);
    // Two projects may have the same content today and not tomorrow: content is no identity.
    const key = source.reference ?? image;
    let binding = known.get(key);
    if (!binding) {
      binding = this.create(stack, user, source);
      known.set(key, binding);
    }
    return binding;
  }

  /** What is bound to an image that was pulled. */
  protected abstract pulled(image: Image, reference: string): ImageBinding;

  /** What is bound to an image that was built. */
  protected abstract built(image: Image, name: string): ImageBinding;

  /** A name that changes with the content: the tag is what makes Terraform build again, and an older release finds its own image. */
  protected abstract repositoryOf(user: IConstruct, build: ImageBuild): string;

  private create(stack: TerraformStack, user: IConstruct, { reference, build }: ImageSource): ImageBinding {
    const images = (stack.node.tryFindChild('Images') as Construct | undefined) ?? new Construct(stack, 'Images');
    const provider = this.context.provider;
    const dependsOn = this.dependencies(user);
    if (build) {
      const id = freeId(images, user.node.path.slice(stack.node.path.length + 1).replace(/\//g, '-'));
      const content = shortHash(stableJson([build.context.hash, build.dockerfile, build.buildArguments, build.target ?? '']), 16);
      const name = `${this.repositoryOf(user, build)}:${content}`;
      return this.built(new BuiltImage(images, id, name, build, provider, dependsOn), name);
    }
    const image = new Image(images, freeId(images, pulledId(reference!)), { name: reference!, keepLocally: true, provider, dependsOn });
    return this.pulled(image, reference!);
  }
}

/** What tells an image's content, by its id on the engine. */
export function identityOf(image: Image): string {
  return Fn.trimprefix(image.imageId, 'sha256:');
}

/** An id that no image of the stack has: not one of another engine, nor one whose reference has other dashes. */
function freeId(images: Construct, wanted: string): string {
  let id = wanted;
  for (let count = 2; images.node.tryFindChild(id); count++) id = `${wanted}-${count}`;
  return id;
}

function pulledId(reference: string): string {
  const { registry, repository, tag, digest } = parseImageReference(reference)!;
  return [registry ?? '', repository, tag ?? '', digest ?? '']
    .join('-')
    .replace(/[^A-Za-z0-9.]+/g, '-')
    .replace(/^-|-$/g, '');
}

/** An image that is built from a context which is staged beside the synthesized stack. */
class BuiltImage extends Image {
  private readonly path: string;

  constructor(
    scope: Construct,
    id: string,
    name: string,
    private readonly build: ImageBuild,
    provider: TerraformProvider | undefined,
    dependsOn: TerraformResource[],
  ) {
    // keepLocally: an image in use cannot be removed, and the one before is what a rollback needs.
    super(scope, id, { name, keepLocally: true, provider, dependsOn });
    this.path = join('assets', 'images', `${build.name}-${build.context.hash.slice(0, 16)}`);
    addCustomSynthesis(this, { onSynthesize: (session) => this.stage(session) });
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    const { buildArguments, dockerfile, target } = this.build;
    return {
      ...super.synthesizeAttributes(),
      build: {
        context: this.path,
        dockerfile,
        target: target && terraformText(target),
        build_args: Object.fromEntries(Object.entries(buildArguments).map(([name, value]) => [name, terraformText(value)])),
      },
    };
  }

  private stage(session: ISynthesisSession): void {
    const manifest = session.manifest.forStack(TerraformStack.of(this));
    this.build.context.stage(join(session.manifest.outdir, manifest.workingDirectory, this.path));
  }
}
