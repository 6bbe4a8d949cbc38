import { Image } from '@cdktf/provider-docker/lib/image';
import { RegistryImage } from '@cdktf/provider-docker/lib/registry-image';
import { Fn, TerraformResource } from 'cdktf';
import { IConstruct } from 'constructs';
import { reject } from '../../core/errors';
import { ImageBuild } from '../../image/container-image';
import { parseImageReference } from '../../image/image-reference';
import { ImageBinding } from '../bindings';
import { identityOf, Images } from '../images';
import type { PlatformContext } from '../platform-context';

/**
 * The images of a Swarm: every node pulls what it runs, so built ones are pushed, and all are named by digest. A tag would be another image on another node, and the Swarm would put
 * the digest beside it, which is a change at every plan.
 */
export class SwarmImages extends Images {
  constructor(
    context: PlatformContext,
    mirror: string | undefined,
    private readonly registry: string | undefined,
  ) {
    super(context, mirror, () => [] as TerraformResource[]);
  }

  protected pulled(image: Image, reference: string): ImageBinding {
    const named = parseImageReference(reference)!.digest !== undefined;
    // One that was loaded and never pulled has no digest.
    const imageId = named ? reference : Fn.coalesce([image.repoDigest, image.name]);
    return { imageId, identity: identityOf(image), resources: [image] };
  }

  protected built(image: Image, name: string): ImageBinding {
    const pushed = new RegistryImage(image, 'Pushed', { name: image.name, keepRemotely: true, provider: this.context.provider });
    return { imageId: `${name}@${pushed.sha256Digest}`, identity: Fn.trimprefix(pushed.sha256Digest, 'sha256:'), resources: [pushed] };
  }

  protected repositoryOf(user: IConstruct, build: ImageBuild): string {
    if (this.registry === undefined) {
      return reject(
        user,
        `image ${build.name} is built, and the nodes of a Swarm have to pull it: name a registry that all of them reach, new DockerSwarm({ imageRegistry: 'registry.example.com/shop' }), and its credentials in registryAuth of the DockerProvider; or push it yourself and use ContainerImage.fromRegistry()`,
      );
    }
    return `${this.registry}/${this.context.namespaceOf(user)}-${build.name}`;
  }
}
