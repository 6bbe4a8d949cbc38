import { chmodSync, lstatSync, mkdirSync, readlinkSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { BuildContext } from '../../lib/image/build-context';
import { filesOf, folder, Link, write } from '../support/folder';

const base = { 'a.txt': 'one', 'sub/b.txt': 'two' };
const hashOf = (files: { [path: string]: string | Link }, ignored: string[] = [], generated?: Map<string, string>) =>
  new BuildContext(folder(files), ignored, generated).hash;

/** The paths that a build sees. */
function staged(files: { [path: string]: string | Link }, ignored: string[] = [], generated?: Map<string, string>): string[] {
  const target = join(folder(), 'out');
  new BuildContext(folder(files), ignored, generated).stage(target);
  return Object.keys(filesOf(target));
}

describe('the fingerprint', () => {
  test('is the same for the same files, wherever they lie and whenever they were written', () => {
    const directory = folder(base);
    utimesSync(join(directory, 'a.txt'), 1, 1);
    expect(new BuildContext(directory, []).hash).toBe(hashOf(base));
    expect(hashOf(base)).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each([
    ['content', { ...base, 'a.txt': 'ONE' }],
    ['a name', { 'A.txt': 'one', 'sub/b.txt': 'two' }],
    ['a folder', { 'a.txt': 'one', 'other/b.txt': 'two' }],
    ['one file more', { ...base, c: '' }],
    ['one file less', { 'a.txt': 'one' }],
    ['the border of two files', { 'a.txt': 'onetwo', 'sub/b.txt': '' }],
    ['a link in place of a file', { ...base, 'a.txt': { link: 'sub/b.txt' } }],
  ])('changes with %s', (_what, files: { [path: string]: string | Link }) => {
    expect(hashOf(files)).not.toBe(hashOf(base));
  });

  test('changes with the target of a link', () => {
    expect(hashOf({ ...base, link: { link: 'a.txt' } })).not.toBe(hashOf({ ...base, link: { link: 'sub/b.txt' } }));
  });

  test('changes with the executable bit, and with no other bit, since those differ between checkouts', () => {
    const directory = folder(base);
    const hash = () => new BuildContext(directory, []).hash;
    const before = hash();
    chmodSync(join(directory, 'a.txt'), 0o600);
    expect(hash()).toBe(before);
    chmodSync(join(directory, 'a.txt'), 0o755);
    expect(hash()).not.toBe(before);
  });

  test('changes with generated files', () => {
    const hashes = [undefined, new Map([['Dockerfile', 'FROM a']]), new Map([['Dockerfile', 'FROM b']]), new Map([['Other', 'FROM b']])].map(
      (generated) => hashOf(base, [], generated),
    );
    expect(new Set(hashes).size).toBe(4);
  });

  test('does not change with what is ignored', () => {
    expect(hashOf({ ...base, 'big.log': 'x' }, ['*.log'])).toBe(hashOf(base, ['*.log']));
    expect(hashOf({ ...base, 'sub/cache/x': 'x' }, ['**/cache'])).toBe(hashOf(base));
  });
});

describe('what is ignored', () => {
  test.each<[string, string, string[]]>([
    ['a name at the top', 'a.txt', ['.dockerignore', 'sub/a.txt', 'sub/b.log', 'sub/deep/c.txt']],
    ['a name anywhere', '**/a.txt', ['.dockerignore', 'sub/b.log', 'sub/deep/c.txt']],
    ['a folder with all that is in it', 'sub', ['.dockerignore', 'a.txt']],
    ['a folder with a slash', 'sub/', ['.dockerignore', 'a.txt']],
    ['a pattern in a folder', 'sub/*.log', ['.dockerignore', 'a.txt', 'sub/a.txt', 'sub/deep/c.txt']],
    ['all but one', '*\n!a.txt', ['a.txt']],
    ['a file of an ignored folder that is brought back', 'sub\n!sub/deep/c.txt', ['.dockerignore', 'a.txt', 'sub/deep/c.txt']],
    ['the last pattern that matches', '!a.txt\na.txt', ['.dockerignore', 'sub/a.txt', 'sub/b.log', 'sub/deep/c.txt']],
    ['comments and empty lines', '# a.txt\n\n', ['.dockerignore', 'a.txt', 'sub/a.txt', 'sub/b.log', 'sub/deep/c.txt']],
    ['lines that end as on Windows', 'a.txt\r\nsub\r\n', ['.dockerignore']],
  ])('%s', (_what, patterns, paths) => {
    expect(staged({ '.dockerignore': patterns, 'a.txt': '', 'sub/a.txt': '', 'sub/b.log': '', 'sub/deep/c.txt': '' })).toEqual(paths);
  });

  test('is added to by our own patterns, which win over what .dockerignore brings back', () => {
    expect(staged({ '.dockerignore': '!.env', '.env': 'KEY=1', 'a.txt': '', 'b.log': '' }, ['**/.env*', '*.log', '.dockerignore'])).toEqual([
      'a.txt',
    ]);
  });

  test('is not what a build cannot do without', () => {
    const directory = folder({ '.dockerignore': 'docker\n*.md', 'docker/web/Dockerfile': 'FROM a', 'docker/x': '', 'b.md': '' });
    const target = join(folder(), 'out');
    new BuildContext(directory, [], new Map(), ['docker/web/Dockerfile']).stage(target);
    expect(Object.keys(filesOf(target))).toEqual(['.dockerignore', 'docker/web/Dockerfile']);
  });
});

describe('staging', () => {
  test('copies files, links as links, executables as such, and writes what is generated', () => {
    const directory = folder({ ...base, link: { link: 'sub/b.txt' }, broken: { link: '/nowhere' } });
    write(directory, 'run.sh', '#!/bin/sh\n', 0o755);
    const target = join(folder(), 'deep', 'out');
    new BuildContext(directory, [], new Map([['docker/Dockerfile', 'FROM a\n']])).stage(target);
    expect(filesOf(target)).toEqual({ ...base, 'run.sh': '#!/bin/sh\n', 'docker/Dockerfile': 'FROM a\n' });
    expect(lstatSync(join(target, 'link')).isSymbolicLink()).toBe(true);
    expect(readlinkSync(join(target, 'link'))).toBe('sub/b.txt');
    expect(readlinkSync(join(target, 'broken'))).toBe('/nowhere');
    expect(statSync(join(target, 'run.sh')).mode & 0o777).toBe(0o755);
  });

  test('replaces what is there', () => {
    const target = folder({ 'old.txt': 'old' });
    new BuildContext(folder(base), []).stage(target);
    expect(filesOf(target)).toEqual(base);
  });

  test('gives what a user with a strict umask wrote to whoever runs in the image', () => {
    const before = process.umask(0o077);
    try {
      const directory = folder();
      write(directory, 'sub/a.txt', 'one', 0o600);
      write(directory, 'sub/run.sh', '', 0o700);
      const target = join(folder(), 'out');
      new BuildContext(directory, [], new Map([['made/Dockerfile', 'x']])).stage(target);
      const modes = ['sub', 'sub/a.txt', 'sub/run.sh', 'made', 'made/Dockerfile'].map((path) =>
        (statSync(join(target, path)).mode & 0o777).toString(8),
      );
      expect(modes).toEqual(['755', '644', '755', '755', '644']);
    } finally {
      process.umask(before);
    }
  });

  test('leaves empty folders out', () => {
    const directory = folder(base);
    mkdirSync(join(directory, 'empty'));
    const target = join(folder(), 'out');
    new BuildContext(directory, []).stage(target);
    expect(() => statSync(join(target, 'empty'))).toThrow(/ENOENT/);
  });
});
