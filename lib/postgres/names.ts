import { Token } from 'cdktf';
import { IConstruct } from 'constructs';
import { reject, requireMatch, shown } from '../core/errors';

/** PostgreSQL cuts longer names off. */
export const LONGEST_IDENTIFIER = 63;
export const OWNER_SUFFIX = '_owner';
/** Of the second login role. */
export const OTHER_SUFFIX = '_alt';
/** Of the role that has the privileges of two login roles. */
export const ACCESS_SUFFIX = '_access';

const IDENTIFIER = /^[a-z_][a-z0-9_]*$/;

export function requireIdentifier(scope: IConstruct, name: string, value: string, longest: number): void {
  requireMatch(scope, name, value, IDENTIFIER, 'made of lower-case letters, digits and "_", and must not begin with a digit');
  if (!Token.isUnresolved(value) && value.length > longest) reject(scope, `${name} must have at most ${longest} characters, got ${shown(value)}`);
}

/** Refuses a database of the server's own. */
export function refuseReservedDatabase(scope: IConstruct, name: string, value: string): void {
  if (/^(postgres|template[01])$/.test(value)) reject(scope, `${name} must not be ${shown(value)}, which the server has for itself`);
}

/** Refuses a role of the server's own. */
export function refuseReservedRole(scope: IConstruct, name: string, value: string): void {
  if (/^(postgres|public|none|pg_.*)$/.test(value))
    reject(scope, `${name} must not be ${shown(value)}, which the server has for itself; set another one`);
}

/** The two roles of a login: which one clients log in as, and the other one, by the version of the password. */
export function loginRoles(base: string, passwordVersion: number): readonly [string, string] {
  const other = `${base}${OTHER_SUFFIX}`;
  return passwordVersion % 2 === 1 ? [base, other] : [other, base];
}
