import { TerraformStack } from 'cdktf';
import fc from 'fast-check';
import {
  Balancing,
  ClientLimits,
  ClientLimitsProps,
  ContainerImage,
  DjangoService,
  DjangoServiceProps,
  DjangoSettings,
  Duration,
  ErrorPage,
  GunicornApp,
  Hsts,
  GunicornAppProps,
  NginxProxy,
  NginxProxyProps,
  PostgresDb,
  PostgresDbProps,
  PostgresImport,
  PostgresStorage,
  PostgresVersion,
  ProxyPages,
  ProxyRouteProps,
  RemovalPolicy,
  Secret,
  Size,
  Tls,
} from '../../lib';
import { join } from 'node:path';
import { folder } from './folder';

/*
 * Random props of the four constructs. Those named "valid" are all accepted; `wrong` has, for each prop, values that must not be.
 */

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const of = (first: string, rest: string, max = 12) =>
  fc.tuple(fc.constantFrom(...first), fc.string({ unit: fc.constantFrom(...rest), maxLength: max })).map(([one, more]) => one + more);

/** Text in which everything occurs that has a meaning to Terraform, JSON, a shell, nginx or SQL. */
export const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '$',
      '%',
      '{',
      '}',
      '"',
      "'",
      '\\',
      '\n',
      ';',
      '`',
      '#',
      '~',
      ' ',
      '<<EOT',
      '${',
      '%{if',
      '$${',
      '%%{',
      '${plantimestamp()}',
      '{{',
      '\u2028',
    ),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }).filter((part) => !part.includes('\0')),
  ),
  maxLength: 12,
});
const line = text.map((value) => value.replace(/[\0\r\n]/g, '')).filter((value) => value !== '');
const word = of(LETTERS, `${LETTERS}0123456789_`);
const variable = of('ABCDEFGXYZ_', 'ABCXYZ0123456789_').map((name) => `V${name}`);
const module_ = fc.array(word, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('.'));
const seconds = (min: number, max: number) => fc.integer({ min, max }).map((value) => Duration.seconds(value));
const mebibytes = (min: number, max: number) => fc.integer({ min, max }).map((value) => Size.mebibytes(value));
const cpus = fc.double({ min: 0.01, max: 64, noNaN: true });
const host = fc.oneof(
  fc.array(of(LETTERS, `${LETTERS}0123456789`, 8), { minLength: 2, maxLength: 4 }).map((labels) => `${labels.join('.')}.example.com`),
  fc.array(of(LETTERS, LETTERS, 5), { minLength: 1, maxLength: 2 }).map((labels) => `*.${labels.join('.')}.example.org`),
  fc.ipV4(),
);
const urlPath = fc.array(of(LETTERS, `${LETTERS}0123456789-_~`, 6), { maxLength: 3 }).map((parts) => `/${parts.map((part) => `${part}/`).join('')}`);
const folderPath = urlPath.filter((path) => path !== '/');

/** All or some of the members. */
function some<T extends object>(members: { [K in keyof T]-?: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> {
  return fc.record(members as Record<string, fc.Arbitrary<unknown>>, { requiredKeys: [] }) as unknown as fc.Arbitrary<Partial<T>>;
}

const image = (name: string) =>
  fc.oneof(
    fc.constant(ContainerImage.fromRegistry(`localhost/${name}:1`)),
    fc.constant(ContainerImage.fromDjangoProject(folder({ 'manage.py': '', 'requirements.txt': '' }, name))),
  );

const options = some<GunicornAppProps>({
  image: fc.constant(undefined as never),
  module: fc.constant(undefined as never),
  health: fc.constant(undefined),
  _preflightMark: fc.constant(undefined),
  _beside: fc.constant(undefined),
  replicas: fc.integer({ min: 1, max: 3 }),
  cpus,
  memory: mebibytes(6, 8192),
  environment: fc.dictionary(variable, text, { maxKeys: 3 }),
  publicEnvironment: fc.dictionary(
    variable.map((name) => `P${name}_TOKEN`),
    text,
    { maxKeys: 2 },
  ),
  secrets: fc.dictionary(of(LETTERS, LETTERS), fc.constant(Secret.generated()), { maxKeys: 2 }),
  secretEnvironment: fc.dictionary(
    variable.map((name) => `S${name}9`),
    fc.constantFrom(Secret.generated({ length: 20 }), Secret.fromFile('/etc/a b${c}')),
    {
      maxKeys: 1,
    },
  ),
  user: fc.tuple(fc.nat(60000), fc.nat(60000)).map((ids) => ids.join(':')),
  asgi: fc.boolean(),
  workers: fc.integer({ min: 1, max: 512 }),
  threads: fc.integer({ min: 1, max: 512 }),
  timeout: seconds(1, 30),
  gracefulTimeout: seconds(30, 900),
  keepAlive: seconds(1, 900),
  maxRequests: fc.nat(1_000_000),
  maxRequestsJitter: fc.nat(1000),
  preload: fc.boolean(),
  gunicornArguments: fc.array(
    line.filter((value) => !value.startsWith('-')),
    { maxLength: 2 },
  ),
}).map(({ image: _image, module: _module, health: _health, _preflightMark, ...rest }) => (rest.asgi ? { ...rest, threads: undefined } : rest));

const initFile = join(folder({ 'seed.sql': 'SELECT 1;\n' }, 'init'), 'seed.sql');

export const validDb: fc.Arbitrary<PostgresDbProps> = some<PostgresDbProps>({
  version: fc.constantFrom(PostgresVersion.V15, PostgresVersion.V16, PostgresVersion.V17, PostgresVersion.V18),
  upgradeFrom: fc.constantFrom(PostgresVersion.V15, PostgresVersion.V16, PostgresVersion.V17),
  importFrom: some<PostgresImport>({
    volumeName: word.map((name) => `v${name}`),
    databaseName: line.filter((value) => /^[^'"\\\0-\x1f\x7f]{1,63}$/.test(value)),
    user: word,
    version: fc.constant(PostgresVersion.V15),
    userId: fc.integer({ min: 1, max: 60000 }),
  }).map((from) => ({ ...from, volumeName: from.volumeName ?? 'other', databaseName: from.databaseName ?? 'shop' })),
  databaseName: word.map((name) => `d${name}`),
  user: word.map((name) => `u${name}`),
  password: fc.constantFrom(Secret.generated(), Secret.fromFile('/etc/%{p}')),
  passwordVersion: fc.integer({ min: 1, max: 4 }),
  memory: mebibytes(128, 65536),
  cpus,
  storage: fc.constantFrom(...Object.values(PostgresStorage)),
  maxConnections: fc.integer({ min: 10, max: 10000 }),
  parameters: fc.dictionary(
    word.map((name) => `x.${name}`),
    text.map((value) => value.replace(/[\r\n]/g, '')),
    { maxKeys: 3 },
  ),
  initFiles: fc.constantFrom(undefined as never, [], [initFile]),
  removalPolicy: fc.constantFrom(...Object.values(RemovalPolicy)),
  volumeName: of(LETTERS, `${LETTERS}_.-`).map((name) => `v${name}0`),
})
  .map((props) => ((props.upgradeFrom?.major ?? 0) < (props.version?.major ?? 18) ? props : { ...props, upgradeFrom: undefined }))
  .map((props) => (props.removalPolicy === RemovalPolicy.DESTROY ? { ...props, volumeName: undefined } : props));

export const validApp: fc.Arbitrary<GunicornAppProps> = fc
  .tuple(
    options,
    image('hello'),
    module_,
    fc.constantFrom('app', 'create_app()'),
    some<NonNullable<GunicornAppProps['health']>>({
      path: urlPath,
      firstPath: urlPath.map((path) => `${path}?a=1&b=2`),
      expect: fc.constantFrom('<500', '200', '200-399'),
      interval: seconds(1, 60),
      startPeriod: seconds(0, 600),
      endAfter: seconds(900, 9000),
    }),
  )
  .map(([more, from, name, callable, health]) => ({ ...more, image: from, module: `${name}:${callable}`, health }));

export const validDjango: fc.Arbitrary<DjangoServiceProps> = fc
  .tuple(
    options,
    image('shop'),
    word,
    some<DjangoServiceProps>({
      settings: fc.oneof(
        fc
          .tuple(module_, fc.dictionary(of('ABC', 'ABC_1'), fc.jsonValue(), { maxKeys: 2 }))
          .map(([name, overrides]) => DjangoSettings.overlay(name, { overrides })),
        module_.map((name) => DjangoSettings.environment(name)),
      ),
      wsgi: module_.map((name) => `${name}:application`),
      database: fc.constant(undefined as never),
      keys: fc.oneof(
        fc.record({ secretKeyVersion: fc.integer({ min: 1, max: 3 }), secretKeyFallbacks: fc.constantFrom(undefined, [], [4], [7, 9]) }),
        fc.constant({ secretKey: Secret.fromFile('/etc/key'), fallbackSecretKeys: [Secret.fromFile('/etc/old key')] }),
      ),
      mediaVolumeName: word.map((name) => `m${name}`),
      allowedHosts: fc.array(
        host.map((name) => name.replace('*', '')),
        { maxLength: 2 },
      ),
      release: fc.record({
        breakingMigrations: fc.array(
          module_.map((name) => `${name.split('.')[0]}.0001_initial`),
          { maxLength: 1 },
        ),
        lockTimeout: seconds(0, 60),
        statementTimeout: seconds(1, 900),
        keepGenerations: fc.integer({ min: 1, max: 9 }),
        commands: fc.array(fc.array(line, { minLength: 1, maxLength: 2 }), { maxLength: 1 }),
      }),
      staticUrl: folderPath.map((path) => `/s${path}`),
      mediaUrl: folderPath.map((path) => `/m${path}`),
      removalPolicy: fc.constantFrom(...Object.values(RemovalPolicy)),
      image: fc.constant(undefined as never),
      project: fc.constant(undefined as never),
    } as never) as fc.Arbitrary<Partial<DjangoServiceProps> & { keys?: Partial<DjangoServiceProps> }>,
  )
  .map(([more, from, project, { database: _database, image: _image, project: _project, keys, ...own }]) => ({
    ...more,
    ...own,
    ...keys,
    ...(more.asgi ? { wsgi: undefined, asgiCallable: own.wsgi } : {}),
    image: from,
    project,
  }));

const page = text.map((part) => ErrorPage.fromHtml(`<p>${part}</p>`));
const pages = some<ProxyPages>({
  unavailable: page,
  unavailableRetryAfter: seconds(1, 900),
  maintenance: page,
  maintenanceRetryAfter: seconds(1, 90000),
} as never);

const network = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('10.0.0.0/8', '2001:db8::/32'));
const networks = fc.uniqueArray(network, { minLength: 1, maxLength: 3 });
const limits = fc.oneof(
  fc.constant(ClientLimits.none()),
  some<ClientLimitsProps>({
    requestsPerSecond: fc.integer({ min: 1, max: 1_000_000 }),
    burst: fc.integer({ min: 1, max: 1_000_000 }),
    connections: fc.integer({ min: 1, max: 65_535 }),
    loginsPerMinute: fc.integer({ min: 1, max: 1_000_000 }),
    loginBurst: fc.integer({ min: 1, max: 1_000_000 }),
    loginPaths: fc.uniqueArray(folderPath, { maxLength: 2 }),
    exemptNetworks: networks,
  }).map((props) => ClientLimits.perAddress(props)),
);
const policy = fc
  .array(
    fc.tuple(
      fc.constantFrom('default-src', 'img-src', 'script-src'),
      line.map((value) => value.replace(/[^\x20-\x7e]|[$,"\\;]/g, '').replace(/'nonce-/g, '')),
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((parts) => parts.map(([name, value]) => `${name} ${value}`).join('; '));
const rules = {
  limits: fc.option(limits, { nil: undefined }),
  allowedNetworks: fc.option(networks, { nil: undefined }),
  deniedNetworks: fc.option(networks, { nil: undefined }),
  contentSecurityPolicy: fc.option(policy, { nil: undefined }),
};

const plainProxy: fc.Arbitrary<NginxProxyProps> = some<NginxProxyProps>({
  image: fc.constant(ContainerImage.fromRegistry('nginx:1.30.6-trixie')),
  httpPort: fc.integer({ min: 1, max: 65535 }),
  address: fc.ipV4(),
  maxBodySize: mebibytes(1, 4096),
  timeouts: fc.record({ connect: seconds(1, 9), send: seconds(1, 900), read: seconds(1, 900) }),
  clientTimeouts: fc.record({ header: seconds(1, 60), body: seconds(1, 60), send: seconds(1, 60), keepalive: seconds(1, 60) }),
  balancing: fc.constantFrom(...Object.values(Balancing)),
  upstreamKeepalive: fc.integer({ min: 1, max: 1024 }),
  gzip: fc.boolean(),
  accessLog: fc.boolean(),
  cacheSize: mebibytes(1, 4096),
  drainTimeout: seconds(1, 900),
  httpSnippet: text,
  serverSnippet: text,
  maintenance: fc.boolean(),
  pages,
  workers: fc.integer({ min: 1, max: 256 }),
  workerConnections: fc.integer({ min: 64, max: 262144 }),
  memory: mebibytes(6, 8192),
  cpus,
  ...rules,
  trustedProxies: networks,
  maxHeaderSize: fc.integer({ min: 8, max: 1024 }).map((value) => Size.kibibytes(value)),
} as never);

/** TLS and what goes with it, or nothing. */
const tls = fc.option(
  fc.tuple(
    fc.oneof(
      fc.constant(() => Tls.selfSigned()),
      line.map((part) => () => Tls.certificateFiles({ folder: `/etc/${part}`, certificate: `a${part.replace(/\.\./g, '')}`, privateKey: '%{key}' })),
    ),
    some<NginxProxyProps>({
      httpsPort: fc.integer({ min: 1, max: 65535 }),
      http3: fc.boolean(),
      hsts: fc.oneof(
        fc.constantFrom(Hsts.ramp(), Hsts.off()),
        seconds(0, 900).map((age) => Hsts.fixed(age, { includeSubDomains: true })),
      ),
    } as never),
  ),
  { nil: undefined },
);

export const validProxy: fc.Arbitrary<NginxProxyProps> = fc.tuple(plainProxy, tls).map(([props, secure]) => {
  if (!secure) return props;
  const [make, more] = secure;
  const same = (props.httpPort ?? 80) === (more.httpsPort ?? 443);
  return { ...props, ...more, ...(same ? { httpsPort: props.httpPort === 8443 ? 9443 : 8443 } : {}), tls: make() };
});

export interface Whole {
  readonly db: PostgresDbProps;
  readonly django: DjangoServiceProps;
  readonly withDatabase: boolean;
  readonly app: GunicornAppProps;
  readonly proxy: NginxProxyProps;
  readonly routes: Omit<ProxyRouteProps, 'target'>[];
  readonly djangoPath: string;
}

/** Props of a whole stack. */
export const validWhole: fc.Arbitrary<Whole> = fc.record({
  db: validDb,
  django: validDjango,
  withDatabase: fc.boolean(),
  app: validApp,
  proxy: validProxy,
  routes: fc.uniqueArray(
    fc.record({
      host,
      maxBodySize: fc.option(mebibytes(1, 9), { nil: undefined }),
      balancing: fc.option(fc.constantFrom(...Object.values(Balancing)), { nil: undefined }),
      snippet: fc.option(text, { nil: undefined }),
      maintenance: fc.option(fc.boolean(), { nil: undefined }),
      pages: fc.option(pages, { nil: undefined }),
      ...rules,
    }),
    { minLength: 1, maxLength: 3, selector: (route) => route.host },
  ),
  djangoPath: urlPath,
});

export function build(stack: TerraformStack, whole: Whole): void {
  // What the servers may open is said here: 512 workers with 512 threads each have no budget.
  const { maxConnections } = whole.db;
  const db = new PostgresDb(stack, 'Db', { ...whole.db, maxConnections: maxConnections && Math.max(maxConnections, 50) });
  const shop = new DjangoService(stack, 'Shop', { ...whole.django, database: whole.withDatabase ? db : undefined, databaseConnections: 1 });
  const hello = new GunicornApp(stack, 'Hello', whole.app);
  const proxy = new NginxProxy(stack, 'Proxy', whole.proxy);
  for (const route of whole.routes) {
    proxy.addRoute({ ...route, path: whole.djangoPath, target: shop });
    proxy.addRoute({ ...route, path: '/zz-hello/', target: hello });
  }
}

const notInteger = (min: number, max: number) =>
  fc.oneof(fc.integer({ max: min - 1 }), fc.integer({ min: max + 1 }), fc.constantFrom(NaN, Infinity, min + 0.5));
const notWord = fc.constantFrom('', ' ', 'a b', "a'b", 'a"b', 'a;b', 'a\nb', '${a}', '$(a)', '../a', 'a-é');
const latest = fc.constantFrom('nginx', 'nginx:latest', 'NGINX:1', 'a b:1', '').map((reference) => ContainerImage.fromRegistry(reference));
const missing = fc.constant(ContainerImage.fromDjangoProject('/no/such/folder'));

/** For each prop, values that are refused. */
export const wrong = {
  Db: {
    version: fc.constantFrom(
      PostgresVersion.of(9, 'postgres:9.6-stretch'),
      PostgresVersion.of(17, 'postgres:latest'),
      PostgresVersion.of(17, 'postgres:16.1-trixie'),
    ),
    databaseName: fc.oneof(notWord, fc.constantFrom('postgres', '1a', 'A', 'a'.repeat(58))),
    user: fc.oneof(notWord, fc.constantFrom('postgres', 'pg_x', 'A', 'a'.repeat(64))),
    passwordVersion: notInteger(1, 999999),
    memory: fc.integer({ min: 0, max: 127 }).map((value) => Size.mebibytes(value)),
    cpus: fc.constantFrom(0, -1, NaN, Infinity, 1025),
    maxConnections: notInteger(10, 10000),
    parameters: fc.constantFrom({ 'a b': '1' }, { port: '1' }, { 'x.y': 'a\nb' }, { 'x.y': 1 }, { work_mem: '4mb' }, { wrk_mem: '4MB' }, { jit: '' }),
    initFiles: fc.constantFrom([''], ['/no/such.sql'], ['seed.txt']),
  },
  Shop: {
    image: fc.oneof(latest, missing),
    project: fc.oneof(notWord, fc.constant('my-shop')),
    staticUrl: fc.constantFrom('', 'static', '/', '/static', '/a b/', '/a"/', '//'),
    mediaUrl: fc.constantFrom('', 'media', '/', '/media', '/a;b/'),
    replicas: notInteger(1, 1000),
    settings: notWord.map((name) => DjangoSettings.overlay(name)),
    wsgi: fc.constantFrom('', 'a', 'a:b;c', 'a:b c'),
    asgiCallable: fc.constantFrom('', 'a', 'a:b;c', 'shop.asgi:application'),
    allowedHosts: fc.constantFrom(['a b'], ['a,b'], ['']),
    release: fc.constantFrom({ keepGenerations: 0 }, { commands: [[]] }, { breakingMigrations: ['a'] }),
  },
  Hello: {
    image: latest,
    module: fc.oneof(notWord, fc.constantFrom('app', ':app', 'app:', 'app:app;')),
    replicas: notInteger(1, 1000),
    cpus: fc.constantFrom(0, -0.5, NaN),
    memory: fc.integer({ min: 0, max: 5 }).map((value) => Size.mebibytes(value)),
    user: fc.constantFrom('', 'root', '1', '1:1:1', '1:a'),
    workers: notInteger(1, 512),
    threads: notInteger(1, 512),
    timeout: fc.constantFrom(Duration.seconds(0), Duration.millis(1500)),
    environment: fc.constantFrom({ 'A B': '' }, { '': '' }, { A: 'a\0b' }, { HOME: '/' }),
    secrets: fc.constantFrom({ A: Secret.generated() }, { 'a b': Secret.generated() }),
    gunicornArguments: fc.constantFrom(['--bind=0'], [''], ['a\nb']),
    health: fc.constantFrom({ path: 'x' }, { path: '/a b' }, { expect: 'ok' }, { firstPath: '' }),
  },
  Proxy: {
    image: latest,
    httpPort: notInteger(1, 65535),
    address: fc.constantFrom('', 'localhost', '1.2.3', '::1', '0.0.0.0; reboot'),
    maxBodySize: fc.constant(Size.mebibytes(0)),
    timeouts: fc.constant({ read: Duration.millis(1) }),
    upstreamKeepalive: notInteger(1, 1024),
    workers: notInteger(1, 256),
    workerConnections: notInteger(64, 262144),
    memory: fc.constant(Size.mebibytes(1)),
    cpus: fc.constantFrom(0, -1, NaN),
    cacheSize: fc.constant(Size.mebibytes(0)),
    httpSnippet: fc.constant('a\0b'),
    limits: fc
      .oneof(
        fc.record({ requestsPerSecond: notInteger(1, 1_000_000) }),
        fc.record({ connections: notInteger(1, 65_535) }),
        fc.constantFrom({ loginPaths: ['a'] }, { loginPaths: ['/a b'] }, { exemptNetworks: ['a'] }),
      )
      .map((props) => ClientLimits.perAddress(props as ClientLimitsProps)),
    allowedNetworks: fc.constantFrom([], [''], ['a'], ['1.2.3.4/33'], ['1.2.3.4/8'], ['::1', '::1']),
    deniedNetworks: fc.constantFrom([''], ['0.0.0.0/0'], ['::1/64'], ['1.2.3.4; allow all']),
    contentSecurityPolicy: fc.constantFrom('', 'default-src $a', 'a\nb', 'A', "script-src 'nonce-1'"),
    trustedProxies: fc.constantFrom(['::/0'], ['proxy'], ['10.0.0.1/8']),
    maxHeaderSize: fc.constantFrom(Size.kibibytes(7), Size.mebibytes(2)),
    // Without a certificate.
    httpsPort: fc.integer({ min: 1, max: 65535 }),
    hsts: fc.constantFrom(Hsts.ramp(), Hsts.off()),
    http3: fc.boolean(),
  },
};
