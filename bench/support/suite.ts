import { Row } from '../report/row';

/** What a suite is asked for. */
export interface BenchOptions {
  /** Runs of each of the two, in turns. */
  readonly runs: number;
  /** Seconds of one run under load. */
  readonly seconds: number;
  /** Aborted when the bench is asked to stop. */
  readonly signal: AbortSignal;
}

/** What a suite gives back. */
export interface Findings {
  readonly method: string;
  readonly versions: Record<string, string>;
  readonly rows: Row[];
}

/** A group of comparisons that share their set-up. */
export type Suite = (options: BenchOptions) => Promise<Findings>;

/** Progress goes to stderr, the table to stdout. */
export function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}

/** One step of each, as often as asked, so that what slows the machine for a while slows all of them. */
export async function inTurns(rounds: number, steps: { readonly [name: string]: () => Promise<number> }): Promise<Record<string, number[]>> {
  const found: Record<string, number[]> = Object.fromEntries(Object.keys(steps).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, step] of Object.entries(steps)) found[name].push(await step());
  }
  return found;
}
