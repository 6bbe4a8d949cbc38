import { TerraformVariable } from 'cdktf';
import { ContainerImage, Files } from '../../lib';
import { contentLabels } from '../../lib/platform/content-labels';
import { imageIdentity } from '../../lib/workload/image-identity';
import { newStack, Synthesized } from '../support/synth';

const image = ContainerImage.fromRegistry('redis:8');

function labelsOf(fill: (files: Files) => void): Record<string, string> {
  const files = new Files(newStack(), 'Conf', { image });
  fill(files);
  return contentLabels(files);
}

const hashOf = (fill: (files: Files) => void) => labelsOf(fill)['org.cdktf-django.content'];

test('content, path and mode are told apart', () => {
  const hashes = [
    hashOf((files) => files.addFile('a', 'x')),
    hashOf((files) => files.addFile('a', 'y')),
    hashOf((files) => files.addFile('b', 'x')),
    hashOf((files) => files.addProgram('a', 'x')),
  ];
  expect(new Set(hashes).size).toBe(4);
});

test('text that only looks like Terraform is no reference', () => {
  expect(Object.keys(labelsOf((files) => files.addFile('a', '${x} $${y}')))).toEqual(['org.cdktf-django.content']);
});

test('what is known late is a label of its own, so that another value is another volume', () => {
  const stack = newStack();
  const files = new Files(stack, 'Conf', { image });
  const variable = new TerraformVariable(stack, 'v', {});
  files.addFile('a', `${variable.stringValue} ${imageIdentity(stack, image)} ${variable.stringValue}`);
  const { labels } = new Synthesized(stack).byPath('docker_volume', 'shop/Conf');
  expect(labels.slice(0, 3)).toEqual([
    { label: 'org.cdktf-django.content', value: expect.stringMatching(/^[0-9a-f]{12}$/) },
    {
      label: 'org.cdktf-django.content.0',
      value: expect.stringMatching(/^\$\{trimprefix\(docker_image\.Images_redis-8_[0-9A-F]{8}\.image_id, "sha256:"\)\}$/),
    },
    { label: 'org.cdktf-django.content.1', value: '${var.v}' },
  ]);
});
