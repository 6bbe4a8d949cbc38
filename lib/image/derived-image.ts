import { IConstruct } from 'constructs';
import { runtimeFolder } from './default-images';
import { BuildContext } from './build-context';
import { ContainerImage, ImageSource } from './container-image';

const DOCKERFILE = 'Dockerfile';
const known = new WeakMap<ContainerImage, Map<string, DerivedImage>>();

/** An image of a registry with Debian packages added, built when the stack is deployed. */
export class DerivedImage extends ContainerImage {
  /** The same object for the same image and packages, so that a stack builds it once. */
  public static of(base: ContainerImage, name: string, packages: string[]): DerivedImage {
    const images = known.get(base) ?? new Map<string, DerivedImage>();
    known.set(base, images);
    const key = [name, ...packages].join(' ');
    const image = images.get(key) ?? new DerivedImage(base, name, packages);
    images.set(key, image);
    return image;
  }

  private readonly sources = new Map<string, ImageSource>();

  private constructor(
    private readonly base: ContainerImage,
    private readonly name: string,
    private readonly packages: string[],
  ) {
    super();
  }

  public override _baseImages(): string[] {
    return this.base.reference === undefined ? [] : [this.base.reference];
  }

  public _source(user: IConstruct, mirror?: string): ImageSource {
    const from = this.base._source(user, mirror).reference!;
    let source = this.sources.get(from);
    if (!source) {
      const install = `apt-get install --yes --no-install-recommends ${this.packages.join(' ')}`;
      const dockerfile = [
        '# Written by cdktf-django.',
        `FROM ${from}`,
        'USER 0',
        `RUN apt-get update && DEBIAN_FRONTEND=noninteractive ${install} && rm -rf /var/lib/apt/lists/*`,
        '',
      ].join('\n');
      const context = new BuildContext(runtimeFolder, ['*'], new Map([[DOCKERFILE, dockerfile]]));
      source = { build: { name: this.name, context, dockerfile: DOCKERFILE, buildArguments: {} } };
      this.sources.set(from, source);
    }
    return source;
  }
}
