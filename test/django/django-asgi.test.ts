import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { TerraformStack, Testing } from 'cdktf';
import {
  ContainerImage,
  DjangoAsgi,
  DjangoAsgiOptions,
  DjangoService,
  DjangoServiceProps,
  DjangoSettings,
  DockerSwarm,
  Duration,
  Monitoring,
  NginxProxy,
  Platform,
  PostgresDb,
  PostgresPooler,
  PostgresPoolMode,
  Secret,
  Size,
} from '../../lib';
import { Files } from '../../lib/workload/files';
import { violations } from '../support/graph';
import { Arguments, newStack, Synthesized } from '../support/synth';

const image = ContainerImage.fromRegistry('localhost/shop:1');
const HOST = 'shop.example.com';

interface Site {
  readonly stack: TerraformStack;
  readonly shop: DjangoService;
  readonly live: DjangoAsgi;
  readonly proxy: NginxProxy;
}

function site(options: DjangoAsgiOptions = {}, props: Partial<DjangoServiceProps> = {}, maxConnections?: number): Site {
  const stack = newStack();
  const database = new PostgresDb(stack, 'Db', { maxConnections });
  const shop = new DjangoService(stack, 'Shop', { image, project: 'shop', replicas: 1, database, ...props });
  return { stack, shop, live: shop.addAsgi('Live', options), proxy: new NginxProxy(stack, 'Proxy') };
}

function routed(path = '/', live = '/ws/', props: Partial<DjangoServiceProps> = {}): Site {
  const made = site({}, props);
  made.proxy.addRoute({ host: HOST, path, target: made.shop });
  made.proxy.addRoute({ host: HOST, path: live, target: made.live });
  return made;
}

/** The files that an app's containers have. */
function filesOf(app: { readonly files: Files }): Record<string, string> {
  return Object.fromEntries(app.files._entries.map(({ path, content }) => [path, content]));
}

function locations(proxy: NginxProxy): Record<string, string> {
  const { _entries } = proxy.node.findChild('Candidate') as Files;
  return Object.fromEntries(
    _entries.flatMap(({ path, content }) => (path.includes('/locations/') ? [[/# .*path (\S+)/.exec(content)![1], content]] : [])),
  );
}

const server = (synth: Synthesized) => synth.container('shop/Shop/Live/App/Server');
const waits = (container: Arguments) =>
  container.depends_on.map((address: string) => /^docker_container\.(.+)_[0-9A-F]{8}$/.exec(address)?.[1]).filter(Boolean);

describe('the servers', () => {
  test('run the ASGI callable by the ASGI worker, with what the web servers have', () => {
    const { shop, stack } = site({ memory: Size.mebibytes(300), cpus: 2, timeout: Duration.seconds(20), gracefulTimeout: Duration.seconds(90) });
    shop.app.addEnvironment('GREETING', 'hello');
    shop.app.addSecretEnvironment('STRIPE_API_KEY', Secret.generated());
    const synth = new Synthesized(stack);
    const web = synth.container('shop/Shop/App/Server');
    const own = server(synth);
    expect(own).toMatchObject({ user: web.user, env: web.env, memory: 300, cpu_quota: 200000, destroy_grace_seconds: 100, wait: true });
    const command = own.command.join(' ');
    expect(command).toContain(' --worker-class asgi --workers 2 --timeout 20 --graceful-timeout 90 ');
    expect(command).toMatch(/ cdktf_django_overlay\.asgi:application$/);
    const targets = (container: Arguments) => container.mounts.map((mount: Arguments) => [mount.target, mount.read_only]).sort();
    expect(targets(own)).toEqual(targets(web));
    expect(own.networks_advanced).toEqual(web.networks_advanced);
    expect(violations(synth)).toEqual([]);
  });

  test('have the settings of the site, but for what is about ASGI', () => {
    const { shop, live } = routed();
    const web = JSON.parse(filesOf(shop.app)['django.json']);
    const own = JSON.parse(filesOf(live.app)['django.json']);
    expect(web).toMatchObject({ wsgi: 'shop.wsgi:application', database: { connMaxAge: 60 }, allowedHosts: [HOST] });
    expect(own).toEqual({ ...web, wsgi: undefined, asgi: 'shop.asgi:application', database: { ...web.database, connMaxAge: 0 } });
    expect(filesOf(live.app)['launch.json']).toBe(filesOf(shop.app)['launch.json']);
    expect(Object.keys(filesOf(live.app))).toEqual(expect.arrayContaining(['asgi_worker.py', 'python/cdktf_django_overlay/asgi.py']));
  });

  test('are released after the migrations and before the web servers, which wait for them', () => {
    const synth = new Synthesized(routed().stack);
    expect(waits(synth.container('shop/Shop/Live/App/Preflight'))).toEqual(expect.arrayContaining(['Shop_App_Release', 'Shop_App_Preflight']));
    expect(waits(server(synth))).toContain('Shop_Live_App_Preflight');
    expect(waits(synth.container('shop/Shop/App/Server'))).toContain('Shop_Live_App_Server');
    expect(waits(synth.container('shop/Proxy/Publish'))).toEqual(expect.arrayContaining(['Shop_App_Server', 'Shop_Live_App_Server']));
  });

  test('their connections to the database are counted, those of a release too', () => {
    const { stack } = site({ replicas: 2, databaseConnections: 9 }, {}, 20);
    expect(() => new Synthesized(stack)).toThrow(/  36  shop\/Shop\/Live\/App\/Server: 2 x 9, and as many during a release/);
    const guessed = site({ workers: 3 }, {}, 20);
    expect(() => new Synthesized(guessed.stack)).toThrow(/  24  shop\/Shop\/Live\/App\/Server: 1 x 12, and as many during a release/);
  });
});

test('adding them replaces none of the web servers', () => {
  const web = (live: boolean) => {
    const stack = newStack();
    const shop = new DjangoService(stack, 'Shop', { image, project: 'shop', replicas: 1, database: new PostgresDb(stack, 'Db') });
    const proxy = new NginxProxy(stack, 'Proxy');
    proxy.addRoute({ host: HOST, target: shop });
    if (live) proxy.addRoute({ host: HOST, path: '/ws/', target: shop.addAsgi('Live') });
    const { depends_on, ...container } = new Synthesized(stack).container('shop/Shop/App/Server');
    expect(depends_on.length).toBeGreaterThan(0);
    return { container, files: filesOf(shop.app) };
  };
  expect(web(true)).toEqual(web(false));
});

test('behind a pooler they keep no connections either, and count among its clients', () => {
  const build = (maxClientConnections: number) => {
    const stack = newStack();
    const pooler = new PostgresPooler(stack, 'Pooler', {
      database: new PostgresDb(stack, 'Db'),
      poolMode: PostgresPoolMode.TRANSACTION,
      maxClientConnections,
    });
    const shop = new DjangoService(stack, 'Shop', { image, project: 'shop', replicas: 1, workers: 1, database: pooler });
    return { stack, shop, live: shop.addAsgi('Live', { databaseConnections: 40 }) };
  };
  const { stack, shop, live } = build(200);
  const synth = new Synthesized(stack);
  expect(server(synth).networks_advanced).toEqual(synth.container('shop/Shop/App/Server').networks_advanced);
  const { database } = JSON.parse(filesOf(live.app)['django.json']);
  expect(database).toEqual({ ...JSON.parse(filesOf(shop.app)['django.json']).database, connMaxAge: 0 });
  expect(database.pooling).toBe('transaction');
  expect(() => new Synthesized(build(80).stack)).toThrow(/  80  shop\/Shop\/Live\/App\/Server: 1 x 40, and as many during a release/);
});

test('are monitored by themselves', () => {
  const { stack, shop, live } = site();
  const monitoring = new Monitoring(stack, 'Monitoring');
  for (const target of [shop, live.app]) monitoring.addTarget(target);
  const figures = (container: Arguments) => container.env.filter((one: string) => one.startsWith('CDKTF_FIGURES='));
  const synth = new Synthesized(stack);
  expect(figures(synth.container('shop/Shop/App/Server'))).toEqual(['CDKTF_FIGURES=shop-shop-app-exporter:9125']);
  expect(figures(server(synth))).toEqual(['CDKTF_FIGURES=shop-shop-live-app-exporter:9125']);
});

test('on a Swarm they are a service of their own, where the volumes are, and waited for in the same order', () => {
  const stack = new TerraformStack(Testing.app(), 'shop');
  new DockerProvider(stack, 'Docker');
  Platform.use(stack, new DockerSwarm({ dataNode: 'node1' }));
  new DjangoService(stack, 'Shop', { image, project: 'shop', replicas: 1 }).addAsgi('Live', { gracefulTimeout: Duration.seconds(90) });
  const synth = new Synthesized(stack);
  const [web, own] = ['App', 'Live/App'].map((path): Arguments => synth.byPath('docker_service', `shop/Shop/${path}/Server`));
  expect(own.name).toBe('shop-shop-live-app-server');
  expect(own.update_config).toEqual(web.update_config);
  for (const part of ['placement', 'networks_advanced', 'resources', 'restart_policy']) expect(own.task_spec[part]).toEqual(web.task_spec[part]);
  for (const part of ['env', 'mounts', 'secrets', 'user', 'groups', 'image'])
    expect(own.task_spec.container_spec[part]).toEqual(web.task_spec.container_spec[part]);
  expect(own.task_spec.container_spec.stop_grace_period).toBe('1m40s');
  const before = (service: Arguments) =>
    service.depends_on.map((address: string) => /^docker_service\.(.+)_[0-9A-F]{8}$/.exec(address)?.[1]).filter(Boolean);
  expect(before(own)).toEqual(expect.arrayContaining(['Shop_App_Release', 'Shop_App_Preflight', 'Shop_Live_App_Preflight']));
  expect(before(web)).toContain('Shop_Live_App_Server');
});

describe('the route', () => {
  test('leaves the path whole, passes each part of an answer on at once, and may be silent for an hour', () => {
    const { proxy } = routed();
    const { '/': web, '/ws/': own } = locations(proxy);
    expect(own).toContain('    proxy_read_timeout 3600s;\n    proxy_buffering off;\n');
    expect(own).not.toContain('SCRIPT_NAME');
    expect(own).not.toContain('return 308');
    expect(own).toContain('proxy_pass http://shop-shop-live$once;');
    expect(web).not.toContain('proxy_buffering');
  });

  test('is below the path of the site, where that has one', () => {
    const { proxy } = routed('/shop/', '/shop/ws/');
    const { '/shop/': web, '/shop/ws/': own } = locations(proxy);
    expect(own).toContain('    proxy_set_header SCRIPT_NAME /shop;\n');
    expect(own).toContain('    if ($request_uri !~ ^/shop/ws/) {\n');
    expect(own).not.toContain('return 308');
    expect(web).toContain('location = /shop {\n    return 308 /shop/$is_args$args;\n}\n');
    expect(() => routed('/shop/', '/ws/')).toThrow(
      'shop/Shop/Live: is routed under "/ws/", and shop/Shop under "/shop/": a path of the site is below it, such as "/shop/ws/"',
    );
  });

  test('is at a host of the site', () => {
    const { proxy, live, shop } = site();
    const problem =
      'shop/Shop/Live: serves some paths of shop/Shop, which is not routed at host "shop.example.com" yet: call addRoute() for shop/Shop and that host first. Its hosts and origins are those that Django accepts';
    expect(() => proxy.addRoute({ host: HOST, path: '/ws/', target: live })).toThrow(problem);
    proxy.addRoute({ host: 'other.example.com', target: shop });
    expect(() => proxy.addRoute({ host: HOST, path: '/ws/', target: live })).toThrow(problem);
  });
});

test('a project that reads its environment is served by its own callable', () => {
  const { stack, live } = site({ asgiCallable: 'config.live:app' }, { settings: DjangoSettings.environment('config.settings') });
  const own = JSON.parse(filesOf(live.app)['django.json']);
  expect([own.mode, own.asgi, own.wsgi]).toEqual(['environment', 'config.live:app', undefined]);
  expect(server(new Synthesized(stack)).command.at(-1)).toBe('config.live:app');
  expect(Object.keys(filesOf(live.app)).filter((path) => path.includes('overlay'))).toEqual([]);
});

test.each([
  [
    { asgiCallable: 'no callable' },
    'shop/Shop/Live: asgiCallable must be a module and a callable such as "shop.asgi:application", got "no callable"',
  ],
  [{ replicas: 0 }, /^shop\/Shop\/Live\/App: replicas must be /],
  [{ workers: 0 }, /^shop\/Shop\/Live\/App: workers must be /],
  [{ databaseConnections: 0 }, /^shop\/Shop\/Live: databaseConnections must be /],
  [{ timeout: Duration.seconds(40), gracefulTimeout: Duration.seconds(30) }, /^shop\/Shop\/Live\/App: gracefulTimeout must be at least timeout /],
] as const)('refuses %p', (options, problem) => expect(() => site(options)).toThrow(problem));

test('is for a site that is served by WSGI', () => {
  expect(() => site({}, { asgi: true })).toThrow(
    'shop/Shop: is served by ASGI as a whole (asgi: true), so it needs no ASGI servers beside: leave out addAsgi(), and route all paths to the service',
  );
});
