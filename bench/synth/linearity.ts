import { join } from 'node:path';
import { Measured } from '../report/row';
import { run } from '../support/run';
import { BenchOptions, say } from '../support/suite';

const SIZES = [10, 100, 300, 1000];

/** Time for each service in stacks of several sizes. All of them in one process, in turns. */
export async function linearity(options: BenchOptions): Promise<Record<number, Measured>> {
  say(`synth: stacks of ${SIZES.join(', ')} services`);
  const program = join(__dirname, 'many-services.ts');
  const printed = await run(process.execPath, ['--import', 'tsx', program, String(options.runs), ...SIZES.map(String)], { signal: options.signal });
  const milliseconds = JSON.parse(printed) as Record<string, number[]>;
  return Object.fromEntries(
    SIZES.map((size) => [size, { name: `${size} services`, unit: 'ms each', runs: milliseconds[size].map((whole) => whole / size) }]),
  );
}
