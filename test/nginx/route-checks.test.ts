import { App, Lazy, TerraformStack } from 'cdktf';
import fc from 'fast-check';
import { checkedHost, checkedPath, checkedSnippet, hostKey, pathKey } from '../../lib/nginx/route-checks';

const scope = new TerraformStack(new App(), 'shop');

test.each(['shop.example.com', 'localhost', '*.example.com', '127.0.0.1', 'xn--bcher-kva.example', 'a-b.c'])('host %s', (host) => {
  expect(checkedHost(scope, host)).toBe(host);
});

test('hosts are in lower case', () => {
  expect(checkedHost(scope, 'Shop.Example.COM')).toBe('shop.example.com');
});

test.each([
  '',
  'a b',
  'a;b',
  'a:80',
  'http://a',
  'a/b',
  'a..b',
  '.a',
  'a.',
  '-a',
  '*',
  '*a.b',
  'a.*.b',
  '256.1.1.1',
  '1.2.3',
  'a_b',
  '$host',
  '~^a',
  `${'a'.repeat(64)}.b`,
  '[::1]',
])('no host: %j', (host) => {
  expect(() => checkedHost(scope, host)).toThrow(
    /^shop: host must be a host name such as "shop.example.com", "\*.example.com", or an IPv4 address, without scheme, port and path, got "/,
  );
});

test('a host must be known at synth', () => {
  expect(() => checkedHost(scope, Lazy.stringValue({ produce: () => 'a' }))).toThrow('shop: host must be known at synth');
});

test.each([
  ['/', '/'],
  ['/hello', '/hello/'],
  ['/hello/', '/hello/'],
  ['/a/b-c_d.e~f', '/a/b-c_d.e~f/'],
])('path %s', (path, expected) => {
  expect(checkedPath(scope, path)).toBe(expected);
});

test.each(['', 'hello', '/a//b', '/../a', '/.git', '/a b', '/a;b', '/a{', '/a%20b', '/a?b', '/a$b', '/a\nb', `/${'a'.repeat(200)}`])(
  'no path: %j',
  (path) => {
    expect(() => checkedPath(scope, path)).toThrow(/^shop: path must be /);
  },
);

test('a snippet ends its last line, and an empty one is none', () => {
  expect(checkedSnippet(scope, 'snippet', 'deny all;')).toBe('deny all;\n');
  expect(checkedSnippet(scope, 'snippet', ' \n')).toBeUndefined();
  expect(() => checkedSnippet(scope, 'snippet', 'a\0b')).toThrow('shop: snippet must not contain a NUL character');
});

test('no two hosts or paths share a file', () => {
  const segment = fc.stringMatching(/^[A-Za-z0-9_~-][A-Za-z0-9_.~-]{0,5}$/);
  const paths = fc.array(segment, { maxLength: 4 }).map((parts) => checkedPath(scope, `/${parts.join('/')}`));
  fc.assert(
    fc.property(paths, paths, (one, other) => {
      expect(pathKey(one) === pathKey(other)).toBe(one === other);
      expect(pathKey(one)).toMatch(/^[A-Za-z0-9][A-Za-z0-9-]*$/);
    }),
  );
  expect(hostKey('*.example.com')).toBe('_.example.com');
});
