import { ContainerImage, Job } from '../../lib';
import { SharedSettings } from '../../lib/gunicorn/shared-settings';
import { newStack } from '../support/synth';

test('a step is taken once for those that are there and for those that come', () => {
  const stack = newStack();
  const shared = new SharedSettings();
  const job = (id: string) => new Job(stack, id, { image: ContainerImage.fromRegistry('redis:8') });
  const [first, second] = [job('One'), job('Two')];
  shared.apply(first);
  shared.add((workload) => workload.addEnvironment('A', '1'));
  shared.apply(second);
  shared.add((workload) => workload.addEnvironment('B', '2'));
  expect([first.environment, second.environment]).toEqual([
    { A: '1', B: '2' },
    { A: '1', B: '2' },
  ]);
});
