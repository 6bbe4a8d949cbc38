import { IConstruct } from 'constructs';
import { ContainerImage } from '../image/container-image';
import { platformOf } from '../platform/platform-of';

/** What tells the content of an image from that of another: letters and digits, known when the image is there. */
export function imageIdentity(scope: IConstruct, image: ContainerImage): string {
  return platformOf(scope)._bindImage(scope, image).identity;
}
