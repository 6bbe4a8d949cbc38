import { join } from 'node:path';
import { ContainerImage, DjangoService, NginxProxy, PostgresDb, RemovalPolicy, Size } from '../../lib';
import { Deployment, stack } from './support/deployment';
import { engine } from './support/docker';
import { ask } from './support/http';
import { freePort } from './support/port';

// The database is away for a while. Long enough that every probe has failed or not many times over; OUTAGE_SECONDS=120 is the same test for two minutes.
const OUTAGE_SECONDS = Number(process.env.OUTAGE_SECONDS ?? 40);
const RECOVERY_SECONDS = 10;
const deployment = new Deployment('outage');
const project = join(__dirname, '..', '..', 'examples', 'shop');
let port: number;

beforeAll(async () => {
  port = await freePort();
  deployment.deploy(
    stack((made) => {
      const database = new PostgresDb(made, 'Db', { removalPolicy: RemovalPolicy.DESTROY, memory: Size.mebibytes(256) });
      const common = {
        image: ContainerImage.fromDjangoProject(project),
        project: 'shop',
        database,
        workers: 2,
        removalPolicy: RemovalPolicy.DESTROY,
      };
      const proxy = new NginxProxy(made, 'Proxy', { address: '127.0.0.1', httpPort: port });
      proxy.addRoute({ host: 'wsgi.localhost', target: new DjangoService(made, 'Wsgi', common) });
      proxy.addRoute({ host: 'asgi.localhost', target: new DjangoService(made, 'Asgi', { ...common, asgi: true, replicas: 1 }) });
    }),
  );
});

afterAll(() => {
  deployment.clean();
});

/** One answer, when and how. */
interface Seen {
  readonly host: string;
  readonly path: string;
  readonly status: number | string;
  readonly asked: number;
  readonly milliseconds: number;
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Asks each page again and again, one request at a time, until it is told to end. */
function poll(until: () => boolean): { seen: Seen[]; ended: Promise<unknown> } {
  const seen: Seen[] = [];
  const asking = ['wsgi.localhost', 'asgi.localhost'].flatMap((host) =>
    ['/', '/whoami/'].map(async (path) => {
      while (!until()) {
        const asked = Date.now();
        const status = await ask({ port, host, path }).then(
          (answer) => answer.status,
          (error: Error) => error.message,
        );
        seen.push({ host, path, status, asked, milliseconds: Date.now() - asked });
        await pause(200);
      }
    }),
  );
  return { seen, ended: Promise.all(asking) };
}

test('pages with the database say so, pages without are served, nothing is restarted, and all is well soon after', async () => {
  const containers = ['Wsgi/App/Server', 'Wsgi/Files/Server', 'Asgi/App/Server', 'Asgi/Files/Server', 'Proxy/Server'].flatMap((path) =>
    deployment.containers(path),
  );
  expect(containers).toHaveLength(6);
  const lives = () =>
    containers.map((name) => engine('inspect', name, '--format', '{{.Name}} {{.State.StartedAt}} {{.RestartCount}} {{.State.Health.Status}}'));
  const before = lives();
  const [database] = deployment.containers('Db/Server');

  let over = false;
  const { seen, ended } = poll(() => over);
  await pause(2000);
  const stopping = Date.now();
  engine('stop', database);
  const away = Date.now();
  await pause(OUTAGE_SECONDS * 1000);
  expect(lives()).toEqual(before);
  engine('start', database);
  const back = Date.now();
  await pause((RECOVERY_SECONDS + 5) * 1000);
  over = true;
  await ended;

  const statuses = (chosen: Seen[]) => [...new Set(chosen.map((one) => one.status))];
  const during = (path: string) => seen.filter((one) => one.path === path && one.asked > away && one.asked + one.milliseconds < back);
  expect(statuses(seen.filter((one) => one.asked + one.milliseconds < stopping))).toEqual([200]);
  expect(statuses(during('/'))).toEqual([500]);
  for (const host of ['wsgi.localhost', 'asgi.localhost']) expect(during('/').filter((one) => one.host === host).length).toBeGreaterThan(2);

  const plain = seen.filter((one) => one.path === '/whoami/');
  expect(statuses(plain)).toEqual([200]);
  expect(plain.length).toBeGreaterThan(OUTAGE_SECONDS * 4);
  expect(Math.max(...plain.map((one) => one.milliseconds))).toBeLessThan(2000);

  const after = seen.filter((one) => one.asked > back + RECOVERY_SECONDS * 1000);
  expect(new Set(after.map((one) => one.host + one.path)).size).toBe(4);
  expect(statuses(after)).toEqual([200]);
  expect(lives()).toEqual(before);
  expect(deployment.plan()).toEqual([]);
});
