import { ContainerImage, Job } from '../../lib';
import { imageIdentity } from '../../lib/workload/image-identity';
import { newStack, Synthesized } from '../support/synth';

test('is the id of the image without what is not a letter or digit', () => {
  const stack = newStack();
  const image = ContainerImage.fromRegistry('redis:8');
  new Job(stack, 'Job', { image, environment: { RELEASE: imageIdentity(stack, image) } });
  const { env } = new Synthesized(stack).container('shop/Job');
  expect(env).toEqual([expect.stringMatching(/^RELEASE=\$\{trimprefix\(docker_image\.Images_redis-8_[0-9A-F]{8}\.image_id, "sha256:"\)\}$/)]);
});
