import { Annotations, IAspect } from 'cdktf';
import { IConstruct } from 'constructs';
import { reject, shown } from '../core/errors';
import { reachStacks } from '../core/inherited-aspects';
import { ReadinessLevel, ReadinessRule } from './readiness-rule';
import { RULES } from './rules';

/** Settings of `ProductionReadiness`. */
export interface ProductionReadinessProps {
  /**
   * One level for all rules: `ReadinessLevel.ERROR` lets nothing be deployed that a rule finds and nobody has suppressed.
   *
   * @default - each rule's own
   */
  readonly level?: ReadinessLevel;
}

/** What a suppression leaves in the metadata of its construct. */
interface Suppression {
  readonly rule: string;
  readonly reason: string;
}

const SUPPRESSION = 'cdktf-django/readiness-suppression';
/** Below it a reason is a word, as in cdk-nag. */
const SHORTEST_REASON = 10;

/**
 * An aspect that judges a stack before it is deployed: each rule that finds something says so at the construct, with what to do about it.
 *
 * It reads what the constructs of this library were given. What goes around them, such as `addOverride`, it does not see. Added to an app it judges all
 * stacks that use this library; cdktf's own aspects reach no stack from there.
 *
 * @example
 * Aspects.of(this).add(new ProductionReadiness({ level: ReadinessLevel.ERROR }));
 * ProductionReadiness.suppress(db, 'NoBackup', 'the host is backed up every night by snapshots of its disk');
 */
export class ProductionReadiness implements IAspect {
  /** All rules, in the order of the README. */
  public static get rules(): ReadinessRule[] {
    return RULES.map(({ id, level, sentence, remedy }) => ({ id, level, sentence, remedy }));
  }

  /**
   * Silences a rule at a construct and at everything below it, whose parts the construct has made or been given.
   *
   * @param construct a construct, a stack or the app
   * @param ruleId the rule's name, such as `SingleReplica`
   * @param reason why it is well as it is, in 10 characters or more, for whoever reads the code next
   * @throws when there is no such rule, or the reason is too short
   */
  public static suppress(construct: IConstruct, ruleId: string, reason: string): void {
    if (!RULES.some(({ id }) => id === ruleId)) {
      reject(construct, `there is no readiness rule ${shown(ruleId)}; the rules are ${RULES.map(({ id }) => id).join(', ')}`);
    }
    if (typeof reason !== 'string' || reason.trim().length < SHORTEST_REASON) {
      reject(construct, `the reason to suppress ${ruleId} must have ${SHORTEST_REASON} characters or more, got ${shown(reason)}`);
    }
    const suppression: Suppression = { rule: ruleId, reason };
    construct.node.addMetadata(SUPPRESSION, suppression);
  }

  private readonly level?: ReadinessLevel;

  constructor(props: ProductionReadinessProps = {}) {
    this.level = props.level;
    reachStacks(this);
  }

  /** Judges one construct. cdktf calls it for each. */
  public visit(node: IConstruct): void {
    for (const rule of RULES) {
      const found = rule.find(node);
      if (found === undefined || isSuppressed(node, rule.id)) continue;
      const message = `${rule.id}: ${rule.sentence} Here: ${found}. ${rule.remedy}`;
      // A stack may be synthesized twice, and an aspect come by two ways.
      if (node.node.metadata.some(({ data }) => data === message)) continue;
      const annotations = Annotations.of(node);
      if ((this.level ?? rule.level) === ReadinessLevel.ERROR) annotations.addError(message);
      else annotations.addWarning(message);
    }
  }
}

function isSuppressed(construct: IConstruct, ruleId: string): boolean {
  const suppressions = construct.node.scopes.flatMap((scope) => scope.node.metadata.filter(({ type }) => type === SUPPRESSION));
  return suppressions.some(({ data }) => (data as Suppression).rule === ruleId);
}
