import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duration, ErrorPage, GunicornApp, Hsts, NginxProxy, Tls } from '../../lib';
import { Build, Deployment, stack } from './support/deployment';
import { engine, logs } from './support/docker';
import { greeter, writeGreeter } from './support/greeter';
import { ask, eventually } from './support/http';
import { FOR_LOAD, underLoad } from './support/load';
import { freePort } from './support/port';
import { raw } from './support/raw';
import { handshake, https, makeCertificate } from './support/tls';

// An app that has a word about HSTS of its own.
const APP = `
import json, os

def application(environ, start_response):
    headers = [("Content-Type", "application/json")]
    if environ["PATH_INFO"] == "/hsts":
        headers.append(("Strict-Transport-Security", "max-age=1"))
    start_response("200 OK", headers)
    return [json.dumps({"greeting": os.environ["GREETING"], "scheme": environ["wsgi.url_scheme"], "host": environ.get("HTTP_HOST")}).encode()]
`;

// HTTPS as clients see it: by openssl's own client, and by curl for HTTP/2 and HTTP/3.
const edge = new Deployment('tls');
const guest = new Deployment('tlsguest');
const folder = mkdtempSync(join(tmpdir(), 'cdktf-django-tls-'));
const project = join(folder, 'app');
const proxyContainer = `${edge.namespace}-proxy-server`;
const HOST = 'shop.localhost';
const OWN = 'own.localhost';
const GUEST = 'guest.localhost';
let port: number;
let tlsPort: number;

/** Certificates as certbot leaves them: links that lead out of their own folder. */
function issue(name: string, host: string, options: { endedBy?: string; otherKey?: boolean } = {}): string {
  const made = makeCertificate(folder, host, options);
  for (const part of ['fullchain', 'privkey']) {
    mkdirSync(join(folder, 'live', name), { recursive: true });
    mkdirSync(join(folder, 'archive'), { recursive: true });
    const file = `${name}-${made.serial}-${part}.pem`;
    writeFileSync(join(folder, 'archive', file), part === 'fullchain' ? made.certificate : made.key);
    // Root's alone, as certbot has them.
    chmodSync(join(folder, 'archive', file), 0o600);
    const link = join(folder, 'live', name, `${part}.pem`);
    symlinkSync(join('..', '..', 'archive', file), `${link}.new`);
    renameSync(`${link}.new`, link);
  }
  return made.serial;
}

const files = (name: string) => Tls.certificateFiles({ folder, certificate: `live/${name}/fullchain.pem`, privateKey: `live/${name}/privkey.pem` });

interface Variant {
  readonly tls?: Tls;
  readonly hsts?: Hsts;
}

function edgeStack({ tls, hsts }: Variant): Build {
  return stack((made) => {
    const hello = new GunicornApp(made, 'Hello', greeter(project, 'edge'));
    const proxy = new NginxProxy(made, 'Proxy', {
      address: '127.0.0.1',
      httpPort: port,
      limits: FOR_LOAD,
      ...(tls ? { tls, httpsPort: tlsPort, hsts, http3: true } : {}),
    });
    proxy.addRoute({ host: HOST, target: hello, pages: { maintenance: ErrorPage.fromHtml('<p>closed</p>') } });
    proxy.addRoute({ host: HOST, path: '/closed/', target: hello, maintenance: true });
    proxy.addRoute({ host: HOST, path: '/own-header/', target: hello, snippet: 'add_header X-Own yes;' });
    proxy.addRoute({ host: OWN, target: hello, tls: tls && files('own') });
    proxy.addRoute({ host: '127.0.0.1', target: hello });
  });
}

const guestStack: Build = stack((made) => {
  const app = new GunicornApp(made, 'Guest', greeter(project, 'guest'));
  const proxy = NginxProxy.fromAttributes(made, 'Proxy', {
    edgeNetworkName: `${edge.namespace}-proxy-edge`,
    configurationVolumeName: `${edge.namespace}-proxy-configuration`,
    certificatesVolumeName: `${edge.namespace}-proxy-certificates`,
    scheme: 'https',
    httpsPort: tlsPort,
  });
  proxy.addRoute({ host: GUEST, target: app, tls: files('guest') });
});

/** The curl of the proxy's image, which knows HTTP/3, on the host's network. */
function newCurl(...options: string[]): string {
  const image = engine('inspect', proxyContainer, '--format', '{{.Image}}');
  return engine('run', '--rm', '--network', 'host', '--entrypoint', 'curl', image, ...options);
}

/** Which container the proxy is, since when, and which nginx is its master: a reload changes none of it. */
function proxyProcess(): string {
  return `${engine('inspect', proxyContainer, '--format', '{{.Id}} {{.State.StartedAt}}')} ${engine('exec', proxyContainer, 'cat', '/tmp/nginx.pid')}`;
}

const RAMP = Hsts.ramp({
  includeSubDomains: true,
  stages: [
    { after: Duration.seconds(0), maxAge: Duration.minutes(5) },
    { after: Duration.seconds(30), maxAge: Duration.days(1) },
  ],
});

let first: string;
let published: number;

beforeAll(async () => {
  port = await freePort();
  tlsPort = await freePort();
  writeGreeter(project, APP);
  first = issue('shop', HOST);
  issue('own', OWN);
  issue('guest', GUEST);
  edge.deploy(edgeStack({}));
  edge.deploy(edgeStack({ tls: files('shop'), hsts: RAMP }));
  published = Date.now();
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  edge.clean();
});

/** The status of an answer, and the HSTS header that comes with it. */
const header = async (path: string, host = HOST) => {
  const { status, headers } = await https({ port: tlsPort, host, servername: host, path });
  return `${status} ${String(headers['strict-transport-security'])}`;
};

test('HSTS is sent once with every answer, whoever gives it, and not doubled', async () => {
  // Node joins a header that comes twice by a comma.
  const value = 'max-age=300; includeSubDomains';
  expect(await header('/')).toBe(`200 ${value}`);
  expect(await header('/hsts')).toBe(`200 ${value}`);
  expect(await header('/own-header/')).toBe(`200 ${value}`);
  expect(await header('/closed/')).toBe(`503 ${value}`);
  const { headers } = await https({ port: tlsPort, host: HOST, servername: HOST, path: '/closed/' });
  expect(headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'cross-origin-opener-policy': 'same-origin',
    'alt-svc': `h3=":${tlsPort}"; ma=86400`,
  });
  expect(await header('/.cdktf-django/x')).toBe(`404 ${value}`);
  expect(await header('/closed')).toBe(`308 ${value}`);
  expect(await header('/', OWN)).toBe(`200 ${value}`);
});

test('TLS was turned on by a deploy, and the plan is empty after it', () => {
  expect(edge.plan()).toEqual([]);
});

describe('a handshake', () => {
  test('is of TLS 1.2 or 1.3, and of nothing older', () => {
    expect(handshake(tlsPort, HOST, '-tls1_3')).toMatchObject({ ok: true, protocol: 'TLSv1.3' });
    expect(handshake(tlsPort, HOST, '-tls1_2')).toMatchObject({ ok: true, protocol: 'TLSv1.2' });
    for (const old of ['-tls1_1', '-tls1']) expect(handshake(tlsPort, HOST, old, '-cipher', 'ALL:@SECLEVEL=0')).toMatchObject({ ok: false });
  });

  test('has the ciphers of the intermediate profile, in the order of the client', () => {
    const offered = spawnSync('openssl', ['ciphers', '-s', '-tls1_2', 'ALL:COMPLEMENTOFALL:@SECLEVEL=0'], { encoding: 'utf8' })
      .stdout.trim()
      .split(':');
    const accepted = offered
      .filter((cipher) => !cipher.startsWith('TLS_'))
      .filter((cipher) => handshake(tlsPort, HOST, '-tls1_2', '-cipher', `${cipher}:@SECLEVEL=0`).ok);
    // The key of this certificate is one of an elliptic curve.
    expect(accepted.sort()).toEqual(['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305']);
    for (const cipher of ['ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-ECDSA-AES256-GCM-SHA384']) {
      const answer = handshake(tlsPort, HOST, '-tls1_2', '-cipher', `${cipher}:ECDHE-ECDSA-AES128-GCM-SHA256`);
      expect(answer).toMatchObject({ ok: true, cipher });
    }
  });

  test('is taken up again by its session, and never by a ticket that the server has to keep a key for', () => {
    const { output } = handshake(tlsPort, HOST, '-tls1_2');
    expect(output).not.toContain('TLS session ticket:');
    const resumed = handshake(tlsPort, HOST, '-tls1_2', '-reconnect').output;
    expect(resumed.match(/^Reused, /gm)?.length).toBe(5);
  });

  test('for a name that is not known is refused, and no certificate is shown', () => {
    for (const name of ['unknown.localhost', `x.${HOST}`, 'localhost']) {
      const answer = handshake(tlsPort, name);
      expect(answer).toMatchObject({ ok: false, subject: undefined });
      expect(answer.output).toContain('unrecognized name');
    }
  });

  test('shows each host its own certificate, and the proxy’s where it has none', () => {
    expect(handshake(tlsPort, HOST).subject).toBe(`CN = ${HOST}`);
    expect(handshake(tlsPort, OWN).subject).toBe(`CN = ${OWN}`);
    // Clients name no address in a handshake.
    expect(handshake(tlsPort, undefined).subject).toBe(`CN = ${HOST}`);
  });
});

describe('a request', () => {
  test('over HTTPS reaches the app, which knows it', async () => {
    for (const host of [HOST, OWN, '127.0.0.1']) {
      const answer = await https({ port: tlsPort, host: `${host}:${tlsPort}`, path: '/whoami', servername: host });
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.body)).toMatchObject({ scheme: 'https', host: `${host}:${tlsPort}` });
    }
  });

  test('over HTTP is sent to HTTPS with all that it has, and gets nothing where the host is not known', async () => {
    const answer = await ask({ port, host: `${HOST}:${port}`, path: '/a%20b?c=d&e', method: 'POST', body: 'x' });
    expect([answer.status, answer.headers.location]).toEqual([308, `https://${HOST}:${tlsPort}/a%20b?c=d&e`]);
    expect(answer.headers).not.toHaveProperty('strict-transport-security');
    for (const unknown of ['Host: unknown.localhost', `Host: ${HOST}.evil.example`, `X-Host: ${HOST}`]) {
      expect([unknown, await raw(port, `GET / HTTP/1.0\r\n${unknown}\r\n\r\n`)]).toEqual([unknown, '']);
    }
  });

  test('that asks for another host than the handshake gets nothing', async () => {
    await expect(https({ port: tlsPort, host: 'unknown.localhost', servername: HOST })).rejects.toThrow(/socket hang up|ECONNRESET/);
  });

  test.each([
    ['--http1.1', 'HTTP/1.1'],
    ['--http2', 'HTTP/2'],
    ['--http3-only', 'HTTP/3'],
  ])('by curl %s is served', (option, version) => {
    const answer = newCurl('-sk', option, '-D', '-', '--resolve', `${HOST}:${tlsPort}:127.0.0.1`, `https://${HOST}:${tlsPort}/whoami`);
    expect(answer).toMatch(new RegExp(`^${version.replace('.', '\\.')} 200`));
    expect(answer.toLowerCase()).toContain(`alt-svc: h3=":${tlsPort}"; ma=86400`);
    expect(JSON.parse(answer.slice(answer.indexOf('{')))).toMatchObject({ scheme: 'https', host: `${HOST}:${tlsPort}` });
  });
});

test('HSTS gets longer by itself', async () => {
  const before = proxyProcess();
  await eventually(async () => expect(await header('/')).toBe('200 max-age=86400; includeSubDomains'), 90);
  // From the moment at which it was published, which was shortly before its deploy ended.
  expect(Date.now() - published).toBeGreaterThan(15_000);
  expect(proxyProcess()).toBe(before);
});

describe('a renewal', () => {
  const courier = () => edge.containers('Proxy/Certificate')[0];
  const health = () => engine('inspect', courier(), '--format', '{{.State.Health.Status}}');

  test('is taken over under load, without an error and without a restart', async () => {
    const before = proxyProcess();
    const groups = [
      { name: 'new', count: 8, every: 50, path: '/', contains: '"edge"' },
      { name: 'kept', count: 4, every: 20, path: '/', contains: '"edge"', keep: true },
    ];
    expect(handshake(tlsPort, HOST).serial).toBe(first);
    let second = '';
    const result = await underLoad({ port: tlsPort, host: HOST, https: true, groups, minimum: 300 }, async () => {
      second = issue('shop', HOST);
      await eventually(() => expect(handshake(tlsPort, HOST).serial).toBe(second), 30);
    });
    expect(result).toMatchObject({ failed: 0, failures: [] });
    expect(proxyProcess()).toBe(before);
    expect(edge.plan()).toEqual([]);
    first = second;
  });

  test.each([
    ['has another key', { otherKey: true }, 'the private key is not that of the first certificate in live/shop/fullchain.pem'],
    ['has ended', { endedBy: proxyContainer }, 'the certificate ended on '],
  ])('that %s is not: the one before stays in use, and the log says why', async (_what, options, message) => {
    const before = proxyProcess();
    issue('shop', HOST, options);
    await eventually(() => expect(logs({}, courier())).toContain(message), 30);
    expect(handshake(tlsPort, HOST).serial).toBe(first);
    // Also after a restart of everything.
    engine('restart', '--time', '2', courier(), proxyContainer);
    await eventually(() => expect(handshake(tlsPort, HOST).serial).toBe(first));
    expect(proxyProcess()).not.toBe(before);
    await eventually(() => expect(health()).toBe('healthy'), 30);
  });

  test('that is good again is taken over', async () => {
    const good = issue('shop', HOST);
    await eventually(() => expect(handshake(tlsPort, HOST).serial).toBe(good), 30);
  });
});

describe('a worker of nginx', () => {
  const asWorker = (...command: string[]) => spawnSync('docker', ['exec', '--user', '101:101', proxyContainer, ...command], { encoding: 'utf8' });

  test('is another user than the master, without a capability', () => {
    const script = 'for p in /proc/[0-9]*; do grep -q "^nginx" $p/comm && echo $(grep -E "^(Uid|CapEff)" $p/status); done 2>/dev/null';
    const processes = engine('exec', proxyContainer, 'sh', '-c', `${script}; true`).split('\n');
    expect(processes.filter((line) => line.startsWith('Uid: 0 '))).toEqual(['Uid: 0 0 0 0 CapEff: 00000000000000e0']);
    const workers = processes.filter((line) => !line.startsWith('Uid: 0 '));
    expect([...new Set(workers)]).toEqual(['Uid: 101 101 101 101 CapEff: 0000000000000000']);
    expect(workers.length).toBeGreaterThanOrEqual(2);
  });

  test('reads no key and writes no configuration', () => {
    const key = '/var/lib/certificates/proxy/_default/current/privkey.pem';
    expect(engine('exec', proxyContainer, 'head', '-c', '27', key)).toBe('-----BEGIN PRIVATE KEY-----');
    for (const path of [key, '/tmp/keeper/stand-in/privkey.pem']) expect(asWorker('cat', path).stderr).toContain('Permission denied');
    expect(asWorker('touch', '/var/lib/proxy/x').stderr).toContain('Permission denied');
    expect(asWorker('ls', '/tmp/supervisor').stderr).toContain('Permission denied');
    // The pipe has no name.
    expect(asWorker('sh', '-c', 'find / -xdev -type p; find /tmp -type p').stdout).toBe('');
    expect(asWorker('true').status).toBe(0);
  });
});

describe('another stack', () => {
  test('brings a certificate for its host, and the proxy stays', async () => {
    const before = proxyProcess();
    guest.deploy(guestStack);
    expect(handshake(tlsPort, GUEST).subject).toBe(`CN = ${GUEST}`);
    const answer = await https({ port: tlsPort, host: GUEST, servername: GUEST });
    expect(JSON.parse(answer.body)).toMatchObject({ greeting: 'guest', scheme: 'https' });
    expect(answer.headers['strict-transport-security']).toBe('max-age=86400; includeSubDomains');
    const redirect = await ask({ port, host: GUEST });
    expect([redirect.status, redirect.headers.location]).toEqual([308, `https://${GUEST}:${tlsPort}/`]);
    expect([guest.plan(), edge.plan()]).toEqual([[], []]);
    expect(proxyProcess()).toBe(before);
  });

  test('takes it away with itself', () => {
    expect(guest.destroy().ok).toBe(true);
    expect(handshake(tlsPort, GUEST)).toMatchObject({ ok: false, subject: undefined });
  });
});

describe('a change of where certificates come from', () => {
  test('to one of the engine’s own, without HSTS', async () => {
    const before = proxyProcess();
    edge.deploy(edgeStack({ tls: Tls.selfSigned() }));
    await eventually(() => expect(handshake(tlsPort, HOST).subject).toBe('CN = self-signed by cdktf-django'), 30);
    expect(handshake(tlsPort, OWN).subject).toBe(`CN = ${OWN}`);
    const answer = await https({ port: tlsPort, host: HOST, servername: HOST, path: '/hsts' });
    expect(answer.headers['strict-transport-security']).toBe('max-age=1');
    expect(proxyProcess()).toBe(before);
    expect(edge.plan()).toEqual([]);
  });

  test('to none: plain HTTP again', async () => {
    edge.deploy(edgeStack({}));
    const answer = await ask({ port, host: HOST });
    expect([answer.status, answer.headers['strict-transport-security']]).toEqual([200, undefined]);
    expect(handshake(tlsPort, HOST)).toMatchObject({ ok: false, subject: undefined });
    expect(edge.plan()).toEqual([]);
  });
});

test('no key is in state, plan, JSON or docker inspect', () => {
  const ids = engine('ps', '-aq', '--filter', `label=org.cdktf-django.namespace=${edge.namespace}`).split('\n');
  expect([edge.traces(), engine('inspect', ...ids)].join('\n')).not.toContain('PRIVATE KEY');
});
