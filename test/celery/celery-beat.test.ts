import { ContainerImage, DjangoService, ProductionReadiness, RedisCache } from '../../lib';
import { Aspects, App, TerraformStack } from 'cdktf';
import { findings } from '../support/readiness';
import { violations } from '../support/graph';
import { Arguments, newStack, Synthesized } from '../support/synth';

const image = ContainerImage.fromRegistry('localhost/shop:1');
const newShop = (stack: TerraformStack = newStack()) =>
  new DjangoService(stack, 'Shop', { image, project: 'shop', replicas: 1, broker: new RedisCache(stack, 'Redis') });

test('is one that stands by until the one before has ended, and keeps its schedule in a volume', () => {
  const shop = newShop();
  const beat = shop.addBeat();
  expect(beat.node.path).toBe('shop/Shop/Beat');
  const synth = new Synthesized(shop.node.scope as TerraformStack);
  const found = synth.container('shop/Shop/Beat/Process');
  expect(found.command).toEqual([
    ...['--', 'python', '/run/cdktf-celery/celery_process.py', '--app', 'shop', '--lock', '/var/lib/cdktf-django/beat/lock', '--', 'beat'],
    ...['--loglevel=INFO', '--pidfile=', '--schedule=/var/lib/cdktf-django/beat/schedule'],
  ]);
  expect(found).toMatchObject({ memory: 256, destroy_grace_seconds: 30, wait: true, lifecycle: { create_before_destroy: true } });
  expect(found.healthcheck.test.slice(4)).toEqual([
    ...['--last', '9', '--heartbeat', '90', '--end-after', '60', '--broker', 'shop-redis-server:6379'],
  ]);
  expect(found.mounts.find((mount: Arguments) => mount.target === '/var/lib/cdktf-django/beat')).toMatchObject({ read_only: false });
  expect(violations(synth)).toEqual([]);
});

test('may have another scheduler, and no second one beside it', () => {
  const shop = newShop();
  const beat = shop.addBeat('Clock', { scheduler: 'django_celery_beat.schedulers:DatabaseScheduler' });
  expect(beat.service.command).toContain('--scheduler=django_celery_beat.schedulers:DatabaseScheduler');
  expect(() => shop.addBeat()).toThrow('shop/Shop: has a beat already, Clock: two would send everything twice');
  expect(() => newShop().addBeat('Beat', { scheduler: 'a b' })).toThrow(
    'shop/Shop/Beat: scheduler must be a class such as "django_celery_beat.schedulers:DatabaseScheduler", got "a b"',
  );
});

test('its schedule is nothing that a rule would have retained', () => {
  const app = new App();
  const stack = new TerraformStack(app, 'shop');
  newShop(stack).addBeat();
  Aspects.of(app).add(new ProductionReadiness());
  expect(findings(app).filter(({ rule }) => rule === 'DataNotRetained')).toEqual([]);
});
