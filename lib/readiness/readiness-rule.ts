import { IConstruct } from 'constructs';

/** How loud a rule is. */
export enum ReadinessLevel {
  /** `cdktf` prints it. */
  WARNING = 'warning',
  /** `cdktf` prints it and does not deploy. */
  ERROR = 'error',
}

/** A rule of `ProductionReadiness`. */
export interface ReadinessRule {
  /** The name by which the rule is suppressed. */
  readonly id: string;
  /** How loud it is, unless all rules are given one level. */
  readonly level: ReadinessLevel;
  /** What is not ready for production. */
  readonly sentence: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** A rule with its judgement. */
export interface JudgingRule extends ReadinessRule {
  /** What the rule finds at this very construct, such as a value that explains it; nothing where all is well. */
  readonly find: (construct: IConstruct) => string | undefined;
}
