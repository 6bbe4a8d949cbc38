import { Token } from 'cdktf';
import { IConstruct } from 'constructs';
import { Duration } from '../core/duration';
import { reject, requireInteger, requireMatch, shown } from '../core/errors';

/** How soon somebody should look. */
export enum AlertSeverity {
  /** In the next days. */
  WARNING = 'warning',
  /** Now. */
  CRITICAL = 'critical',
}

/** When Prometheus raises an alarm. */
export interface AlertRule {
  /** The name of the alert, of letters and digits: `SlowCheckout`. */
  readonly name: string;

  /** What is true while something is wrong, in Prometheus' language: `shop_checkout_seconds > 5`. A wrong one fails the deploy. */
  readonly expression: string;

  /**
   * The time, in whole seconds, for which it has to be true.
   *
   * @default - none: the first evaluation raises the alarm
   */
  readonly lasting?: Duration;

  /**
   * How soon somebody should look.
   *
   * @default AlertSeverity.WARNING
   */
  readonly severity?: AlertSeverity;

  /**
   * Labels that tell the alert from others of its name, or whom it is for.
   *
   * @default - those of the series that the expression gives, and `severity`
   */
  readonly labels?: { readonly [name: string]: string };

  /** What is wrong and what to do, in a sentence or two. `{{ $labels.system }}` is the path of the construct. */
  readonly summary: string;
}

/** A rule in the words of Prometheus' file, checked as far as synth can. */
export function renderAlert(scope: IConstruct, rule: AlertRule): object {
  requireMatch(scope, 'the name of an alert', rule.name, /^[A-Za-z][A-Za-z0-9]{0,99}$/, 'made of letters and digits, such as "SlowCheckout"');
  for (const [what, text] of Object.entries({ expression: rule.expression, summary: rule.summary })) {
    if (typeof text !== 'string' || (!Token.isUnresolved(text) && text.trim() === ''))
      reject(scope, `${what} of the alert ${rule.name} must be text that is not empty, got ${shown(text)}`);
  }
  const severity = rule.severity ?? AlertSeverity.WARNING;
  if (!Object.values(AlertSeverity).includes(severity))
    reject(scope, `severity of the alert ${rule.name} must be AlertSeverity.WARNING or AlertSeverity.CRITICAL, got ${shown(severity)}`);
  for (const [name, value] of Object.entries(rule.labels ?? {})) {
    requireMatch(
      scope,
      `a label of the alert ${rule.name}`,
      name,
      /^(?!(severity|alertname)$)[A-Za-z][A-Za-z0-9_]*$/,
      'made of letters, digits and "_", and neither "severity" nor "alertname"',
    );
    if (typeof value !== 'string') reject(scope, `the label ${name} of the alert ${rule.name} must be text, got ${shown(value)}`);
  }
  const lasting = rule.lasting?.toSeconds();
  if (lasting !== undefined) requireInteger(scope, `lasting of the alert ${rule.name}, in seconds,`, lasting, { min: 0, max: 30 * 86400 });
  return {
    alert: rule.name,
    expr: rule.expression,
    ...(lasting && { for: `${lasting}s` }),
    labels: { ...rule.labels, severity },
    annotations: { summary: rule.summary },
  };
}
