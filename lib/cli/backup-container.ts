import { spawnSync } from 'node:child_process';
import { ARCHIVE, PROGRAMS } from '../postgres/backup/backup-programs';
import { StackBackup } from './stack-backups';
import { Trouble } from './trouble';

/** The program of a container that makes backups, keeps an archive, or rehearses a restore. */
export const BACKUP_PROGRAM = `${PROGRAMS}/backup.py`;

/** What a container does with this program, by its health check. That of a drill has another word. */
export function backupKind(
  entrypoint: readonly string[] | null | undefined,
  healthCheck: readonly string[] | null | undefined,
): 'backup' | 'archive' | undefined {
  if (entrypoint?.[1] !== BACKUP_PROGRAM) return undefined;
  const last = healthCheck?.at(-1);
  return last === 'health' ? 'backup' : last === ARCHIVE ? 'archive' : undefined;
}

/** A backup as the program in its container describes it. */
export interface Listed {
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

/** An archive as the program in its container describes it. */
export interface ListedArchive {
  readonly ranges: readonly { readonly from: string; readonly until: string }[];
  readonly bases: readonly {
    readonly name: string;
    readonly time: string;
    readonly bytes: number;
    readonly parent: string | null;
    readonly good: boolean;
  }[];
}

/** Runs the program of a container, with its words for people on our standard error. Gives its standard output. */
export function program(backup: StackBackup, args: readonly string[]): string {
  const ran = spawnSync('docker', ['exec', backup.container, 'python3', BACKUP_PROGRAM, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (ran.error) throw new Trouble(`docker cannot be run (${ran.error.message}); is it installed and in PATH?`);
  if (ran.status !== 0) throw new Trouble(`${backup.path} (container ${backup.container}) could not do it; the reason is above`);
  return ran.stdout;
}

/** The backups that there are, newest first. */
export function listedBy(backup: StackBackup): Listed[] {
  return JSON.parse(program(backup, ['list'])) as Listed[];
}

/** What of an archive there is. */
export function archiveOf(backup: StackBackup): ListedArchive {
  return JSON.parse(program(backup, ['list'])) as ListedArchive;
}
