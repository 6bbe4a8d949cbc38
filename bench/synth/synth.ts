import { compare } from '../report/row';
import { BenchOptions, Findings } from '../support/suite';
import { packageVersions } from '../support/versions';
import { linearity } from './linearity';
import { wholeProcess } from './whole-process';

/** How long it takes to synthesize. */
export async function synth(options: BenchOptions): Promise<Findings> {
  const whole = await wholeProcess(options);
  const sizes = await linearity(options);
  return {
    method:
      `Whole process: the command of cdktf.json against bench/bare-stack.ts with as many resources of each type (${whole.resources}), wall time. ` +
      'Linearity: stacks of Gunicorn apps on one network, built and synthesized in one process, after warming up.',
    versions: { node: process.versions.node, ...packageVersions('cdktf', '@cdktf/provider-docker', 'tsx') },
    rows: [
      compare('whole-process synth of the example', whole.example, whole.bare, { kind: 'at most', ratio: 1.5 }),
      compare('synth of 1,000 services against 100, for each service', sizes[1000], sizes[100], { kind: 'at most', ratio: 1.5 }),
      compare('synth of 300 services against 100, for each service', sizes[300], sizes[100], { kind: 'at most', ratio: 1.5 }),
      compare('synth of 100 services against 10, for each service', sizes[100], sizes[10], { kind: 'at most', ratio: 1.5 }),
    ],
  };
}
