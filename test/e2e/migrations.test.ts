import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerImage, DjangoService, NginxProxy, PostgresDb, ReleaseOptions, RemovalPolicy, Size } from '../../lib';
import { Build, Deployment, stack } from './support/deployment';
import { engine } from './support/docker';
import { ask, eventually } from './support/http';
import { freePort } from './support/port';

// What a release does to the schema, it does once, and the old servers survive it.
const deployment = new Deployment('migrations');
const folder = mkdtempSync(join(tmpdir(), 'cdktf-django-migrations-'));
const project = join(folder, 'shop');
let port: number;

function build(ids: string[], release: ReleaseOptions = {}): Build {
  return stack((made) => {
    const database = new PostgresDb(made, 'Db', { removalPolicy: RemovalPolicy.DESTROY, memory: Size.mebibytes(256) });
    const proxy = new NginxProxy(made, 'Proxy', { address: '127.0.0.1', httpPort: port });
    for (const id of ids) {
      const image = ContainerImage.fromDjangoProject(project);
      const common = { image, project: 'shop', database, replicas: 1, workers: 1, removalPolicy: RemovalPolicy.DESTROY };
      proxy.addRoute({ host: `${id.toLowerCase()}.localhost`, target: new DjangoService(made, id, { ...common, release }) });
    }
  });
}

/** Adds a migration to the catalogue, after another one. */
function migration(name: string, after: string, operation: string): void {
  const text = `
import time
from django.db import migrations, models

def work(apps, schema_editor):
    time.sleep(6)
    apps.get_model('catalogue', 'Product').objects.create(name='${name}', price=1)

class Migration(migrations.Migration):
    dependencies = [('catalogue', '${after}')]
    operations = [${operation}]
`;
  writeFileSync(join(project, 'catalogue', 'migrations', `${name}.py`), text);
}

beforeAll(async () => {
  port = await freePort();
  cpSync(join(__dirname, '..', '..', 'examples', 'shop'), project, { recursive: true });
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  deployment.clean();
});

/** What the jobs of an apply printed; the plan above it has the logs of the ones before. */
function printed(output: string): string {
  const lines = output.split('\n').filter((line) => line.includes(' (local-exec): '));
  return lines.map((line) => line.replace(/^.* \(local-exec\): /, '')).join('\n');
}

function rows(query: string): string[] {
  const [server] = deployment.containers('Db/Server');
  return deployment.exec(server, 'sh', '/run/cdktf-django/psql-admin.sh', '--tuples-only', '--no-align', '--command', query).split('\n');
}

const page = async (host: string) => (await ask({ port, host })).status;
const servers = () => deployment.containers('One/App/Server');
const manage = (...command: string[]) => deployment.exec(servers()[0], '/run/cdktf-django/bin/manage', ...command);

test('of two releases at once one waits for the other, and no migration runs twice', async () => {
  migration('0003_slow', '0002_first_products', 'migrations.RunPython(work, migrations.RunPython.noop)');
  const output = printed(deployment.deploy(build(['One', 'Two'])).output);
  const count = (text: string) => output.split(text).length - 1;
  expect(count('release: another release is migrating this database; waiting for it')).toBe(1);
  expect(count('Applying catalogue.0003_slow... OK')).toBe(1);
  expect(count('Applying contenttypes.0001_initial... OK')).toBe(1);
  expect(count('No migrations to apply.')).toBe(1);
  expect(count('release: done')).toBe(2);
  expect(rows(`SELECT count(*) FROM catalogue_product WHERE name = '0003_slow'`)).toEqual(['1']);
  expect([await page('one.localhost'), await page('two.localhost')]).toEqual([200, 200]);
});

describe('a migration that the running release would not survive', () => {
  const NAME = '0004_stock';

  test('is refused before anything is changed', async () => {
    const before = servers();
    migration(NAME, '0003_slow', `migrations.AddField('product', 'stock', models.IntegerField(default=0))`);
    deployment.synth(build(['One']));
    const { ok, output } = deployment.apply();
    expect(ok).toBe(false);
    expect(printed(output)).toContain(`catalogue.${NAME}: Add field stock to product: its column is NOT NULL without a default in the database`);
    expect(printed(output)).toContain(`declare them: release: { breakingMigrations: ["catalogue.${NAME}"] }`);
    expect(rows(`SELECT count(*) FROM information_schema.columns WHERE table_name = 'catalogue_product' AND column_name = 'stock'`)).toEqual(['0']);
    expect(servers()).toEqual(before);
    expect(await page('one.localhost')).toBe(200);
  });

  test('is applied when it is declared, and then does what was said of it', () => {
    deployment.deploy(build(['One'], { breakingMigrations: [`catalogue.${NAME}`] }));
    // The code here does not know the column, as the code of the release before does not.
    const insert = `from catalogue.models import Product; Product.objects.create(name='x', price=1)`;
    expect(() => manage('shell', '-c', insert)).toThrow(/null value in column "stock" of relation "catalogue_product" violates not-null constraint/);
  });

  test('is not refused when the database fills the column', () => {
    migration('0005_shelf', NAME, `migrations.AddField('product', 'shelf', models.IntegerField(db_default=0))`);
    deployment.deploy(build(['One'], { breakingMigrations: [`catalogue.${NAME}`] }));
    expect(rows(`SELECT count(*) FROM catalogue_product WHERE shelf = 0`)).not.toEqual(['0']);
  });
});

test('with migrate: false a release whose migrations are missing does not go live, and says what to do', async () => {
  const before = servers();
  migration('0006_later', '0005_shelf', `migrations.AddField('product', 'later', models.IntegerField(null=True))`);
  deployment.synth(build(['One'], { migrate: false }));
  const { ok, output } = deployment.apply();
  expect(ok).toBe(false);
  expect(printed(output)).toContain(
    'release: FAILED in verify: migrations that are not applied: catalogue.0006_later; release.migrate is false: let release.commands apply them',
  );
  expect(servers()).toEqual(before);
  expect(await page('one.localhost')).toBe(200);
  deployment.deploy(build(['One'], { migrate: false, commands: [['migrate', 'catalogue']] }));
  expect(deployment.plan()).toEqual([]);
});

test('a server that starts on a database behind its code is not healthy until its migrations are applied', async () => {
  const [server] = servers();
  manage('migrate', 'catalogue', '0005');
  engine('restart', server);
  const health = (format: string) => engine('inspect', server, '--format', format);
  const said = '{{range .State.Health.Log}}{{.Output}}{{end}}';
  await eventually(() => expect(health(said)).toContain('migrations are not applied: catalogue.0006_later; release.migrate is false'), 30);
  expect(health('{{.State.Health.Status}}')).not.toBe('healthy');
  manage('migrate', 'catalogue');
  await eventually(() => expect(health('{{.State.Health.Status}}')).toBe('healthy'), 30);
});
