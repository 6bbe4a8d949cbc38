import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerImage, DjangoService, DjangoSettings, NginxProxy, PostgresDb, RemovalPolicy, Size, Tls } from '../../lib';
import { pinnedPackages } from '../../lib/image/python-packages';
import { Browser } from './support/browser';
import { Build, Deployment, stack } from './support/deployment';
import { engine } from './support/docker';
import { Session } from './support/http';
import { freePort } from './support/port';
import { https } from './support/tls';
import { buildShopImage } from './support/project-image';

// Projects that know nothing of us, as they are: a fresh one, one that reads its environment, and two on one host.
const deployment = new Deployment('projects');
const folder = mkdtempSync(join(tmpdir(), 'cdktf-django-projects-'));
const fresh = join(folder, 'fresh');
const examples = join(__dirname, '..', '..', 'examples');
const PASSWORD = 'correct horse battery staple';
let image: string | undefined;
let port: number;
let securePorts: { readonly httpPort: number; readonly httpsPort: number };

const build: Build = stack((made) => {
  const light = { replicas: 1, workers: 2, removalPolicy: RemovalPolicy.DESTROY };
  const database = (id: string) => new PostgresDb(made, id, { removalPolicy: RemovalPolicy.DESTROY, memory: Size.mebibytes(256) });
  // Two databases for five apps: the three fresh ones are one project, and the other two have no table of the same name that differs.
  const db = database('Db');
  const otherDb = database('OtherDb');
  const freshImage = ContainerImage.fromDjangoProject(fresh, { withoutRequirements: true });
  const site = new DjangoService(made, 'Fresh', { ...light, image: freshImage, project: 'fresh', database: db });
  const one = new DjangoService(made, 'One', { ...light, image: freshImage, project: 'fresh', database: db });
  const two = new DjangoService(made, 'Two', {
    ...light,
    image: ContainerImage.fromDjangoProject(join(examples, 'shop')),
    project: 'shop',
    database: otherDb,
  });
  const twelve = new DjangoService(made, 'Twelve', {
    ...light,
    image: ContainerImage.fromDjangoProject(join(examples, 'twelvefactor')),
    project: 'config',
    settings: DjangoSettings.environment('config.settings.production'),
    database: otherDb,
    environment: { DJANGO_SECURE_SSL_REDIRECT: 'False' },
  });
  const secure = new DjangoService(made, 'Secure', { ...light, image: freshImage, project: 'fresh', database: db });
  const secureProxy = new NginxProxy(made, 'SecureProxy', { address: '127.0.0.1', ...securePorts, tls: Tls.selfSigned() });
  secureProxy.addRoute({ host: 'secure.localhost', target: secure });
  const proxy = new NginxProxy(made, 'Proxy', { address: '127.0.0.1', httpPort: port });
  proxy.addRoute({ host: 'fresh.localhost', target: site });
  proxy.addRoute({ host: 'twelve.localhost', target: twelve });
  proxy.addRoute({ host: 'both.localhost', path: '/one/', target: one });
  proxy.addRoute({ host: 'both.localhost', path: '/two/', target: two });
});

/** What `django-admin startproject` of the pinned Django leaves. */
function startProject(): void {
  image = buildShopImage('projects');
  const made = ['run', '--rm', '--network', 'none', image, 'sh', '-c', 'cd /tmp && django-admin startproject fresh && tar -c fresh'];
  const archive = execFileSync('docker', made, { maxBuffer: 1 << 28 });
  execFileSync('tar', ['-x', '-C', folder], { input: archive });
}

beforeAll(async () => {
  port = await freePort();
  securePorts = { httpPort: await freePort(), httpsPort: await freePort() };
  startProject();
  deployment.deploy(build);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  if (image) engine('rmi', image);
  deployment.clean();
});

/** Runs a management command in a project's server, as README tells. */
function manage(project: string, command: string[], environment: Record<string, string> = {}): string {
  const [container] = deployment.containers(`${project}/App/Server`);
  const variables = Object.entries(environment).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  // Checks write their messages to standard error.
  return engine('exec', ...variables, container, 'sh', '-c', 'exec /run/cdktf-django/bin/manage "$@" 2>&1', 'manage', ...command);
}

function createSuperuser(project: string, name: string): void {
  const user = { DJANGO_SUPERUSER_USERNAME: name, DJANGO_SUPERUSER_EMAIL: `${name}@example.com`, DJANGO_SUPERUSER_PASSWORD: PASSWORD };
  expect(manage(project, ['createsuperuser', '--noinput'], user)).toContain('Superuser created successfully.');
}

/** The rows of a query, as its database has them. */
function rows(database: string, query: string): string[] {
  const [server] = deployment.containers(`${database}/Server`);
  return deployment.exec(server, 'sh', '/run/cdktf-django/psql-admin.sh', '--tuples-only', '--no-align', '--command', query).split('\n');
}

/** The path of a style sheet that a page links. */
function styleSheet(body: string): string {
  return /<link rel="stylesheet" href="([^"]+)"/.exec(body)![1];
}

describe('a fresh project', () => {
  test('is as startproject left it', () => {
    const settings = readFileSync(join(fresh, 'fresh', 'settings.py'), 'utf8');
    expect(settings).toContain(`Generated by 'django-admin startproject' using Django ${pinnedPackages.django.split('==')[1]}.`);
    for (const line of ['DEBUG = True', 'ALLOWED_HOSTS = []', "'ENGINE': 'django.db.backends.sqlite3'"]) expect(settings).toContain(line);
  });

  test('shows nothing of itself where it has no page', async () => {
    const page = await new Browser(port, 'fresh.localhost').get('/');
    expect(page.status).toBe(404);
    expect(page.body).toContain('Not Found');
    expect(page.body).not.toMatch(/DEBUG|urlconf/i);
  });

  test('shows the login page of its admin, with style sheets from hashed files', async () => {
    const browser = new Browser(port, 'fresh.localhost');
    const page = await browser.get('/admin/login/');
    expect(page.status).toBe(200);
    const path = styleSheet(page.body);
    expect(path).toMatch(/^\/static\/admin\/css\/base\.[0-9a-f]{12}\.css$/);
    const sheet = await browser.get(path);
    expect(sheet.status).toBe(200);
    expect(sheet.headers).toMatchObject({ 'content-type': 'text/css; charset=utf-8', 'cache-control': 'public, max-age=31536000, immutable' });
    expect(sheet.body).toContain('DJANGO Admin styles');
  });

  test('lets a superuser log in whom "manage createsuperuser" made, with a row in Postgres', async () => {
    createSuperuser('Fresh', 'fresh-admin');
    expect(rows('Db', `SELECT username, is_superuser, last_login IS NULL FROM auth_user WHERE username = 'fresh-admin'`)).toEqual([
      'fresh-admin|t|t',
    ]);
    const browser = new Browser(port, 'fresh.localhost');
    const wrong = await browser.post('/admin/login/', { username: 'fresh-admin', password: 'wrong' });
    expect(wrong.status).toBe(200);
    expect(wrong.body).toContain('Please enter the correct username and password');
    const login = await browser.post('/admin/login/', { username: 'fresh-admin', password: PASSWORD, next: '/admin/' });
    expect([login.status, login.headers.location]).toEqual([302, '/admin/']);
    const index = await browser.get('/admin/');
    expect(index.status).toBe(200);
    expect(index.body).toContain('<strong>fresh-admin</strong>');
    expect(rows('Db', `SELECT last_login IS NULL FROM auth_user WHERE username = 'fresh-admin'`)).toEqual(['f']);
  });

  test('passes "check --deploy" but for what is about TLS', () => {
    const output = manage('Fresh', ['check', '--deploy']);
    const found = [...output.matchAll(/^\S+: \(([\w.]+)\)/gm)].map((match) => match[1]).sort();
    // Redirects to HTTPS, and cookies that are for it alone: the proxy of this stack speaks HTTP. W004 is silenced, HSTS is the proxy's.
    expect(found).toEqual(['security.W008', 'security.W012', 'security.W016']);
    expect(output).toContain('System check identified 3 issues (1 silenced).');
  });
});

describe('a fresh project behind TLS', () => {
  test('passes "check --deploy" without a warning', () => {
    // It fails by its exit code.
    expect(manage('Secure', ['check', '--deploy', '--fail-level', 'WARNING'])).toContain('System check identified no issues (1 silenced).');
  });

  test('knows that it is, and does not redirect once more', async () => {
    const { httpsPort } = securePorts;
    const host = `secure.localhost:${httpsPort}`;
    const page = await https({ port: httpsPort, host, servername: 'secure.localhost', path: '/admin/login/' });
    expect(page.status).toBe(200);
    expect(String(page.headers['set-cookie'])).toMatch(/^csrftoken=.*; Secure/);
  });
});

describe('a twelve-factor project', () => {
  test('serves, and keeps what is written in Postgres', async () => {
    const browser = new Browser(port, 'twelve.localhost');
    const page = await browser.get('/');
    expect(page.status).toBe(200);
    expect(page.body).toContain('<span id="count">0</span>');
    expect((await browser.post('/', { text: 'From the environment' })).status).toBe(302);
    expect((await browser.get('/')).body).toContain('<li>From the environment</li>');
    expect(rows('OtherDb', 'SELECT text FROM notes_note')).toEqual(['From the environment']);
    const sheet = await browser.get(styleSheet(page.body));
    expect(sheet.status).toBe(200);
    expect(sheet.body).toBe(readFileSync(join(examples, 'twelvefactor', 'notes', 'static', 'notes', 'notes.css'), 'utf8'));
  });

  test('runs with its own settings alone', async () => {
    const browser = new Browser(port, 'twelve.localhost');
    expect(JSON.parse((await browser.get('/whoami/')).body)).toMatchObject({
      settings: 'config.settings.production',
      host: `twelve.localhost:${port}`,
    });
    expect((await browser.get('/-/health/')).status).toBe(404);
    const program = [
      'import importlib.util, json, sys',
      'from django.conf import settings',
      'known = settings.SETTINGS_MODULE, settings.DEBUG, settings.MIDDLEWARE[0], settings.ALLOWED_HOSTS',
      'print(json.dumps([*known, importlib.util.find_spec("cdktf_django_overlay") is None]))',
    ].join('; ');
    const known = JSON.parse(manage('Twelve', ['shell', '--no-imports', '--command', program])) as unknown[];
    expect(known).toEqual(['config.settings.production', false, 'django.middleware.security.SecurityMiddleware', ['twelve.localhost'], true]);
  });

  test('gets its secrets where only its own processes see them', () => {
    const [container] = deployment.containers('Twelve/App/Server');
    const inspected = engine('inspect', container);
    expect(inspected).toContain('DJANGO_SETTINGS_MODULE=config.settings.production');
    expect(inspected).not.toContain('DATABASE_URL');
    expect(inspected).not.toContain('DJANGO_SECRET_KEY');
  });
});

describe('two projects on one host', () => {
  const host = 'both.localhost';

  test('are each redirected to below their path', async () => {
    const browser = new Browser(port, host);
    for (const path of ['/one', '/two']) {
      const bare = await browser.get(`${path}?a=b`);
      expect([bare.status, bare.headers.location]).toEqual([308, `${path}/?a=b`]);
      const admin = await browser.get(`${path}/admin/`);
      expect([admin.status, admin.headers.location]).toEqual([302, `${path}/admin/login/?next=${path}/admin/`]);
      const appended = await browser.get(`${path}/admin`);
      expect([appended.status, appended.headers.location]).toEqual([301, `${path}/admin/`]);
    }
    expect((await browser.get('/admin/')).status).toBe(404);
  });

  test('have links, forms, redirects, static files and uploads below their path', async () => {
    const browser = new Browser(port, host);
    const page = await browser.get('/two/');
    expect(page.status).toBe(200);
    const urls = [...page.body.matchAll(/ (?:href|action)="([^"]+)"/g)].map((match) => match[1]);
    expect(urls.length).toBeGreaterThanOrEqual(5);
    expect(urls.filter((url) => !url.startsWith('/two/'))).toEqual([]);
    expect(urls).toEqual(expect.arrayContaining(['/two/', '/two/pictures/', '/two/admin/']));
    const sheet = await browser.get(styleSheet(page.body));
    expect(styleSheet(page.body)).toMatch(/^\/two\/static\/catalogue\/shop\.[0-9a-f]{12}\.css$/);
    expect([sheet.status, sheet.headers['cache-control']]).toEqual([200, 'public, max-age=31536000, immutable']);
    const basket = /url\("(basket\.[0-9a-f]{12}\.svg)"\)/.exec(sheet.body)![1];
    const picture = await browser.get(`/two/static/catalogue/${basket}`);
    expect([picture.status, picture.headers['content-type']]).toEqual([200, 'image/svg+xml']);
    expect(picture.body).toBe(readFileSync(join(examples, 'shop', 'catalogue', 'static', 'catalogue', 'basket.svg'), 'utf8'));
    const added = await browser.post('/two/', { name: 'Below a path', price: '1.00' });
    expect([added.status, added.headers.location]).toEqual([302, '/two/']);
    expect((await browser.get('/two/')).body).toContain('Below a path');

    const session = new Session(port, `${host}:${port}`);
    const uploaded = await session.upload('/two/pictures/', 'file', 'note.txt', 'uploaded text', { title: 'A note' }, '/two/');
    expect([uploaded.status, uploaded.headers.location]).toEqual([302, '/two/']);
    const media = / href="(\/two\/media\/[^"]+)"/.exec((await session.get('/two/')).body)![1];
    expect((await session.get(media)).body).toBe('uploaded text');

    const login = await browser.get('/one/admin/login/');
    expect(styleSheet(login.body)).toMatch(/^\/one\/static\/admin\/css\/base\.[0-9a-f]{12}\.css$/);
    expect((await browser.get(styleSheet(login.body))).status).toBe(200);
    // Neither has the files of the other.
    expect((await browser.get(styleSheet(page.body).replace('/two/', '/one/'))).status).toBe(404);
  });

  test('are logged in to at the same time, each by its own cookies', async () => {
    createSuperuser('One', 'admin-of-one');
    createSuperuser('Two', 'admin-of-two');
    const browser = new Browser(port, host);
    for (const name of ['one', 'two']) {
      const login = await browser.post(`/${name}/admin/login/`, { username: `admin-of-${name}`, password: PASSWORD, next: `/${name}/admin/` });
      expect([login.status, login.headers.location]).toEqual([302, `/${name}/admin/`]);
    }
    for (const name of ['one', 'two']) {
      const index = await browser.get(`/${name}/admin/`);
      expect(index.status).toBe(200);
      expect(index.body).toContain(`<strong>admin-of-${name}</strong>`);
    }
    for (const cookie of ['sessionid', 'csrftoken']) {
      expect([
        cookie,
        browser
          .cookies(cookie)
          .map(({ path }) => path)
          .sort(),
      ]).toEqual([cookie, ['/one/', '/two/']]);
      expect(new Set(browser.cookies(cookie).map(({ value }) => value)).size).toBe(2);
    }

    expect((await browser.post('/one/admin/logout/', {}, '/one/admin/')).status).toBe(200);
    expect((await browser.get('/one/admin/')).status).toBe(302);
    expect((await browser.get('/two/admin/')).status).toBe(200);
  });
});

test('the plan is empty after the deploy', () => {
  expect(deployment.plan()).toEqual([]);
});
