import { TerraformVariable } from 'cdktf';
import { ContainerImage, Duration, Job } from '../../lib';
import { label, newStack, Synthesized } from '../support/synth';

const image = ContainerImage.fromRegistry('debian:bookworm-slim');

test('defaults', () => {
  const job = new Job(newStack(), 'Job', { image });
  expect(job).toMatchObject({ timeout: Duration.minutes(20), triggers: {} });
  expect(job.resources).toEqual([job.node.defaultChild]);
});

test('a changed trigger runs it again: it is a label, and its text is no Terraform', () => {
  const stack = newStack();
  const variable = new TerraformVariable(stack, 'v', {});
  new Job(stack, 'Job', { image, triggers: { day: 'monday', shape: '${x} %{y}', late: variable.stringValue } });
  const job = new Synthesized(stack).container('shop/Job');
  expect(label(job, 'org.cdktf-django.trigger.day')).toBe('monday');
  expect(label(job, 'org.cdktf-django.trigger.shape')).toBe('$${x} %%{y}');
  expect(label(job, 'org.cdktf-django.trigger.late')).toBe('${var.v}');
});

test.each(['Day', 'a b', '1', ''])('a trigger named %j is refused', (name) => {
  expect(() => new Job(newStack(), 'Job', { image, triggers: { [name]: '1' } })).toThrow(
    /^shop\/Job: the name of a trigger must be made of lower-case letters, digits and dashes, got "/,
  );
});
