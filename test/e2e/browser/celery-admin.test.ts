import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ContainerImage, DjangoService, NginxProxy, PostgresDb, RedisCache, RemovalPolicy, Size } from '../../../lib';
import { pinnedPackages } from '../../../lib/image/python-packages';
import { ADMIN, makeAdmin } from '../support/admin';
import { Deployment, stack } from '../support/deployment';
import { GeneratedProject } from '../support/generated-project';
import { Person } from '../support/person';
import { freePort } from '../support/port';
import { prepareStandIn } from '../support/stand-in';

// A fresh project with what "First steps with Django" of Celery's documentation adds to it, its two extensions among them.
const deployment = new Deployment('celery-admin');
let project: GeneratedProject | undefined;
let keeper: Person | undefined;

const CELERY = `import os

from celery import Celery

# Set the default Django settings module for the 'celery' program.
os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'proj.settings')

app = Celery('proj')

# Using a string here means the worker doesn't have to serialize
# the configuration object to child processes.
# - namespace='CELERY' means all celery-related configuration keys
#   should have a \`CELERY_\` prefix.
app.config_from_object('django.conf:settings', namespace='CELERY')

# Load task modules from all registered Django apps.
app.autodiscover_tasks()


@app.task(bind=True, ignore_result=True)
def debug_task(self):
    print(f'Request: {self.request!r}')
`;

const INIT = `# This will make sure the app is always imported when
# Django starts so that shared_task will use this app.
from .celery import app as celery_app

__all__ = ('celery_app',)
`;

const TASKS = `from celery import shared_task


@shared_task
def add(x, y):
    return x + y


@shared_task
def mul(x, y):
    return x * y
`;

const SETTINGS = `
INSTALLED_APPS += ['demoapp', 'django_celery_results', 'django_celery_beat']

# Celery Configuration Options
CELERY_TIMEZONE = "Australia/Tasmania"
CELERY_TASK_TRACK_STARTED = True
CELERY_TASK_TIME_LIMIT = 30 * 60
CELERY_RESULT_BACKEND = 'django-db'
CELERY_RESULT_EXTENDED = True
CELERY_BEAT_SCHEDULER = 'django_celery_beat.schedulers:DatabaseScheduler'
`;

const REQUIREMENTS = [pinnedPackages.django, 'celery[redis]==5.7.0', 'django-celery-results==2.6.0', 'django-celery-beat==2.9.0'];

beforeAll(async () => {
  prepareStandIn('valkey');
  project = new GeneratedProject(
    'proj',
    [pinnedPackages.django],
    'django-admin startproject proj',
    'cd proj && python manage.py startapp demoapp && cd ..',
  );
  project.write('requirements.txt', `${REQUIREMENTS.join('\n')}\n`);
  project.write('proj/celery.py', CELERY);
  project.write('proj/__init__.py', INIT);
  project.write('demoapp/tasks.py', TASKS);
  project.append('proj/settings.py', SETTINGS);
  const { path } = project;
  const port = await freePort();
  deployment.deploy(
    stack((made) => {
      const common = { removalPolicy: RemovalPolicy.DESTROY };
      const site = new DjangoService(made, 'Site', {
        ...common,
        image: ContainerImage.fromDjangoProject(path),
        project: 'proj',
        database: new PostgresDb(made, 'Db', { ...common, memory: Size.mebibytes(256) }),
        broker: new RedisCache(made, 'Redis', { ...common, memory: Size.mebibytes(64) }),
        replicas: 1,
        workers: 2,
      });
      site.addWorker('Tasks', { replicas: 1, concurrency: 2, memory: Size.mebibytes(256) });
      site.addBeat();
      new NginxProxy(made, 'Proxy', { address: '127.0.0.1', httpPort: port }).addRoute({ host: 'proj.localhost', target: site });
    }),
  );
  makeAdmin((container, ...command) => deployment.exec(container, ...command), deployment.containers('Site/App/Server')[0]);
  keeper = await Person.at(`http://proj.localhost:${port}`);
});

afterAll(async () => {
  await keeper?.leave();
  project?.remove();
  deployment.clean();
});

/** Fills the form of a periodic task and saves it. */
async function addPeriodicTask(name: string, task: string, numbers: string, fill: () => Promise<void>): Promise<void> {
  const { page } = keeper!;
  await keeper!.open('/admin/django_celery_beat/periodictask/add/');
  await page.locator('#id_name').fill(name);
  await page.locator('#id_regtask').selectOption(task);
  await fill();
  await page.getByText('Arguments', { exact: true }).click();
  await page.locator('#id_args').fill(numbers);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText(`The periodic task “${name}`).waitFor();
  await page.waitForLoadState('networkidle');
}

/** The results of a task that the admin shows: those that are done. */
async function results(task: string): Promise<string[]> {
  const { page } = keeper!;
  await keeper!.open(`/admin/django_celery_results/taskresult/?q=${task}`);
  return page.locator('#result_list tbody tr').allInnerTexts();
}

test('the settings are as startproject left them, but for what the documentation adds', () => {
  const settings = readFileSync(join(project!.path, 'proj', 'settings.py'), 'utf8');
  expect(settings).toContain("'ENGINE': 'django.db.backends.sqlite3'");
  expect(settings).toContain('DEBUG = True');
  expect(settings).not.toContain('BROKER');
  expect(settings.endsWith(SETTINGS)).toBe(true);
});

test('the keeper logs in', async () => {
  const { page } = keeper!;
  await keeper!.open('/admin/');
  await page.getByLabel('Username').fill(ADMIN.username);
  await page.getByLabel('Password').fill(ADMIN.password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL('**/admin/', { waitUntil: 'networkidle' });
  await page.getByRole('link', { name: 'Task results' }).first().waitFor();
  expect(keeper!.troubles).toEqual([]);
});

test('a task that the keeper runs by hand is done by the worker, and its result is in the admin', async () => {
  const { page } = keeper!;
  await keeper!.open('/admin/django_celery_beat/clockedschedule/add/');
  await page.locator('#id_clocked_time_0').fill('2099-01-01');
  await page.locator('#id_clocked_time_1').fill('00:00:00');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('was added successfully').waitFor();
  await addPeriodicTask('Six times seven', 'demoapp.tasks.mul', '[6, 7]', async () => {
    await page.locator('#id_clocked').selectOption({ index: 1 });
    await page.locator('#id_one_off').check();
  });
  await page.getByRole('row', { name: 'Six times seven' }).getByRole('checkbox').check();
  await page.locator('select[name=action]').selectOption({ label: 'Run selected tasks' });
  await page.getByRole('button', { name: /^(Go|Run)/ }).click();
  await page.getByText('1 task was successfully run').waitFor();
  const [first] = await settled('mul');
  expect(first).toMatch(/demoapp\.tasks\.mul[^]*SUCCESS/);
  await keeper!.picture('celery-results');
  await page.locator('#result_list tbody tr th a').click();
  await page.waitForLoadState('networkidle');
  expect(await page.locator('main').innerText()).toMatch(/Result Data:?\s+42\b/);
  await keeper!.picture('celery-result');
  expect(keeper!.troubles).toEqual([]);
});

test('a schedule that the keeper makes is kept by beat, without a deploy', async () => {
  const { page } = keeper!;
  await keeper!.open('/admin/django_celery_beat/intervalschedule/add/');
  await page.locator('#id_every').fill('2');
  await page.locator('#id_period').selectOption('seconds');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('was added successfully').waitFor();
  await addPeriodicTask('Forty and two', 'demoapp.tasks.add', '[40, 2]', async () => {
    await page.locator('#id_interval').selectOption({ index: 1 });
  });
  await keeper!.picture('celery-schedule');
  const done = await settled('add', 2);
  expect(done.length).toBeGreaterThanOrEqual(2);
  for (const row of done) expect(row).toContain('Forty and two');
  expect(keeper!.troubles).toEqual([]);
  expect([...keeper!.strangers]).toEqual([]);
});

test('the plan is empty after the deploy', () => {
  expect(deployment.plan()).toEqual([]);
});

/** The results of a task when so many are there and done. */
async function settled(task: string, count = 1): Promise<string[]> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const rows = (await results(task)).filter((row) => row.includes('SUCCESS'));
    if (rows.length >= count) return rows;
    if (Date.now() > deadline) throw new Error(`no result of ${task} within 60 s:\n${rows.join('\n')}`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
