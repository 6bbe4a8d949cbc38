import { arch, cpus, platform, totalmem } from 'node:os';

/** The kind of machine, as far as figures depend on it; nothing that tells which one it is. */
export function machineClass(): string {
  const gibibytes = Math.round(totalmem() / 2 ** 30);
  return `${platform()}/${arch()}, ${cpus().length} cores, ${gibibytes} GiB`;
}
