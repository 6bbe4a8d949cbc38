import { ConfigNode, directive } from './directive';

/** In a location, before anything is allowed: who gets 403. */
export function denied(networks: readonly string[]): ConfigNode[] {
  return networks.map((network) => directive('deny', network));
}

/** In a location, after what is denied: the only ones who do not get 403. */
export function allowedOnly(networks: readonly string[]): ConfigNode[] {
  return [...networks.map((network) => directive('allow', network)), directive('deny', 'all')];
}
