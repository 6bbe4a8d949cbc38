import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { App, Aspects, HttpBackend, LocalBackend, TerraformStack, TerraformVariable, Testing } from 'cdktf';
import {
  BackupTarget,
  CheckLevel,
  ContainerImage,
  DjangoService,
  DjangoServiceProps,
  DjangoSettings,
  GunicornApp,
  GunicornAppProps,
  HealthCheck,
  Job,
  MailCatcher,
  NginxProxy,
  NginxProxyProps,
  PostgresDb,
  PostgresDbProps,
  PostgresVersion,
  ProductionReadiness,
  RedisCache,
  RemovalPolicy,
  Schedule,
  Secret,
  SecretFile,
  Service,
  ServiceProps,
  Size,
  SmtpSecurity,
  SmtpServer,
  Volume,
} from '../../lib';
import { folder } from '../support/folder';
import { Finding, findings, said } from '../support/readiness';

const DIGEST = `sha256:${'0'.repeat(64)}`;
const pinned = (name: string) => ContainerImage.fromRegistry(`localhost/${name}:1@${DIGEST}`);

interface Planted {
  readonly db?: PostgresDbProps;
  readonly shop?: Partial<DjangoServiceProps>;
  readonly hello?: Partial<GunicornAppProps>;
  readonly proxy?: NginxProxyProps;
  readonly cache?: Partial<ServiceProps>;
  readonly add?: (stack: TerraformStack) => void;
  readonly backend?: (stack: TerraformStack) => void;
}

/** ASGI servers beside the planted site's own. */
const addLive = (replicas: number) => (stack: TerraformStack) => void (stack.node.findChild('Shop') as DjangoService).addAsgi('Live', { replicas });

/** A stack in which all is well, but for what is planted. */
function judge(planted: Planted): App {
  const app = Testing.app();
  const stack = new TerraformStack(app, 'shop');
  new DockerProvider(stack, 'Docker');
  (
    planted.backend ??
    ((scope) => new HttpBackend(scope, { address: 'https://state.example.com/shop', lockAddress: 'https://state.example.com/shop/lock' }))
  )(stack);
  const db = new PostgresDb(stack, 'Db', planted.db);
  ProductionReadiness.suppress(db, 'NoBackup', 'the disk of the host is backed up every night');
  const shop = new DjangoService(stack, 'Shop', { image: pinned('shop'), project: 'shop', database: db, ...planted.shop });
  shop.addCommand('ClearSessions', { schedule: Schedule.cron('0 4 * * *'), command: ['clearsessions'] });
  const hello = new GunicornApp(stack, 'Hello', { image: pinned('hello'), module: 'app:app', ...planted.hello });
  new Service(stack, 'Cache', {
    image: pinned('valkey'),
    user: '10090:10090',
    memory: Size.mebibytes(128),
    healthCheck: HealthCheck.command(['valkey-cli', 'ping']),
    ...planted.cache,
  });
  const proxy = new NginxProxy(stack, 'Proxy', planted.proxy ?? { address: '127.0.0.1' });
  proxy.addRoute({ host: 'shop.example.com', target: shop });
  proxy.addRoute({ host: 'hello.example.com', target: hello });
  planted.add?.(stack);
  Aspects.of(app).add(new ProductionReadiness());
  return app;
}

test('a stack in which all is well is silent', () => expect(findings(judge({}))).toEqual([]));

const debug = (value: string): Planted => ({ hello: { environment: { DEBUG: value } } });
const port = (address: string | undefined): Planted => ({ cache: { publishedPorts: [{ containerPort: 6379, hostPort: 6379, address }] } });
const dockerfile = (text: string): Planted => ({ hello: { image: ContainerImage.fromDirectory(folder({ Dockerfile: text })) } });
const settings = (overrides: object): Planted => ({ shop: { settings: DjangoSettings.overlay('shop.settings', { overrides: { ...overrides } }) } });

const login = { host: 'smtp.example.com', user: 'shop', password: Secret.fromFile('/etc/shop/smtp-password') };

const faults: [rule: string, path: string, planted: Planted][] = [
  ['PlainHttp', 'shop/Proxy', { proxy: {} }],
  ['PlainHttp', 'shop/Proxy', { proxy: { address: '192.0.2.7', httpPort: 8080 } }],
  ['PublishedPort', 'shop/Cache', port('0.0.0.0')],
  ['PublishedPort', 'shop/Cache', port('192.0.2.7')],
  ['PlainSmtp', 'shop/Smtp', { add: (stack) => new SmtpServer(stack, 'Smtp', { ...login, security: SmtpSecurity.NONE }) }],
  ['NoBackup', 'shop/Second', { add: (stack) => new PostgresDb(stack, 'Second') }],
  ['DataNotRetained', 'shop/Db/Data', { db: { removalPolicy: RemovalPolicy.DESTROY } }],
  ['DataNotRetained', 'shop/Shop/Media', { shop: { removalPolicy: RemovalPolicy.DESTROY } }],
  ['DataNotRetained', 'shop/Files', { add: (stack) => new Volume(stack, 'Files', { removalPolicy: RemovalPolicy.DESTROY }) }],
  [
    'SecretInState',
    'shop/Key',
    {
      add: (stack) =>
        new SecretFile(stack, 'Key', {
          secret: Secret.fromVariable(new TerraformVariable(stack, 'key', { sensitive: true })),
          secretName: 'key',
          image: pinned('shop'),
        }),
    },
  ],
  ['LocalState', 'shop', { backend: () => undefined }],
  ['LocalState', 'shop', { backend: (stack) => new LocalBackend(stack, {}) }],
  ['DebugMode', 'shop/Shop', settings({ DEBUG: true })],
  ['DebugMode', 'shop/Shop', settings({ DEBUG: 1 })],
  ['DebugMode', 'shop/Shop/App', { shop: { environment: { DJANGO_DEBUG: 'yes' } } }],
  ['DebugMode', 'shop/Shop/App', { shop: { environment: { DJANGO_DEBUG: 'yes' } }, add: addLive(2) }],
  ...['1', 'True', 'on', 'y'].map((value): [string, string, Planted] => ['DebugMode', 'shop/Hello', debug(value)]),
  ['DebugMode', 'shop/Hello', { hello: { environment: { FLASK_DEBUG: '1', DEBUG: '1' } } }],
  ['SingleReplica', 'shop/Hello', { hello: { replicas: 1 } }],
  ['SingleReplica', 'shop/Shop/App', { shop: { replicas: 1 } }],
  ['SingleReplica', 'shop/Shop/Live/App', { add: addLive(1) }],
  ['MigrationsNotRun', 'shop/Shop', { shop: { release: { migrate: false } } }],
  ['ChecksIgnored', 'shop/Shop', { shop: { release: { checkLevel: CheckLevel.CRITICAL } } }],
  [
    'MailNotDelivered',
    'shop/Second',
    { add: (stack) => new DjangoService(stack, 'Second', { image: pinned('shop'), project: 'shop', email: new MailCatcher(stack, 'Mail') }) },
  ],
  ['MailNotDelivered', 'shop/Shop', settings({ EMAIL_BACKEND: 'django.core.mail.backends.console.EmailBackend' })],
  ['MailNotDelivered', 'shop/Shop', settings({ MAILERS: { default: { BACKEND: 'django.core.mail.backends.locmem.EmailBackend' } } })],
  ['ImageWithoutDigest', 'shop/Hello', { hello: { image: ContainerImage.fromRegistry('localhost/hello:1') } }],
  ['ImageWithoutDigest', 'shop/Shop/App', { shop: { image: ContainerImage.fromRegistry('localhost/shop:1') } }],
  ['ImageWithoutDigest', 'shop/Shop/App', { shop: { image: ContainerImage.fromRegistry('localhost/shop:1') }, add: addLive(2) }],
  ['ImageWithoutDigest', 'shop/Proxy', { proxy: { address: '127.0.0.1', image: ContainerImage.fromRegistry('localhost/nginx:1.30.0') } }],
  ['ImageWithoutDigest', 'shop/Db', { db: { version: PostgresVersion.of(18, 'localhost/postgres:18.1-trixie') } }],
  ['ImageWithoutDigest', 'shop/Cache', { cache: { image: ContainerImage.fromRegistry('valkey/valkey:9.0.1-trixie') } }],
  [
    'ImageWithoutDigest',
    'shop/Guest',
    {
      add: (stack) =>
        NginxProxy.fromAttributes(stack, 'Guest', {
          edgeNetworkName: 'edge-proxy-edge',
          configurationVolumeName: 'edge-proxy-configuration',
          image: ContainerImage.fromRegistry('localhost/nginx:1.30.0'),
        }),
    },
  ],
  ['FloatingBaseImage', 'shop/Hello', dockerfile('FROM python\n')],
  ['FloatingBaseImage', 'shop/Hello', dockerfile('FROM --platform=linux/amd64 python:latest AS build\nRUN true\nFROM build\n')],
  ['RootUser', 'shop/Cache', { cache: { user: undefined } }],
  ['RootUser', 'shop/Cache', { cache: { user: '0:0' } }],
  ['RootUser', 'shop/Task', { add: (stack) => new Job(stack, 'Task', { image: pinned('debian') }) }],
  ['WritableRoot', 'shop/Cache', { cache: { readOnlyRoot: false } }],
  ['AddedCapabilities', 'shop/Cache', { cache: { capabilities: ['NET_BIND_SERVICE', 'CHOWN'] } }],
  ['NoMemoryLimit', 'shop/Cache', { cache: { memory: undefined } }],
  ['NoHealthCheck', 'shop/Cache', { cache: { healthCheck: undefined } }],
];

describe('a fault is found once, where it is', () => {
  test.each(faults)('%s at %s (%#)', (rule, path, planted) => {
    const level = ProductionReadiness.rules.find(({ id }) => id === rule)!.level;
    expect(findings(judge(planted))).toEqual<Finding[]>([{ path, rule, level }]);
  });

  test('and each rule has one here', () => {
    expect([...new Set(faults.map(([rule]) => rule))]).toEqual(ProductionReadiness.rules.map(({ id }) => id));
  });
});

describe('what is no fault', () => {
  test.each<[string, Planted]>([
    ['a proxy on another address of loopback', { proxy: { address: '127.0.0.2' } }],
    ['a port of loopback', port('127.0.0.1')],
    ['a port of the default address', port(undefined)],
    ...['0', 'False', 'off', 'no', ''].map((value): [string, Planted] => [`DEBUG=${value}`, debug(value)]),
    ['ASGI servers beside WSGI, in two replicas', { add: addLive(2) }],
    ['the setting DEBUG switched off', settings({ DEBUG: false })],
    ['stricter checks', { shop: { release: { checkLevel: CheckLevel.WARNING } } }],
    ['a base image with a version', dockerfile('FROM python:3.14.8-slim AS build\nFROM python@' + DIGEST + '\nCOPY --from=build /a /a\n')],
    ['a base image that the build names', dockerfile('ARG BASE=python:3.14\nFROM ${BASE}\n')],
    ['nothing beneath', dockerfile('FROM scratch\n')],
    [
      'a database with backups, and the scratch volume of a drill',
      {
        add: (stack) => {
          const second = new PostgresDb(stack, 'Second');
          const schedule = Schedule.cron('0 3 * * *');
          second.addBackup('Nightly', { schedule });
          second.addRestoreDrill('Weekly', { schedule, query: 'SELECT true' });
        },
      },
    ],
    [
      'a database with an archive, and its scratch volume',
      { add: (stack) => void new PostgresDb(stack, 'Second').addArchive('Archive', { schedule: Schedule.cron('0 3 * * *') }) },
    ],
    [
      'the staging volume of backups in a bucket',
      {
        add: (stack) => {
          const [accessKeyId, secretAccessKey, encryptionKey] = ['id', 'secret', 'key'].map((name) => Secret.fromFile(`/etc/s3/${name}`));
          const target = BackupTarget.s3({ endpoint: 'https://s3.example.com', bucket: 'shop', accessKeyId, secretAccessKey, encryptionKey });
          new PostgresDb(stack, 'Second').addBackup('Nightly', { schedule: Schedule.cron('0 3 * * *'), target });
        },
      },
    ],
    [
      'mail servers: one with TLS, one that asks for no password; a backend of somebody else',
      {
        ...settings({ EMAIL_BACKEND: 'post_office.EmailBackend' }),
        add: (stack) => {
          new SmtpServer(stack, 'Smtp', login);
          new SmtpServer(stack, 'Relay', { host: 'relay', security: SmtpSecurity.NONE });
        },
      },
    ],
    ['a Redis server of the default image', { add: (stack) => void new RedisCache(stack, 'Redis') }],
    ['a database elsewhere', { add: (stack) => elsewhere(stack) }],
  ])('%s', (_what, planted) => expect(findings(judge(planted))).toEqual([]));

  test('what only the deploy knows', () => {
    const app = judge({
      add: (stack) => {
        const late = new TerraformVariable(stack, 'late', {}).stringValue;
        new GunicornApp(stack, 'Late', { image: pinned('late'), module: 'app:app', environment: { DEBUG: late } });
        new NginxProxy(stack, 'Second', { address: late, httpPort: 8081 });
      },
    });
    expect(findings(app)).toEqual([]);
  });
});

test('what was seen is in the message', () => {
  const messages = (planted: Planted) => said(judge(planted)).map(({ message }) => /Here: (.*?)\. [A-Z]/.exec(message)?.[1]);
  expect(messages({ proxy: { address: '192.0.2.7', httpPort: 8080 } })).toEqual(['http://192.0.2.7:8080']);
  expect(messages(port('0.0.0.0'))).toEqual(['0.0.0.0:6379/tcp']);
  expect(messages({ hello: { environment: { FLASK_DEBUG: '1', DEBUG: 'yes' } } })).toEqual(['DEBUG=yes, FLASK_DEBUG=1']);
  expect(messages({ cache: { capabilities: ['CHOWN', 'KILL'] } })).toEqual(['CHOWN, KILL']);
  expect(messages({ cache: { image: ContainerImage.fromRegistry('valkey/valkey:9.0.1-trixie') } })).toEqual(['valkey/valkey:9.0.1-trixie']);
});

function elsewhere(stack: TerraformStack): void {
  PostgresDb.fromAttributes(stack, 'Managed', {
    host: 'db.example.com',
    databaseName: 'shop',
    user: 'shop',
    password: Secret.fromFile('/etc/shop/database-password'),
  });
}
