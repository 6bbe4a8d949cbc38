import { archiveOf, Listed, ListedArchive, listedBy } from './backup-container';
import { StackBackup } from './stack-backups';
import { Trouble } from './trouble';
import { age, bytes } from './units';

/** What is to be brought back, in words and as arguments of the program in the container. */
export interface Source {
  readonly words: string;
  readonly arguments: readonly string[];
  /** The backup and its files; an archive has none. */
  readonly name: string;
  readonly files: readonly string[];
}

export function fromBackup(backup: StackBackup, name: string | undefined): Source {
  const chosen = choose(listedBy(backup), name, backup);
  const { time, ageSeconds, databaseBytes, server } = chosen;
  return {
    words: `Backup ${chosen.name}: database ${chosen.database} as it was at ${time} (${age(ageSeconds)} ago), ${bytes(databaseBytes)}, Postgres ${server}`,
    arguments: ['--backup', chosen.name],
    name: chosen.name,
    files: chosen.files,
  };
}

export function fromArchive(backup: StackBackup, moment: string, database: string): Source {
  const { ranges } = archiveOf(backup);
  if (ranges.length === 0) throw new Trouble(`${backup.path} has no good base backup yet`);
  return {
    words: `Archive ${backup.path}: database ${database} as it was ${moment === 'latest' ? 'at the end of the archive' : `at ${moment}`}`,
    arguments: ['--at', moment],
    name: '',
    files: [],
  };
}

/** The backups, or the archive, that is meant. */
export function oneOf(wanted: readonly StackBackup[], archive: boolean): StackBackup {
  const fitting = wanted.filter((one) => one.archive === archive);
  const [found, ...others] = fitting;
  if (!found) {
    throw new Trouble(
      archive
        ? `--at needs an archive, and ${paths(wanted)} is none; add one with addArchive() of PostgresDb`
        : `${paths(wanted)} is an archive; say the moment with --at, such as --at latest`,
    );
  }
  if (others.length > 0) throw new Trouble(`the stack has several ${archive ? 'archives' : 'backups'}, say which with --backup: ${paths(fitting)}`);
  return found;
}

/** What there is to restore, for people or as JSON. */
export function listing(wanted: readonly StackBackup[], asJson: boolean): string {
  const all = wanted.map((backup) => ({
    path: backup.path,
    container: backup.container,
    ...(backup.archive ? { archive: archiveOf(backup) } : { backups: listedBy(backup) }),
  }));
  const text = () => all.map((one) => ('archive' in one ? archiveTable(one.path, one.archive!) : table(one.path, one.backups!))).join('\n');
  return asJson ? `${JSON.stringify(all, null, 2)}\n` : text();
}

function choose(listed: readonly Listed[], name: string | undefined, backup: StackBackup): Listed {
  const chosen = name === undefined ? listed.find(({ problem }) => problem === null) : listed.find((one) => one.name === name);
  if (chosen) return chosen;
  const names = listed.map((one) => one.name).join(', ') || 'none';
  throw new Trouble(
    name === undefined ? `${backup.path} has no good backup yet` : `${backup.path} has no backup ${JSON.stringify(name)}; there are: ${names}`,
  );
}

function table(path: string, listed: readonly Listed[]): string {
  if (listed.length === 0) return `${path}: no backup yet\n`;
  const rows = listed.map(
    (one) => `  ${one.name}  ${age(one.ageSeconds).padStart(9)} old  ${bytes(one.bytes).padStart(10)}  ${one.problem ?? 'good'}`,
  );
  return `${path}, the newest first:\n${rows.join('\n')}\n`;
}

function archiveTable(path: string, { ranges, bases }: ListedArchive): string {
  if (ranges.length === 0) return `${path}: no moment can be recovered yet, there is no good base backup\n`;
  const moments = ranges.map(({ from, until }) => `  any moment from ${from} to ${until}`);
  const rows = bases.map(
    (one) => `  base backup ${one.name}  ${bytes(one.bytes).padStart(10)}  ${one.good ? (one.parent ? `since ${one.parent}` : 'full') : 'damaged'}`,
  );
  return `${path}:\n${[...moments, ...rows].join('\n')}\n`;
}

/** The paths of their constructs. */
export const paths = (backups: readonly StackBackup[]) => backups.map(({ path }) => path).join(', ');
