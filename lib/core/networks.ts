import { Token } from 'cdktf';
import { IConstruct } from 'constructs';
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { reject, shown } from './errors';

const ALLOWED = 'addresses and networks such as "192.0.2.7", "10.0.0.0/8", "2001:db8::/32"';

/** Addresses and networks as nginx reads them, or an error. Tokens pass, one for each entry. */
export function checkedNetworks(scope: IConstruct, prop: string, networks: readonly string[]): string[] {
  if (!Array.isArray(networks)) reject(scope, `${prop} must be a list of ${ALLOWED}, got ${shown(networks)}`);
  for (const network of networks) if (!Token.isUnresolved(network)) check(scope, prop, network);
  const twice = networks.find((network, index) => networks.indexOf(network) !== index);
  // nginx takes the last one where it counts, and warns.
  if (twice !== undefined) reject(scope, `${prop} names ${shown(twice)} twice`);
  return [...networks];
}

/** The same, but none of them may be everybody. */
export function checkedSomeNetworks(scope: IConstruct, prop: string, networks: readonly string[], why: string): string[] {
  const everybody = networks.find((network) => typeof network === 'string' && /\/0+$/.test(network));
  if (everybody !== undefined) reject(scope, `${prop} must not have ${shown(everybody)}, which is everybody: ${why}`);
  return checkedNetworks(scope, prop, networks);
}

function check(scope: IConstruct, prop: string, network: string): void {
  const refuse: () => never = () => reject(scope, `${prop} must have ${ALLOWED}, got ${shown(network)}`);
  if (typeof network !== 'string') refuse();
  const [address, length, ...rest] = network.split('/');
  // A zone, as in fe80::1%eth0, is one machine's own name for an interface.
  if (isIP(address) === 0 || address.includes('%') || rest.length > 0) refuse();
  if (length === undefined) return;
  const bits = isIPv4(address) ? 32 : 128;
  if (!/^(?:0|[1-9]\d{0,2})$/.test(length) || Number(length) > bits) refuse();
  const hostBits = BigInt(bits - Number(length));
  const value = numberOf(address);
  const first = (value >> hostBits) << hostBits;
  if (first !== value) {
    reject(
      scope,
      `${prop} has ${shown(network)}, whose address is not the first one of its network: write ${textOf(first, bits)}/${length}, or ${address} alone`,
    );
  }
}

/** An address as a number of 32 or 128 bits. */
function numberOf(address: string): bigint {
  if (isIPv4(address))
    return BigInt(
      `0x${address
        .split('.')
        .map((part) => Number(part).toString(16).padStart(2, '0'))
        .join('')}`,
    );
  return groupsOf(address).reduce((sum, group) => (sum << 16n) + BigInt(group), 0n);
}

/** The eight groups of an IPv6 address, in whichever of its spellings. */
function groupsOf(address: string): number[] {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  const ending = dotted ? numberOf(dotted[2]) : 0n;
  const plain = dotted ? `${dotted[1]}${(ending >> 16n).toString(16)}:${(ending & 0xffffn).toString(16)}` : address;
  const [left, right] = plain.split('::').map((side) => (side === '' ? [] : side.split(':').map((group) => parseInt(group, 16))));
  return right === undefined ? left : [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
}

/** The text of an address: a.b.c.d, or hexadecimal groups with the last run of zeros left out. */
function textOf(value: bigint, bits: number): string {
  const width = bits === 32 ? 8n : 16n;
  const parts: string[] = [];
  for (let shift = BigInt(bits) - width; shift >= 0n; shift -= width)
    parts.push(((value >> shift) & ((1n << width) - 1n)).toString(bits === 32 ? 10 : 16));
  if (bits === 32) return parts.join('.');
  const text = parts.join(':').replace(/(?:^|:)0(?::0)+$/, '::');
  return isIPv6(text) ? text : parts.join(':');
}
