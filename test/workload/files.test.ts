import { DefaultTokenResolver, StringConcat, TerraformVariable, Tokenization } from 'cdktf';
import { ContainerImage, Files } from '../../lib';
import { newStack } from '../support/synth';

const image = ContainerImage.fromRegistry('redis:8');
const newFiles = () => new Files(newStack(), 'Conf', { image });

test('entries are sorted by path, whatever the order in which they were added', () => {
  const files = newFiles();
  files.addFile('b/x', 'one');
  files._addLateFile('c', () => 'late');
  files.addProgram('a', '#!/bin/sh');
  expect(files._entries).toEqual([
    { path: 'a', content: '#!/bin/sh', executable: true },
    { path: 'b/x', content: 'one', executable: false },
    { path: 'c', content: 'late', executable: false },
  ]);
});

test('settings are JSON, in which Terraform quotes what it alone knows', () => {
  const files = newFiles();
  const variable = new TerraformVariable(files, 'Name', { type: 'string' });
  files._addJson('settings.json', { name: variable.stringValue, odd: 'it\'s "odd"', counts: [1, 2] });
  const [{ content }] = files._entries;
  expect(Tokenization.resolve(content, { scope: files, resolver: new DefaultTokenResolver(new StringConcat()), preparing: false })).toBe(
    '{\n  "name": ${jsonencode(var.Conf_Name_1E444450)},\n  "odd": "it\'s \\"odd\\"",\n  "counts": [\n    1,\n    2\n  ]\n}\n',
  );
});

test.each(['', '/a', '../a', 'a/../b', 'a//b', 'a/', '.a', 'a b', '-a', 'a\n'])('the path %j is refused', (path) => {
  expect(() => newFiles().addFile(path, 'x')).toThrow(/^shop\/Conf: a file's path must be relative and made of letters, .*, got "/);
});

test('a path that is taken, and an empty file, are refused', () => {
  const files = newFiles();
  files.addFile('a', 'x');
  expect(() => files.addProgram('a', 'y')).toThrow(/^shop\/Conf: file "a" is there already; give the second one another path$/);
  expect(() => files.addFile('b', '')).toThrow(/^shop\/Conf: file "b" is empty, .*put a comment into it$/);
  expect(() => files.addProgram('b', '')).toThrow(/^shop\/Conf: program "b" is empty$/);
});
