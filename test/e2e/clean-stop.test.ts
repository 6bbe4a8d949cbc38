import { Duration, PostgresDb, Service, Size, Volume } from '../../lib';
import { Build, Deployment, stack } from './support/deployment';
import { logs } from './support/docker';
import { EngineNode } from './support/engine-node';
import { eventually } from './support/http';
import { moment } from './support/load';

// A server under write load is stopped, updated, and has its engine restarted. Each writer notes the rows that the server has acknowledged: none of them may be missing, and the
// server's log may know nothing of a recovery. On an engine of the test's own, since the host's must not be restarted.
const WRITERS = 2;
/** Seconds that the server takes for the last of its work when it is stopped: more than the 10 that an engine gives a container, and the 15 that it gives all when it ends itself. */
const SLOW = 20;
const ARCHIVING = { archive_mode: 'on', archive_command: `if grep -q stopping postmaster.pid; then sleep ${SLOW}; fi` };

// Rows of a kilobyte, so that there are pages to be written at a stop. psql prints an id when the row is committed.
const WRITER = `
PGPASSWORD=$(cat "$PASSWORD_FILE"); export PGPASSWORD
while :; do
  yes "INSERT INTO written (text) VALUES (repeat(md5(random()::text), 32)) RETURNING id;" |
    psql --no-psqlrc --quiet --tuples-only --no-align >>"/noted/$(hostname)" 2>/dev/null
  sleep 0.2
done`;

let node: EngineNode;
let deployment: Deployment;

function build(memory: number, parameters: Record<string, string> = {}): Build {
  return stack((made) => {
    const db = new PostgresDb(made, 'Db', { memory: Size.mebibytes(memory), parameters });
    const { image } = db.version;
    const writer = new Service(made, 'Writer', {
      image,
      replicas: WRITERS,
      entrypoint: ['sh', '-c', WRITER],
      user: '10090:10090',
      memory: Size.mebibytes(64),
      environment: { PGHOST: db.host, PGDATABASE: db.databaseName, PGUSER: db.user, PASSWORD_FILE: db.passwordSecret.path },
      stopGracePeriod: Duration.seconds(1),
    });
    db.addClient(writer);
    writer.addVolume(new Volume(made, 'Noted', { owner: { user: 10090, group: 10090, image } }), '/noted');
  });
}

const server = () => deployment.containers('Db/Server')[0];
const sql = (statement: string) => deployment.exec(server(), 'sh', '/run/cdktf-django/psql-admin.sh', '-d', 'app', '-qAt', '-c', statement);
const lines = (text: string) => text.split('\n').filter((line) => line !== '');

/** The rows that were acknowledged. A line that a writer was killed in has no end, and is none. */
function noted(): string[] {
  const [writer] = deployment.containers('Writer');
  return lines(deployment.exec(writer, 'sh', '-c', 'cat /noted/* | grep -E "^[0-9]+$" || true'));
}

/** What the server's log says of its data at each start and end. */
function life(): string[] {
  const said = logs(node.environment, server()).matchAll(
    /LOG: {2}database system (was shut down|is shut down|was not properly shut down|was interrupted|is ready)|LOG: {2}(redo starts)/g,
  );
  return [...said].map(([, one, other]) => one ?? other);
}

/** Seconds from the wish of the last stop to its end, as the log has them. */
function lastStop(): number {
  const times = ['received fast shutdown request', 'database system is shut down'].map((words) => {
    const [last] = [...logs(node.environment, server()).matchAll(new RegExp(`^(\\S+ \\S+) UTC .*${words}`, 'gm'))].slice(-1);
    return Date.parse(`${last[1].replace(' ', 'T')}Z`);
  });
  return (times[1] - times[0]) / 1000;
}

/** Rows are written and noted again, and all that were ever noted are there. */
async function allThere(): Promise<void> {
  const since = noted().length;
  await eventually(() => expect(noted().length).toBeGreaterThan(since + 100), 60);
  const known = noted();
  const there = new Set(lines(sql('SELECT id FROM written')));
  expect(known.filter((id) => !there.has(id))).toEqual([]);
}

/** Lets the writers write for a while, does something to the server, and looks at what came of it. */
async function underWrites(work: () => unknown): Promise<void> {
  const before = noted().length;
  await moment(3000);
  expect(noted().length).toBeGreaterThan(before + 100);
  await work();
  await allThere();
}

beforeAll(async () => {
  node = await EngineNode.start('clean-stop-engine', []);
  node.bringImages();
  deployment = new Deployment('clean-stop', node.environment);
  deployment.deploy(build(256));
  await eventually(() => sql('SET ROLE app_owner; CREATE TABLE written (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text)'), 60);
  await allThere();
});

afterAll(() => {
  deployment?.forget();
  node?.remove();
});

const BEGUN = ['was shut down', 'is ready'];

test('a stop and a start', async () => {
  expect(life()).toEqual(BEGUN);
  await underWrites(() => {
    node.docker('stop', server());
    node.docker('start', `${deployment.namespace}-db-server`);
  });
  expect(life()).toEqual([...BEGUN, 'is shut down', ...BEGUN]);
});

test('an update, which replaces the server', async () => {
  const before = node.docker('inspect', server(), '--format', '{{.Id}}');
  await underWrites(() => deployment.deploy(build(384)));
  expect(node.docker('inspect', server(), '--format', '{{.Id}}')).not.toBe(before);
  expect(life()).toEqual(BEGUN);
  expect(deployment.plan()).toEqual([]);
});

test('a restart of the engine, and an update, of a server that takes long to stop', async () => {
  deployment.deploy(build(384, ARCHIVING));
  await allThere();
  expect(life()).toEqual(BEGUN);
  await underWrites(() => node.restart());
  expect(life()).toEqual([...BEGUN, 'is shut down', ...BEGUN]);
  expect(lastStop()).toBeGreaterThan(SLOW - 1);
  await underWrites(() => deployment.deploy(build(256)));
  expect(life()).toEqual(BEGUN);
  expect(deployment.plan()).toEqual([]);
});

test('after a power cut the log says so, and no row that was acknowledged is missing either', async () => {
  await underWrites(() => node.powerCycle());
  expect(life()).toEqual([...BEGUN, 'was interrupted', 'was not properly shut down', 'redo starts', 'is ready']);
});
