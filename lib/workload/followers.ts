import { TerraformStack } from 'cdktf';
import type { Bound } from '../platform/bindings';
import type { Job } from './job';
import type { Workload } from './workload';

/**
 * The workloads of a job's stack that wait for what the job waits for, directly or through others: the servers that run after a job, and the job
 * that runs after those servers. Known when the stack is complete.
 */
export function followersOf(job: Job): Bound[] {
  const workloads = TerraformStack.of(job)
    .node.findAll()
    // Two that are both the last would wait for each other.
    .filter((one): one is Workload & Bound => '_predecessors' in one && one !== job && !(one as Job)._last);
  const reached = new Set<Bound>(job._predecessors);
  const found = new Set<Bound>();
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const one of workloads) {
      if (found.has(one) || !one._predecessors.some((predecessor) => reached.has(predecessor))) continue;
      found.add(one);
      reached.add(one);
    }
  }
  return [...found];
}
