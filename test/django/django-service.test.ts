import { TerraformStack } from 'cdktf';
import {
  ContainerImage,
  DjangoService,
  DjangoServiceProps,
  DjangoSettings,
  Duration,
  NginxProxy,
  PostgresDb,
  PostgresSslMode,
  RemovalPolicy,
  Secret,
} from '../../lib';
import { Arguments, newStack, Synthesized } from '../support/synth';

const image = ContainerImage.fromRegistry('localhost/shop:1');

interface Given {
  readonly stack: TerraformStack;
  readonly shop: DjangoService;
}

function given(props: object | ((stack: TerraformStack) => object) = {}): Given {
  const stack = newStack();
  const more = typeof props === 'function' ? props(stack) : props;
  return { stack, shop: new DjangoService(stack, 'Shop', { image, project: 'shop', ...more } as DjangoServiceProps) };
}

const withDatabase = (stack: TerraformStack) => ({ database: new PostgresDb(stack, 'Db', { databaseName: 'orders' }) });
const filesOf = ({ stack }: Given) => new Synthesized(stack).container('shop/Shop/App/Files').upload as Arguments[];
const contentOf = (one: Given, name: string) => filesOf(one).find((file) => file.file === `/files/${name}`)?.content as string;
const settingsOf = (one: Given) => JSON.parse(contentOf(one, 'django.json'));
const server = (synth: Synthesized) => Object.values(synth.all('docker_container')).find((one) => one.name.startsWith('shop-shop-app-server'))!;
const IDENTITY = /^\$\{trimprefix\(docker_image\.[A-Za-z0-9_.-]+\.image_id, "sha256:"\)\}$/;

function route(one: Given, ...routes: { host: string; path?: string }[]): Given {
  const proxy = new NginxProxy(one.stack, 'Proxy', { httpPort: 8080 });
  for (const each of routes) proxy.addRoute({ ...each, target: one.shop });
  return one;
}

describe('the secret key', () => {
  const volumes = ({ stack }: Given) => {
    const mounts = server(new Synthesized(stack)).mounts as Arguments[];
    return Object.fromEntries(mounts.filter((mount) => mount.target.includes('secret-key')).map((mount) => [mount.target.slice(13), mount.source]));
  };
  const fallbacks = (one: Given) => settingsOf(one).secretKeyFallbackFiles;

  test.each<[object, Record<string, string>]>([
    [{}, { 'secret-key': 'shop-shop-secret-key' }],
    [{ secretKeyVersion: 2 }, { 'secret-key': 'shop-shop-secret-key-v2', 'secret-key-fallback-1': 'shop-shop-secret-key' }],
    [{ secretKeyVersion: 3 }, { 'secret-key': 'shop-shop-secret-key-v3', 'secret-key-fallback-1': 'shop-shop-secret-key-v2' }],
    [{ secretKeyVersion: 3, secretKeyFallbacks: [] }, { 'secret-key': 'shop-shop-secret-key-v3' }],
    [{ secretKeyFallbacks: [2] }, { 'secret-key': 'shop-shop-secret-key', 'secret-key-fallback-1': 'shop-shop-secret-key-v2' }],
    [
      { secretKey: Secret.fromFile('/etc/new'), fallbackSecretKeys: [Secret.fromFile('/etc/old')] },
      { 'secret-key/value': '/etc/new', 'secret-key-fallback-1/value': '/etc/old' },
    ],
  ])('of %j is where it is, and those that are good for reading are beside it', (props, expected) => {
    const one = given(props);
    expect(volumes(one)).toEqual(expected);
    const count = Object.keys(expected).length - 1;
    expect(one.shop.fallbackSecretKeys).toHaveLength(count);
    expect(fallbacks(one)).toEqual(count === 0 ? undefined : ['/run/secrets/secret-key-fallback-1/value']);
  });

  test('of several versions is one variable for a project that reads its environment', () => {
    const settings = DjangoSettings.environment('a', { secretKeyFallbacks: 'OLD_KEYS' });
    const templates = (props: object) => JSON.parse(contentOf(given({ settings, ...props }), 'launch.json')).templates;
    expect(templates({ secretKeyFallbacks: [2, 3] })).toMatchObject({
      DJANGO_SECRET_KEY: '{file:/run/secrets/secret-key/value}',
      OLD_KEYS: '{file:/run/secrets/secret-key-fallback-1/value},{file:/run/secrets/secret-key-fallback-2/value}',
    });
    expect(templates({})).not.toHaveProperty('OLD_KEYS');
  });

  test.each<[object, RegExp]>([
    [{ secretKeyVersion: 0 }, /^shop\/Shop: secretKeyVersion must be an integer from 1 to 999999, got 0$/],
    [{ secretKeyFallbacks: [0] }, /^shop\/Shop: a version of secretKeyFallbacks must be an integer/],
    [{ secretKeyVersion: 2, secretKeyFallbacks: [2] }, /^shop\/Shop: secretKeyFallbacks must name other versions than 2, each once, got "2"$/],
    [{ secretKeyFallbacks: [2, 2] }, /^shop\/Shop: secretKeyFallbacks must name other versions than 1, each once, got "2, 2"$/],
    [{ fallbackSecretKeys: [] }, /^shop\/Shop: fallbackSecretKeys are for a secretKey from a file or a variable; name versions/],
    [{ secretKey: Secret.fromFile('/k'), secretKeyVersion: 2 }, /^shop\/Shop: secretKeyVersion is for a generated secretKey; name another file/],
    [{ secretKey: Secret.fromFile('/k'), secretKeyFallbacks: [] }, /^shop\/Shop: secretKeyFallbacks is for a generated secretKey/],
    [{ secretKey: Secret.fromFile('/k'), fallbackSecretKeys: [Secret.generated()] }, /^shop\/Shop: fallbackSecretKeys must be Secret.fromFile\(\)/],
  ])('%j is refused', (props, message) => expect(() => given(props)).toThrow(message));
});

describe('django.json', () => {
  test('has everything that the overlay needs, and no secret', () => {
    const one = route(
      given((stack) => ({ ...withDatabase(stack), allowedHosts: ['internal'] })),
      { host: 'shop.example.com' },
      { host: '*.shop.example.com' },
    );
    expect(settingsOf(one)).toEqual({
      mode: 'overlay',
      settings: 'shop.settings',
      wsgi: 'shop.wsgi:application',
      secretKeyFile: '/run/secrets/secret-key/value',
      database: {
        host: 'shop-db-server',
        port: 5432,
        name: 'orders',
        user: 'orders',
        passwordFile: '/run/secrets/db-password/value',
        connMaxAge: 60,
        options: { sslmode: 'disable' },
      },
      allowedHosts: ['.shop.example.com', 'internal', 'shop.example.com'],
      csrfTrustedOrigins: ['http://*.shop.example.com:8080', 'http://shop.example.com:8080'],
      scheme: 'http',
      scriptName: '',
      staticUrl: '/static/',
      staticRoot: '/var/lib/cdktf-django/static',
      mediaUrl: '/media/',
      mediaRoot: '/var/lib/cdktf-django/media',
      healthPath: '/-/health/',
      overrides: {},
      release: {
        check: 'ERROR',
        migrate: true,
        collectstatic: true,
        commands: [],
        breakingMigrations: [],
        lockTimeout: '5000ms',
        keepGenerations: 5,
      },
    });
  });

  test('below a path has it in all URLs', () => {
    const one = route(
      given({ staticUrl: '/assets/', mediaUrl: '/up/loads/' }),
      { host: 'a.example.com', path: '/shop' },
      { host: 'b.example.com', path: '/shop/' },
    );
    expect(settingsOf(one)).toMatchObject({
      scriptName: '/shop',
      staticUrl: '/shop/assets/',
      mediaUrl: '/shop/up/loads/',
      allowedHosts: ['a.example.com', 'b.example.com'],
    });
  });

  test('without a database, a route or a name of its own leaves them to the project', () => {
    const settings = settingsOf(
      given({ settings: DjangoSettings.overlay('config.prod', { overrides: { TIME_ZONE: 'UTC' } }), wsgi: 'config.wsgi:app' }),
    );
    expect(settings).toMatchObject({
      settings: 'config.prod',
      wsgi: 'config.wsgi:app',
      overrides: { TIME_ZONE: 'UTC' },
      allowedHosts: [],
      csrfTrustedOrigins: [],
    });
    expect(settings).not.toHaveProperty('database');
  });

  test('text that looks like Terraform arrives as it is', () => {
    const one = given({ settings: DjangoSettings.overlay('shop.settings', { overrides: { MOTTO: '${a} %{b}' } }) });
    expect(contentOf(one, 'django.json')).toContain('"MOTTO": "$${a} %%{b}"');
  });

  test('asks a database elsewhere in the way that it wants', () => {
    const one = given((stack) => ({
      database: PostgresDb.fromAttributes(stack, 'Db', {
        host: 'db.example.com',
        databaseName: 'd',
        user: 'u',
        password: Secret.fromFile('/etc/p'),
        sslMode: PostgresSslMode.VERIFY_FULL,
      }),
    }));
    expect(settingsOf(one).database).toMatchObject({ host: 'db.example.com', name: 'd', user: 'u', options: { sslmode: 'verify-full' } });
  });
});

describe('with the overlay', () => {
  test('everything in the image has the same settings, media and secrets', () => {
    const one = given(withDatabase);
    const { app, releaseJob } = one.shop;
    for (const workload of [app.service, app.preflight, releaseJob]) {
      expect(workload.environment).toMatchObject({ DJANGO_SETTINGS_MODULE: 'cdktf_django_overlay.settings', PYTHONPATH: '/run/cdktf-django/python' });
      expect(workload.secrets.map((secret) => secret.secretName).sort()).toEqual(['db-password', 'secret-key']);
      expect(workload.volumeMounts).toContainEqual({ volume: one.shop.mediaVolume, path: '/var/lib/cdktf-django/media', readOnly: false });
    }
    const { env } = new Synthesized(one.stack).container('shop/Shop/App/Release');
    expect(env.find((line: string) => line.startsWith('CDKTF_DJANGO_RELEASE=')).slice('CDKTF_DJANGO_RELEASE='.length)).toMatch(IDENTITY);
  });

  test('the server runs ours, which imports that of the project', () => {
    const synth = new Synthesized(given(withDatabase).stack);
    expect(server(synth).command.at(-1)).toBe('cdktf_django_overlay.wsgi:application');
    expect(server(synth).healthcheck.test.join(' ')).toContain('--path /-/health/ --expect 200 --until-first-success /-/health/?database=1');
  });

  test('the modules of the overlay are all there', () => {
    expect(
      filesOf(given())
        .map((file) => file.file)
        .filter((file) => file.includes('overlay')),
    ).toEqual(
      ['__init__', 'asgi', 'cache', 'config', 'connections', 'health', 'loading', 'mail', 'sessions', 'settings', 'staticfiles', 'wsgi'].map(
        (name) => `/files/python/cdktf_django_overlay/${name}.py`,
      ),
    );
  });

  test('without a database none is asked for', () => {
    expect(server(new Synthesized(given().stack)).healthcheck.test.join(' ')).not.toMatch(/first-success/);
  });

  test('launch.json has nothing', () => expect(JSON.parse(contentOf(given(withDatabase), 'launch.json'))).toEqual({ env: {}, templates: {} }));
});

describe('with asgi', () => {
  test('the server runs our ASGI callable, which imports that of the project, and connections to the database are not kept', () => {
    const one = given((stack) => ({ ...withDatabase(stack), asgi: true }));
    expect(server(new Synthesized(one.stack)).command.at(-1)).toBe('cdktf_django_overlay.asgi:application');
    expect(settingsOf(one)).toMatchObject({ asgi: 'shop.asgi:application', database: { connMaxAge: 0 } });
    expect(settingsOf(one)).not.toHaveProperty('wsgi');
  });

  test('the callable may be another one', () => {
    expect(settingsOf(given({ asgi: true, asgiCallable: 'config.live:app' })).asgi).toBe('config.live:app');
  });

  test('without the overlay the server runs that of the project', () => {
    const one = given({ asgi: true, settings: DjangoSettings.environment('config.settings') });
    expect(server(new Synthesized(one.stack)).command.at(-1)).toBe('shop.asgi:application');
  });
});

describe('with the environment', () => {
  const environment = (stack: TerraformStack) => ({
    ...withDatabase(stack),
    settings: DjangoSettings.environment('config.settings', { mediaRoot: 'MEDIA' }),
  });

  test('the launcher sets the usual names', () => {
    const one = route(given(environment), { host: 'b.example.com' }, { host: 'a.example.com' });
    expect(JSON.parse(contentOf(one, 'launch.json'))).toEqual({
      env: {},
      templates: {
        DATABASE_URL: 'postgres://orders:{url:/run/secrets/db-password/value}@shop-db-server:5432/orders?sslmode=disable',
        DJANGO_ALLOWED_HOSTS: 'a.example.com,b.example.com',
        DJANGO_CSRF_TRUSTED_ORIGINS: 'http://a.example.com:8080,http://b.example.com:8080',
        DJANGO_SECRET_KEY: '{file:/run/secrets/secret-key/value}',
        DJANGO_STATIC_ROOT: '/var/lib/cdktf-django/static',
        MEDIA: '/var/lib/cdktf-django/media',
      },
    });
  });

  test('nothing is overlaid', () => {
    const one = given(environment);
    expect(settingsOf(one)).toMatchObject({ mode: 'environment', settings: 'config.settings' });
    expect(one.shop.app.service.environment).toMatchObject({ DJANGO_SETTINGS_MODULE: 'config.settings' });
    expect(one.shop.app.service.environment).not.toHaveProperty('PYTHONPATH');
    expect(filesOf(one).filter((file) => file.file.includes('overlay'))).toEqual([]);
    expect(server(new Synthesized(one.stack)).command.at(-1)).toBe('shop.wsgi:application');
    expect(server(new Synthesized(one.stack)).healthcheck.test.join(' ')).toContain('--path / --expect <500 ');
  });

  test('a variable of ours is refused in the props', () => {
    expect(() => given({ settings: DjangoSettings.environment('a'), publicEnvironment: { DJANGO_SECRET_KEY: 'x' } })).toThrow(
      /^shop\/Shop\/App: environment variable "DJANGO_SECRET_KEY" is set already; set it in one place$/,
    );
  });
});

describe('a release', () => {
  test('is done once, before the preflight, with the static files that servers only read', () => {
    const { shop, stack } = given({ release: { timeout: Duration.minutes(3) } });
    const synth = new Synthesized(stack);
    const job = synth.container('shop/Shop/App/Release');
    expect(job.command).toEqual(['--job', '--', 'python', '/run/cdktf-django/release.py']);
    expect(job.timeouts).toEqual({ create: '3m' });
    expect(synth.container('shop/Shop/App/Preflight').depends_on.join(' ')).toMatch(/Shop_App_Release_/);
    for (const one of [/Shop_App_Release_/, /Shop_App_Preflight_/]) expect(server(synth).depends_on.join(' ')).toMatch(one);
    const readOnly = (workload: { volumeMounts: { volume: unknown; readOnly: boolean }[] }) =>
      workload.volumeMounts.find((mount) => mount.volume === shop.staticVolume)?.readOnly;
    expect([shop.releaseJob, shop.app.preflight, shop.app.service, shop.fileServer.service].map(readOnly)).toEqual([false, false, true, true]);
  });

  test('is marked as good by the preflight, by the identity of its image', () => {
    const { command } = new Synthesized(given().stack).container('shop/Shop/App/Preflight');
    const mark = command[command.indexOf('--mark') + 1];
    expect(mark).toMatch(/^\/var\/lib\/cdktf-django\/static\/\.manifests\/\$\{trimprefix\(docker_image\..*\.image_id, "sha256:"\)\}\.served$/);
  });
});

describe('health', () => {
  const healthOf = (props: Partial<DjangoServiceProps>) => server(new Synthesized(given(props).stack)).healthcheck;

  test('is the overlay’s view, with times of one’s own', () => {
    const { test: command, start_period } = healthOf({ health: { startPeriod: Duration.minutes(2) } });
    expect(command.join(' ')).toContain(' --path /-/health/ --expect 200 ');
    expect(start_period).toBe('2m0s');
  });

  test('is a path of one’s own, as it is for any app', () => {
    expect(healthOf({ health: { path: '/up' } }).test.join(' ')).toContain(' --path /up --expect <500 ');
  });
});

describe('data', () => {
  test('uploads and the secret key stay, collected files go', () => {
    const { shop } = given();
    expect([shop.mediaVolume, shop.secretKey, shop.staticVolume].map((one) => one.removalPolicy)).toEqual([
      RemovalPolicy.RETAIN,
      RemovalPolicy.RETAIN,
      RemovalPolicy.DESTROY,
    ]);
  });

  test('or go, when it is said', () => {
    const { shop } = given({ removalPolicy: RemovalPolicy.DESTROY });
    expect([shop.mediaVolume, shop.secretKey].map((one) => one.removalPolicy)).toEqual([RemovalPolicy.DESTROY, RemovalPolicy.DESTROY]);
  });

  test('uploads of a volume that is there are adopted by its name, and stay whatever is said', () => {
    const { shop } = given({ mediaVolumeName: 'old_media', removalPolicy: RemovalPolicy.DESTROY });
    expect(shop.mediaVolume).toMatchObject({ adoptedName: 'old_media', removalPolicy: RemovalPolicy.RETAIN });
    expect(shop.secretKey.removalPolicy).toBe(RemovalPolicy.DESTROY);
  });

  test('belong to the user of the app', () => {
    const { shop } = given({ user: '10500:10600' });
    expect(shop.mediaVolume.owner).toMatchObject({ user: 10500, group: 10600 });
    expect(shop.app.service.user).toBe('10500:10600');
  });

  test('the secret key may come from elsewhere', () => {
    const secretKey = Secret.fromFile('/etc/shop/key');
    expect(given({ secretKey }).shop.secretKey.secret).toBe(secretKey);
  });
});

test('the whole can be put into another image by hand', () => {
  const { shop } = given();
  expect(shop.node.defaultChild).toBe(shop.app.service);
});

describe('bad input is refused with the path of the construct', () => {
  test.each<[string, object, RegExp]>([
    [
      'a project with a dash',
      { project: 'my-shop' },
      /^shop\/Shop: project must be the package that "django-admin startproject" made, .*, got "my-shop"$/,
    ],
    ['a project that is a path', { project: '../shop' }, /^shop\/Shop: project must be/],
    [
      'a static URL without slashes',
      { staticUrl: 'static' },
      /^shop\/Shop: staticUrl must be a URL path with slashes around it, such as "\/static\/", got "static"$/,
    ],
    ['a media URL that is the root', { mediaUrl: '/' }, /^shop\/Shop: mediaUrl must be .*, got "\/"$/],
    ['a static URL with a quote', { staticUrl: '/a"b/' }, /^shop\/Shop: staticUrl must be/],
    ['a settings module with a dash', { settings: DjangoSettings.overlay('a-b') }, /^shop\/Shop: the settings module must be/],
    [
      'a WSGI callable of another form',
      { wsgi: 'shop.wsgi' },
      /^shop\/Shop: wsgi must be a module and a callable such as "shop.wsgi:application", got "shop.wsgi"$/,
    ],
    [
      'a WSGI callable with asgi',
      { wsgi: 'shop.wsgi:application', asgi: true },
      /^shop\/Shop: wsgi must be left out, got "shop.wsgi:application": the app is served by asgi: true; use asgiCallable$/,
    ],
    [
      'an ASGI callable without asgi',
      { asgiCallable: 'shop.asgi:application' },
      /^shop\/Shop: asgiCallable must be left out, got "shop.asgi:application": the app is served by WSGI; set asgi: true$/,
    ],
    ['threads with asgi', { asgi: true, threads: 2 }, /^shop\/Shop\/App: threads must be left out with asgi: true, got 2/],
    ['negative replicas', { replicas: -1 }, /^shop\/Shop\/App: replicas must be/],
    ['a host with a space', { allowedHosts: ['a b'] }, /^shop\/Shop: a host of allowedHosts must be .*, got "a b"$/],
    ['a host with a comma', { allowedHosts: ['a,b'] }, /^shop\/Shop: a host of allowedHosts must be .*, got "a,b"$/],
    ['a user by name', { user: 'app' }, /^shop\/Shop.*: user must be a numeric/],
    ['a missing folder', { image: ContainerImage.fromDjangoProject('/no/such') }, /^shop\/Shop: the image's folder "\/no\/such" does not exist/],
    ['a folder without manage.py', { image: ContainerImage.fromDjangoProject('lib') }, /^shop\/Shop: there is no manage.py in/],
  ])('%s', (_what, props, message) => expect(() => given(props)).toThrow(message));

  test('two paths', () => {
    expect(() => route(given(), { host: 'a', path: '/' }, { host: 'a', path: '/shop/' })).toThrow(
      /^shop\/Shop: is routed under "\/" already and cannot be under "\/shop\/" too: .*; use one path on all hosts, or a second DjangoService$/,
    );
  });
});
