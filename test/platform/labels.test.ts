import { Construct } from 'constructs';
import { labelBlocks, labelName, ownerLabels } from '../../lib/platform/labels';
import { newStack } from '../support/synth';

test('an owner is a namespace and a path, whatever is in it', () => {
  expect(ownerLabels(new Construct(newStack(), 'A${b}'), 'prod')).toEqual({
    'org.cdktf-django.namespace': 'prod',
    'org.cdktf-django.path': 'shop/A$${b}',
  });
});

test('blocks are sorted', () => {
  expect(labelBlocks({ [labelName('b')]: '1', [labelName('a')]: '2' })).toEqual([
    { label: 'org.cdktf-django.a', value: '2' },
    { label: 'org.cdktf-django.b', value: '1' },
  ]);
});
