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

test('internal is off unless said', () => {
  expect(new Network(newStack(), 'A').internal).toBe(false);
  expect(new Network(newStack(), 'A', { internal: true }).internal).toBe(true);
});
