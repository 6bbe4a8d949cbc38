import { DefaultTokenResolver, StringConcat, Tokenization } from 'cdktf';
import { IConstruct } from 'constructs';
import { shortHash, stableJson } from '../core/text';

/** A hash of arguments as Terraform reads them; what only Terraform knows counts as the expression that it is. */
export function fingerprint(scope: IConstruct, given: Record<string, unknown>): string {
  return shortHash(stableJson(resolved(scope, given)));
}

/** A value with its tokens as expressions of Terraform's. */
export function resolved<T>(scope: IConstruct, value: T): T {
  return Tokenization.resolve(value, { scope, resolver: new DefaultTokenResolver(new StringConcat()), preparing: false }) as T;
}
