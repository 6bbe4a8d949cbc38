import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ContainerImage, DjangoService, DjangoSettings, NginxProxy, PostgresDb, RemovalPolicy, Size } from '../../../lib';
import { ADMIN, makeAdmin } from '../support/admin';
import { Deployment, stack } from '../support/deployment';
import { GeneratedProject } from '../support/generated-project';
import { Person } from '../support/person';
import { freePort } from '../support/port';

// What `wagtail start` leaves, unchanged: an editor's day in its admin, and what a visitor sees of it.
const deployment = new Deployment('wagtail');
const TITLE = 'Opening hours of the harbour';
let project: GeneratedProject | undefined;
let editor: Person | undefined;
let visitor: Person | undefined;

beforeAll(async () => {
  project = new GeneratedProject('portal', ['wagtail==8.0.1'], 'wagtail start portal');
  const { path } = project;
  const port = await freePort();
  deployment.deploy(
    stack((made) => {
      const common = { removalPolicy: RemovalPolicy.DESTROY };
      const site = new DjangoService(made, 'Site', {
        ...common,
        image: ContainerImage.fromDjangoProject(path),
        project: 'portal',
        settings: DjangoSettings.overlay('portal.settings.production'),
        database: new PostgresDb(made, 'Db', { ...common, memory: Size.mebibytes(256) }),
        replicas: 1,
        workers: 2,
      });
      new NginxProxy(made, 'Proxy', { address: '127.0.0.1', httpPort: port }).addRoute({ host: 'portal.localhost', target: site });
    }),
  );
  makeAdmin((container, ...command) => deployment.exec(container, ...command), deployment.containers('Site/App/Server')[0]);
  [editor, visitor] = [await Person.at(`http://portal.localhost:${port}`), await Person.at(`http://portal.localhost:${port}`)];
});

afterAll(async () => {
  await editor?.leave();
  await visitor?.leave();
  project?.remove();
  deployment.clean();
});

test('the project is as its generator left it', () => {
  const production = readFileSync(join(project!.path, 'portal', 'settings', 'production.py'), 'utf8');
  expect(production).not.toMatch(/SECRET_KEY|ALLOWED_HOSTS|DATABASES/);
  expect(readFileSync(join(project!.path, 'portal', 'settings', 'base.py'), 'utf8')).toContain('"ENGINE": "django.db.backends.sqlite3"');
  expect(readFileSync(join(project!.path, 'requirements.txt'), 'utf8')).toBe('Django>=6.1,<6.2\nwagtail>=8.0,<8.1\n');
});

test('an editor logs in', async () => {
  const { page } = editor!;
  await editor!.open('/admin/');
  expect(await page.title()).toBe('Sign in - Wagtail');
  await page.locator('[name=username]').fill(ADMIN.username);
  await page.locator('[name=password]').fill(ADMIN.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/admin/', { waitUntil: 'networkidle' });
  expect(await page.title()).toBe('Dashboard - Wagtail');
  await page.getByRole('button', { name: ADMIN.username }).waitFor();
  expect(editor!.troubles).toEqual([]);
});

test('the editor uploads an image, and sees it in the library', async () => {
  const { page } = editor!;
  await visitor!.open('/');
  await visitor!.page.getByRole('heading', { name: 'Welcome to your new Wagtail site!' }).waitFor();
  const buffer = await visitor!.page.screenshot();
  await editor!.open('/admin/images/add/');
  await page.locator('#id_file').setInputFiles({ name: 'harbour.png', mimeType: 'image/png', buffer });
  await page.locator('#id_title').fill('The harbour');
  await page.getByRole('button', { name: 'Upload' }).click();
  await page.getByText("Image 'The harbour' added.").waitFor();
  await editor!.open('/admin/images/');
  await page.getByText('The harbour').first().waitFor();
  const images = page.locator('main img');
  // What the browser has drawn, not what the page links.
  expect(await images.evaluateAll((all) => all.map((image) => (image as unknown as { naturalWidth: number }).naturalWidth))).toEqual([165]);
  await editor!.picture('wagtail-images');
  expect(editor!.troubles).toEqual([]);
});

test('the editor publishes a page', async () => {
  const { page } = editor!;
  await editor!.open('/admin/pages/add/home/homepage/3/');
  await page.locator('#id_title').fill(TITLE);
  await page.getByRole('button', { name: 'More actions' }).last().click();
  await page.getByRole('button', { name: 'Publish' }).click();
  // The editor saves by itself meanwhile: it is created by the click, or has been before.
  await page.getByText(new RegExp(`Page '${TITLE}' (created and|has been) published`)).waitFor();
  await page.waitForLoadState('networkidle');
  await editor!.picture('wagtail-published');
  await editor!.open('/admin/pages/search/?q=harbour');
  await page.getByText('There is one matching page').waitFor();
  expect(editor!.troubles).toEqual([]);
});

test('a visitor finds the page by its words, and reads it', async () => {
  const { page } = visitor!;
  await visitor!.open('/search/');
  await page.locator('[name=query]').fill('harbour hours');
  await page.locator('[name=query]').press('Enter');
  await page.waitForURL('**/search/?query=**', { waitUntil: 'networkidle' });
  await visitor!.picture('wagtail-search');
  await page.getByRole('link', { name: TITLE }).click();
  await page.waitForURL('**/opening-hours-of-the-harbour/', { waitUntil: 'networkidle' });
  expect(await page.title()).toBe(TITLE);
  await visitor!.open('/search/?query=lighthouse');
  await page.getByText('No results found').waitFor();
  expect(visitor!.troubles).toEqual([]);
});

test('nobody else is asked for anything but what Wagtail asks of its makers and of Gravatar', () => {
  expect([...editor!.strangers].sort()).toEqual(['releases.wagtail.org', 'www.gravatar.com']);
  expect([...visitor!.strangers]).toEqual([]);
});

test('the plan is empty after the deploy', () => {
  expect(deployment.plan()).toEqual([]);
});
