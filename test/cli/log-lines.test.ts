import { Container } from '../../lib/cli/engine-container';
import { inOrder, linesOf } from '../../lib/cli/log-lines';

const [one, other] = ['one', 'other'].map((name) => ({ name }) as Container);

test('lines of several containers are in the order of their times, and those of one time in their own', () => {
  const lines = [
    ...linesOf(one, 'stdout', '2026-11-24T12:00:00.000000001Z a\n2026-11-24T12:00:03.000000000Z d\n'),
    ...linesOf(one, 'stderr', '2026-11-24T12:00:02.500000000Z c\n'),
    ...linesOf(other, 'stdout', '2026-11-24T12:00:00.000000002Z b\n2026-11-24T12:00:03.000000000Z e\n'),
  ];
  expect(inOrder(lines).map(({ container, stream, text }) => `${container.name} ${stream} ${text}`)).toEqual([
    'one stdout a',
    'other stdout b',
    'one stderr c',
    'one stdout d',
    'other stdout e',
  ]);
});

test('a line stays as it is, but for the end that a terminal gave it', () => {
  const text = ['2026-11-24T12:00:00.000000000Z   two  blanks ', '2026-11-24T12:00:00.000000000Z ended\r', '2026-11-24T12:00:00.000000000Z ', ''];
  expect(linesOf(one, 'stdout', text.join('\n')).map((line) => line.text)).toEqual(['  two  blanks ', 'ended', '']);
});
