import { Size } from '../core/size';
import { PostgresStorage } from './postgres-storage';

/** What a server's settings are derived from. */
export interface TuningInput {
  readonly memory: Size;
  /** Where it is known: parallel queries are left at the server's defaults without it, or below 4. */
  readonly cpus?: number;
  readonly storage: PostgresStorage;
  readonly maxConnections: number;
}

// All amounts are in KiB, as in the source of the formulas.
const MIB = 1024;
const GIB = 1024 * MIB;

const PAGE_COST: Record<PostgresStorage, string> = {
  [PostgresStorage.HDD]: '4',
  [PostgresStorage.SSD]: '1.1',
  [PostgresStorage.NVME]: '1.1',
};

const IO_CONCURRENCY: Record<PostgresStorage, number> = {
  [PostgresStorage.HDD]: 2,
  [PostgresStorage.SSD]: 200,
  [PostgresStorage.NVME]: 1000,
};

/**
 * A server's settings by the formulas that pgtune publishes for web applications (le0pard/pgtune,
 * src/features/configuration/configurationSlice.js), with the container's memory as the machine's.
 */
export function tunedParameters(input: TuningInput): ReadonlyMap<string, string> {
  const memory = Math.floor(input.memory.toKibibytes());
  const cpus = Math.floor(input.cpus ?? 0);
  const parallel = cpus >= 4;
  const sharedBuffers = Math.floor(memory / 4);
  const maintenance = Math.min(Math.floor(memory / 16), 8 * GIB);
  const workers = parallel ? cpus : 8;
  const work = Math.floor((memory - sharedBuffers) / ((input.maxConnections + workers) * 3));
  return new Map([
    ['max_connections', String(input.maxConnections)],
    ['shared_buffers', amount(sharedBuffers)],
    ['effective_cache_size', amount(Math.floor((memory * 3) / 4))],
    ['maintenance_work_mem', amount(maintenance)],
    ...(maintenance >= 2 * GIB ? [['autovacuum_work_mem', amount(2 * GIB)] as const] : []),
    ['work_mem', amount(Math.max(work, 4 * MIB))],
    ['wal_buffers', amount(walBuffers(sharedBuffers))],
    ['min_wal_size', amount(GIB)],
    ['max_wal_size', amount(4 * GIB)],
    // Not pgtune's: a slot whose client is away, an archive's or any other, must not fill the disk. PostgreSQL's own default is no limit.
    ['max_slot_wal_keep_size', amount(4 * GIB)],
    ['checkpoint_completion_target', '0.9'],
    ['default_statistics_target', '100'],
    ['random_page_cost', PAGE_COST[input.storage]],
    ['effective_io_concurrency', String(IO_CONCURRENCY[input.storage])],
    ['huge_pages', sharedBuffers >= 2 * GIB ? 'try' : 'off'],
    ['jit', 'off'],
    ['wal_compression', 'lz4'],
    ...(parallel ? parallelParameters(cpus) : []),
    ...(cpus >= 16 ? [['autovacuum_max_workers', cpus >= 32 ? '5' : '4'] as const] : []),
  ]);
}

/** 3 % of the shared buffers, from 32 KiB to 16 MiB, and 16 MiB from 14 MiB on. */
function walBuffers(sharedBuffers: number): number {
  const value = Math.floor((3 * sharedBuffers) / 100);
  return value > 14 * MIB ? 16 * MIB : Math.max(value, 32);
}

function parallelParameters(cpus: number): [string, string][] {
  const half = String(Math.min(Math.ceil(cpus / 2), 4));
  return [
    ['max_worker_processes', String(cpus)],
    ['max_parallel_workers_per_gather', half],
    ['max_parallel_workers', String(cpus)],
    ['max_parallel_maintenance_workers', half],
  ];
}

/** In the largest unit of which it is a whole number. */
function amount(kibibytes: number): string {
  if (kibibytes % GIB === 0) return `${kibibytes / GIB}GB`;
  return kibibytes % MIB === 0 ? `${kibibytes / MIB}MB` : `${kibibytes}kB`;
}
