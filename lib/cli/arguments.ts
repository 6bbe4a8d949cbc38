import { parseArgs, ParseArgsConfig } from 'node:util';
import { Trouble } from './trouble';

/** The options of a command, as node:util has them. */
export type Options = NonNullable<ParseArgsConfig['options']>;

type Parsed<T extends Options> = ReturnType<typeof parseArgs<{ args: string[]; options: T; allowPositionals: true }>>;

/** The arguments of a command; what it does not know is an error that names its help. */
export function parsedArguments<T extends Options>(command: string, args: readonly string[], options: T): Parsed<T> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new Trouble(`${(error as Error).message}; see cdktf-django ${command} --help`);
  }
}

/** The same for a command that hands arguments on: its own options end at the first argument that is none, or at `--`. */
export function leadingOptions<T extends Options>(
  command: string,
  args: readonly string[],
  options: T,
): { readonly values: Parsed<T>['values']; readonly rest: string[] } {
  // Without strictness the parser says where each argument is, whatever follows.
  const { tokens } = parseArgs({ args: [...args], options, allowPositionals: true, strict: false, tokens: true });
  const end = tokens.find(({ kind }) => kind !== 'option');
  const [own, rest] = end === undefined ? [args, []] : [args.slice(0, end.index), args.slice(end.index + (end.kind === 'option-terminator' ? 1 : 0))];
  return { values: parsedArguments(command, own, options).values, rest: [...rest] };
}
