import { leadingOptions, parsedArguments } from '../../lib/cli/arguments';
import { Trouble } from '../../lib/cli/trouble';

const OPTIONS = { stack: { type: 'string' }, help: { type: 'boolean', default: false } } as const;

test.each([
  [['migrate', '--plan'], undefined, ['migrate', '--plan']],
  [['--stack', 'shop', 'migrate', '--stack', 'x'], 'shop', ['migrate', '--stack', 'x']],
  [['--stack=shop', '--', '--version'], 'shop', ['--version']],
  [['--', '--stack', 'shop'], undefined, ['--stack', 'shop']],
  [['sh', '-c', 'a -- b', '--', 'c'], undefined, ['sh', '-c', 'a -- b', '--', 'c']],
  [['--stack', 'shop', '--'], 'shop', []],
  [[], undefined, []],
])('%j: what is handed on begins with the first argument that is no option', (args, stack, rest) => {
  const parsed = leadingOptions('manage', args, OPTIONS);
  expect([parsed.values.stack, parsed.rest]).toEqual([stack, rest]);
});

test('an unknown option before it is an error, and one behind it is none of ours', () => {
  expect(() => leadingOptions('manage', ['--plan', 'migrate'], OPTIONS)).toThrow(Trouble);
  expect(() => leadingOptions('manage', ['--plan', 'migrate'], OPTIONS)).toThrow(/^Unknown option '--plan'.*; see cdktf-django manage --help$/s);
});

test('an ordinary command takes options anywhere', () => {
  expect(parsedArguments('logs', ['Shop', '--stack', 'x', 'Db'], OPTIONS)).toMatchObject({ values: { stack: 'x' }, positionals: ['Shop', 'Db'] });
});
