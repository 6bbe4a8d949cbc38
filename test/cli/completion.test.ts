import { COMMANDS } from '../../lib/cli/commands';
import { Command } from '../../lib/cli/command';
import { completed, optionsOf } from '../../lib/cli/completion';

const words = (lines: string[]) => lines.map((line) => line.split('\t')[0]);

test('commands come first, each with what it does', () => {
  expect(completed(COMMANDS, [''])).toEqual(COMMANDS.map(({ name, summary }) => `${name}\t${summary}`));
  expect(words(completed(COMMANDS, ['st']))).toContain('status');
});

test('then the options of the command, until it hands on what follows', () => {
  expect(completed(COMMANDS, ['status', '--'])).toContain('--json\tprint it as JSON');
  expect(words(completed(COMMANDS, ['restore', '-']))).toEqual(expect.arrayContaining(['--list', '--from', '--yes']));
  expect(completed(COMMANDS, ['manage', '--', '-'])).toEqual([]);
  expect(completed(COMMANDS, ['nothing', '-'])).toEqual([]);
});

test('then what fits in the place of an argument, or of the value of an option', () => {
  const asked: unknown[] = [];
  const command: Command = {
    name: 'go',
    summary: 'goes',
    help: '  --stack NAME  the stack\n  --json        as JSON\n',
    run: () => 0,
    complete: (place) => (asked.push(place), ['one', 'two']),
  };
  expect(completed([command], ['go', '--stack', 'o'])).toEqual(['one\tname', 'two\tname']);
  expect(completed([command], ['go', '--json', ''])).toEqual(['one\t', 'two\t']);
  expect(asked).toEqual([
    { option: '--stack', before: ['--stack'] },
    { option: undefined, before: ['--json'] },
  ]);
});

test.each(COMMANDS.map((one) => [one.name, one] as const))(
  'every option that the help of %s mentions first in a line can be completed',
  (_name, one) => {
    const mentioned = [...one.help.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, option]) => option);
    expect(optionsOf(one).map(({ option }) => option)).toEqual(mentioned);
  },
);
