import { Image } from '@cdktf/provider-docker/lib/image';
import { IConstruct } from 'constructs';
import { ImageBuild } from '../../image/container-image';
import { ImageBinding } from '../bindings';
import { identityOf, Images } from '../images';

/** The images of one engine: what runs is named by its id there. */
export class EngineImages extends Images {
  protected pulled(image: Image): ImageBinding {
    return { imageId: image.imageId, identity: identityOf(image), resources: [image] };
  }

  protected built(image: Image): ImageBinding {
    return this.pulled(image);
  }

  protected repositoryOf(user: IConstruct, build: ImageBuild): string {
    return `cdktf-django/${this.context.namespaceOf(user)}-${build.name}`;
  }
}
