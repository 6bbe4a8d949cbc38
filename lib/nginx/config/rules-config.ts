import { PROXY_OWNER } from '../proxy-layout';
import { ConfigNode, directive } from './directive';

/*
 * Rules of the whole proxy. Every stack's locations include them from the files of the proxy's own stack, so that one place says what holds for guests too, and a change of
 * a rule is no change of theirs.
 */

/** The kinds of rules, each in a file of its own. */
export enum ProxyRule {
  /** Who is refused. */
  DENIED = 'denied',
  /** Who else is refused. */
  ALLOWED = 'allowed',
  /** How much may be asked of apps. */
  LIMITS = 'limits',
  /** How much may be asked of file servers. */
  FILE_LIMITS = 'file-limits',
}

/** The file, relative to the fragments of the proxy's own stack. */
export function ruleFile(rule: ProxyRule): string {
  return `rules/${rule}.conf`;
}

/** In a location: the proxy's rule, if it has one. */
export function includedRule(rule: ProxyRule): ConfigNode {
  // A pattern, since it may match nothing.
  return directive('include', `owners/${PROXY_OWNER}/rules/${rule}*.conf`);
}

/** The folder of an owner's fragments for the http block: what its locations refer to. */
export const HTTP_FOLDER = 'http';
