import { Image } from '@cdktf/provider-docker/lib/image';
import { Fn, ISynthesisSession, TerraformProvider, TerraformResource, TerraformStack } from 'cdktf';
// The one way to write beside a synthesized stack; TerraformAsset uses it too, but it copies folders whole.
import { addCustomSynthesis } from 'cdktf/lib/synthesize/synthesizer';
import { Construct, IConstruct } from 'constructs';
import { join } from 'node:path';
import { shortHash, stableJson, terraformText } from '../../core/text';
import { ContainerImage, ImageBuild, ImageSource } from '../../image/container-image';
import { parseImageReference } from '../../image/image-reference';
import { ImageBinding } from '../bindings';

/** The images of an engine: each is pulled or built once a stack, whoever uses it. */
export class EngineImages {
  private readonly bound = new Map<TerraformStack, Map<unknown, ImageBinding>>();

  constructor(
    private readonly namespaceOf: (scope: IConstruct) => string,
    private readonly provider: TerraformProvider | undefined,
    private readonly mirror: string | undefined,
    private readonly ownershipOf: (scope: IConstruct) => TerraformResource,
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

  private create(stack: TerraformStack, user: IConstruct, { reference, build }: ImageSource): ImageBinding {
    const images = (stack.node.tryFindChild('Images') as Construct | undefined) ?? new Construct(stack, 'Images');
    const resource = build
      ? new BuiltImage(
          images,
          freeId(images, user.node.path.slice(stack.node.path.length + 1).replace(/\//g, '-')),
          this.builtName(user, build),
          build,
          this.provider,
          this.ownershipOf(user),
        )
      : new Image(images, freeId(images, pulledId(reference!)), {
          name: reference!,
          keepLocally: true,
          provider: this.provider,
          dependsOn: [this.ownershipOf(user)],
        });
    return { imageId: resource.imageId, identity: Fn.trimprefix(resource.imageId, 'sha256:'), resources: [resource] };
  }

  /** A name that changes with the content: the tag is what makes Terraform build again, and an older release finds its own image. */
  private builtName(user: IConstruct, build: ImageBuild): string {
    const content = shortHash(stableJson([build.context.hash, build.dockerfile, build.buildArguments, build.target ?? '']), 16);
    return `cdktf-django/${this.namespaceOf(user)}-${build.name}:${content}`;
  }
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
    ownership: TerraformResource,
  ) {
    // keepLocally: an image in use cannot be removed, and the one before is what a rollback needs.
    super(scope, id, { name, keepLocally: true, provider, dependsOn: [ownership] });
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
