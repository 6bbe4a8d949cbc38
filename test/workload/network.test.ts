import { ContainerImage, Job, Network } from '../../lib';
import { newStack, Synthesized } from '../support/synth';

const image = ContainerImage.fromRegistry('redis:8');

test('one that exists is not managed', () => {
  const stack = newStack();
  const job = new Job(stack, 'Job', { image });
  job.joinNetwork(Network.fromNetworkName(stack, 'Company', 'company_net.1'));
  const synth = new Synthesized(stack);
  expect(synth.all('docker_network')).toEqual({});
  expect(synth.container('shop/Job').networks_advanced).toEqual([{ name: 'company_net.1' }]);
});

test.each(['', '-a', 'a b', 'a/b', '${x}'])('the name %j is refused', (name) => {
  expect(() => Network.fromNetworkName(newStack(), 'Company', name)).toThrow(
    /^shop\/Company: networkName must be a network name of the engine .*, got "/,
  );
});

test.each(['fd7c:31a0:9e5b:1::/64', 'fd7c:31a0:9e5b::/48', '2001:db8:1:100::/56'])('it may have the IPv6 network %s', (ipv6Subnet) => {
  expect(new Network(newStack(), 'A', { ipv6Subnet }).ipv6Subnet).toBe(ipv6Subnet);
});

test.each(['', '10.0.0.0/8', 'fd00::1/64', 'fd00::/47', 'fd00::/65', 'FD00::/64', 'fd00::', 'fd00:1:2:3:4::/64', '::/64'])(
  'the IPv6 network %j is refused',
  (ipv6Subnet) => {
    expect(() => new Network(newStack(), 'A', { ipv6Subnet })).toThrow(
      `shop/A: ipv6Subnet must be an IPv6 network of /48 to /64 in lower case, such as "fd7c:31a0:9e5b:1::/64", got ${JSON.stringify(ipv6Subnet)}`,
    );
  },
);

test('an IPv6 network that does not begin where it should is refused', () => {
  expect(() => new Network(newStack(), 'A', { ipv6Subnet: 'fd7c:31a0:9e5b:1::/48' })).toThrow('write fd7c:31a0:9e5b::/48');
});

test('internal is off unless said', () => {
  expect(new Network(newStack(), 'A').internal).toBe(false);
  expect(new Network(newStack(), 'A', { internal: true }).internal).toBe(true);
});
