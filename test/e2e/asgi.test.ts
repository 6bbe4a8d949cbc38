import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerImage, DjangoService, Duration, NginxProxy, PostgresDb, RemovalPolicy, Size } from '../../lib';
import { asgiEcho } from './support/asgi-echo';
import { Build, Deployment, stack } from './support/deployment';
import { logs } from './support/docker';
import { Answer, ask } from './support/http';
import { freePort } from './support/port';
import { WebSocketClient } from './support/websocket';

// What is open when a release comes: a WebSocket, and requests that take long, on ASGI and on WSGI servers. They have the graceful timeout.
const GRACEFUL_SECONDS = 20;
const SLOW_SECONDS = 12;
const deployment = new Deployment('asgi');
const folder = mkdtempSync(join(tmpdir(), 'cdktf-django-asgi-'));
const project = join(folder, 'shop');
let port: number;
let applying: Promise<unknown> = Promise.resolve();

const SLOW = `
import os
import time
from django.http import JsonResponse
from django.db import connection

def slow(request):
    time.sleep(${SLOW_SECONDS})
    with connection.cursor() as cursor:
        cursor.execute('SELECT 7')
        return JsonResponse({'greeting': os.environ['GREETING'], 'seven': cursor.fetchone()[0], 'scheme': request.scheme,
                             'client': request.headers['X-Forwarded-For'], 'path': request.path})

def who(request):
    return JsonResponse({'greeting': os.environ['GREETING'], 'kept': connection.settings_dict['CONN_MAX_AGE']})

urlpatterns = [path('slow/', slow), path('who/', who), *urlpatterns]
`;

function build(greeting: string): Build {
  return stack((made) => {
    const db = new PostgresDb(made, 'Db', { removalPolicy: RemovalPolicy.DESTROY, memory: Size.mebibytes(256) });
    const proxy = new NginxProxy(made, 'Proxy', { address: '127.0.0.1', httpPort: port });
    const common = {
      image: ContainerImage.fromDjangoProject(project),
      project: 'shop',
      database: db,
      removalPolicy: RemovalPolicy.DESTROY,
      replicas: 1,
      workers: 2,
      timeout: Duration.seconds(15),
      gracefulTimeout: Duration.seconds(GRACEFUL_SECONDS),
      environment: { GREETING: greeting },
    };
    proxy.addRoute({ host: 'asgi.localhost', path: '/live/', target: new DjangoService(made, 'Asgi', { ...common, asgi: true }) });
    proxy.addRoute({ host: 'wsgi.localhost', target: new DjangoService(made, 'Wsgi', common) });
  });
}

beforeAll(async () => {
  port = await freePort();
  cpSync(join(__dirname, '..', '..', 'examples', 'shop'), project, { recursive: true });
  appendFileSync(join(project, 'shop', 'asgi.py'), asgiEcho('root_path'));
  appendFileSync(join(project, 'shop', 'urls.py'), SLOW);
  writeFileSync(join(project, 'requirements.txt'), 'Django==5.2.19\n');
  deployment.deploy(build('first'));
});

afterAll(async () => {
  await applying;
  rmSync(folder, { recursive: true, force: true });
  deployment.clean();
});

const asgi = (path: string) => ask({ port, host: 'asgi.localhost', path: `/live${path}` });
const wsgi = (path: string) => ask({ port, host: 'wsgi.localhost', path });
const json = (answer: Answer): Record<string, unknown> => ({
  status: answer.status,
  ...(answer.status === 200 ? (JSON.parse(answer.body) as object) : {}),
});
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('an ASGI server serves the pages, below a path, and keeps no connection to the database', async () => {
  const page = await asgi('/');
  expect({ status: page.status, title: page.body.includes('The corner shop') }).toEqual({ status: 200, title: true });
  expect(json(await asgi('/who/'))).toEqual({ status: 200, greeting: 'first', kept: 0 });
  expect(json(await wsgi('/who/'))).toEqual({ status: 200, greeting: 'first', kept: 60 });
});

test('a WebSocket and long requests outlive a release', async () => {
  const staying = await WebSocketClient.open(port, 'asgi.localhost', '/live/echo');
  const leaving = await WebSocketClient.open(port, 'asgi.localhost', '/live/echo');
  expect(await staying.say('hello')).toBe('/live first hello');

  let released = false;
  deployment.synth(build('second'));
  const applied = deployment.applyMeanwhile().finally(() => (released = true));
  applying = applied;

  // Long requests all through the release: some of them are with an old server when it gets its signal.
  const answers: Record<string, unknown>[] = [];
  const asked: Promise<unknown>[] = [];
  const asking = (async () => {
    while (!released) {
      for (const one of [asgi, wsgi]) {
        const answered = one('/slow/').then(json, (error: Error) => ({ status: error.message }));
        asked.push(answered.then((answer) => answers.push(answer)));
      }
      // Not more at a time than the WSGI server has threads for.
      await pause((SLOW_SECONDS * 1000) / 6);
    }
  })();

  // The cut-over: for a moment old and new servers take turns; then new requests are with the new one, and what is open is still with the old one.
  const cutOver = async () => {
    const greetings = [];
    for (let count = 0; count < 8; count++) greetings.push(json(await asgi('/who/')).greeting);
    return greetings.every((greeting) => greeting === 'second');
  };
  while (!(await cutOver())) {
    expect(released).toBe(false);
    expect(await staying.say('before')).toBe('/live first before');
    await pause(200);
  }
  const since = Date.now();
  const fresh = await WebSocketClient.open(port, 'asgi.localhost', '/live/echo');
  expect(await fresh.say('hello')).toBe('/live second hello');
  expect(await leaving.say('bye')).toBe('/live first bye');
  leaving.hangUp();
  // Until well into the time that the old server has; its signal comes a moment after the cut-over.
  let exchanged = 0;
  while (Date.now() - since < (GRACEFUL_SECONDS - 6) * 1000) {
    expect(await staying.say(String(exchanged))).toBe(`/live first ${exchanged}`);
    exchanged++;
    await pause(200);
  }
  expect(exchanged).toBeGreaterThan(20);

  const closed = await staying.untilClosed();
  expect(closed.code).toBe(1012);
  expect((closed.at - since) / 1000).toBeGreaterThan(GRACEFUL_SECONDS - 4);
  expect((closed.at - since) / 1000).toBeLessThan(GRACEFUL_SECONDS + 10);

  const { ok, output } = await applied;
  expect({ ok, output: ok ? '' : output }).toEqual({ ok: true, output: '' });
  await asking;
  await Promise.all(asked);
  expect(answers.filter((answer) => answer.status !== 200 || answer.seven !== 7)).toEqual([]);
  for (const path of ['/live/slow/', '/slow/']) {
    const greetings = answers.filter((answer) => answer.path === path).map((answer) => answer.greeting);
    expect(new Set(greetings)).toEqual(new Set(['first', 'second']));
    // Those who were asked in the last seconds before the cut-over, and before.
    expect(greetings.filter((greeting) => greeting === 'first').length).toBeGreaterThan(5);
  }
  expect(await fresh.say('still there')).toBe('/live second still there');
  fresh.hangUp();
});

test('nothing of it is an error to the new server, and a plan is empty', () => {
  const [server] = deployment.containers('Asgi/App/Server');
  expect(logs({}, server)).not.toMatch(/Traceback|\[ERROR\]|\[CRITICAL\]/);
  expect(deployment.plan()).toEqual([]);
});
