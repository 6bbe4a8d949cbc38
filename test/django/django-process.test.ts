import { ContainerImage, DjangoProcessOptions, DjangoService, Duration, PostgresDb, Size } from '../../lib';
import { violations } from '../support/graph';
import { Arguments, label, newStack, Synthesized } from '../support/synth';

const image = ContainerImage.fromRegistry('localhost/shop:1');

function newShop(maxConnections?: number): DjangoService {
  const stack = newStack();
  return new DjangoService(stack, 'Shop', { image, project: 'shop', replicas: 1, database: new PostgresDb(stack, 'Db', { maxConnections }) });
}

function made(options: Partial<DjangoProcessOptions> = {}): Synthesized {
  const shop = newShop();
  shop.addProcess('Tasks', { command: ['python', '-m', 'django', 'db_worker'], ...options });
  return new Synthesized(shop.node.scope as ReturnType<typeof newStack>);
}

const processes = (synth: Synthesized) =>
  Object.values(synth.all('docker_container')).filter((one) => label(one, 'org.cdktf-django.path') === 'shop/Shop/Tasks/Process');
const waits = (container: Arguments) =>
  container.depends_on.map((address: string) => /^docker_container\.(.+)_[0-9A-F]{8}$/.exec(address)?.[1]).filter(Boolean);
const problemOf = (options: object): string => {
  try {
    newShop().addProcess('Tasks', { command: ['run'], ...options });
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
};

test('is started by the launcher, with what the web servers have', () => {
  const synth = made();
  const [process] = processes(synth);
  const server = synth.container('shop/Shop/App/Server');
  expect(process).toMatchObject({
    user: '10001:10001',
    entrypoint: ['python', '/run/cdktf-django/launch.py'],
    command: ['--', 'python', '-m', 'django', 'db_worker'],
    env: server.env,
    memory: 512,
    cpu_quota: 100000,
    read_only: true,
    stop_signal: 'SIGTERM',
    destroy_grace_seconds: 30,
    wait: true,
    lifecycle: { create_before_destroy: true, ignore_changes: ['name'] },
  });
  const targets = (container: Arguments) => container.mounts.map((mount: Arguments) => [mount.target, mount.read_only]);
  expect(targets(process)).toEqual(targets(server));
  expect(process.healthcheck.test).toEqual(['CMD', 'python', '-IS', '/run/cdktf-django/probe.py', '--last', '9', '--running', '5']);
  expect(violations(synth)).toEqual([]);
});

test('comes after the migrations and before the web servers', () => {
  const synth = made();
  expect(waits(processes(synth)[0])).toEqual(expect.arrayContaining(['Shop_App_Release', 'Shop_App_Preflight']));
  expect(waits(synth.container('shop/Shop/App/Server'))).toContain('Shop_Tasks_Process');
});

test('is what was asked for', () => {
  const found = processes(
    made({
      replicas: 3,
      cpus: 0.5,
      memory: Size.mebibytes(128),
      stopSignal: 'SIGINT',
      stopGracePeriod: Duration.minutes(5),
      heartbeat: Duration.seconds(20),
    }),
  );
  expect(found).toHaveLength(3);
  expect(found[0]).toMatchObject({ cpu_quota: 50000, memory: 128, stop_signal: 'SIGINT', destroy_grace_seconds: 300 });
  expect(found[0].healthcheck.test.slice(4)).toEqual(['--last', '9', '--heartbeat', '20', '--end-after', '60']);
});

test('its connections to the database are counted, those of a release too', () => {
  const shop = newShop(20);
  shop.addProcess('Tasks', { command: ['run'], replicas: 2, databaseConnections: 7 });
  expect(() => new Synthesized(shop.node.scope as ReturnType<typeof newStack>)).toThrow(
    /  28  shop\/Shop\/Tasks\/Process: 2 x 7, and as many during a release/,
  );
});

test.each<[object, RegExp]>([
  [{ command: [] }, /^shop\/Shop\/Tasks: command must be a program and its arguments, .* got "\[\]"$/],
  [{ command: ['run', ''] }, /^shop\/Shop\/Tasks: command must be .*without empty texts/],
  [{ command: 'run' }, /^shop\/Shop\/Tasks: command must be a program and its arguments/],
  [{ command: ['run', '--password', 'hunter2hunter2'] }, /^shop\/Shop\/Tasks: argument 2 of command gives the value of --password/],
  [{ replicas: 0 }, /^shop\/Shop\/Tasks: replicas must be an integer from 1 to 1000, got 0$/],
  [{ databaseConnections: 0 }, /^shop\/Shop\/Tasks: databaseConnections must be an integer from 1 to 10000, got 0$/],
  [{ stopGracePeriod: Duration.millis(1500) }, /^shop\/Shop\/Tasks: stopGracePeriod must be in whole seconds, from 1s to 21600s, got 1500ms$/],
  [{ heartbeat: Duration.seconds(4) }, /^shop\/Shop\/Tasks: heartbeat must be in whole seconds, from 5s to 86400s, got 4s$/],
])('refuses %j', (options, message) => {
  expect(problemOf(options)).toMatch(message);
});
