import { isHostFolder } from '../../lib/core/host-folder';

test.each(['/etc', '/etc/', '/a b', '/etc/../srv'])('%j is a folder', (path) => expect(isHostFolder(path)).toBe(true));

test.each(['', 'etc', './etc', '/', '//', '/.', '/./', '/a/..', '/a/../', '/a/../..', '/a\0', '/a\nb'])('%j is none', (path) =>
  expect(isHostFolder(path)).toBe(false),
);
