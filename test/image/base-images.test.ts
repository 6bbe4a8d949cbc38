import { baseImages } from '../../lib/image/base-images';

test.each<[string, string[]]>([
  ['FROM python', ['python']],
  [
    '# FROM no\nARG X=1\nfrom python:3.14 as Build\nRUN echo FROM here\nFROM build\n  FROM --platform=$BUILDPLATFORM debian:trixie',
    ['python:3.14', 'debian:trixie'],
  ],
  ['FROM scratch\nFROM ${BASE}:1\nFROM $BASE', []],
  ['FROM\n', []],
  ['FROM a:1\r\nFROM b:2 AS c\r\nFROM C\r\n', ['a:1', 'b:2']],
])('%j stands on %j', (dockerfile, images) => expect(baseImages(dockerfile)).toEqual(images));
