import { csvLine } from '../../lib/cli/csv-line';

test.each([
  [['type=volume', 'target=/a b'], 'type=volume,target=/a b'],
  [['source=/a,b', 'readonly'], '"source=/a,b",readonly'],
  [['source=/a"b'], '"source=/a""b"'],
  [['source=/a\nb'], '"source=/a\nb"'],
])('fields %j', (fields, line) => expect(csvLine(fields)).toBe(line));
