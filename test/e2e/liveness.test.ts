import { join } from 'node:path';
import { ContainerImage, Duration, GunicornApp, NginxProxy } from '../../lib';
import { Deployment, stack } from './support/deployment';
import { engine } from './support/docker';
import { ask, eventually } from './support/http';
import { freePort } from './support/port';

// Servers that hang: alive for the engine, and dead for everybody else. They are ended by their own probe, and the engine starts them again.
const deployment = new Deployment('liveness');
const TIMEOUT = 5;
const END_AFTER = 10;
let port: number;

beforeAll(async () => {
  port = await freePort();
  deployment.deploy(
    stack((made) => {
      const app = new GunicornApp(made, 'Hello', {
        image: ContainerImage.fromPythonProject(join(__dirname, '..', '..', 'examples', 'hello')),
        module: 'app:app',
        workers: 2,
        timeout: Duration.seconds(TIMEOUT),
        health: { endAfter: Duration.seconds(END_AFTER) },
      });
      new NginxProxy(made, 'Proxy', { address: '127.0.0.1', httpPort: port }).addRoute({ host: 'hello.localhost', target: app });
    }),
  );
});

afterAll(() => deployment.clean());

const inspect = (container: string, format: string) => engine('inspect', container, '--format', format);
const life = (container: string) => inspect(container, '{{.State.StartedAt}} {{.RestartCount}}');
const health = (container: string) => inspect(container, '{{.State.Health.Status}}');

/** The ids of a container's Gunicorn processes, as the container has them: arbiter and workers. */
function gunicorns(container: string): string[] {
  const program = `
import os
for pid in filter(str.isdigit, os.listdir('/proc')):
    try:
        command = open('/proc/%s/cmdline' % pid).read().split(chr(0))
    except OSError:
        continue
    if command[1:3] == ['-m', 'gunicorn']:
        print(pid)`;
  return deployment.exec(container, 'python', '-c', program).split('\n');
}

test('a server whose processes all hang is ended and comes back by itself; its neighbour is left alone', async () => {
  const [hanging, other] = deployment.containers('Hello/Server');
  const before = { hanging: life(hanging), other: life(other) };
  const stopped = gunicorns(hanging);
  expect(stopped).toHaveLength(3);
  const program = `import os, signal, sys\nfor pid in sys.argv[1:]: os.kill(int(pid), signal.SIGSTOP)`;
  deployment.exec(hanging, 'python', '-c', program, ...stopped);
  const since = Date.now();

  await eventually(() => expect(health(hanging)).toBe('unhealthy'), TIMEOUT + 45);
  expect(life(hanging)).toBe(before.hanging);
  await eventually(() => expect(life(hanging)).not.toBe(before.hanging), 90);
  const seconds = (Date.now() - since) / 1000;
  // Not before: the heartbeat's age (timeout + 15 s), the limit, and 30 s in which SIGTERM might have done.
  expect(seconds).toBeGreaterThan(TIMEOUT + 15 + END_AFTER + 30 - 5);
  expect(seconds).toBeLessThan(110);
  await eventually(() => expect(health(hanging)).toBe('healthy'), 30);
  await eventually(async () => {
    for (let count = 0; count < 8; count++) expect((await ask({ port, host: 'hello.localhost', path: '/whoami' })).status).toBe(200);
  }, 10);
  expect({ other: life(other), health: health(other) }).toEqual({ other: before.other, health: 'healthy' });
  expect(deployment.plan()).toEqual([]);
});

test('one hanging worker is replaced by Gunicorn, and no container is ended', async () => {
  const [one] = deployment.containers('Hello/Server');
  const before = life(one);
  const [arbiter, worker] = gunicorns(one).sort((a, b) => Number(a) - Number(b));
  deployment.exec(one, 'python', '-c', `import os, signal; os.kill(${worker}, signal.SIGSTOP)`);
  await eventually(() => expect(gunicorns(one)).not.toContain(worker), TIMEOUT + 20);
  await eventually(() => expect(gunicorns(one)).toHaveLength(3), 20);
  expect(gunicorns(one)).toContain(arbiter);
  expect({ life: life(one), health: health(one) }).toEqual({ life: before, health: 'healthy' });
});
