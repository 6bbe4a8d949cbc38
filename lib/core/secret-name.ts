import { IConstruct } from 'constructs';
import { kebab, shortHash } from './text';

/** A name that no other secret of a client has: a client may have several databases, in several scopes. */
export function secretName(scope: IConstruct, word: string): string {
  const name = kebab(scope.node.path.split('/').slice(1).join('/')) || 'db';
  const full = `${name}-${word}`;
  return full.length <= 42 ? full : `${name.slice(0, 42 - word.length - 8)}-${shortHash(scope.node.path, 6)}-${word}`;
}
