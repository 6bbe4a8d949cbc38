import { TerraformStack } from 'cdktf';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { BackupTarget, DjangoService, PostgresDb, Schedule, Secret } from '../../lib';
import { expectLoggedIn, logIn, makeAdmin } from './support/admin';
import { commandsOf } from './support/commands';
import { Build, Deployment } from './support/deployment';
import { engine } from './support/docker';
import { EngineNode } from './support/engine-node';
import { example } from './support/example';
import { eventually, Session } from './support/http';
import { freePort } from './support/port';
import { prepareS3, S3Server } from './support/s3-server';

// The host is lost with everything on it. What is left: the code of the stack, the bucket, the sealed file of secrets, and the key of the bucket. The commands are those
// of the README, run as they stand there.
const SECTION = 'A host that is lost';
const root = join(__dirname, '..', '..');
const home = mkdtempSync(join(tmpdir(), 'cdktf-django-lost-host-'));
const keys = { id: 'AKIDEXAMPLEOFATEST', secret: 'wJalrXUtnFEMIexampleKEYofAtest0123456789' };
const ROW = 'A row that comes back';
const PHOTO = 'uploaded text';
const MANAGE = '/run/cdktf-django/bin/manage';

const first = new Deployment('lost-host');
/** On another engine, with a state of its own: Terraform's state is lost, too. */
let second: Deployment;
let node: EngineNode;
let s3: S3Server;
let ports: { readonly first: number; readonly second: number };
let visitor: Session;
let upload: string;
let signed: string;

const [before, after] = commandsOf('README.md', SECTION);

/** The example with its backups in a bucket. */
function build(port: number, address: string): Build {
  const shop = example(port, address);
  return (app, id) => {
    shop(app, id);
    const made = app.node.findChild(id) as TerraformStack;
    const media = (made.node.findChild('Shop') as DjangoService).mediaVolume;
    const target = BackupTarget.s3({
      endpoint: s3.endpoint,
      bucket: 'shop-backups',
      accessKeyId: Secret.fromFile(join(home, 'id')),
      secretAccessKey: Secret.fromFile(join(home, 'secret')),
      encryptionKey: Secret.generated(),
    });
    (made.node.findChild('Db') as PostgresDb).addBackup('Nightly', { schedule: Schedule.cron('0 3 1 1 *'), target, media: [media] });
  };
}

/** Runs a line of the README for a deployment. What a person would type in answer is given as options. */
function follow(line: string, of: Deployment, build: Build, environment: Record<string, string> = {}): string {
  if (line === 'npx cdktf synth') return (of.synth(build), '');
  if (line === 'npx cdktf deploy') return of.deploy(build).output;
  const [npx, program, ...args] = line.split(' ');
  if (npx !== 'npx' || program !== 'cdktf-django') throw new Error(`README has a command that is unknown here: ${line}`);
  const answers = args[0] === 'secrets' ? ['--passphrase-file', 'passphrase'] : ['--yes'];
  const options = ['--import', require.resolve('tsx'), join(root, 'lib', 'cli', 'cdktf-django.ts'), ...args, ...answers, '--output', of.folder];
  const ran = spawnSync(process.execPath, options, { cwd: home, encoding: 'utf8', env: { ...process.env, ...environment } });
  if (ran.status !== 0) throw new Error(`${line} failed:\n${ran.stdout}${ran.stderr}`);
  return ran.stdout;
}

const app = (of: Deployment) => of.containers('Shop/App/Server')[0];
const python = (of: Deployment, code: string) =>
  of.exec(app(of), MANAGE, 'shell', '--no-imports', '-c', `from django.core import signing; print(${code})`);

beforeAll(async () => {
  ports = { first: await freePort(), second: await freePort() };
  writeFileSync(join(home, 'passphrase'), 'correct horse battery\n');
  // As containers of another user read them.
  for (const [name, value] of Object.entries(keys)) writeFileSync(join(home, name), `${value}\n`, { mode: 0o644 });
  spawnSync('chmod', ['755', home]);
  // At the host's own address, which containers of both engines reach.
  // Of its interface: an engine that has just made its first network does not tell the gateway of it.
  const bridge = engine('network', 'inspect', 'bridge', '--format', '{{index .Options "com.docker.network.bridge.name"}}');
  const host = networkInterfaces()[bridge]!.find(({ family }) => family === 'IPv4')!.address;
  s3 = new S3Server(`${first.namespace}-server-of-s3`, prepareS3(), keys, { host, port: await freePort() });
  first.deploy(build(ports.first, '127.0.0.1'));
  s3.start('host', engine('inspect', `${first.namespace}-db-server`, '--format', '{{.Image}}'));

  visitor = new Session(ports.first, `127.0.0.1:${ports.first}`);
  expect((await visitor.post('/', { name: ROW, price: '12.50' })).status).toBe(302);
  expect((await visitor.upload('/pictures/', 'file', 'note.txt', PHOTO, { title: 'A note' }, '/')).status).toBe(302);
  upload = /\/media\/[^"]+note[^"]*/.exec((await visitor.get('/')).body)![0];
  makeAdmin((...command) => first.exec(...command), app(first));
  await logIn(visitor);
  signed = python(first, "signing.dumps('a link in a mail')");
});

afterAll(() => {
  try {
    s3?.remove();
    // It is destroyed in the middle of the tests; where one before failed, it is still there.
    if (first.volumes().length > 0) first.clean();
  } finally {
    second?.forget();
    node?.remove();
    rmSync(home, { recursive: true, force: true });
  }
});

test('what is to be done before is done as README says', () => {
  expect(before).toEqual(['npx cdktf-django secrets export --file shop.secrets']);
  const said = before.map((line) => follow(line, first, build(ports.first, '127.0.0.1'))).join('');
  expect(said).toContain('Db/Nightly/Bucket/EncryptionKey');
  expect(said).toContain('Shop/SecretKey');
  expect(said).toContain('Not among them, since it is a file of the host: ');
  // As the clock does it every night.
  first.exec(`${first.namespace}-db-nightly-scheduler`, 'python3', '/run/cdktf-backup/schedule.py', '--run-now');
});

test('on a new engine, the commands of README bring back rows, accounts, signatures and uploads', async () => {
  first.clean();
  expect(first.volumes()).toEqual([]);

  node = await EngineNode.start('lost-host-engine', [ports.second]);
  node.bringImages();
  node.shell(`mkdir -p ${home}`);
  for (const [name, value] of Object.entries(keys)) node.shell(`printf '%s\\n' '${value}' >${home}/${name}`);
  second = new Deployment('lost-host', node.environment);

  const [lead, ...commands] = after;
  expect(lead).toMatch(/^export DOCKER_HOST=/);
  expect(commands).toEqual([
    'npx cdktf synth',
    'npx cdktf-django secrets import --file shop.secrets',
    'npx cdktf deploy',
    'npx cdktf-django restore --media',
  ]);
  const said = commands.map((line) => follow(line, second, build(ports.second, '0.0.0.0'), node.environment));
  expect(said[1]).toContain('Db/Nightly/Bucket/EncryptionKey: imported');
  expect(said[3]).toMatch(/Volume \S+-shop-media: [2-9] files and folders were missing and are back, 0 were there\.\n/);
  expect(said[3]).toContain('Database shop is the restored one now.');

  const host = `127.0.0.1:${ports.second}`;
  // Who was logged in still is: the session is in the database, and signed with the SECRET_KEY.
  const again = visitor.at(ports.second, host);
  await eventually(() => expectLoggedIn(again), 60);
  expect((await again.get('/')).body).toContain(ROW);
  expect(await again.get(upload)).toMatchObject({ status: 200, body: PHOTO });
  await logIn(new Session(ports.second, host));
  expect(python(second, `signing.loads('${signed}')`)).toBe('a link in a mail');

  // It goes on as before: rows and files are written, and a backup joins the others in the bucket.
  expect((await again.post('/', { name: 'A row of the new host', price: '1.00' })).status).toBe(302);
  expect((await again.upload('/pictures/', 'file', 'note.txt', 'another', { title: 'Another' }, '/')).status).toBe(302);
  const backup = `${second.namespace}-db-nightly-scheduler`;
  second.exec(backup, 'python3', '/run/cdktf-backup/schedule.py', '--run-now');
  const listed = JSON.parse(second.exec(backup, 'python3', '/run/cdktf-backup/backup.py', 'list')) as { good: boolean; files: string[] }[];
  expect(listed.map(({ good, files }) => ({ good, files }))).toEqual(
    Array.from({ length: 2 }, () => ({ good: true, files: ['database.dump', 'globals.json', 'roles.sql', 'media-shop-media.tar'] })),
  );
  expect(second.plan()).toEqual([]);
});
