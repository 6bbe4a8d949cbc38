import { objectsOf } from '../../lib/cli/engine-objects';

const Labels = { 'org.cdktf-django.namespace': 'shop', 'org.cdktf-django.path': 'shop/Web/Server' };

test('what a Swarm has put on the engine is none of ours to remove', () => {
  const own = { Id: 'own', Name: '/shop-web', Config: { Labels } };
  const task = { Id: 'task', Name: '/shop-web.1.abc', Config: { Labels: { ...Labels, 'com.docker.swarm.task.id': 'abc' } } };
  expect(objectsOf('container', [own, task]).map(({ id }) => id)).toEqual(['own']);
  const networks = [
    { Id: 'bridge', Name: 'shop-edge', Scope: 'local', Labels },
    { Id: 'overlay', Name: 'shop-edge', Scope: 'swarm', Labels },
  ];
  expect(objectsOf('network', networks).map(({ id }) => id)).toEqual(['bridge']);
});
