import { BackupStatus, ServerStatus, StackStatus } from './stack-status';
import { age, bytes, table } from './units';

const COLUMNS = ['SYSTEM', 'SERVERS', 'STATE', 'SINCE', 'RESTARTS', 'RELEASED', 'IMAGE'];

/** A status, for people. */
export function statusText(status: StackStatus, now: Date): string {
  const since = (time: string) => age((now.getTime() - Date.parse(time)) / 1000);
  const groups = new Map<string, ServerStatus[]>();
  const onSwarm = status.servers.some((server) => 'node' in server);
  for (const server of status.servers) {
    // Servers that differ in what people look for stand on lines of their own.
    const key = JSON.stringify([server.system, stateOf(server), server.image, server.restarts, minute(server.createdAt)]);
    groups.set(key, [...(groups.get(key) ?? []), server]);
  }
  const rows = [...groups.values()].map((alike) => {
    const [{ system, restarts, createdAt, image }] = alike;
    const started = alike
      .map(({ startedAt }) => startedAt ?? '')
      .sort()
      .at(-1)!;
    const nodes = onSwarm ? [[...new Set(alike.map(({ node }) => node ?? 'none yet'))].sort().join(', ')] : [];
    return [
      system,
      String(alike.length),
      ...nodes,
      stateOf(alike[0]),
      started === '' ? '-' : since(started),
      String(restarts),
      minute(createdAt),
      image,
    ];
  });
  const columns = onSwarm ? [...COLUMNS.slice(0, 2), 'NODES', ...COLUMNS.slice(2)] : COLUMNS;
  const failed = status.jobs.filter(({ state, exitCode }) => state === 'exited' && exitCode !== 0);
  const running = status.jobs.filter(({ state }) => state === 'running');
  return [
    `Stack ${status.stack}, namespace ${status.namespace}, on ${status.engine}\n\n`,
    rows.length > 0 ? table([columns, ...rows]) : 'No server of it is there.\n',
    '\n',
    ...running.map(({ job }) => `Job ${job} runs: a deploy is under way\n`),
    ...failed.map(
      ({ job, exitCode, finishedAt }) => `Job ${job} failed ${since(finishedAt)} ago with exit code ${exitCode}: cdktf-django logs ${job}\n`,
    ),
    ...(failed.length + running.length === 0 ? [`Jobs: ${status.jobs.length}, all have ended well\n`] : []),
    ...status.oneOff.map((name) => `Somebody's run: ${name}\n`),
    ...(status.backups.length > 0 ? status.backups.map(backupText) : ['Backups: none are made\n']),
    ...status.disks.map(({ volumes, bytes: all, freeBytes }) => {
      return `Disk: ${bytes(freeBytes)} of ${bytes(all)} are free (${volumes.join(', ')})\n`;
    }),
    ...(status.volumes ?? []).map((one) => `Volume ${one.volume}: ${bytes(one.bytes)}\n`),
  ].join('');
}

function stateOf({ state, health }: ServerStatus): string {
  return state === 'running' && health !== undefined ? health : state;
}

function minute(time: string): string {
  return time.slice(0, 16).replace('T', ' ');
}

function backupText({ backup, moments, newest, unknown }: BackupStatus): string {
  if (unknown !== undefined) return `Backup ${backup}: cannot be asked: ${unknown}\n`;
  if (moments !== undefined) return `Archive ${backup}: any moment from ${moments.from} to ${moments.until}\n`;
  if (newest === undefined) return `Backup ${backup}: none yet\n`;
  return `Backup ${backup}: ${newest.name}, ${age(newest.ageSeconds)} old, ${bytes(newest.bytes)}, ${newest.problem ?? 'good'}\n`;
}
