import { IConstruct } from 'constructs';
import { reject, requireInteger, shown } from '../core/errors';
import { Secret, SecretKind } from '../workload/secret';

/** What says which keys a Django project has. */
export interface SecretKeyProps {
  readonly secretKey?: Secret;
  readonly secretKeyVersion?: number;
  readonly secretKeyFallbacks?: number[];
  readonly fallbackSecretKeys?: Secret[];
}

/** A key, and the id of the construct that keeps it: the same for a version, whether it signs or only reads. */
export interface SecretKey {
  readonly id: string;
  readonly secret: Secret;
}

/** The key that signs, and after it those that are good for reading. */
export function secretKeysOf(scope: IConstruct, props: SecretKeyProps): SecretKey[] {
  const key = props.secretKey ?? Secret.generated();
  return key._kind === SecretKind.GENERATED ? generatedKeys(scope, key, props) : givenKeys(scope, key, props);
}

function generatedKeys(scope: IConstruct, key: Secret, props: SecretKeyProps): SecretKey[] {
  if (props.fallbackSecretKeys !== undefined) {
    reject(scope, 'fallbackSecretKeys are for a secretKey from a file or a variable; name versions of a generated key in secretKeyFallbacks');
  }
  const version = props.secretKeyVersion ?? 1;
  const fallbacks = props.secretKeyFallbacks ?? (version > 1 ? [version - 1] : []);
  requireInteger(scope, 'secretKeyVersion', version, { min: 1, max: 999999 });
  for (const fallback of fallbacks) requireInteger(scope, 'a version of secretKeyFallbacks', fallback, { min: 1, max: 999999 });
  const versions = [version, ...fallbacks];
  const twice = versions.find((one, index) => versions.indexOf(one) !== index);
  if (twice !== undefined)
    reject(scope, `secretKeyFallbacks must name other versions than ${version}, each once, got ${shown(fallbacks.join(', '))}`);
  return versions.map((one) => ({ id: one === 1 ? 'SecretKey' : `SecretKeyV${one}`, secret: key }));
}

function givenKeys(scope: IConstruct, key: Secret, props: SecretKeyProps): SecretKey[] {
  for (const [name, value] of Object.entries({ secretKeyVersion: props.secretKeyVersion, secretKeyFallbacks: props.secretKeyFallbacks })) {
    if (value === undefined) continue;
    reject(scope, `${name} is for a generated secretKey; name another file or variable in secretKey, and the one before in fallbackSecretKeys`);
  }
  const fallbacks = props.fallbackSecretKeys ?? [];
  if (fallbacks.some((one) => one._kind === SecretKind.GENERATED)) {
    reject(
      scope,
      'fallbackSecretKeys must be Secret.fromFile() or Secret.fromVariable(), got Secret.generated(), with which nothing was ever signed',
    );
  }
  return [{ id: 'SecretKey', secret: key }, ...fallbacks.map((secret, index) => ({ id: `SecretKeyFallback${index + 1}`, secret }))];
}
