import { runtimeFile } from '../image/default-images';

/** What a server says of one of its parameters (`pg_settings`). */
export interface Parameter {
  readonly type: 'bool' | 'integer' | 'real' | 'string' | 'enum';
  /** The unit in which a number without one is counted, as in `8kB`. */
  readonly unit?: string;
  readonly min?: string;
  readonly max?: string;
  readonly values?: readonly string[];
  /** Whether nobody can set it. */
  readonly fixed?: boolean;
}

const lists = new Map<number, ReadonlyMap<string, Parameter>>();

/** All parameters of a major version, but for those that extensions bring. */
export function parameterList(major: number): ReadonlyMap<string, Parameter> {
  let list = lists.get(major);
  if (!list) {
    const read = JSON.parse(runtimeFile(`postgres/parameters/${major}.json`)) as Record<string, Parameter>;
    // The server does not mind their case: TimeZone.
    list = new Map(Object.entries(read).map(([name, parameter]) => [name.toLowerCase(), parameter]));
    lists.set(major, list);
  }
  return list;
}

/** The names that are most like one that there is not. */
export function nearestNames(name: string, known: Iterable<string>): string[] {
  const near = [...known]
    .map((one) => ({ one, far: distance(name, one) }))
    .filter(({ one, far }) => far <= Math.max(2, Math.floor(name.length / 4)) || (name.length >= 5 && (one.includes(name) || name.includes(one))));
  return near
    .sort((a, b) => a.far - b.far || (a.one < b.one ? -1 : 1))
    .slice(0, 3)
    .map(({ one }) => one);
}

/** Insertions, deletions and replacements from one to the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_unused, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length];
}

const MEMORY: Readonly<Record<string, number>> = { B: 1, kB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 };
const TIME: Readonly<Record<string, number>> = { us: 1, ms: 1e3, s: 1e6, min: 60e6, h: 3600e6, d: 86400e6 };

/** A unit of `pg_settings`, as `8kB`: how much it is in units of its kind, and which these are. */
function unitOf(unit: string): { readonly amount: number; readonly kind: Readonly<Record<string, number>> } | undefined {
  const [, count, name] = /^(\d*)([A-Za-z]+)$/.exec(unit) ?? [];
  const kind = [MEMORY, TIME].find((one) => Object.hasOwn(one, name ?? ''));
  return kind && { amount: Number(count || '1') * kind[name], kind };
}

/** A number as the server reads it: decimal, hexadecimal with `0x`, octal with `0`, or with a fraction or an exponent. */
function numberOf(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  const plain = text.replace(/^[+-]/, '');
  if (/^0[0-7]+$/.test(plain)) return sign * Number.parseInt(plain, 8);
  return sign * Number(plain);
}

/** What is wrong with a value, as the end of a sentence that begins with its name; undefined when the server takes it. */
export function problemOfValue(parameter: Parameter, value: string): string | undefined {
  const { type, values, unit } = parameter;
  if (type === 'bool') return isBoolean(value) ? undefined : 'must be on or off';
  if (type === 'enum') {
    const known = values ?? [];
    // Synonyms, which the server does not list.
    const switches = known.includes('on') && known.includes('off') && /^(true|false|yes|no|1|0)$/i.test(value);
    return switches || known.some((one) => one.toLowerCase() === value.toLowerCase()) ? undefined : `must be one of ${known.join(', ')}`;
  }
  if (type === 'string') return undefined;
  const base = unit === undefined ? undefined : unitOf(unit);
  const units = base && Object.keys(base.kind);
  const form = `${type === 'integer' ? 'a whole number' : 'a number'}${units ? `, or one with a unit (${units.join(', ')})` : ' without a unit'}`;
  const [, digits, name] = /^\s*([+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))\s*([A-Za-z]*)\s*$/.exec(value) ?? [];
  if (digits === undefined || (name !== '' && !units?.includes(name))) return `must be ${form}`;
  const exact = name === '' ? numberOf(digits) : (numberOf(digits) * base!.kind[name]) / base!.amount;
  const counted = type === 'integer' ? Math.round(exact) : exact;
  if (Number.isNaN(counted)) return `must be ${form}`;
  if ((parameter.min !== undefined && counted < Number(parameter.min)) || (parameter.max !== undefined && counted > Number(parameter.max)))
    return `must be from ${parameter.min} to ${parameter.max}${unit === undefined ? '' : `, counted in units of ${unit}`}`;
  return undefined;
}

/** As `parse_bool` of the server reads them: the words, and beginnings of them that say which. */
function isBoolean(value: string): boolean {
  const plain = value.toLowerCase();
  return plain !== '' && (['true', 'false', 'yes', 'no'].some((word) => word.startsWith(plain)) || ['on', 'of', 'off', '1', '0'].includes(plain));
}
