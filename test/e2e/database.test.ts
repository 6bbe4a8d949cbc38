import { spawn } from 'node:child_process';
import { PostgresDb, RemovalPolicy, Service, Size, Volume } from '../../lib';
import { Build, Deployment, stack } from './support/deployment';
import { engine, logs } from './support/docker';
import { eventually } from './support/http';

// What may happen to a database, under a writer that counts every row that it was told is stored. A second deployment of the same stack is on
// the engine all the while.
const deployment = new Deployment('database');
const neighbour = new Deployment('neighbour');

interface Variant {
  readonly memory?: Size;
  readonly databaseName?: string;
  /** Whether a second database is declared beside the first. */
  readonly second?: boolean;
}

// Inserts on one connection for as long as it lasts, and writes down each id when the server has said that its row is stored.
const WRITER = `
PGPASSWORD=$(cat "$PASSWORD_FILE"); export PGPASSWORD
while :; do
  { echo 'CREATE TABLE IF NOT EXISTS ledger (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);'
    yes 'INSERT INTO ledger SELECT FROM (SELECT pg_sleep(0.003)) AS pause RETURNING id;'
  } | psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 >>/acknowledged/ids
  echo "connection lost"
  sleep 0.1
done`;

function build(variant: Variant = {}): Build {
  return stack((made) => {
    const db = new PostgresDb(made, 'Db', { databaseName: variant.databaseName ?? 'ledger', memory: variant.memory ?? Size.mebibytes(256) });
    const { image } = db.version;
    const writer = new Service(made, 'Writer', {
      image,
      entrypoint: ['sh', '-c', WRITER],
      user: '10090:10090',
      memory: Size.mebibytes(64),
      environment: { PGHOST: db.host, PGDATABASE: db.databaseName, PGUSER: db.user, PASSWORD_FILE: db.passwordSecret.path },
    });
    db.addClient(writer);
    const owner = { user: 10090, group: 10090, image };
    writer.addVolume(new Volume(made, 'Acknowledged', { removalPolicy: RemovalPolicy.DESTROY, owner }), '/acknowledged');
    if (variant.second) new PostgresDb(made, 'Second', { databaseName: 'second', memory: Size.mebibytes(256) });
  });
}

let neighbours: string[];
const SESSION = "SELECT pid FROM pg_stat_activity WHERE usename = 'ledger'";
const larger: Variant = { memory: Size.mebibytes(384) };

beforeAll(async () => {
  for (const one of [deployment, neighbour]) one.synth(build());
  const applied = await Promise.all([deployment.applyMeanwhile(), neighbour.applyMeanwhile()]);
  for (const { ok, output } of applied) expect({ ok, output: ok ? '' : output }).toEqual({ ok: true, output: '' });
  neighbours = runs(neighbour);
});

afterAll(() => {
  try {
    deployment.clean();
  } finally {
    neighbour.clean();
  }
});

const server = (id = 'Db', of = deployment) => `${of.namespace}-${id.toLowerCase()}-server`;

function inspect(container: string, format: string): string {
  return engine('inspect', container, '--format', format);
}

/** The container's id and the time of its last start: other ones for each server. */
function run(container: string): string {
  return inspect(container, '{{.Id}} {{.State.Running}} {{.State.StartedAt}}');
}

/** All of a deployment's containers that serve. */
function runs(of = deployment): string[] {
  return ['Db/Server', 'Second/Server', 'Writer'].flatMap((path) => of.containers(path)).map(run);
}

/** What psql says to the superuser. */
function sql(statement: string, container = server()): string {
  return engine('exec', container, 'sh', '/run/cdktf-django/psql-admin.sh', '-At', '-v', 'ON_ERROR_STOP=1', '-c', statement);
}

/** The ids of all rows that a writer was told are stored. */
function acknowledged(of = deployment): number[] {
  const [writer] = of.containers('Writer');
  const lines = of.exec(writer, 'cat', '/acknowledged/ids').split('\n');
  // The last line may be half written.
  return lines.slice(0, -1).map(Number);
}

/** What of `ids` is not in the database. */
function lost(ids: number[]): number[] {
  const there = new Set(sql('SELECT id FROM ledger').split('\n').map(Number));
  return ids.filter((id) => !there.has(id));
}

async function writesOn(of = deployment): Promise<void> {
  const count = acknowledged(of).length;
  await eventually(() => expect(acknowledged(of).length).toBeGreaterThan(count + 20), 30);
}

/**
 * Notes who starts and ends, in the engine's own order, among the containers of a construct. As it happens: what the engine remembers is little.
 *
 * @returns a function that ends it and gives what was noted
 */
async function lives(path: string): Promise<() => Promise<string[]>> {
  const filters = ['start', 'die'].flatMap((event) => ['--filter', `event=${event}`]);
  const label = `label=org.cdktf-django.path=${deployment.namespace}/${path}`;
  const child = spawn('docker', ['events', ...filters, '--filter', label, '--format', '{{.Action}} {{.ID}}']);
  let noted = '';
  child.stdout.on('data', (part: Buffer) => (noted += part.toString()));
  const ended = new Promise((resolve) => child.on('close', resolve));
  // It says nothing when it begins to listen.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return async () => {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    child.kill();
    await ended;
    return noted.trimEnd().split('\n');
  };
}

/** A secret's value, read as root of the host would. */
function secret(name: string): string {
  return inVolume(`${deployment.namespace}-${name}`, 'cat /volume/value');
}

function inVolume(volume: string, script: string, ...options: string[]): string {
  const image = inspect(server('Db', neighbour), '{{.Image}}');
  return engine('run', '--rm', '--network', 'none', '--user', '0', '-v', `${volume}:/volume`, ...options, '--entrypoint', 'sh', image, '-c', script);
}

test('memory is edited while a client writes on one connection: nothing that was acknowledged is lost, and two servers never run at once', async () => {
  const session = sql(SESSION);
  await writesOn();
  expect(sql(SESSION)).toBe(session);
  const old = run(server()).split(' ')[0];
  const [writer] = deployment.containers('Writer').map(run);
  const noted = await lives('Db/Server');
  expect(inspect(old, '{{.HostConfig.Memory}}')).toBe(String(256 << 20));
  const before = sql('SHOW shared_buffers');

  deployment.synth(build(larger));
  const { ok, output } = await deployment.applyMeanwhile();
  expect({ ok, output: ok ? '' : output }).toEqual({ ok: true, output: '' });
  await writesOn();

  const now = run(server()).split(' ')[0];
  expect(inspect(now, '{{.HostConfig.Memory}}')).toBe(String(384 << 20));
  expect(sql('SHOW shared_buffers')).not.toBe(before);
  expect(await noted()).toEqual([`die ${old}`, `start ${now}`]);
  expect(logs({}, server())).toContain('database system was shut down at');
  expect(logs({}, server())).not.toMatch(/not properly shut down|was interrupted|redo starts/);

  // The same writer, on its second connection.
  expect(deployment.containers('Writer').map(run)).toEqual([writer]);
  const ids = acknowledged();
  expect(ids.length).toBeGreaterThan(100);
  expect(lost(ids)).toEqual([]);
  expect(lost([...ids, -1])).toEqual([-1]);
  expect(deployment.plan()).toEqual([]);
});

test('a second server refuses the data directory of the first', () => {
  const variables = JSON.parse(inspect(server(), '{{json .Config.Env}}')) as string[];
  const image = inspect(server(), '{{.Image}}');
  const second = ['run', '--rm', '--network', 'none', '--user', '10070:10070', '--tmpfs', '/run/postgresql', '--volumes-from', server()];
  const environment = [...variables, 'LOCK_TIMEOUT=1'].flatMap((variable) => ['--env', variable]);
  const start = () => engine(...second, ...environment, '--entrypoint', 'sh', image, '/run/cdktf-django/serve.sh', '--version');
  expect(start).toThrow('Another process has the database in /var/lib/postgresql/18/docker open');
  expect(sql('SELECT 1')).toBe('1');
});

test('an initialisation that is killed fails the deploy, and the next one begins it anew', async () => {
  const before = run(server());
  deployment.synth(build({ ...larger, second: true }));
  const applying = deployment.applyMeanwhile();
  await eventually(() => {
    const [job] = deployment.containers('Second/Initialize');
    // As soon as there is something to be left behind.
    engine('exec', job, 'sh', '-c', 'ls -d /var/lib/postgresql/18/docker.unfinished-*');
    engine('kill', '--signal', 'KILL', job);
  }, 120);
  const failed = await applying;
  expect(failed.ok).toBe(false);
  expect(failed.output).toContain(`${deployment.namespace}/Second/Initialize failed with exit code 137`);
  expect(deployment.containers('Second/Server', { all: true })).toEqual([]);

  const { ok, output } = deployment.apply();
  expect({ ok, output: ok ? '' : output }).toEqual({ ok: true, output: '' });
  expect(output).toContain('removing an earlier run that was interrupted');
  await eventually(() => expect(sql('SELECT current_database()', server('Second'))).toBe('second'), 30);
  expect(run(server())).toBe(before);
});

test('another name for a database that is there fails the deploy, names the ways out, and touches nothing', async () => {
  const before = runs();
  deployment.synth(build({ ...larger, second: true, databaseName: 'other' }));
  const { ok, output } = deployment.apply();
  expect(ok).toBe(false);
  expect(output).toContain("The volume was initialised with databaseName 'ledger', and the stack says 'other'. Nothing was changed");
  expect(output).toContain("Either set databaseName: 'ledger' in the stack,");
  expect(output).toContain(`${deployment.namespace}/Db/Initialize failed with exit code 1`);
  expect(runs()).toEqual(before);
  await writesOn();

  deployment.deploy(build({ ...larger, second: true }));
  expect(runs()).toEqual(before);
  expect(deployment.plan()).toEqual([]);
});

test('a password that is missing beside data fails the deploy and names the ways out; what is there survives a destroy', async () => {
  const passwords = ['db-password', 'db-superuser-password', 'second-password', 'second-superuser-password'];
  const values = passwords.map(secret);
  expect(new Set(values).size).toBe(4);
  const ids = acknowledged();
  expect(ids.length).toBeGreaterThan(100);

  expect(deployment.destroy()).toMatchObject({ ok: true });
  const volume = `${deployment.namespace}-db-password`;
  inVolume(volume, 'rm /volume/value');
  const { ok, output } = deployment.apply();
  expect(ok).toBe(false);
  expect(output).toContain('Secret db-password is missing, but database ledger that it opens is there, so no new one is made.');
  const group = /owned by 0:(\d+) with mode 0440/.exec(output)![1];
  expect(output).toContain(`Bring the old value back as the file 'value' in the engine's volume ${volume}, owned by 0:${group} with mode 0440`);
  expect(output).toContain('or, if the data is not wanted any more, remove its volume, and deploy again.');
  // Nobody was told to log in with another one.
  expect(deployment.containers('Writer', { all: true })).toEqual([]);

  // The first way out, as it says.
  inVolume(volume, `printf %s "$VALUE" >/volume/value && chown 0:${group} /volume/value && chmod 0440 /volume/value`, '--env', `VALUE=${values[0]}`);
  const again = deployment.apply();
  expect({ ok: again.ok, output: again.ok ? '' : again.output }).toEqual({ ok: true, output: '' });
  expect(passwords.map(secret)).toEqual(values);
  await writesOn();
  expect(lost(ids)).toEqual([]);
});

test('the other deployment of the same stack was not disturbed, and does not disturb when it goes', async () => {
  expect(runs(neighbour)).toEqual(neighbours);
  await writesOn(neighbour);
  expect(neighbour.plan()).toEqual([]);

  const before = runs();
  expect(neighbour.destroy()).toMatchObject({ ok: true });
  expect(neighbour.volumes()).toEqual([
    `${neighbour.namespace}-db-data`,
    `${neighbour.namespace}-db-password`,
    `${neighbour.namespace}-db-superuser-password`,
  ]);
  expect(runs()).toEqual(before);
  await writesOn();
  expect(deployment.plan()).toEqual([]);
});
