import fc from 'fast-check';
import { parseImageReference, problemOfReference, throughMirror } from '../../lib/image/image-reference';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const lower = (min: number, max: number) =>
  fc.string({ unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789'), minLength: min, maxLength: max });
const component = fc
  .tuple(lower(1, 8), fc.array(fc.tuple(fc.constantFrom('.', '_', '__', '-', '---'), lower(1, 5)), { maxLength: 2 }))
  .map(([first, rest]) => first + rest.map((pair) => pair.join('')).join(''));
const port = fc.option(fc.integer({ min: 1, max: 65535 }), { nil: undefined });
const registry = fc
  .tuple(fc.constantFrom('localhost', 'registry.example.com', 'Registry.Example.COM', '127.0.0.1', 'a.b', 'x-y.z'), port)
  .map(([host, number]) => (number === undefined ? host : `${host}:${number}`));
const reference = fc
  .record({
    registry: fc.option(fc.oneof(registry, fc.constant('registry:5000')), { nil: undefined }),
    repository: fc.array(component, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
    tag: fc.option(
      fc.tuple(fc.constantFrom('1', 'v', '_', 'Z'), fc.string({ unit: fc.constantFrom(...'aZ0_.-'), maxLength: 20 })).map((parts) => parts.join('')),
      { nil: undefined },
    ),
    digest: fc.option(fc.constant(DIGEST), { nil: undefined }),
  })
  // By the grammar, a first component with a dot is a registry.
  .filter((parts) => parts.registry !== undefined || !/^([^/]*\.[^/]*|localhost)\//.test(parts.repository));
const write = (parts: { registry?: string; repository: string; tag?: string; digest?: string }) =>
  `${parts.registry ? `${parts.registry}/` : ''}${parts.repository}${parts.tag ? `:${parts.tag}` : ''}${parts.digest ? `@${parts.digest}` : ''}`;

test('what is written from parts is read as the same parts', () => {
  fc.assert(fc.property(reference, (parts) => expect(parseImageReference(write(parts))).toEqual(parts)));
});

test.each([
  ['nginx:1.30', { registry: undefined, repository: 'nginx', tag: '1.30', digest: undefined }],
  ['library/nginx', { registry: undefined, repository: 'library/nginx', tag: undefined, digest: undefined }],
  ['localhost/a:1', { registry: 'localhost', repository: 'a', tag: '1', digest: undefined }],
  ['registry:5000/a/b', { registry: 'registry:5000', repository: 'a/b', tag: undefined, digest: undefined }],
  [`a@${DIGEST}`, { registry: undefined, repository: 'a', tag: undefined, digest: DIGEST }],
])('%s', (text, parts) => expect(parseImageReference(text)).toEqual(parts));

test.each([
  '',
  'Nginx:1',
  'a b',
  'a:',
  'a:-1',
  `a:${'x'.repeat(129)}`,
  'a@sha256:12',
  'a//b',
  '/a',
  'a/',
  'a:1:2',
  'https://a/b',
  'a:1\n',
  'a;b',
  '${a}:1',
])('%j is none', (text) => {
  expect(parseImageReference(text)).toBeUndefined();
  expect(problemOfReference(text)).toMatch(/^must be an image reference such as /);
});

test.each([
  ['nginx', /must have a tag or a digest/],
  ['localhost:5000/nginx', /must have a tag or a digest/],
  ['nginx:latest', /must not have the tag "latest".*name a version or a digest/],
])('%s is not for production', (text, problem) => expect(problemOfReference(text)).toMatch(problem));

test.each(['nginx:1.30', `nginx@${DIGEST}`, `nginx:latest@${DIGEST}`])('%s is', (text) => expect(problemOfReference(text)).toBeUndefined());

describe('through a mirror', () => {
  const mirror = 'registry.example.com/hub';

  test.each([
    ['nginx:1', 'registry.example.com/hub/nginx:1'],
    ['library/nginx:1', 'registry.example.com/hub/nginx:1'],
    ['docker.io/library/nginx:1', 'registry.example.com/hub/nginx:1'],
    [`acme/web:2@${DIGEST}`, `registry.example.com/hub/acme/web:2@${DIGEST}`],
    ['ghcr.io/acme/web:2', 'ghcr.io/acme/web:2'],
    ['localhost/web:2', 'localhost/web:2'],
  ])('%s is %s', (text, mirrored) => expect(throughMirror(text, mirror)).toBe(mirrored));

  test('without a mirror everything stays as it is', () => {
    fc.assert(fc.property(reference.map(write), (text) => expect(throughMirror(text, undefined)).toBe(text)));
  });

  test('whatever comes out is a reference, with the same tag and digest, and is not mirrored again', () => {
    fc.assert(
      fc.property(reference, (parts) => {
        const mirrored = throughMirror(write(parts), mirror);
        expect(parseImageReference(mirrored)).toMatchObject({ tag: parts.tag, digest: parts.digest });
        expect(throughMirror(mirrored, mirror)).toBe(mirrored);
      }),
    );
  });
});
