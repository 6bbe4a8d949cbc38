import { cpSync, mkdtempSync, appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerImage, DjangoService, Duration, NginxProxy, PostgresDb, RemovalPolicy, Size } from '../../lib';
import { asgiEcho } from './support/asgi-echo';
import { Build, Deployment, stack } from './support/deployment';
import { logs } from './support/docker';
import { Answer, ask } from './support/http';
import { FOR_LOAD, moment, underLoad } from './support/load';
import { freePort } from './support/port';
import { WebSocketClient } from './support/websocket';

// Some paths of a site by ASGI, beside WSGI: pages, server-sent events, and a WebSocket, before, during and after a release.
const HOST = 'live.localhost';
const PAUSE = 300;
const deployment = new Deployment('realtime');
const folder = mkdtempSync(join(tmpdir(), 'cdktf-django-realtime-'));
const project = join(folder, 'shop');
let port: number;

const VIEWS = `
import asyncio
import os
from django.db import connection
from django.http import JsonResponse, StreamingHttpResponse

def who(request):
    return JsonResponse({'greeting': os.environ['GREETING'], 'kept': connection.settings_dict['CONN_MAX_AGE'], 'path': request.path,
                         'server': type(request).__name__})

async def events(request):
    async def parts():
        for number in range(1000):
            yield f'data: {os.environ["GREETING"]} {number}\\n\\n'
            await asyncio.sleep(${PAUSE / 1000})
    return StreamingHttpResponse(parts(), content_type='text/event-stream')

urlpatterns = [path('who/', who), path('live/who/', who), path('live/events/', events), *urlpatterns]
`;

function build(greeting: string): Build {
  return stack((made) => {
    const db = new PostgresDb(made, 'Db', { removalPolicy: RemovalPolicy.DESTROY, memory: Size.mebibytes(256) });
    const shop = new DjangoService(made, 'Shop', {
      image: ContainerImage.fromDjangoProject(project),
      project: 'shop',
      database: db,
      removalPolicy: RemovalPolicy.DESTROY,
      replicas: 1,
      workers: 1,
      environment: { GREETING: greeting },
    });
    const live = shop.addAsgi('Live', { workers: 1, timeout: Duration.seconds(10), gracefulTimeout: Duration.seconds(20) });
    const proxy = new NginxProxy(made, 'Proxy', { address: '127.0.0.1', httpPort: port, limits: FOR_LOAD });
    proxy.addRoute({ host: HOST, target: shop });
    proxy.addRoute({ host: HOST, path: '/live/', target: live });
  });
}

/** Events as a browser gets them: each part, when it came. */
class Events {
  public readonly parts: { readonly text: string; readonly at: number }[] = [];
  public ended = false;
  private readonly asked;

  constructor() {
    this.asked = request(
      { port, host: '127.0.0.1', path: '/live/events/', agent: false, headers: { Host: HOST, Accept: 'text/event-stream' } },
      (answer) => {
        answer.on('data', (part: Buffer) => this.parts.push({ text: part.toString().trim(), at: Date.now() }));
        answer.on('close', () => (this.ended = true));
        answer.on('error', () => undefined);
      },
    );
    this.asked.on('error', () => (this.ended = true));
    this.asked.end();
  }

  public async atLeast(count: number): Promise<void> {
    const deadline = Date.now() + 30_000;
    while (this.parts.length < count) {
      if (this.ended || Date.now() > deadline) throw new Error(`${this.parts.length} events of ${count}`);
      await moment(50);
    }
  }

  public hangUp(): void {
    this.asked.destroy();
  }
}

beforeAll(async () => {
  port = await freePort();
  cpSync(join(__dirname, '..', '..', 'examples', 'shop'), project, { recursive: true });
  appendFileSync(join(project, 'shop', 'asgi.py'), asgiEcho('path'));
  appendFileSync(join(project, 'shop', 'urls.py'), VIEWS);
  writeFileSync(join(project, 'requirements.txt'), 'Django==5.2.19\n');
  deployment.deploy(build('first'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  deployment.clean();
});

const get = (path: string): Promise<Answer> => ask({ port, host: HOST, path });
const who = async (path: string) => JSON.parse((await get(path)).body) as Record<string, unknown>;

test('pages are served by WSGI, and what is below the path by ASGI, which sees it whole and keeps no connection to the database', async () => {
  expect((await get('/')).body).toContain('The corner shop');
  expect(await who('/who/')).toEqual({ greeting: 'first', kept: 60, path: '/who/', server: 'WSGIRequest' });
  expect(await who('/live/who/')).toEqual({ greeting: 'first', kept: 0, path: '/live/who/', server: 'ASGIRequest' });
});

test('events arrive when they happen, and a WebSocket talks', async () => {
  const events = new Events();
  await events.atLeast(5);
  events.hangUp();
  expect(events.parts.slice(0, 5).map(({ text }) => text)).toEqual([0, 1, 2, 3, 4].map((number) => `data: first ${number}`));
  expect(events.parts[4].at - events.parts[0].at).toBeGreaterThan(3 * PAUSE);
  const socket = await WebSocketClient.open(port, HOST, '/live/echo');
  expect(await socket.say('hello')).toBe('/live/echo first hello');
  socket.hangUp();
});

test('a release loses no request of either, and what is open goes on with the old server', async () => {
  const groups = ['/who/', '/live/who/'].map((path) => ({ name: path, count: 2, every: 50, path, contains: '"greeting"' }));
  const events = new Events();
  const socket = await WebSocketClient.open(port, HOST, '/live/echo');
  await events.atLeast(2);
  deployment.synth(build('second'));
  let still = '';
  let closed: ReturnType<WebSocketClient['untilClosed']> | undefined;
  const result = await underLoad({ port, host: HOST, groups, minimum: 100 }, async () => {
    const applied = deployment.applyMeanwhile();
    while ((await who('/live/who/')).greeting !== 'second') await moment(100);
    still = await socket.say('still here');
    closed = socket.untilClosed();
    const { length } = events.parts;
    await events.atLeast(length + 4);
    const { ok, output } = await applied;
    expect({ ok, output: ok ? '' : output }).toEqual({ ok: true, output: '' });
  });
  expect(result).toMatchObject({ failed: 0, failures: [] });
  expect(still).toBe('/live/echo first still here');
  // Whatever it got came from the server that it began with.
  const numbers = events.parts.flatMap(({ text }) => text.split('\n\n')).map((text) => /^data: first (\d+)$/.exec(text)?.[1]);
  expect(numbers).toEqual(numbers.map((_number, index) => String(index)));
  expect((await closed)?.code).toBe(1012);
  events.hangUp();
  expect([await who('/who/'), await who('/live/who/')].map(({ greeting }) => greeting)).toEqual(['second', 'second']);
  expect(deployment.plan()).toEqual([]);
});

test('a version that ASGI cannot load is not released, and nothing is replaced', async () => {
  const before = [...deployment.containers('Shop/App/Server'), ...deployment.containers('Shop/Live/App/Server')];
  const file = join(project, 'shop', 'asgi.py');
  const good = readFileSync(file);
  appendFileSync(file, '\nraise RuntimeError("no channel layer")\n');
  deployment.synth(build('third'));
  const applied = deployment.apply();
  writeFileSync(file, good);
  expect(applied.ok).toBe(false);
  expect(applied.output).toContain('no channel layer');
  expect(applied.output).toContain('Shop/Live/App/Preflight failed');
  expect([...deployment.containers('Shop/App/Server'), ...deployment.containers('Shop/Live/App/Server')]).toEqual(before);
  expect([await who('/who/'), await who('/live/who/')].map(({ greeting }) => greeting)).toEqual(['second', 'second']);
});

test('nothing of it is an error to the server', () => {
  const [server] = deployment.containers('Shop/Live/App/Server');
  expect(logs({}, server)).not.toMatch(/Traceback|\[ERROR\]|\[CRITICAL\]/);
});
