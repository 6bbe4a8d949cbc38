import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { MediaVolumes } from './restore-media';
import { run } from './run';
import { fromArchive, fromBackup, listing, oneOf, paths, Source } from './restore-source';
import { BACKUP_PROGRAM, program } from './backup-container';
import { backupsOf, StackBackup } from './stack-backups';
import { synthesizedStack } from './synthesized-stack';
import { Trouble } from './trouble';

export const RESTORE_HELP = `cdktf-django restore [STACK] [options]

Brings a database back: from its newest backup, from the one that is named, or, where it has an archive, as it was at a moment. All checksums are checked before
anything is touched, and it is restored beside the live database first, so a failure changes nothing. It needs free disk as large as the database on the server's
side; a moment needs as much again in the archive's volume.

Then the containers that use the database are stopped, the two databases change names, and the containers are started again. The database before stays on the
server under another name; how to drop it is printed. Roles that are missing are made, without passwords.

  --list           only list the backups, and the moments that can be recovered
  --from NAME      the backup, such as 20261124T030000Z (default: the newest good one)
  --at MOMENT      from the archive: all that was committed by then, such as 2026-11-24T03:00:00Z, 2026-11-24T04:00:00+01:00, or latest
  --into DATABASE  restore into a new database beside the live one; nothing is stopped
  --media          bring the files of volumes back, too: those that are missing; what is there is not touched
  --backup PATH    which backups or archive, where the stack has several: the path of the construct, such as Db/Nightly
  --yes            restore without asking
  --json           list as JSON
  --output FOLDER  where cdktf synthesizes to (default: cdktf.out)
  --help           print this
`;

const OPTIONS = {
  list: { type: 'boolean', default: false },
  from: { type: 'string' },
  at: { type: 'string' },
  into: { type: 'string' },
  media: { type: 'boolean', default: false },
  backup: { type: 'string' },
  yes: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  output: { type: 'string', default: 'cdktf.out' },
  help: { type: 'boolean', default: false },
} as const;

interface Prepared {
  readonly backup: string;
  readonly database: string;
  readonly seconds: number;
  readonly rolesMade: readonly string[];
  /** Of an archive: whether it has what was written after the moment, and the time of the last commit that is in it. */
  readonly reached?: boolean;
  readonly lastCommit?: string | null;
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
  if (values.at !== undefined && values.from !== undefined) throw new Trouble('--at is for an archive, --from for a backup; give one of them');
  if (values.media && values.at !== undefined) throw new Trouble('--media is for a backup: an archive has the database alone');
  if (values.media && values.into !== undefined)
    throw new Trouble('--media brings files into the volumes in use, and --into leaves all in use as it is');
  const stack = synthesizedStack(values.output, positionals[0]);
  const all = backupsOf(stack);
  const wanted = values.backup === undefined ? all : all.filter(({ path }) => path === values.backup);
  if (all.length === 0) throw new Trouble(`stack ${stack.name} makes no backups; add them with addBackup() or addArchive() of PostgresDb`);
  if (wanted.length === 0) throw new Trouble(`there are no backups ${JSON.stringify(values.backup)} in the stack, only ${paths(all)}`);
  if (values.list) {
    print(listing(wanted, values.json));
    return 0;
  }
  const backup = oneOf(wanted, values.at !== undefined);
  const { server } = settingsOf(backup);
  const source = values.at === undefined ? fromBackup(backup, values.from) : fromArchive(backup, values.at, server.database);
  const media = values.media ? new MediaVolumes(backup, source.files) : undefined;
  print(plan(source, server.database, values.into, media));
  if (!values.yes && !(await agreed())) {
    print('Nothing was changed.\n');
    return 0;
  }
  const arguments_ = ['prepare', ...source.arguments, ...(values.into === undefined ? [] : ['--into', values.into])];
  const prepared = JSON.parse(program(backup, arguments_)) as Prepared;
  print(`Backup ${prepared.backup} is restored, in ${prepared.seconds} s, into database ${prepared.database}.\n`);
  if (prepared.lastCommit !== undefined) print(extent(prepared, values.at!));
  if (prepared.rolesMade.length > 0) {
    print(`Roles that were missing were made, without passwords: ${prepared.rolesMade.join(', ')}\n`);
  }
  if (values.into !== undefined) return 0;
  // Rows without their files are worse than files without their rows.
  for (const archive of media?.archives ?? []) print(await media!.bring(source.name, archive));
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

function settingsOf(backup: StackBackup): Settings {
  return JSON.parse(docker('exec', backup.container, 'cat', BACKUP_PROGRAM.replace(/\.py$/, '.json'))) as Settings;
}

function plan(source: Source, database: string, into: string | undefined, media: MediaVolumes | undefined): string {
  const files = source.files.filter((file) => file.startsWith('media-'));
  return [
    source.words,
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

/** What of an archive was recovered. */
function extent({ reached, lastCommit }: Prepared, moment: string): string {
  const last = lastCommit ? `The last commit in it is of ${lastCommit}.` : 'There was no commit after the base backup.';
  const end =
    reached || moment === 'latest'
      ? ''
      : ' The archive has no commit after the moment: what was committed after the last one, and is in no archive, is not there.';
  return `${last}${end}\n`;
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

function docker(...args: string[]): string {
  const done = run('docker', args);
  if (!done.ok) throw new Trouble(`docker ${args.join(' ')} failed:\n${done.stderr.trim()}`);
  return done.stdout;
}

function print(text: string): void {
  process.stdout.write(text);
}
