import { Workload } from '../workload/workload';

/** What several workloads of one app have in common: each step is taken for those that are there, and for those that come. */
export class SharedSettings {
  private readonly members: Workload[] = [];
  private readonly steps: ((workload: Workload) => void)[] = [];

  public add(step: (workload: Workload) => void): void {
    this.members.forEach(step);
    this.steps.push(step);
  }

  public apply(workload: Workload): void {
    this.steps.forEach((step) => step(workload));
    this.members.push(workload);
  }
}
