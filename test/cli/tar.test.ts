import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileOfTar, tarOf } from '../../lib/cli/tar';
import { folder } from '../support/folder';

const file = (content: string) => ({ name: 'value', content, mode: 0o440, user: 0, group: 27001 });

test.each(['', 'a', 'x'.repeat(511), 'x'.repeat(512), 'x'.repeat(5000), 'é'])('%# is what tar reads, and what is read back', (content) => {
  const archive = tarOf(file(content));
  const listed = spawnSync('tar', ['--list', '--verbose', '--numeric-owner', '--file', '-'], { input: archive, encoding: 'utf8' });
  expect(listed.stderr).toBe('');
  expect(listed.stdout).toMatch(new RegExp(`^-r--r----- 0/27001 +${Buffer.byteLength(content)} 1970-01-01 .* value\n$`));
  expect(spawnSync('tar', ['--extract', '--to-stdout', '--file', '-'], { input: archive, encoding: 'utf8' }).stdout).toBe(content);
  expect(fileOfTar(archive.toString('utf8'))).toBe(content);
});

test('what tar writes is read, also behind an extended header', () => {
  const root = folder({});
  writeFileSync(join(root, 'value'), 'hunter2');
  for (const format of ['ustar', 'gnu', 'pax']) {
    const made = spawnSync('tar', ['--create', `--format=${format}`, '--file', '-', '--directory', root, 'value'], { encoding: 'utf8' });
    expect([format, fileOfTar(made.stdout)]).toEqual([format, 'hunter2']);
  }
});

test('an archive without a file has none', () => expect(fileOfTar('\0'.repeat(1024))).toBeUndefined());
