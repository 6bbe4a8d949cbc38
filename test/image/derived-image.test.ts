import { readFileSync } from 'node:fs';
import { App } from 'cdktf';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { TerraformStack } from 'cdktf';
import { join } from 'node:path';
import { ContainerImage, DockerEngine, Job, Platform } from '../../lib';
import { DerivedImage } from '../../lib/image/derived-image';
import { filesOf, folder } from '../support/folder';
import { newStack, Synthesized } from '../support/synth';

const base = ContainerImage.fromRegistry('postgres:18.6-trixie');

test('is built once a stack, on the image that a mirror has', () => {
  const outdir = folder({});
  const app = new App({ outdir });
  const stack = new TerraformStack(app, 'shop');
  new DockerProvider(stack, 'Docker');
  Platform.use(stack, new DockerEngine({ imageMirror: 'localhost:5000/hub' }));
  for (const id of ['One', 'Two']) new Job(stack, id, { image: DerivedImage.of(base, 'postgres-backup', ['python3', 'restic']) });
  app.synth();
  const folderOfStack = join(outdir, 'stacks', 'shop');
  const made = JSON.parse(readFileSync(join(folderOfStack, 'cdk.tf.json'), 'utf8'));
  const images = Object.values<{ build?: { context: string } }>(made.resource.docker_image);
  expect(images).toHaveLength(1);
  const context = join(folderOfStack, images[0].build!.context);
  expect(filesOf(context)).toEqual({
    Dockerfile: [
      '# Written by cdktf-django.',
      'FROM localhost:5000/hub/postgres:18.6-trixie',
      'USER 0',
      'RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends python3 restic && rm -rf /var/lib/apt/lists/*',
      '',
    ].join('\n'),
  });
});

test('another base, or other packages, make another image', () => {
  const name = (image: ContainerImage) => {
    const stack = newStack();
    new Job(stack, 'Job', { image });
    return Object.values(new Synthesized(stack).all('docker_image'))[0].name;
  };
  const names = [
    DerivedImage.of(base, 'x', ['python3']),
    DerivedImage.of(base, 'x', ['python3', 'restic']),
    DerivedImage.of(ContainerImage.fromRegistry('postgres:17.11-trixie'), 'x', ['python3']),
  ].map(name);
  expect(new Set(names).size).toBe(3);
  expect(DerivedImage.of(base, 'x', ['python3'])._baseImages()).toEqual(['postgres:18.6-trixie']);
});

test('a base that is none is refused where it is used', () => {
  expect(() => new Job(newStack(), 'Job', { image: DerivedImage.of(ContainerImage.fromRegistry('postgres'), 'x', ['python3']) })).toThrow(
    /^shop\/Job: image must have a tag or a digest/,
  );
});
