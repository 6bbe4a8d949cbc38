import { Token } from 'cdktf';
import { IConstruct } from 'constructs';

/** Throws for input that the construct at `scope` cannot accept, naming its path so that the reader finds the line to change. */
export function reject(scope: IConstruct, problem: string): never {
  throw new Error(`${scope.node.path || '(root)'}: ${problem}`);
}

/** Shows a value of the user's in an error message: quoted, and cut where it is long. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

/** What an integer prop may be. */
export interface IntegerBounds {
  readonly min: number;
  readonly max: number;
}

/** Refuses a number that is not an integer within bounds; lets an unresolved token pass, since nobody can judge it at synth. */
export function requireInteger(scope: IConstruct, name: string, value: number, bounds: IntegerBounds): void {
  if (Token.isUnresolved(value)) return;
  if (!Number.isInteger(value) || value < bounds.min || value > bounds.max) {
    reject(scope, `${name} must be an integer from ${bounds.min} to ${bounds.max}, got ${shown(value)}`);
  }
}

/** Refuses text that does not match; lets an unresolved token pass. */
export function requireMatch(scope: IConstruct, name: string, value: string, pattern: RegExp, allowed: string): void {
  if (Token.isUnresolved(value)) return;
  if (typeof value !== 'string' || !pattern.test(value)) {
    reject(scope, `${name} must be ${allowed}, got ${shown(value)}`);
  }
}
