import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClientLimits, ContainerImage, DjangoService, NginxProxy, PostgresDb, ProxyRouteOptions, RemovalPolicy, Size } from '../../lib';
import { Build, Deployment, stack } from './support/deployment';
import { Answer, ask, Question, Session } from './support/http';
import { ENGINE_NETWORKS } from './support/load';
import { freePort } from './support/port';
import { raw } from './support/raw';

// What clients can make Django believe, and how much they may ask: a Django project behind a proxy that trusts nobody, and behind one that trusts a proxy in front.
const VIEWS = `
import json, sys
from django.http import HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

SEEN = []

@csrf_exempt
def believes(request):
    SEEN.append(request.get_full_path())
    names = ['HTTP_HOST', 'HTTP_X_FORWARDED_FOR', 'HTTP_X_REAL_IP', 'HTTP_X_FORWARDED_PROTO', 'HTTP_FORWARDED', 'HTTP_X_FORWARDED_HOST', 'SCRIPT_NAME',
             'HTTP_X_FORWARDED_PORT', 'HTTP_X_FORWARDED_SSL', 'HTTP_PROXY', 'HTTP_TRANSFER_ENCODING', 'CONTENT_LENGTH']
    return JsonResponse({'scheme': request.scheme, 'host': request.get_host(), 'path': request.path, 'query': request.GET.dict(),
                         'body': request.body.decode('latin1'), **{name: request.META.get(name) for name in names}})

def seen(request):
    return JsonResponse({'seen': SEEN})

def policy(request):
    return HttpResponse('mine', headers={'Content-Security-Policy': "default-src 'none'"})

urlpatterns = [path('believes/', believes), path('seen/', seen), path('policy/', policy), *urlpatterns]
`;

const deployment = new Deployment('edge');
const project = join(mkdtempSync(join(tmpdir(), 'cdktf-django-edge-')), 'shop');
const host = 'edge.localhost';
const OWN_POLICY = "default-src 'self'; img-src *";
const HEADERS = ['x-content-type-options', 'referrer-policy', 'x-frame-options', 'cross-origin-opener-policy'];
let port: number;
let trusting: number;

/** Routes that lead to the project by other rules. */
const ROUTES: { readonly [host: string]: ProxyRouteOptions } = {
  [host]: {},
  'requests.localhost': { limits: ClientLimits.perAddress({ requestsPerSecond: 1, burst: 5 }) },
  'logins.localhost': { limits: ClientLimits.perAddress({ loginsPerMinute: 1, loginBurst: 3 }) },
  'connections.localhost': { limits: ClientLimits.perAddress({ connections: 2 }) },
  'exempt.localhost': { limits: ClientLimits.perAddress({ requestsPerSecond: 1, burst: 1, exemptNetworks: ENGINE_NETWORKS }) },
  'unlimited.localhost': { limits: ClientLimits.none() },
  'denied.localhost': { deniedNetworks: ENGINE_NETWORKS },
  'elsewhere.localhost': { allowedNetworks: ['192.0.2.0/24', '2001:db8::/32'] },
  'allowed.localhost': { allowedNetworks: ENGINE_NETWORKS },
  'policy.localhost': { contentSecurityPolicy: OWN_POLICY },
  'small.localhost': { maxBodySize: Size.kibibytes(4) },
};

const build: Build = stack((made) => {
  const shop = new DjangoService(made, 'Shop', {
    image: ContainerImage.fromDjangoProject(project),
    project: 'shop',
    database: new PostgresDb(made, 'Db', { removalPolicy: RemovalPolicy.DESTROY, memory: Size.mebibytes(256) }),
    replicas: 1,
    // It remembers all requests.
    workers: 1,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const proxy = new NginxProxy(made, 'Proxy', { address: '127.0.0.1', httpPort: port });
  for (const [name, options] of Object.entries(ROUTES)) proxy.addRoute({ host: name, target: shop, ...options });
  const behind = new NginxProxy(made, 'Trusting', {
    address: '127.0.0.1',
    httpPort: trusting,
    trustedProxies: [...ENGINE_NETWORKS, '2001:db8:ffff::/48'],
    deniedNetworks: ['203.0.113.0/24'],
    limits: ClientLimits.perAddress({ requestsPerSecond: 1, burst: 4 }),
  });
  behind.addRoute({ host, target: shop });
});

beforeAll(async () => {
  port = await freePort();
  trusting = await freePort();
  cpSync(join(__dirname, '..', '..', 'examples', 'shop'), project, { recursive: true });
  appendFileSync(join(project, 'shop', 'urls.py'), VIEWS);
  writeFileSync(join(project, 'note.txt'), 'so that it is not the example’s own image\n');
  deployment.deploy(build);
});

afterAll(() => {
  rmSync(join(project, '..'), { recursive: true, force: true });
  deployment.clean();
});

type Belief = Record<string, string | null>;

const read = (body: string) => JSON.parse(body) as Belief;

async function statuses(count: number, question: Omit<Question, 'port'>, at = port): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (let index = 0; index < count; index++) {
    const { status } = await ask({ port: at, ...question });
    found[status] = (found[status] ?? 0) + 1;
  }
  return found;
}

describe('what Django believes', () => {
  const honest = `GET /believes/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  const body = (answer: string) => read(answer.slice(answer.indexOf('\r\n\r\n') + 4));

  test.each([
    ['X-Forwarded-For: 203.0.113.7'],
    ['X-Forwarded-For: 203.0.113.7, 127.0.0.1'],
    ['x-forwarded-for: 203.0.113.7', 'X-FORWARDED-FOR: 203.0.113.8'],
    ['X_Forwarded_For: 203.0.113.7'],
    ['X-Real-IP: 203.0.113.7'],
    ['X-Forwarded-Proto: https'],
    ['X-Forwarded-Proto: https', 'X-Forwarded-Proto: https'],
    ['X_Forwarded_Proto: https'],
    ['X-Forwarded-Protocol: ssl', 'X-Forwarded-Ssl: on', 'X-Url-Scheme: https'],
    ['X-Forwarded-Host: evil.example', 'X-Forwarded-Port: 1', 'X-Forwarded-Server: evil.example'],
    ['Forwarded: for=203.0.113.7;host=evil.example;proto=https'],
    ['Proxy: http://evil.example'],
    ['SCRIPT_NAME: /evil', 'Script-Name: /evil', 'X-Script-Name: /evil', 'X-Forwarded-Prefix: /evil'],
    ['Connection: X-Forwarded-For, Host'],
  ])('is not changed by %s', async (...lines) => {
    const expected = body(await raw(port, honest));
    expect(expected).toMatchObject({ scheme: 'http', host, HTTP_X_FORWARDED_PROTO: 'http', HTTP_FORWARDED: null, SCRIPT_NAME: '' });
    expect(expected.HTTP_X_FORWARDED_FOR).toMatch(/^(?:10|172|192)\.[\d.]+$/);
    expect(body(await raw(port, honest.replace('\r\n\r\n', `\r\n${lines.join('\r\n')}\r\n\r\n`)))).toEqual(expected);
  });

  test('is the host that the route was chosen by', async () => {
    const get = (target: string, ...hosts: string[]) =>
      raw(port, `GET ${target} HTTP/1.0\r\n${hosts.map((name) => `Host: ${name}\r\n`).join('')}\r\n`);
    expect(body(await get('/believes/', `${host.toUpperCase()}:8080`))).toMatchObject({ HTTP_HOST: `${host}:8080` });
    expect(await get('/believes/', 'evil.example')).toBe('');
    expect(await get('http://evil.example/believes/', host)).toBe('');
    // Django knows all of these hosts, and not all of them let this client in.
    expect(body(await get(`http://${host}/believes/`, 'denied.localhost'))).toMatchObject({ host });
    expect(await get(`http://denied.localhost/believes/`, host)).toMatch(/^HTTP\/1\.1 403 /);
    for (const hosts of [[host, 'evil.example'], [host, host], [`${host}@evil.example`], [`${host}/`], ['']])
      expect(await get('/believes/', ...hosts)).not.toMatch(/^HTTP\/1\.1 200 /);
  });

  test('is one request where there is one', async () => {
    const inner = `GET /believes/?smuggled HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    const chunked = `0\r\n\r\n${inner}`;
    const length = (text: string) => `Content-Length: ${text.length}`;
    const attempts: [string[], string][] = [
      [[length(chunked), 'Transfer-Encoding: chunked'], chunked],
      [['Transfer-Encoding: chunked', length(chunked)], chunked],
      [[length(chunked), 'Transfer-Encoding : chunked'], chunked],
      [[length(chunked), 'Transfer-Encoding: xchunked'], chunked],
      [[length(chunked), 'Transfer-Encoding: chunked, identity'], chunked],
      [[length(chunked), 'Transfer-Encoding: identity', 'Transfer-Encoding: chunked'], chunked],
      [[length(chunked), 'Transfer-Encoding:\tchunked'], chunked],
      [[length(chunked), 'Transfer-Encoding: \x0bchunked'], chunked],
      [[length(chunked), 'X: y\r\n Transfer-Encoding: chunked'], chunked],
      [[length(chunked), 'X: y\nTransfer-Encoding: chunked'], chunked],
      [[length(inner), 'Content-Length: 0'], inner],
      [['Content-Length: 0', length(inner)], inner],
      [[`${length(inner)}, 0`], inner],
      [[`Content-Length: +${inner.length}`], inner],
      [[`Content-Length: 0x${inner.length.toString(16)}`], inner],
      [[`Content-Length : ${inner.length}`, 'X: y'], inner],
      [[`Content_Length: 0`, length(inner)], inner],
      [['Transfer-Encoding: chunked'], `${inner.length.toString(16)};a=b\r\n${inner}\r\n0\r\n\r\n`],
      [['Transfer-Encoding: chunked'], `0x${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`],
    ];
    for (const [index, [lines, sent]] of attempts.entries()) {
      const head = [`POST /believes/?attempt=${index} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...lines].join('\r\n');
      const answer = await raw(port, `${head}\r\n\r\n${sent}`);
      const answers = answer.match(/HTTP\/1\.1 (\d{3})/g) ?? [];
      expect([lines, answers.length]).toEqual([lines, 1]);
      // Refused, or taken for a body as a whole.
      if (answers[0] === 'HTTP/1.1 200')
        expect([lines, body(answer).body]).toEqual([lines, sent.includes(';a=b') || lines.length === 1 ? inner : sent]);
      else expect([lines, answers[0]]).toEqual([lines, expect.stringMatching(/^HTTP\/1\.1 (?:400|501)$/)]);
    }
    const { seen } = JSON.parse((await ask({ port, host, path: '/seen/' })).body) as { seen: string[] };
    expect(seen.filter((path) => path.includes('smuggled'))).toEqual([]);
    expect(seen).toContain('/believes/');
  });

  test('is told by a proxy in front only where that one is trusted', async () => {
    const told = async (headers: Record<string, string>) => read((await ask({ port: trusting, host, path: '/believes/', headers })).body);
    expect(await told({ 'X-Forwarded-For': '198.51.100.1', 'X-Forwarded-Proto': 'https' })).toMatchObject({
      scheme: 'https',
      HTTP_X_FORWARDED_FOR: '198.51.100.1',
      HTTP_X_REAL_IP: '198.51.100.1',
    });
    // What the client wrote itself stands before what the trusted ones have added.
    expect(await told({ 'X-Forwarded-For': '127.0.0.1, 198.51.100.2, 10.0.0.1, 2001:db8:ffff::1' })).toMatchObject({
      scheme: 'http',
      HTTP_X_FORWARDED_FOR: '198.51.100.2',
    });
    expect(await told({ 'X-Forwarded-For': '198.51.100.3', 'X-Forwarded-Proto': 'https, http' })).toMatchObject({ scheme: 'http' });
    expect(await told({ 'X-Forwarded-For': '198.51.100.4', 'X-Forwarded-Host': 'evil.example' })).toMatchObject({ host });
    expect((await ask({ port: trusting, host, headers: { 'X-Forwarded-For': '203.0.113.9' } })).status).toBe(403);
  });
});

describe('one address may', () => {
  test('ask so much, and is told when to come back', async () => {
    expect(await statuses(30, { host: 'requests.localhost', path: '/believes/' })).toMatchObject({
      200: expect.any(Number),
      429: expect.any(Number),
    });
    const answer = await ask({ port, host: 'requests.localhost', path: '/believes/' });
    expect(answer.status).toBe(429);
    expect(answer.headers).toMatchObject({ 'retry-after': '10', 'cache-control': 'no-store', 'content-type': 'text/html' });
    expect(answer.body).toContain('<h1>Too many requests</h1>');
    // Another route counts for itself.
    expect((await ask({ port, host, path: '/believes/' })).status).toBe(200);
  });

  test('fetch files as it likes', async () => {
    const page = await ask({ port, host });
    const path = /\/static\/[^"]+\.css/.exec(page.body)![0];
    expect(await statuses(50, { host: 'requests.localhost', path })).toEqual({ 200: 50 });
  });

  test('try so many passwords', async () => {
    const login = { host: 'logins.localhost', path: '/admin/login/' };
    const tried = await statuses(8, { ...login, method: 'POST', body: 'username=admin&password=1' });
    expect(tried[429]).toBeGreaterThanOrEqual(4);
    expect(tried[403]).toBeGreaterThanOrEqual(3);
    for (const path of ['/admin/./login/', '//admin/login/', '/%61dmin/login/?next=/'])
      expect([path, await statuses(1, { ...login, path, method: 'POST' })]).toEqual([path, { 429: 1 }]);
    expect(await statuses(20, login)).toEqual({ 200: 20 });
    expect(await statuses(20, { ...login, path: '/believes/', method: 'POST' })).toEqual({ 200: 20 });
  });

  test('have so many requests under way', async () => {
    const slow = Array.from({ length: 5 }, () => ask({ port, host: 'connections.localhost', path: '/slow/?seconds=1' }));
    expect((await Promise.all(slow)).map((answer) => answer.status).sort()).toEqual([200, 200, 429, 429, 429]);
  });

  test('ask as it likes where its network is exempt, or there are no limits', async () => {
    expect(await statuses(30, { host: 'exempt.localhost', path: '/believes/' })).toEqual({ 200: 30 });
    expect(await statuses(300, { host: 'unlimited.localhost', path: '/believes/' })).toEqual({ 200: 300 });
  });

  test('be one of the many of its network, with IPv6', async () => {
    const from = (address: string) => statuses(8, { host, path: '/believes/', headers: { 'X-Forwarded-For': address } }, trusting);
    const first = await from('2001:db8:a:1::1');
    expect(first[429]).toBeGreaterThanOrEqual(2);
    // The next address of the same network has nothing left, one of another network all. A byte of it is a line break.
    expect((await from('2001:db8:a:1:ffff::2'))[429]).toBeGreaterThanOrEqual(6);
    expect((await from('2001:db8:a:a0a::1'))[200]).toBeGreaterThanOrEqual(5);
    expect((await from('2001:db8:a:a0a:1::1'))[429]).toBeGreaterThanOrEqual(6);
    // IPv4 in the form of IPv6 is IPv4.
    expect((await from('::ffff:198.51.100.77'))[200]).toBeGreaterThanOrEqual(5);
    expect((await from('198.51.100.77'))[429]).toBeGreaterThanOrEqual(6);
    expect((await from('::ffff:198.51.100.78'))[200]).toBeGreaterThanOrEqual(5);
  });

  test('be let in or not', async () => {
    expect(await statuses(1, { host: 'denied.localhost' })).toEqual({ 403: 1 });
    expect(await statuses(1, { host: 'denied.localhost', path: '/static/x.css' })).toEqual({ 403: 1 });
    expect(await statuses(1, { host: 'elsewhere.localhost' })).toEqual({ 403: 1 });
    expect(await statuses(1, { host: 'allowed.localhost' })).toEqual({ 200: 1 });
  });
});

describe('headers that make browsers careful', () => {
  const chosen = (answer: Answer) => Object.fromEntries(HEADERS.map((name) => [name, answer.headers[name]]));
  const careful = {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
    'x-frame-options': 'DENY',
    'cross-origin-opener-policy': 'same-origin',
  };
  const files = { ...careful, 'x-frame-options': 'SAMEORIGIN' };

  test('are there once, whoever answers', async () => {
    const css = /\/static\/[^"]+\.css/.exec((await ask({ port, host })).body)![0];
    const answers: [string, number, Omit<Question, 'port'>, object][] = [
      ['Django', 200, { host }, careful],
      ['Django, with 404', 404, { host, path: '/nothing/' }, careful],
      ['nginx, with 403', 403, { host: 'denied.localhost' }, careful],
      ['nginx, with 413', 413, { host: 'small.localhost', method: 'POST', body: 'x'.repeat(5000) }, careful],
      ['nginx, with 414', 414, { host, path: `/${'x'.repeat(9000)}` }, careful],
      ['nginx, with 403 for a file', 403, { host: 'denied.localhost', path: '/static/x.css' }, careful],
      ['a file', 200, { host, path: css }, files],
      ['a file, from the cache', 200, { host, path: css }, files],
      ['a file that is not there', 404, { host, path: '/static/nothing.css' }, files],
      ['an upload that is not there', 404, { host, path: '/media/nothing.html' }, files],
    ];
    for (const [who, status, question, headers] of answers) {
      const answer = await ask({ port, ...question });
      expect([who, answer.status, chosen(answer)]).toEqual([who, status, headers]);
    }
  });

  test('keep an upload from being a part of the site', async () => {
    const session = new Session(port, host);
    for (const name of ['page.html', 'drawing.svg', 'feed.xml', 'code.js', 'Page.XHTML']) {
      const script = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(document.cookie)</script></svg>';
      expect((await session.upload('/pictures/', 'file', name, script, { title: name }, '/')).status).toBe(302);
      const [stem, extension] = name.split('.');
      const path = new RegExp(`/media/[^"]*${stem}[^"]*\\.${extension}`).exec((await session.get('/')).body)![0];
      const file = await ask({ port, host, path });
      expect([name, file.status, file.headers['content-disposition'], chosen(file)]).toEqual([name, 200, 'attachment', files]);
      expect(file.headers['content-security-policy']).toBe("default-src 'none'; style-src 'unsafe-inline'; sandbox");
    }
  });

  test('have the policy of the route, unless the app sends one', async () => {
    const policy = async (question: Omit<Question, 'port'>) => (await ask({ port, ...question })).headers['content-security-policy'];
    expect(await policy({ host: 'policy.localhost' })).toBe(OWN_POLICY);
    expect(await policy({ host: 'policy.localhost', path: '/policy/' })).toBe("default-src 'none'");
    expect(await policy({ host })).toBeUndefined();
  });
});
