import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerImage, DjangoService, Duration, GunicornApp, NginxProxy, PostgresDb, RemovalPolicy, Size } from '../../lib';
import { Build, Deployment, stack } from './support/deployment';
import { engine } from './support/docker';
import { ask } from './support/http';
import { FOR_LOAD, LoadOptions, LoadResult, underLoad } from './support/load';
import { freePort } from './support/port';

// What a release does to those who are served meanwhile: nothing, whether it succeeds or fails. Clients connect anew for each request and never try
// again; a kept connection would hide what new ones meet.
const deployment = new Deployment('release');
const folder = mkdtempSync(join(tmpdir(), 'cdktf-django-release-'));
const project = join(folder, 'shop');
const hello = join(folder, 'hello');
const examples = join(__dirname, '..', '..', 'examples');
const second = { GREETING: 'second', BOOT_SECONDS: '6' };
// Not more: the tests' machine is to be busy, not overrun.
const visitors = { name: 'visitors', count: 4, every: 50, path: '/' };
let port: number;

// A server that takes its time to start shows whether it is waited for.
const SLOW = `
import os, time

time.sleep(float(os.environ.get('BOOT_SECONDS', '0')))

from app import app
`;

function build(environment: Record<string, string>): Build {
  return stack((made) => {
    const db = new PostgresDb(made, 'Db', { removalPolicy: RemovalPolicy.DESTROY, memory: Size.mebibytes(256) });
    const shop = new DjangoService(made, 'Shop', {
      image: ContainerImage.fromDjangoProject(project),
      project: 'shop',
      database: db,
      replicas: 1,
      workers: 2,
      health: { startPeriod: Duration.seconds(25) },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const greeter = new GunicornApp(made, 'Hello', {
      image: ContainerImage.fromPythonProject(hello),
      module: 'slow:app',
      replicas: 2,
      workers: 2,
      environment,
    });
    const proxy = new NginxProxy(made, 'Proxy', { address: '127.0.0.1', httpPort: port, limits: FOR_LOAD });
    proxy.addRoute({ host: 'shop.localhost', target: shop });
    proxy.addRoute({ host: 'hello.localhost', target: greeter });
  });
}

beforeAll(async () => {
  port = await freePort();
  cpSync(join(examples, 'shop'), project, { recursive: true });
  cpSync(join(examples, 'hello'), hello, { recursive: true });
  writeFileSync(join(hello, 'slow.py'), SLOW);
  deployment.deploy(build({ GREETING: 'first' }));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  deployment.clean();
});

/** The construct of each container that is there, running or not. A path is there once for each container that it has. */
function containers(): string[] {
  const format = '{{.Label "org.cdktf-django.path"}} {{.State}}';
  const lines = engine('ps', '-a', '--filter', `label=org.cdktf-django.namespace=${deployment.namespace}`, '--format', format).split('\n');
  return lines.map((line) => line.slice(deployment.namespace.length + 1)).sort();
}

/** What the jobs of an apply printed; the plan above it has the logs of the ones before. */
function printed(output: string): string {
  const lines = output.split('\n').filter((line) => line.includes(' (local-exec): '));
  return lines.map((line) => line.replace(/^.* \(local-exec\): /, '')).join('\n');
}

/** All requests were answered, and there were enough of them to tell. */
function expectNoneFailed(result: LoadResult, minimum: number): void {
  expect(result).toMatchObject({ failed: 0, failures: [] });
  expect(result.requests).toBeGreaterThanOrEqual(minimum);
}

describe('an edit of the environment of an app with two replicas', () => {
  test('loses none of 2,000 requests or more', async () => {
    const before = containers();
    const minimum = 2000;
    const group = { ...visitors, count: 16, path: '/whoami', contains: '"greeting"' };
    const result = await underLoad({ port, host: 'hello.localhost', groups: [group], minimum }, () => deployment.deploy(build(second)));
    expectNoneFailed(result, minimum);
    // Gunicorn accepts connections before its workers can answer: who is not waited for lets clients wait.
    expect(result.slowest).toBeLessThan(3000);
    const seen = new Set<unknown>();
    for (let count = 0; count < 12; count++) seen.add(JSON.parse((await ask({ port, host: 'hello.localhost', path: '/whoami' })).body).greeting);
    expect([...seen]).toEqual(['second']);
    expect(containers()).toEqual(before);
  });
});

describe('a release of a Django project', () => {
  const load: LoadOptions = { port: 0, host: 'shop.localhost', groups: [{ ...visitors, contains: 'The corner shop' }], minimum: 200 };
  let good: string[];
  let servers: string[];

  beforeAll(() => {
    good = containers();
    servers = deployment.containers('Shop/App/Server');
  });

  /** Releases the project as it is now, which must fail, while the old release must go on as if nothing was. Gives what its jobs printed. */
  async function failedRelease(): Promise<string> {
    let output = '';
    const result = await underLoad({ ...load, port }, () => {
      deployment.synth(build(second));
      const applied = deployment.apply();
      expect(applied.ok).toBe(false);
      output = printed(applied.output);
    });
    expectNoneFailed(result, load.minimum);
    expect(deployment.containers('Shop/App/Server')).toEqual(servers);
    expect(deployment.plan().map((change) => change.address)).toContainEqual(expect.stringContaining('Shop_App_Server'));
    return output;
  }

  /** Adds text to a file of the project, or a file, until what is done with it is over. */
  async function whileChanged(path: string, text: string, done: () => Promise<void>): Promise<void> {
    const file = join(project, path);
    const before = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    writeFileSync(file, (before ?? '') + text);
    try {
      await done();
    } finally {
      if (before === undefined) rmSync(file);
      else writeFileSync(file, before);
    }
  }

  test('whose check fails is not served, and the deploy says why', async () => {
    const check = `
from django.core import checks

checks.register(lambda **kwargs: [checks.Error('There is no till.', id='shop.E001')])
`;
    await whileChanged('catalogue/apps.py', check, async () => {
      const output = await failedRelease();
      expect(output).toContain('?: (shop.E001) There is no till.');
      expect(output).toContain('release: FAILED in check --deploy: SystemCheckError: System check identified some issues:');
      expect(output).not.toContain('--- migrate');
    });
  });

  test('whose migration fails is not served, and the deploy says why', async () => {
    const migration = `
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [('catalogue', '0002_first_products')]
    operations = [migrations.RunSQL('ALTER TABLE catalogue_till ADD COLUMN coins integer')]
`;
    await whileChanged('catalogue/migrations/0003_till.py', migration, async () => {
      const output = await failedRelease();
      expect(output).toContain('Applying catalogue.0003_till...');
      expect(output).toContain('release: FAILED in migrate: ProgrammingError: relation "catalogue_till" does not exist');
      expect(output).not.toContain('--- collectstatic');
    });
  });

  test('whose server does not start is not served, and the deploy says why', async () => {
    await whileChanged('shop/wsgi.py', '\nimport a_till_that_nobody_installed\n', async () => {
      const output = await failedRelease();
      expect(output).toContain("ModuleNotFoundError: No module named 'a_till_that_nobody_installed'");
      expect(output).toContain('preflight: FAILED:');
    });
  });

  test('whose server does not get healthy is not served, and the deploy shows the log and the last answer', async () => {
    const ill = `
import logging

def application(environ, start_response):
    logging.error('The till is locked.')
    start_response('503 Service Unavailable', [('Content-Type', 'text/plain')])
    return [b'no till']
`;
    await whileChanged('shop/wsgi.py', ill, async () => {
      const output = await failedRelease();
      expect(output).toContain('The till is locked.');
      expect(output).toContain('preflight: FAILED: not healthy within 25 s: /-/health/?database=1 answered 503 no till');
    });
  });

  test('whose server needs more memory than it may have is not served, and the deploy says what ended it', async () => {
    await whileChanged('shop/wsgi.py', '\nTILL = bytearray(1 << 30)\n', async () => {
      expect(await failedRelease()).toMatch(/signal 9|SIGKILL|out of memory/i);
    });
  });

  test('that is mended is served by the next deploy, which leaves nothing of the failed ones behind', async () => {
    appendFileSync(join(project, 'catalogue', 'templates', 'catalogue', 'index.html'), '<p>The till is open.</p>\n');
    const result = await underLoad({ ...load, port }, () => deployment.deploy(build(second)));
    expectNoneFailed(result, load.minimum);
    expect((await ask({ port, host: 'shop.localhost' })).body).toContain('The till is open.');
    expect(deployment.containers('Shop/App/Server')).not.toEqual(servers);
    expect(containers()).toEqual(good);
    expect(deployment.plan()).toEqual([]);
  });
});
