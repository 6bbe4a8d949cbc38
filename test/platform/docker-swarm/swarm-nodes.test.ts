import { SwarmNodes } from '../../../lib';

test('nodes are told by what the scheduler knows of them', () => {
  expect(SwarmNodes.all()._constraints).toEqual([]);
  expect(SwarmNodes.named('node1.example.com')._constraints).toEqual(['node.hostname == node1.example.com']);
  expect(SwarmNodes.labelled('edge', 'true')._constraints).toEqual(['node.labels.edge == true']);
});

test('what would be another constraint is refused', () => {
  expect(() => SwarmNodes.named('a || b')).toThrow('SwarmNodes.named: must be the host name of a node, as "docker node ls" shows it, got "a || b"');
  for (const [name, value] of [
    ['a b', 'x'],
    ['a', ''],
    ['a', 'x!=y'],
  ])
    expect(() => SwarmNodes.labelled(name, value)).toThrow(
      'SwarmNodes.labelled: name and value must be made of letters, digits, "_", "." and "-", got',
    );
});
