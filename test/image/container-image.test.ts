import { App, TerraformStack } from 'cdktf';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { join } from 'node:path';
import { ContainerImage, DirectoryImageOptions, Job } from '../../lib';
import { filesOf, folder } from '../support/folder';
import { newStack, Synthesized } from '../support/synth';

const DIGEST = `sha256:${'0'.repeat(64)}`;

function synthJob(image: ContainerImage, mirror?: string): Synthesized {
  const stack = newStack('shop', { imageMirror: mirror });
  new Job(stack, 'Job', { image });
  return new Synthesized(stack);
}

const imagesOf = (synth: Synthesized) => Object.values(synth.all('docker_image'));
const failing = (image: ContainerImage) => () => new Job(newStack(), 'Job', { image });

describe('an image of a registry', () => {
  test('is pulled once and kept', () => {
    const stack = newStack();
    new Job(stack, 'One', { image: ContainerImage.fromRegistry('redis:8.2.1-bookworm') });
    new Job(stack, 'Two', { image: ContainerImage.fromRegistry('redis:8.2.1-bookworm') });
    const synth = new Synthesized(stack);
    expect(synth.all('docker_image')).toEqual({
      [Object.keys(synth.all('docker_image'))[0]]: { name: 'redis:8.2.1-bookworm', keep_locally: true, depends_on: ['terraform_data.Ownership'] },
    });
    expect(Object.keys(synth.all('docker_image'))[0]).toMatch(/^Images_redis-821-bookworm_[0-9A-F]{8}$/);
    expect(synth.container('shop/One').image).toBe(`\${docker_image.${Object.keys(synth.all('docker_image'))[0]}.image_id}`);
  });

  test('is taken from the mirror when it is one of Docker Hub', () => {
    expect(imagesOf(synthJob(ContainerImage.fromRegistry('redis:8'), 'localhost:5000/hub'))[0].name).toBe('localhost:5000/hub/redis:8');
    expect(imagesOf(synthJob(ContainerImage.fromRegistry('ghcr.io/a/b:8'), 'localhost:5000/hub'))[0].name).toBe('ghcr.io/a/b:8');
  });

  test('may be named by its digest', () => {
    expect(imagesOf(synthJob(ContainerImage.fromRegistry(`redis@${DIGEST}`)))[0].name).toBe(`redis@${DIGEST}`);
  });

  test('two references whose ids are the same are two images', () => {
    const stack = newStack();
    new Job(stack, 'One', { image: ContainerImage.fromRegistry('a/b:1') });
    new Job(stack, 'Two', { image: ContainerImage.fromRegistry('a-b:1') });
    expect(
      imagesOf(new Synthesized(stack))
        .map((image) => image.name)
        .sort(),
    ).toEqual(['a-b:1', 'a/b:1']);
  });

  test.each([
    ['redis', /^shop\/Job: image must have a tag or a digest.*, got "redis"$/],
    ['redis:latest', /^shop\/Job: image must not have the tag "latest".*name a version or a digest, got "redis:latest"$/],
    ['Redis:8', /^shop\/Job: image must be an image reference such as .*, got "Redis:8"$/],
    ['', /^shop\/Job: image must be an image reference such as .*, got ""$/],
  ])('%j is refused', (reference, message) => expect(failing(ContainerImage.fromRegistry(reference))).toThrow(message));
});

describe('an image of a folder with a Dockerfile', () => {
  const files = { Dockerfile: 'FROM scratch\n', 'app.py': 'one' };
  const nameOf = (content: { [path: string]: string }, options?: DirectoryImageOptions) =>
    imagesOf(synthJob(ContainerImage.fromDirectory(folder(content, 'My App'), options)))[0].name as string;

  test('is built from the staged context', () => {
    const image = ContainerImage.fromDirectory(folder({ ...files, 'docker/Dockerfile': 'FROM scratch\n' }, 'My App'), {
      dockerfile: 'docker/Dockerfile',
      buildArguments: { VERSION: '1', PATTERN: '${HOME}' },
      target: 'web',
    });
    expect(imagesOf(synthJob(image))).toEqual([
      {
        name: expect.stringMatching(/^cdktf-django\/shop-my-app:[0-9a-f]{16}$/),
        keep_locally: true,
        depends_on: ['terraform_data.Ownership'],
        build: {
          context: expect.stringMatching(/^assets\/images\/my-app-[0-9a-f]{16}$/),
          dockerfile: 'docker/Dockerfile',
          target: 'web',
          build_args: { VERSION: '1', PATTERN: '$${HOME}' },
        },
      },
    ]);
  });

  test('has another name when its content or an option is another one, and only then', () => {
    const base = nameOf(files);
    expect(nameOf(files)).toBe(base);
    expect(nameOf({ ...files, 'notes.txt': 'x' }, { exclude: ['notes.txt'] })).toBe(base);
    const others = [
      nameOf({ ...files, 'app.py': 'two' }),
      nameOf({ ...files, Dockerfile: 'FROM other\n' }),
      nameOf(files, { target: 'web' }),
      nameOf(files, { buildArguments: { A: '1' } }),
      nameOf(files, { buildArguments: { A: '2' } }),
    ];
    expect(new Set([base, ...others]).size).toBe(6);
  });

  test('its context lies beside the synthesized stack, with a Dockerfile that .dockerignore names', () => {
    const app = new App({ outdir: folder({}, 'out') });
    const stack = new TerraformStack(app, 'shop');
    new DockerProvider(stack, 'Docker');
    new Job(stack, 'Job', {
      image: ContainerImage.fromDirectory(folder({ ...files, '.dockerignore': 'Dockerfile\n.git', '.git/config': '' }, 'web')),
    });
    app.synth();
    const { context } = imagesOf(new Synthesized(stack))[0].build;
    expect(filesOf(join(app.outdir, 'stacks', 'shop', context))).toEqual({ ...files, '.dockerignore': 'Dockerfile\n.git' });
  });

  test('belongs to the construct that uses it first, whatever content another one has', () => {
    const stack = newStack();
    const directory = folder(files, 'web');
    const image = ContainerImage.fromDirectory(directory);
    new Job(stack, 'One', { image });
    new Job(stack, 'Same', { image });
    new Job(stack, 'Two', { image: ContainerImage.fromDirectory(directory, { target: 'web' }) });
    expect(Object.keys(new Synthesized(stack).all('docker_image'))).toEqual([
      expect.stringMatching(/^Images_One_[0-9A-F]{8}$/),
      expect.stringMatching(/^Images_Two_[0-9A-F]{8}$/),
    ]);
  });

  test('has the namespace in its name, so that two deployments do not share it', () => {
    const stack = newStack('shop', { namespace: 'staging' });
    new Job(stack, 'Job', { image: ContainerImage.fromDirectory(folder(files, 'web')) });
    expect(imagesOf(new Synthesized(stack))[0].name).toMatch(/^cdktf-django\/staging-web:/);
  });

  test.each<[string, string, DirectoryImageOptions, RegExp]>([
    [
      'a missing folder',
      '/no/such/folder',
      {},
      /^shop\/Job: the image's folder "\/no\/such\/folder" does not exist \(looked for \/no\/such\/folder\)/,
    ],
    ['a file', __filename, {}, /^shop\/Job: the image's folder ".*container-image.test.ts" does not exist/],
    ['no Dockerfile', 'EMPTY', {}, /^shop\/Job: there is no "Dockerfile" in the image's folder .*fromDjangoProject\(\)/],
    ['another Dockerfile that is missing', 'EMPTY', { dockerfile: 'x/Dockerfile' }, /^shop\/Job: there is no "x\/Dockerfile" in/],
    [
      'a Dockerfile elsewhere',
      'EMPTY',
      { dockerfile: '../Dockerfile' },
      /^shop\/Job: dockerfile must be a path below the image's folder, got "\.\.\/Dockerfile"$/,
    ],
    ['an absolute Dockerfile', 'EMPTY', { dockerfile: '/etc/hosts' }, /^shop\/Job: dockerfile must be a path below .*, got "\/etc\/hosts"$/],
    ['a wrong build argument', 'GOOD', { buildArguments: { 'a b': '1' } }, /^shop\/Job: the name of a build argument must be .*, got "a b"$/],
  ])('%s is refused', (_what, directory, options, message) => {
    const path = directory === 'EMPTY' ? folder() : directory === 'GOOD' ? folder(files) : directory;
    expect(failing(ContainerImage.fromDirectory(path, options))).toThrow(message);
  });
});

test('nothing is read before an image is used', () => {
  expect(() => ContainerImage.fromDjangoProject('/no/such/folder')).not.toThrow();
  expect(failing(ContainerImage.fromDjangoProject('/no/such/folder'))).toThrow(/^shop\/Job: the image's folder "\/no\/such\/folder" does not exist/);
  expect(failing(ContainerImage.fromPythonProject('/no/such/folder'))).toThrow(/^shop\/Job: the image's folder/);
});

test('a relative folder is one of the working folder', () => {
  const stack = newStack();
  new Job(stack, 'Job', { image: ContainerImage.fromPythonProject('examples/hello') });
  expect(imagesOf(new Synthesized(stack))[0].name).toMatch(/^cdktf-django\/shop-hello:/);
});
