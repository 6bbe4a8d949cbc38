import { spawn, spawnSync } from 'node:child_process';
import { Agent } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ContainerImage, GunicornApp, NginxProxy, Size } from '../../lib';
import { Build, Deployment, stack } from './support/deployment';
import { engine } from './support/docker';
import { Answer, ask, eventually } from './support/http';
import { FOR_LOAD, moment } from './support/load';
import { freePort } from './support/port';
import { raw } from './support/raw';

// nginx, its supervisor and the publish job, as they are in production. The app behind them says what reached it.
const ECHO = `
import json, os, time

def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/text":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"many words " * 1000]
    if path == "/slow":
        time.sleep(3)
    if path == "/tunnel":
        connection = environ["gunicorn.socket"]
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n\\r\\n")
        connection.sendall(b"back: " + connection.recv(100))
        connection.shutdown(2)
    length = len(environ["wsgi.input"].read())
    headers = {name: value for name, value in environ.items() if name.startswith("HTTP_")}
    body = {"script_name": environ.get("SCRIPT_NAME"), "path": path, "length": length, "headers": headers, "server": os.uname().nodename}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(body).encode()]
`;

const deployment = new Deployment('proxy');
const project = join(mkdtempSync(join(tmpdir(), 'cdktf-django-proxy-')), 'echo');
const host = 'echo.localhost';
const proxy = `${deployment.namespace}-proxy-server`;
let port: number;

interface Variant {
  /** What requests are counted by, in the zone "clients". */
  readonly key?: string;
  readonly snippet?: string;
}

function build({ key = '$binary_remote_addr', snippet }: Variant = {}): Build {
  return stack((made) => {
    const image = ContainerImage.fromPythonProject(project, { withoutRequirements: true });
    const echo = new GunicornApp(made, 'Echo', {
      image,
      module: 'app:application',
      replicas: 1,
      workers: 1,
    });
    const nginx = new NginxProxy(made, 'Proxy', {
      address: '127.0.0.1',
      httpPort: port,
      limits: FOR_LOAD,
      httpSnippet: `limit_req_zone ${key} zone=clients:1m rate=1000r/s;`,
    });
    nginx.addRoute({ host, target: echo, snippet });
    nginx.addRoute({ host, path: '/small/', target: echo, maxBodySize: Size.kibibytes(64) });
    const pair = new GunicornApp(made, 'Pair', { image, module: 'app:application', replicas: 2, workers: 1 });
    nginx.addRoute({ host, path: '/pair/', target: pair, snippet: 'add_header X-Pair yes;' });
  });
}

beforeAll(async () => {
  port = await freePort();
  spawnSync('mkdir', [project]);
  writeFileSync(join(project, 'app.py'), ECHO);
  deployment.deploy(build());
});

afterAll(() => {
  rmSync(join(project, '..'), { recursive: true, force: true });
  deployment.clean();
});

/** What reached the app. */
interface Echo {
  readonly script_name: string;
  readonly path: string;
  readonly length: number;
  readonly headers: Record<string, string>;
  /** The name of the container. */
  readonly server: string;
}

async function echo(path: string, headers: Record<string, string> = {}): Promise<Echo> {
  return read(await ask({ port, host, path, headers }));
}

function read(answer: Answer): Echo {
  expect(answer.status).toBe(200);
  return JSON.parse(answer.body) as Echo;
}

/** Both routes lead to the app, each with its own path, and the variant's header tells which configuration is in use. */
async function expectRoutes(marker?: string): Promise<void> {
  const root = await ask({ port, host, path: '/any' });
  expect(read(root)).toMatchObject({ script_name: '', path: '/any' });
  expect(root.headers['x-variant']).toBe(marker);
  expect(await echo('/small/any')).toMatchObject({ script_name: '/small', path: '/any' });
}

/** Since when the proxy's container runs, and which nginx is its master. */
function proxyProcess(): string {
  const started = engine('inspect', proxy, '--format', '{{.State.StartedAt}} {{.RestartCount}}');
  return `${started} ${engine('exec', proxy, 'cat', '/tmp/nginx.pid')}`;
}

/** The signals that the engine has lately sent to the proxy's container. */
function signals(): string {
  return engine(
    'events',
    '--since',
    '1m',
    '--until',
    '0s',
    '--filter',
    `container=${proxy}`,
    '--filter',
    'event=kill',
    '--format',
    '{{.Actor.Attributes.signal}}',
  );
}

describe('a request', () => {
  test('that opens a WebSocket reaches the app as one', async () => {
    const handshake = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version': '13' };
    expect((await echo('/', handshake)).headers).toMatchObject({
      HTTP_UPGRADE: 'websocket',
      HTTP_CONNECTION: 'upgrade',
      HTTP_SEC_WEBSOCKET_KEY: 'dGhlIHNhbXBsZSBub25jZQ==',
      HTTP_SEC_WEBSOCKET_VERSION: '13',
    });
  });

  test('that opens a WebSocket becomes a tunnel', async () => {
    const handshake = `GET /tunnel HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nthere`;
    const answer = await raw(port, handshake);
    expect(answer).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    expect(answer.split('\r\n\r\n')[1]).toBe('back: there');
  });

  test('that must not be made twice goes over a connection of its own', async () => {
    expect(read(await ask({ port, host, method: 'POST', body: 'x' })).headers.HTTP_CONNECTION).toBe('close');
    for (const method of ['GET', 'PUT', 'DELETE']) expect(read(await ask({ port, host, method })).headers).not.toHaveProperty('HTTP_CONNECTION');
  });

  test('that asks for another upgrade is an ordinary one', async () => {
    const { headers } = await echo('/', { Upgrade: 'h2c', Connection: 'Upgrade, HTTP2-Settings', 'HTTP2-Settings': 'AAMAAABkAARAAAAAAAIAAAAA' });
    expect(headers).not.toHaveProperty('HTTP_UPGRADE');
    expect(headers).not.toHaveProperty('HTTP_CONNECTION');
  });

  test('with a body that is larger than the route allows is refused', async () => {
    const limit = 64 * 1024;
    const allowed = await ask({ port, host, path: '/small/', method: 'POST', body: Buffer.alloc(limit) });
    expect(read(allowed).length).toBe(limit);
    const refused = await ask({ port, host, path: '/small/', method: 'POST', body: Buffer.alloc(limit + 1) });
    expect(refused.status).toBe(413);
    const elsewhere = await ask({ port, host, path: '/', method: 'POST', body: Buffer.alloc(2 * 1024 * 1024) });
    expect(read(elsewhere).length).toBe(2 * 1024 * 1024);
  });

  test('is answered compressed when the client accepts it', async () => {
    const compressed = await ask({ port, host, path: '/text', headers: { 'Accept-Encoding': 'br, gzip' } });
    expect(compressed.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
    expect(gunzipSync(compressed.bytes).toString()).toBe('many words '.repeat(1000));
    const plain = await ask({ port, host, path: '/text' });
    expect(plain.headers).not.toHaveProperty('content-encoding');
    expect(plain.body).toBe('many words '.repeat(1000));
  });

  test('for a host that is not known gets no answer at all', async () => {
    for (const unknown of ['Host: unknown.localhost', `Host: x.${host}`, 'Host: 127.0.0.1', `Host: ${host}.evil.example`, `X-Host: ${host}`]) {
      expect([unknown, await raw(port, `GET / HTTP/1.0\r\n${unknown}\r\n\r\n`)]).toEqual([unknown, '']);
    }
    expect(await raw(port, `GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  test('cannot say under which path the app is', async () => {
    for (const name of ['SCRIPT_NAME', 'Script_Name', 'Script-Name', 'X-Script-Name', 'X-Forwarded-Prefix']) {
      expect(await echo('/any', { [name]: '/evil' })).toMatchObject({ script_name: '', path: '/any' });
      expect(await echo('/small/any', { [name]: '/evil' })).toMatchObject({ script_name: '/small', path: '/any' });
    }
    for (const path of ['//small/any', '/%73mall/any']) expect([path, (await ask({ port, host, path })).status]).toEqual([path, 400]);
  });
});

/** All lines of the log that are about requests, as bytes had them. */
function lines(): string[] {
  const { stdout } = spawnSync('docker', ['logs', proxy], { maxBuffer: 1 << 28 });
  return new TextDecoder('utf-8', { fatal: true }).decode(stdout).split('\n').slice(0, -1);
}

describe('the access log', () => {
  test('is one JSON object a line, whatever is asked', async () => {
    const get = (uri: string, header = 'X: y') =>
      raw(port, Buffer.from(`GET ${uri} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${header}\r\n\r\n`, 'latin1'));
    const long = '"'.repeat(6000);
    await get('/odd/1?a="b"\\c&d={e}');
    await get('/odd/2', 'User-Agent: "quoted" \\ {"status":999}, \t end');
    await get('/odd/3/\xff\xfe\xc3\x28', 'Referer: \xe2\x82 </script>\x80');
    await get('/odd/4/%0a%22%e2%82%ac');
    await get(`/odd/5/${long}`, `User-Agent: ${long}`);
    await raw(port, `"ODD{ /odd/6 HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    await raw(port, `FOO /odd/7 HTTP/1.0\r\nHost: ECHO.Localhost:1\r\n\r\n`);
    await raw(port, `POST /odd/8 HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000\r\n\r\nhalf`, { hangUpAfter: 300 });
    await raw(port, `GET /odd/9 HTTP/1.1\r\nHost: ${host}\r\nHost: ${host}\r\n\r\n`);
    await raw(port, `GET http://${host}/odd/10 HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    await get('/odd/last');

    const logged = ['/odd/1?', '/odd/2', '/odd/3/', '/odd/4/', '/odd/5/', '/odd/7', '/odd/8', '/odd/10', '/odd/last'];
    const records = await eventually(() => {
      const all = lines().filter((line) => !line.startsWith('supervisor: '));
      // Each of nginx's workers writes its own lines, when it has some or a second has passed: the last request need not be the last line.
      for (const part of logged) expect([part, all.some((line) => line.includes(part))]).toEqual([part, true]);
      return all.map((line) => JSON.parse(line) as Record<string, unknown>);
    }, 10);
    const about = (part: string) => records.filter((record) => String(record.uri).includes(part));
    for (const part of logged) expect([part, about(part).length]).toEqual([part, 1]);
    expect(about('/odd/1?')[0].uri).toBe('/odd/1?a="b"\\c&d={e}');
    expect(about('/odd/2')[0]).toMatchObject({ agent: '"quoted" \\ {"status":999}, \t end', status: 200, method: 'GET', host });
    expect(about('/odd/4/')[0].uri).toBe('/odd/4/%0a%22%e2%82%ac');
    expect(about('/odd/5/')[0]).toMatchObject({ uri: `/odd/5/${long}`, agent: long });
    for (const record of records) {
      expect(record).toMatchObject({ time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/), request_id: expect.stringMatching(/^[0-9a-f]{32}$/) });
      for (const name of ['status', 'bytes', 'seconds']) expect([name, typeof record[name]]).toEqual([name, 'number']);
    }
  });
});

test('what nginx sends on to nobody, because a lost server leaves its list just then, is asked once more', async () => {
  const [lost] = deployment.containers('Pair/Server');
  const network = engine('inspect', lost, '--format', '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}').trim();
  let answers = 0;
  // Not over a kept connection, on which an answer would be waited for.
  const method = 'POST';
  async function client(until: number): Promise<void> {
    while (Date.now() < until) {
      const answer = await ask({ port, host, path: '/pair/lost', method });
      expect([answer.status, answer.headers['x-pair']]).toEqual([200, 'yes']);
      answers++;
      await moment(20);
    }
  }
  const askedAgain = () => lines().filter((line) => line.includes('"uri":"/pair/lost"') && /"upstream_status":"50[24] : 200"/.test(line));
  // It is gone at once, without a word, and leaves the list within two seconds: nginx gives up whoever waits for it then.
  for (let round = 0; round < 5 && askedAgain().length === 0; round++) {
    engine('network', 'disconnect', network, lost);
    await Promise.all(Array.from({ length: 12 }, () => client(Date.now() + 4000)));
    // nginx writes its log after a second.
    await moment(1500);
    engine('network', 'connect', network, lost);
    await eventually(async () => {
      const seen = new Set<string>();
      for (let count = 0; count < 8; count++) seen.add(read(await ask({ port, host, path: '/pair/', method })).server);
      expect(seen.size).toBe(2);
    }, 30);
  }
  expect(askedAgain()).not.toEqual([]);
  expect(answers).toBeGreaterThan(100);
});

test('the proxy stays when the app is gone, and serves again when it is back', async () => {
  const before = proxyProcess();
  const servers = deployment.containers('Echo/Server');
  engine('stop', ...servers);
  for (let count = 0; count < 3; count++) expect([502, 504]).toContain((await ask({ port, host })).status);
  expect(proxyProcess()).toBe(before);
  engine('start', ...servers);
  await eventually(() => expectRoutes());
  expect(proxyProcess()).toBe(before);
});

test('a stop of the proxy lets requests end, and does not wait for connections on which nothing is asked', async () => {
  const before = proxyProcess();
  const idle = new Agent({ keepAlive: true });
  expect((await ask({ port, host, agent: idle })).status).toBe(200);
  const slow = ask({ port, host, path: '/slow' });
  await new Promise((resolve) => setTimeout(resolve, 500));
  await new Promise((resolve, reject) => spawn('docker', ['restart', proxy]).on('error', reject).on('close', resolve));
  expect((await slow).status).toBe(200);
  // After its grace period the engine would have sent 9.
  expect(signals()).toBe('15');
  idle.destroy();
  await eventually(() => expectRoutes());
  expect(proxyProcess()).not.toBe(before);
});

describe('a configuration that nginx refuses', () => {
  test('in its test fails the deploy with its own words, and changes nothing', async () => {
    deployment.synth(build({ snippet: 'add_header X-Variant wrong;\nno_such_directive on;' }));
    const { ok, output } = deployment.apply();
    expect(ok).toBe(false);
    expect(output).toContain('The routes are not published; the proxy goes on with those that it has.');
    expect(output).toContain(`unknown directive "no_such_directive" in proxy/servers/${host}/locations/root.snippet:2`);
    await expectRoutes();
  });

  test('by the reload fails the deploy with its own words, and changes nothing', async () => {
    deployment.synth(build({ key: '$server_name', snippet: 'add_header X-Variant wrong;' }));
    const { ok, output } = deployment.apply();
    expect(ok).toBe(false);
    expect(output).toContain('nginx refused to reload:');
    expect(output).toContain('limit_req "clients" uses the "$server_name" key while previously it used the "$binary_remote_addr" key');
    await expectRoutes();
  });

  test('is not there after the end of nginx, nor after a restart of the container', async () => {
    const before = proxyProcess();
    engine('exec', proxy, 'sh', '-c', 'kill -9 "$(cat /tmp/nginx.pid)"');
    await eventually(() => expect(proxyProcess()).not.toBe(before));
    await eventually(() => expectRoutes());
    const between = proxyProcess();
    engine('restart', proxy);
    await eventually(() => expect(proxyProcess()).not.toBe(between));
    await eventually(() => expectRoutes());
  });

  test('does not stand in the way of the next one', async () => {
    deployment.deploy(build({ snippet: 'add_header X-Variant good;' }));
    await expectRoutes('good');
    expect(deployment.plan()).toEqual([]);
  });
});
