import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duration, GunicornApp, NginxProxy, Tls } from '../../lib';
import { Build, Deployment, stack } from './support/deployment';
import { engine, logs } from './support/docker';
import { greeter, writeGreeter } from './support/greeter';
import { ask, eventually } from './support/http';
import { FOR_LOAD, underLoad } from './support/load';
import { Pebble, prepareAcme } from './support/pebble';
import { freePort } from './support/port';
import { handshake } from './support/tls';

// A certificate from an ACME server, whose life is 90 seconds: it is issued, and renewed, while clients ask.
const APP = `
import os

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [os.environ["GREETING"].encode()]
`;

const edge = new Deployment('acme');
const guest = new Deployment('acmeguest');
const folder = mkdtempSync(join(tmpdir(), 'cdktf-django-acme-'));
const project = join(folder, 'app');
const proxyContainer = `${edge.namespace}-proxy-server`;
const HOST = 'shop.test';
const ALIAS = 'www.shop.test';
const GUEST = 'blog.test';
let port: number;
let tlsPort: number;
let pebble: Pebble | undefined;
let root: string;
let joined = false;

const acme = () =>
  Tls.acme({
    email: 'admin@shop.test',
    termsOfServiceAgreed: true,
    directory: pebble!.directory,
    directoryAuthority: pebble!.authority,
    renewalCheck: Duration.seconds(5),
  });

function edgeStack(tls: () => Tls): Build {
  return stack((made) => {
    const proxy = new NginxProxy(made, 'Proxy', { address: '127.0.0.1', httpPort: port, httpsPort: tlsPort, tls: tls(), limits: FOR_LOAD });
    proxy.addRoute({ host: HOST, aliases: [ALIAS], target: new GunicornApp(made, 'App', greeter(project, 'edge')) });
  });
}

const guestStack: Build = stack((made) => {
  const proxy = NginxProxy.fromAttributes(made, 'Proxy', {
    edgeNetworkName: `${edge.namespace}-proxy-edge`,
    configurationVolumeName: `${edge.namespace}-proxy-configuration`,
    certificatesVolumeName: `${edge.namespace}-proxy-certificates`,
    scheme: 'https',
    httpsPort: tlsPort,
  });
  proxy.addRoute({ host: GUEST, target: new GunicornApp(made, 'App', greeter(project, 'guest')), tls: acme() });
});

beforeAll(async () => {
  port = await freePort();
  tlsPort = await freePort();
  writeGreeter(project, APP);
  const program = prepareAcme();
  edge.deploy(edgeStack(() => Tls.selfSigned()));
  const [image, address] = ['{{.Image}}', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}'].map((format) =>
    engine('inspect', proxyContainer, '--format', format),
  );
  pebble = new Pebble(`e2e-pebble-${process.pid}`, program);
  pebble.start(`${edge.namespace}-proxy-edge`, image, { [HOST]: address, [ALIAS]: address, [GUEST]: address });
  root = join(folder, 'root.pem');
  writeFileSync(root, await pebble.root());
});

afterAll(() => {
  pebble?.remove();
  rmSync(folder, { recursive: true, force: true });
  if (joined) guest.clean();
  edge.clean();
});

/** A handshake that is only verified with a certificate of pebble's for the host. */
const certified = (host: string) => handshake(tlsPort, host, '-CAfile', root, '-verify_hostname', host);

const proxyProcess = () => engine('inspect', proxyContainer, '--format', '{{.Id}} {{.State.StartedAt}} {{.RestartCount}}');

const load = {
  https: true,
  host: HOST,
  minimum: 300,
  groups: [
    { name: 'new', count: 6, every: 50, path: '/', contains: 'edge' },
    { name: 'kept', count: 4, every: 20, path: '/', contains: 'edge', keep: true },
  ],
};

test('a certificate is issued for all hosts while clients ask, and none of them notices', async () => {
  const before = proxyProcess();
  expect(certified(HOST).verified).toBe(false);
  const result = await underLoad({ ...load, port: tlsPort }, async () => {
    edge.synth(edgeStack(acme));
    const { ok, output } = await edge.applyMeanwhile();
    expect([ok, ok ? '' : output]).toEqual([true, '']);
    await eventually(() => expect([certified(HOST).verified, certified(ALIAS).verified]).toEqual([true, true]), 60);
  });
  expect(result).toMatchObject({ failed: 0, failures: [] });
  expect(proxyProcess()).toBe(before);
  expect(edge.plan()).toEqual([]);
});

test('it is renewed again and again while clients ask, and none of them notices', async () => {
  const before = proxyProcess();
  const serials = new Set([certified(HOST).serial]);
  const result = await underLoad({ ...load, port: tlsPort }, () =>
    eventually(() => {
      serials.add(certified(HOST).serial);
      expect(serials.size).toBeGreaterThanOrEqual(3);
    }, 150),
  );
  expect(result).toMatchObject({ failed: 0, failures: [] });
  expect(certified(HOST).verified).toBe(true);
  expect(proxyProcess()).toBe(before);
});

test('a host of another stack has one of its own', async () => {
  joined = true;
  guest.deploy(guestStack);
  await eventually(() => expect(certified(GUEST)).toMatchObject({ verified: true }), 60);
  expect(guest.plan()).toEqual([]);
});

test('the client is healthy, and what it is asked for is plain text and nothing else', async () => {
  const [client] = edge.containers('Proxy/AcmeCertificate/Client');
  await eventually(() => expect(engine('inspect', client, '--format', '{{.State.Health.Status}}')).toBe('healthy'), 60);
  const status = async (path: string) => (await ask({ port, host: HOST, path: `/.well-known/acme-challenge/${path}` })).status;
  expect(await status('unknown')).toBe(404);
  expect(await status('')).toBe(403);
  // nginx takes the path for what it means: it is one of the site.
  expect(await status('%2e%2e/%2e%2e/proxy/_default/current/privkey.pem')).toBe(308);
});

test('a server that refuses is said in the log, and the certificate before stays in use', async () => {
  engine('stop', '--time', '1', `e2e-pebble-${process.pid}`);
  const [client] = edge.containers('Proxy/AcmeCertificate/Client');
  // In the middle of an order lego asks again for minutes before it gives up.
  await eventually(() => expect(logs({}, client)).toContain(`no certificate for ${HOST},${ALIAS}: the reason is above.`), 300);
  expect(handshake(tlsPort, HOST).ok).toBe(true);
});

test('no key has left the engine', () => {
  const ids = engine('ps', '-aq', '--filter', `label=org.cdktf-django.namespace=${edge.namespace}`).split('\n');
  expect([edge.traces(), engine('inspect', ...ids), ...ids.map((id) => logs({}, id))].join('\n')).not.toContain('PRIVATE KEY');
});

test('all of it goes with its stacks, but for the account and the certificates', () => {
  expect(guest.destroy().ok).toBe(true);
  expect(edge.destroy().ok).toBe(true);
  expect(edge.volumes()).toEqual([`${edge.namespace}-proxy-acme-certificate-account`]);
});
