import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ContainerImage,
  DjangoService,
  HealthCheck,
  MailCatcher,
  Network,
  NginxProxy,
  PostgresDb,
  RemovalPolicy,
  Secret,
  SecretFile,
  Service,
  Size,
  SmtpSecurity,
  SmtpServer,
  UpdateStrategy,
} from '../../lib';
import { defaultImages } from '../../lib/image/default-images';
import { Build, Deployment, stack } from './support/deployment';
import { engine, logs } from './support/docker';
import { ask, eventually, Session } from './support/http';
import { caughtMail, publishedAt } from './support/mailbox';
import { freePort } from './support/port';
import { SecretSweep } from './support/secret-sweep';
import { prepareStandIn } from './support/stand-in';
import { tracesOf } from './support/traces';

// Mail, from a Django with MAILERS: to a catcher for staging; then to a server that wants a login, and that hangs.
const deployment = new Deployment('mail');
const folder = mkdtempSync(join(tmpdir(), 'cdktf-django-mail-'));
const project = join(folder, 'shop');
const PASSWORD = 'J7vQ2mXw9LbT4sKd8RzN';
const TIMEOUT = 10;
let host: string;
let port: number;
let readers: number;

const VIEWS = `
import time
from django.core.mail import send_mail
from django.http import JsonResponse

def send(request, subject, mailer='default'):
    began = time.monotonic()
    try:
        result = send_mail(subject, 'A text.', None, ['visitor@example.com'], using=mailer)
    except Exception as error:
        result = str(error)
    return JsonResponse({'result': result, 'seconds': time.monotonic() - began})

urlpatterns += [path('send/<subject>/', send), path('send/<subject>/<mailer>/', send), path('accounts/', include('django.contrib.auth.urls'))]
`;

/** As startproject has it since Django 6.1; the other one would go past a catcher. */
const MAILERS = `
MAILERS = {
    'default': {'BACKEND': 'django.core.mail.backends.console.EmailBackend'},
    'other': {'BACKEND': 'django.core.mail.backends.console.EmailBackend'},
}
`;

function build(delivered: boolean): Build {
  return stack((made) => {
    const common = { removalPolicy: RemovalPolicy.DESTROY };
    const image = ContainerImage.fromRegistry(defaultImages.mailpit);
    const catcher = new MailCatcher(made, 'Mail', { httpPort: readers });
    const network = new Network(made, 'Backstage', { internal: true });
    const accounts = new SecretFile(made, 'Accounts', { secret: Secret.fromFile(join(folder, 'accounts')), secretName: 'accounts', image });
    const relay = new Service(made, 'Relay', {
      image,
      entrypoint: ['/mailpit'],
      user: '10090:10090',
      memory: Size.mebibytes(128),
      tmpfs: { '/tmp': Size.mebibytes(32) },
      publicEnvironment: { MP_SMTP_AUTH_FILE: accounts.path, MP_SMTP_AUTH_ALLOW_INSECURE: 'true', MP_SMTP_DISABLE_RDNS: 'true' },
      updateStrategy: UpdateStrategy.STOP_FIRST,
      healthCheck: HealthCheck.command(['/mailpit', 'readyz']),
    });
    relay.addSecret(accounts);
    relay.joinNetwork(network);
    const login = { user: 'shop', password: Secret.fromFile(join(folder, 'password')) };
    const server = { host: relay.endpoints(1025)[0].host, port: 1025, security: SmtpSecurity.NONE, network, ...login };
    const site = new DjangoService(made, 'Site', {
      ...common,
      image: ContainerImage.fromDjangoProject(project),
      project: 'shop',
      database: new PostgresDb(made, 'Db', { ...common, memory: Size.mebibytes(256) }),
      email: delivered ? new SmtpServer(made, 'Smtp', server) : catcher,
      defaultFromEmail: 'Shop <shop@example.com>',
      replicas: 1,
      workers: 2,
    });
    new NginxProxy(made, 'Proxy', { address: '127.0.0.1', httpPort: port }).addRoute({ host: 'mail.localhost', target: site });
  });
}

beforeAll(async () => {
  prepareStandIn('mailpit');
  [port, readers] = [await freePort(), await freePort()];
  host = `mail.localhost:${port}`;
  cpSync(join(__dirname, '..', '..', 'examples', 'shop'), project, { recursive: true });
  appendFileSync(join(project, 'shop', 'urls.py'), VIEWS);
  appendFileSync(join(project, 'shop', 'settings.py'), MAILERS);
  writeFileSync(join(project, 'requirements.txt'), 'Django==6.1\n');
  writeFileSync(join(folder, 'password'), `${PASSWORD}\n`, { mode: 0o444 });
  writeFileSync(join(folder, 'accounts'), `shop:${PASSWORD}\n`, { mode: 0o444 });
  deployment.deploy(build(false));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  deployment.clean();
});

const relay = () => `${deployment.namespace}-relay`;
const site = () => deployment.containers('Site/App/Server')[0];
const get = (path: string) => ask({ port, host, path });
const send = async (subject: string) => JSON.parse((await get(`/send/${subject}/`)).body) as { result: unknown; seconds: number };
const caught = () => caughtMail(publishedAt(readers));
const delivered = () =>
  caughtMail((path) =>
    deployment.exec(site(), 'python', '-c', `import urllib.request as r; print(r.urlopen('http://${relay()}:8025${path}').read().decode())`),
  );
const mail = (subject: string) => ({ from: 'shop@example.com', to: ['visitor@example.com'], subject, text: expect.stringContaining('A text.') });

test('a catcher has what a view sends, and is read on this host alone', async () => {
  expect(await send('first')).toMatchObject({ result: 1 });
  // A mailer of the project's own does not get past it.
  expect(await send('other/other')).toMatchObject({ result: 1 });
  expect(await caught()).toEqual([mail('other'), mail('first')]);
  expect((await ask({ port: readers, path: '/' })).status).toBe(200);
  const [published] = JSON.parse(
    engine('inspect', `${deployment.namespace}-mail-server`, '--format', '{{json (index .HostConfig.PortBindings "8025/tcp")}}'),
  );
  expect(published).toEqual({ HostIp: '127.0.0.1', HostPort: String(readers) });
});

test('a password is set anew by the link in a mail', async () => {
  const account = "from django.contrib.auth.models import User; User.objects.create_user('keeper', 'keeper@example.com', 'forgotten-7!')";
  deployment.exec(site(), '/run/cdktf-django/bin/manage', 'shell', '-c', account);
  const session = new Session(port, host);
  expect((await session.post('/accounts/password_reset/', { email: 'keeper@example.com' })).status).toBe(302);
  const [reset] = await caught();
  expect(reset).toMatchObject({ from: 'shop@example.com', to: ['keeper@example.com'], subject: `Password reset on ${host}` });
  const path = new RegExp(`http://${host}(/accounts/reset/[^\\s]+)`).exec(reset.text)![1];
  const form = String((await session.get(path)).headers.location);
  expect((await session.post(form, { new_password1: 'remembered-8!', new_password2: 'remembered-8!' })).status).toBe(302);
  expect((await session.post('/admin/login/', { username: 'keeper', password: 'remembered-8!' })).status).toBe(200);
  const known = "from django.contrib.auth import authenticate; print('known:', authenticate(username='keeper', password='remembered-8!'))";
  expect(deployment.exec(site(), '/run/cdktf-django/bin/manage', 'shell', '-c', known)).toContain('known: keeper');
});

test('the catcher is confined, and the app reaches nothing else for it', () => {
  const { HostConfig, Config } = JSON.parse(engine('inspect', `${deployment.namespace}-mail-server`))[0];
  expect([Config.User, HostConfig.ReadonlyRootfs, HostConfig.CapDrop, HostConfig.Memory]).toEqual(['10073:10073', true, ['ALL'], 128 * 1024 * 1024]);
  expect(HostConfig.SecurityOpt).toEqual(['no-new-privileges:true']);
  const internal = engine('network', 'inspect', `${deployment.namespace}-mail-network-internal`, '--format', '{{.Internal}}');
  expect(internal).toBe('true');
  expect(deployment.plan()).toEqual([]);
});

test('another server is a release, and is logged in at by a secret', async () => {
  deployment.deploy(build(true));
  expect(await send('second')).toMatchObject({ result: 1 });
  expect(await delivered()).toEqual([mail('second')]);
  // It takes nothing from who does not log in.
  const stranger = `
import smtplib
server = smtplib.SMTP('${relay()}', 1025)
try:
    server.sendmail('a@example.com', ['b@example.com'], 'Subject: x')
except smtplib.SMTPException as error:
    print(type(error).__name__)`;
  expect(deployment.exec(site(), 'python', '-c', stranger)).toBe('SMTPSenderRefused');
  expect(deployment.plan()).toEqual([]);
});

test('a server that hangs costs a request the timeout, and no worker', async () => {
  engine('pause', relay());
  try {
    const hanging = send('third');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const began = Date.now();
    expect((await get('/')).status).toBe(200);
    expect(Date.now() - began).toBeLessThan(2000);
    const { result, seconds } = await hanging;
    expect(result).toBe('Connection unexpectedly closed: timed out');
    expect(seconds).toBeGreaterThan(TIMEOUT - 0.5);
    expect(seconds).toBeLessThan(TIMEOUT + 5);
  } finally {
    engine('unpause', relay());
  }
  await eventually(async () => expect(await send('fourth')).toMatchObject({ result: 1 }), 20);
  expect(logs({}, site())).not.toMatch(/WORKER TIMEOUT|Worker .* was sent/);
});

test('the password is nowhere', () => {
  expect(engine('exec', site(), 'cat', '/run/secrets/smtp-password/value').trim()).toBe(PASSWORD);
  expect(new SecretSweep({ password: PASSWORD }).leaks(tracesOf(deployment))).toEqual([]);
});
