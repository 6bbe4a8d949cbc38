import { App, Lazy, TerraformStack } from 'cdktf';
import fc from 'fast-check';
import { BlockList, isIPv4 } from 'node:net';
import { checkedNetworks, checkedSomeNetworks } from '../../lib/core/networks';

const scope = new TerraformStack(new App(), 'shop');
const check = (...networks: string[]) => checkedNetworks(scope, 'networks', networks);

test.each([
  '192.0.2.7',
  '10.0.0.0/8',
  '0.0.0.0/0',
  '192.0.2.7/32',
  '::',
  '::/0',
  '2001:db8::/32',
  '2001:DB8::1',
  '2001:db8:0:1::/64',
  '::ffff:192.0.2.0/120',
  '2001:db8:1:2:3:4:5:6',
])('%s', (network) => {
  expect(check(network)).toEqual([network]);
});

test.each([
  '',
  'localhost',
  '10.0.0.0/33',
  '10.0.0.0/-1',
  '10.0.0.0/08',
  '10.0.0.0/',
  '10.0.0/8',
  '10.0.0.0/8/8',
  '010.0.0.0/8',
  '::/129',
  ':::',
  'fe80::1%eth0',
  '[::1]',
  '10.0.0.1;deny all',
  '10.0.0.0 /8',
  'all',
])('no network: %j', (network) => {
  expect(() => check(network)).toThrow(
    `shop: networks must have addresses and networks such as "192.0.2.7", "10.0.0.0/8", "2001:db8::/32", got ${JSON.stringify(network)}`,
  );
});

test.each([
  ['10.1.2.3/8', '10.0.0.0/8', '10.1.2.3'],
  ['192.0.2.255/25', '192.0.2.128/25', '192.0.2.255'],
  ['2001:db8::1/32', '2001:db8::/32', '2001:db8::1'],
  ['fe80:1:2:3:4:5:6:7/9', 'fe80::/9', 'fe80:1:2:3:4:5:6:7'],
  ['::ffff:192.0.2.1/120', '0:0:0:0:0:ffff:c000:200/120', '::ffff:192.0.2.1'],
  ['::1/0', '::/0', '::1'],
])('%s is no network', (network, meant, address) => {
  expect(() => check(network)).toThrow(
    `shop: networks has "${network}", whose address is not the first one of its network: write ${meant}, or ${address} alone`,
  );
  expect(check(meant)).toEqual([meant]);
});

test('a network is there once, and a token is left to Terraform', () => {
  expect(() => check('10.0.0.0/8', '::1', '10.0.0.0/8')).toThrow('shop: networks names "10.0.0.0/8" twice');
  const token = Lazy.stringValue({ produce: () => 'x' });
  expect(check(token)).toEqual([token]);
});

test('some are not all', () => {
  const some = (network: string) => checkedSomeNetworks(scope, 'trusted', [network], 'anybody could');
  expect(() => some('0.0.0.0/0')).toThrow('shop: trusted must not have "0.0.0.0/0", which is everybody: anybody could');
  expect(() => some('::/0')).toThrow('which is everybody');
  expect(some('128.0.0.0/1')).toEqual(['128.0.0.0/1']);
});

test('the network of any address is the one that the message names, by the account of Node.js', () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(address, fc.nat(128), (one, bits) => {
      const [family, length] = isIPv4(one) ? (['ipv4', bits % 33] as const) : (['ipv6', bits] as const);
      let meant = `${one}/${length}`;
      try {
        check(meant);
      } catch (error) {
        meant = /write (\S+), or/.exec((error as Error).message)![1];
        check(meant);
      }
      const list = new BlockList();
      list.addSubnet(meant.split('/')[0], length, family);
      expect(list.check(one, family)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
