import { Construct } from 'constructs';
import { ContainerImage, Duration, GunicornApp, GunicornAppProps, Job, Network, Secret, Size } from '../../lib';
import { Arguments, newStack, Synthesized } from '../support/synth';

const image = ContainerImage.fromRegistry('localhost/hello:1');

function newApp(props: object = {}): GunicornApp {
  return new GunicornApp(newStack(), 'Hello', { image, module: 'app:app', ...props } as GunicornAppProps);
}

const synthOf = (app: Construct) => new Synthesized(app.node.scope as never);
const synth = (props: object = {}) => synthOf(newApp(props));
const server = (result: Synthesized): Arguments =>
  Object.values(result.all('docker_container')).find((one) => one.name.startsWith('shop-hello-server'))!;
const upload = (result: Synthesized, file: string) =>
  result.container('shop/Hello/Files').upload.find((one: Arguments) => one.file === `/files/${file}`)?.content;

const gunicorn = (bind: string, more: string[] = []) => [
  ...['python', '-m', 'gunicorn', '--config', '/run/cdktf-django/gunicorn.conf.py', '--bind', bind],
  ...['--worker-class', 'gthread', '--workers', '3', '--threads', '4', '--timeout', '30', '--graceful-timeout', '30', '--keep-alive', '75'],
  ...['--max-requests', '10000', '--max-requests-jitter', '1000', '--forwarded-allow-ips', '*', ...more, 'app:app'],
];

test('its servers run Gunicorn behind the launcher', () => {
  const app = newApp();
  const result = synthOf(app);
  expect(server(result)).toMatchObject({
    entrypoint: ['python', '/run/cdktf-django/launch.py'],
    command: ['--', ...gunicorn('0.0.0.0:8000')],
    user: '10001:10001',
    memory: 512,
    cpu_quota: 100_000,
    env: ['HOME=/tmp', 'PYTHONUNBUFFERED=1'],
    ports: [],
    stop_signal: 'SIGTERM',
    stop_timeout: 40,
    destroy_grace_seconds: 40,
    wait: true,
    read_only: true,
    lifecycle: { create_before_destroy: true },
  });
  expect(server(result).healthcheck).toEqual({
    test: [
      ...[
        'CMD',
        'python',
        '-IS',
        '/run/cdktf-django/probe.py',
        '--port',
        '8000',
        '--path',
        '/',
        '--expect',
        '<500',
        '--heartbeat',
        '45',
        '--last',
        '2.75',
        '--end-after',
        '60',
      ],
    ],
    interval: '250ms',
    timeout: '7.75s',
    start_period: '1m0s',
    retries: 3,
  });
  expect(app).toMatchObject({ replicas: 2, workers: 3, threads: 4 });
  expect(app.node.defaultChild).toBe(app.service);
  expect(app.endpoints).toHaveLength(2);
});

test('a probe lasts from one interval to the next, but for a moment', () => {
  const { test: command, interval, timeout } = server(synth({ health: { interval: Duration.seconds(10) } })).healthcheck;
  expect(command.join(' ')).toContain(' --last 9.75 ');
  expect({ interval, timeout }).toEqual({ interval: '250ms', timeout: '14.75s' });
  expect(() => synth({ health: { interval: Duration.millis(200) } })).toThrow(/Hello: health\.interval must be 250 ms or more, got 200ms/);
});

test.each([
  [Duration.minutes(3), '180'],
  [Duration.seconds(1), '10'],
])('a new version that may take %s to become healthy has as long in its preflight', (startPeriod, seconds) => {
  expect(synth({ health: { startPeriod } }).container('shop/Hello/Preflight').command.join(' ')).toContain(` --timeout ${seconds} -- `);
});

test('a new version is booted once before any of its servers starts', () => {
  const result = synth({ health: { path: '/up', firstPath: '/ready?db=1', expect: '200-299' } });
  expect(result.container('shop/Hello/Preflight').command).toEqual([
    ...['--job', '--', 'python', '/run/cdktf-django/preflight.py', '--port', '8001', '--path', '/ready?db=1', '--expect', '200-299'],
    ...['--timeout', '60'],
    ...['--', ...gunicorn('127.0.0.1:8001')],
  ]);
  const [booted, served] = [result.container('shop/Hello/Preflight'), server(result)];
  expect([booted.memory, booted.cpu_quota]).toEqual([served.memory, served.cpu_quota]);
  expect(booted.memory).toBe(512);
  expect(server(result).depends_on.join(' ')).toMatch(/docker_container\.Hello_Preflight_/);
  expect(server(result).healthcheck.test.join(' ')).toContain(
    '--path /up --expect 200-299 --until-first-success /ready?db=1 --heartbeat 45 --last 2.75 --end-after 60',
  );
});

test('the heartbeat may be older than the timeout', () => {
  const timeout = Duration.seconds(120);
  expect(server(synth({ timeout })).healthcheck.test.join(' ')).toContain(' --heartbeat 135 ');
  expect(server(synth({ timeout })).stop_timeout).toBe(130);
});

test('a server that stays dead is ended, after the time that its workers need to start or to end', () => {
  const limit = (props: object) => server(synth(props)).healthcheck.test.slice(-2);
  expect(limit({ health: { startPeriod: Duration.seconds(5) } })).toEqual(['--end-after', '60']);
  expect(limit({ health: { startPeriod: Duration.minutes(3) } })).toEqual(['--end-after', '180']);
  expect(limit({ gracefulTimeout: Duration.minutes(5) })).toEqual(['--end-after', '300']);
  expect(limit({ health: { startPeriod: Duration.minutes(3), endAfter: Duration.seconds(30) } })).toEqual(['--end-after', '30']);
});

test('its files are the programs that it needs', () => {
  const files = synth()
    .container('shop/Hello/Files')
    .upload.map((one: Arguments) => one.file);
  expect(files).toEqual(['bin/manage', 'gunicorn.conf.py', 'launch.json', 'launch.py', 'preflight.py', 'probe.py'].map((name) => `/files/${name}`));
});

test('an ASGI app has its worker, and what that leaves to do', () => {
  const result = synth({ asgi: true });
  expect(server(result).command.join(' ')).toContain(' --worker-class asgi --workers 3 --timeout 30 ');
  expect(upload(result, 'asgi_worker.py')).toContain('SERVICE_RESTART = 1012');
  expect(upload(synth(), 'asgi_worker.py')).toBeUndefined();
});

test('environment and secrets are those of the server and of every job', () => {
  const app = newApp({ environment: { A: '1' }, secrets: { 'mail-password': Secret.fromFile('/etc/mail') } });
  const later = app._addJob('Later', ['work']);
  app.addEnvironment('B', '2');
  app.addSecret('api-key', Secret.generated());
  expect(later.environment).toEqual({ HOME: '/tmp', PYTHONUNBUFFERED: '1', A: '1', B: '2' });
  for (const workload of [app.service, app.preflight, later]) {
    expect(workload.environment).toEqual(later.environment);
    expect(workload.secrets.map((secret) => secret.path)).toEqual(['/run/secrets/mail-password/value', '/run/secrets/api-key/value']);
  }
});

test('launch.json has variables from secrets by the path of their file', () => {
  const app = newApp({ secretEnvironment: { STRIPE_KEY: Secret.generated(), _MAIL__PASSWORD: Secret.generated() } });
  app._addLaunchTemplate('URL', () => 'postgres://app:{url:/run/secrets/db/value}@db');
  const result = synthOf(app);
  expect(upload(result, 'launch.json')).toBe(`{
  "env": {
    "STRIPE_KEY": "/run/secrets/stripe-key/value",
    "_MAIL__PASSWORD": "/run/secrets/mail-password/value"
  },
  "templates": {
    "URL": "postgres://app:{url:/run/secrets/db/value}@db"
  }
}
`);
  expect(server(result).env).toEqual(['HOME=/tmp', 'PYTHONUNBUFFERED=1']);
});

test('a proxy reaches its servers in the edge network', () => {
  const app = newApp({ replicas: 3 });
  const proxy = Object.assign(new Construct(app, 'Proxy'), { edgeNetwork: new Network(app, 'Edge'), routeUrls: [], addRoute: () => undefined });
  const bound = app.bindToProxy(proxy, { host: 'a', path: '/', scriptName: '', scheme: 'http', port: 80, origin: 'http://a' });
  expect(bound).toEqual({ servers: app.endpoints, completion: [app.service] });
  expect(bound.servers.map((one) => one.port)).toEqual([8000, 8000, 8000]);
  expect(app.service.networks).toEqual([proxy.edgeNetwork]);
  expect(app.preflight.networks).toEqual([]);
});

test('nothing of a release starts before what it was told to wait for', () => {
  const app = newApp();
  app.runAfter(new Job(app, 'First', { image }));
  const result = synthOf(app);
  for (const one of [server(result), result.container('shop/Hello/Preflight')]) expect(one.depends_on.join(' ')).toMatch(/Hello_First_/);
});

test.each(['app:app', 'shop.wsgi:application', 'app:create_app()', '_a.b_2:c'])('the module %s passes', (module) => {
  expect(() => newApp({ module })).not.toThrow();
});

describe('bad input is refused with the path of the construct', () => {
  test.each<[string, object, RegExp]>([
    [
      'a module without a callable',
      { module: 'app' },
      /^shop\/Hello: module must be a module and a callable such as "shop.wsgi:application", got "app"$/,
    ],
    ['a module with arguments', { module: 'app:create("x")' }, /^shop\/Hello: module must be/],
    ['a module with a shell word', { module: 'app:app; reboot' }, /^shop\/Hello: module must be/],
    ['negative replicas', { replicas: -1 }, /^shop\/Hello: replicas must be an integer from 1 to 1000, got -1$/],
    ['no CPU', { cpus: 0 }, /^shop\/Hello\/Preflight: cpus must be from 0.01 to 1024, got 0$/],
    ['little memory', { memory: Size.mebibytes(1) }, /^shop\/Hello\/Preflight: memory must be 6 MiB or more, .*, got 1 MiB$/],
    ['a user by name', { user: 'app' }, /^shop\/Hello\/Preflight: user must be a numeric/],
    ['no workers', { workers: 0 }, /^shop\/Hello: workers must be/],
    [
      'a path that is a URL',
      { health: { path: 'http://x/' } },
      /^shop\/Hello: health.path must be a URL path such as "\/healthz", got "http:\/\/x\/"$/,
    ],
    ['a first path with a space', { health: { firstPath: '/a b' } }, /^shop\/Hello: health.firstPath must be a URL path/],
    ['an expectation that is a word', { health: { expect: 'ok' } }, /^shop\/Hello: health.expect must be a range of status codes .*, got "ok"$/],
    [
      'an end before its time',
      { health: { endAfter: Duration.seconds(29) } },
      /^shop\/Hello: health.endAfter must be in whole seconds and at least gracefulTimeout \(30s\), got 29s: a server that ends its last requests/,
    ],
    ['a variable with a dash', { environment: { 'A-B': '1' } }, /^shop\/Hello: the name of an environment variable must be/],
    [
      'a secret in the environment',
      { environment: { CACHE: 'redis://:hunter2@cache' } },
      /^shop\/Hello: environment variable CACHE has a URL with a password in it, and everybody who .* would see it; give it in secretEnvironment, or as a file in secrets, as Secret\.generated\(\), Secret\.fromFile\(\) or Secret\.fromVariable\(\)\. If it is no secret, give it in publicEnvironment, or by addPublicEnvironment\(\)$/,
    ],
    ['a variable of the library', { environment: { HOME: '/x' } }, /^shop\/Hello: environment variable "HOME" is set already; set it in one place$/],
    [
      'a variable and a secret of one name',
      { environment: { A: '1' }, secretEnvironment: { A: Secret.generated() } },
      /^shop\/Hello: environment variable "A" is set already/,
    ],
    ['a secret in upper case', { secrets: { KEY: Secret.generated() } }, /^shop\/Hello\/Secret-KEY: secretName must be made of lower-case/],
    ['an image of tomorrow', { image: ContainerImage.fromRegistry('hello:latest') }, /^shop\/Hello: image must not have the tag "latest"/],
  ])('%s', (_what, props, message) => expect(() => newApp(props)).toThrow(message));

  test('a variable that a secret sets already', () => {
    const app = newApp({ secretEnvironment: { A: Secret.generated() } });
    expect(() => app.addEnvironment('A', '1')).toThrow(/^shop\/Hello: environment variable "A" is set already; set it in one place$/);
    expect(() => app._addLaunchTemplate('A', () => '')).toThrow(/^shop\/Hello: environment variable "A" is set already/);
    expect(() => app.addSecretEnvironment('HOME', Secret.generated())).toThrow(/^shop\/Hello: environment variable "HOME" is set already/);
  });
});
