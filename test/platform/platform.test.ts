import { App, Testing } from 'cdktf';
import { Construct } from 'constructs';
import { ContainerImage, DockerEngine, Job, Network, Platform, Secret, SecretFile, Volume } from '../../lib';
import { platformOf } from '../../lib/platform/platform-of';
import { newStack, Synthesized } from '../support/synth';

test('the nearest platform above a construct is the one that it runs on', () => {
  const stack = newStack('shop', { namespace: 'outer' });
  const area = new Construct(stack, 'Area');
  Platform.use(area, new DockerEngine({ namespace: 'inner' }));
  expect(new Volume(area, 'Data').volumeName).toBe('inner-area-data');
  expect(new Volume(stack, 'Data').volumeName).toBe('outer-data');
});

test('one platform may be set for a whole app', () => {
  const app: App = Testing.app();
  Platform.use(app, new DockerEngine({ namespace: 'all' }));
  expect(platformOf(new Construct(app, 'x'))).toBe(platformOf(app));
});

test('without a choice, it is one plain engine for each stack', () => {
  const stack = newStack('Shop');
  expect(platformOf(new Construct(stack, 'A'))).toBe(platformOf(new Construct(stack, 'B')));
  expect(new Volume(stack, 'Data').volumeName).toBe('shop-data');
  expect(platformOf(newStack('Other'))).not.toBe(platformOf(stack));
});

test('a platform is set once', () => {
  const stack = newStack('shop', {});
  expect(() => Platform.use(stack, new DockerEngine())).toThrow(
    /^shop: a platform is set here already; set it once, before the first construct that runs on it$/,
  );
});

test('a platform that comes after the first workload is refused, wherever above it', () => {
  const stack = newStack();
  const area = new Construct(stack, 'Area');
  new Network(area, 'Net');
  const late =
    /: a platform must be set before the first construct that runs on it, but shop\/Area\/Net is already built; move Platform.use\(\) to the top of the stack$/;
  expect(() => Platform.use(area, new DockerEngine())).toThrow(late);
  expect(() => Platform.use(stack, new DockerEngine())).toThrow(
    /^shop: a platform is set here already; set it once, before the first construct that runs on it$/,
  );
});

test('a secret of one platform and its consumer on another is refused', () => {
  const image = ContainerImage.fromRegistry('redis:8');
  const stack = newStack();
  const area = new Construct(stack, 'Area');
  Platform.use(area, new DockerEngine({ namespace: 'other' }));
  const job = new Job(stack, 'Job', { image });
  job.addSecret(new SecretFile(area, 'Key', { secret: Secret.generated(), secretName: 'key', image }));
  expect(() => new Synthesized(stack)).toThrow(
    /^shop\/Job: secret shop\/Area\/Key is on another platform than its consumer; declare both under the same one$/,
  );
});
