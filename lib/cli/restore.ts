import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { MediaVolumes } from './restore-media';
import { run } from './run';
import { BACKUP_PROGRAM, backupsOf, StackBackup } from './stack-backups';
import { synthesizedStack } from './synthesized-stack';
import { Trouble } from './trouble';

export const RESTORE_HELP = `cdktf-django restore [STACK] [options]

Brings a backup of a database back: the newest one, or the one that is named. Its checksums are all checked before anything is touched, and it is restored
beside the live database first, so a failure changes nothing. It needs free disk as large as the database on the server's side.

Then the containers that use the database are stopped, the two databases change names, and the containers are started again. The database before stays on the
server under another name; how to drop it is printed. Roles that are missing are made, without passwords.

  --list           only list the backups
  --from NAME      the backup, such as 20261124T030000Z (default: the newest good one)
  --into DATABASE  restore into a new database beside the live one; nothing is stopped
  --media          bring the files of volumes back, too: those that are missing; what is there is not touched
  --backup PATH    which backups, where the stack has several: the path of the construct, such as Db/Nightly
  --yes            restore without asking
  --json           list as JSON
  --output FOLDER  where cdktf synthesizes to (default: cdktf.out)
  --help           print this
`;

const OPTIONS = {
  list: { type: 'boolean', default: false },
  from: { type: 'string' },
  into: { type: 'string' },
  media: { type: 'boolean', default: false },
  backup: { type: 'string' },
  yes: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  output: { type: 'string', default: 'cdktf.out' },
  help: { type: 'boolean', default: false },
} as const;

/** A backup as the program in its container describes it. */
interface Listed {
  readonly name: string;
  readonly time: string;
  readonly ageSeconds: number;
  readonly bytes: number;
  readonly problem: string | null;
  readonly database: string;
  readonly databaseBytes: number;
  readonly server: string;
  readonly files: readonly string[];
}

interface Prepared {
  readonly backup: string;
  readonly database: string;
  readonly seconds: number;
  readonly rolesMade: readonly string[];
}

interface Settings {
  readonly server: { readonly host: string; readonly database: string };
}

/** Runs the command. Gives the exit code. */
export async function restore(args: string[]): Promise<number> {
  const { values, positionals } = parsed(args);
  if (values.help) {
    print(RESTORE_HELP);
    return 0;
  }
  if (positionals.length > 1) throw new Trouble(`restore takes one stack, got ${positionals.join(' ')}; see cdktf-django restore --help`);
  if (values.json && !values.list) throw new Trouble('--json is for --list');
  if (values.media && values.into !== undefined)
    throw new Trouble('--media brings files into the volumes in use, and --into leaves all in use as it is');
  const stack = synthesizedStack(values.output, positionals[0]);
  const known = backupsOf(stack);
  if (known.length === 0) throw new Trouble(`stack ${stack.name} makes no backups; add them with addBackup() of PostgresDb`);
  const wanted = values.backup === undefined ? known : known.filter(({ path }) => path === values.backup);
  if (wanted.length === 0) throw new Trouble(`there are no backups ${JSON.stringify(values.backup)} in the stack, only ${paths(known)}`);
  if (values.list) {
    const all = wanted.map((backup) => ({ path: backup.path, container: backup.container, backups: listedBy(backup) }));
    print(values.json ? `${JSON.stringify(all, null, 2)}\n` : all.map(({ path, backups }) => table(path, backups)).join('\n'));
    return 0;
  }
  if (wanted.length > 1) throw new Trouble(`the stack has several backups, say which with --backup: ${paths(wanted)}`);
  const [backup] = wanted;
  const chosen = choose(listedBy(backup), values.from, backup);
  const { server } = settingsOf(backup);
  const media = values.media ? new MediaVolumes(backup, chosen.files) : undefined;
  print(plan(chosen, server.database, values.into, media));
  if (!values.yes && !(await agreed())) {
    print('Nothing was changed.\n');
    return 0;
  }
  const arguments_ = ['prepare', '--backup', chosen.name, ...(values.into === undefined ? [] : ['--into', values.into])];
  const prepared = JSON.parse(program(backup, arguments_)) as Prepared;
  print(`Backup ${prepared.backup} is restored, in ${prepared.seconds} s, into database ${prepared.database}.\n`);
  if (prepared.rolesMade.length > 0) {
    print(`Roles that were missing were made, without passwords: ${prepared.rolesMade.join(', ')}\n`);
  }
  if (values.into !== undefined) return 0;
  // Rows without their files are worse than files without their rows.
  for (const archive of media?.archives ?? []) print(await media!.bring(chosen.name, archive));
  const before = whileStopped(clientsOf(server.host), () => program(backup, ['swap', prepared.database]));
  const { before: aside } = JSON.parse(before) as { before: string | null };
  print(`Database ${server.database} is the restored one now.\n`);
  if (aside !== null) {
    const drop = `docker exec ${server.host} sh /run/cdktf-django/psql-admin.sh -d postgres -c 'DROP DATABASE ${aside}'`;
    print(`The one before is still there as ${aside}. When all is well, drop it:\n  ${drop}\n`);
  }
  return 0;
}

function parsed(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new Trouble(`${(error as Error).message}; see cdktf-django restore --help`);
  }
}

/** Runs the program of a container, with its words for people on our standard error. Gives its standard output. */
function program(backup: StackBackup, args: readonly string[]): string {
  const ran = spawnSync('docker', ['exec', backup.container, 'python3', BACKUP_PROGRAM, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (ran.error) throw new Trouble(`docker cannot be run (${ran.error.message}); is it installed and in PATH?`);
  if (ran.status !== 0) throw new Trouble(`${backup.path} (container ${backup.container}) could not do it; the reason is above`);
  return ran.stdout;
}

function listedBy(backup: StackBackup): Listed[] {
  return JSON.parse(program(backup, ['list'])) as Listed[];
}

function settingsOf(backup: StackBackup): Settings {
  return JSON.parse(docker('exec', backup.container, 'cat', BACKUP_PROGRAM.replace(/\.py$/, '.json'))) as Settings;
}

function choose(listed: readonly Listed[], name: string | undefined, backup: StackBackup): Listed {
  const chosen = name === undefined ? listed.find(({ problem }) => problem === null) : listed.find((one) => one.name === name);
  if (chosen) return chosen;
  const names = listed.map((one) => one.name).join(', ') || 'none';
  throw new Trouble(
    name === undefined ? `${backup.path} has no good backup yet` : `${backup.path} has no backup ${JSON.stringify(name)}; there are: ${names}`,
  );
}

function plan(chosen: Listed, database: string, into: string | undefined, media: MediaVolumes | undefined): string {
  const files = chosen.files.filter((file) => file.startsWith('media-'));
  return [
    `Backup ${chosen.name}: database ${chosen.database} as it was at ${chosen.time} (${age(chosen.ageSeconds)} ago), ${size(chosen.databaseBytes)}, Postgres ${chosen.server}`,
    into === undefined
      ? `It takes the place of database ${database}, which stays under another name. Its clients are stopped for a moment. What was written since is in the old one only.`
      : `It is restored into a new database ${into}, owned as before. Database ${database} is not touched.`,
    ...(media?.archives ?? []).map(
      ({ file, volume }) => `Files of ${file} that are missing in volume ${volume} come back. What is there is not touched.`,
    ),
    ...(media === undefined && files.length > 0 ? [`Files of volumes are not brought back without --media: ${files.join(', ')}`] : []),
    '',
  ].join('\n');
}

async function agreed(): Promise<boolean> {
  if (!process.stdin.isTTY) {
    print('Give --yes to restore without being asked. ');
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question('Restore it? [y/N] ')).trim());
  } finally {
    terminal.close();
  }
}

interface Inspected {
  readonly Name: string;
  readonly Config: { readonly Entrypoint: readonly string[] | null };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly NetworkID: string }>> };
}

/** The running containers in the networks of a server: nobody else reaches it. */
function clientsOf(server: string): string[] {
  const [{ NetworkSettings }] = JSON.parse(docker('container', 'inspect', server)) as Inspected[];
  const filters = Object.values(NetworkSettings.Networks).flatMap(({ NetworkID }) => ['--filter', `network=${NetworkID}`]);
  const ids = docker('ps', '--quiet', '--no-trunc', ...filters)
    .split('\n')
    .filter((id) => id !== '');
  const all = JSON.parse(docker('container', 'inspect', ...ids)) as Inspected[];
  return all
    .map((one) => ({ name: one.Name.replace(/^\//, ''), program: one.Config.Entrypoint?.[1] }))
    .filter(({ name, program: own }) => name !== server && own !== BACKUP_PROGRAM)
    .map(({ name }) => name)
    .sort();
}

/** Stops containers, does something, and starts them again whatever happens. */
function whileStopped<T>(containers: readonly string[], work: () => T): T {
  if (containers.length === 0) return work();
  // The children of an interrupted command end by themselves; we have to start what is stopped.
  const ignore = () => print('Wait: what was stopped is started again first.\n');
  process.on('SIGINT', ignore).on('SIGTERM', ignore);
  try {
    print(`Stopping ${containers.join(', ')}\n`);
    docker('stop', ...containers);
    return work();
  } finally {
    const started = run('docker', ['start', ...containers]);
    print(
      started.ok ? 'They are started again.\n' : `Start them by hand, since that failed: docker start ${containers.join(' ')}\n${started.stderr}`,
    );
    process.off('SIGINT', ignore).off('SIGTERM', ignore);
  }
}

function table(path: string, listed: readonly Listed[]): string {
  if (listed.length === 0) return `${path}: no backup yet\n`;
  const rows = listed.map(
    (one) => `  ${one.name}  ${age(one.ageSeconds).padStart(9)} old  ${size(one.bytes).padStart(10)}  ${one.problem ?? 'good'}`,
  );
  return `${path}, the newest first:\n${rows.join('\n')}\n`;
}

function age(seconds: number): string {
  const [count, unit] = seconds < 7200 ? [seconds / 60, 'minutes'] : seconds < 172_800 ? [seconds / 3600, 'hours'] : [seconds / 86_400, 'days'];
  return `${Math.floor(count)} ${unit}`;
}

function size(bytes: number): string {
  return bytes < 1 << 30 ? `${(bytes / (1 << 20)).toFixed(1)} MiB` : `${(bytes / (1 << 30)).toFixed(1)} GiB`;
}

const paths = (backups: readonly StackBackup[]) => backups.map(({ path }) => path).join(', ');

function docker(...args: string[]): string {
  const done = run('docker', args);
  if (!done.ok) throw new Trouble(`docker ${args.join(' ')} failed:\n${done.stderr.trim()}`);
  return done.stdout;
}

function print(text: string): void {
  process.stdout.write(text);
}
