import { Size } from '../../lib/core/size';
import { PostgresStorage } from '../../lib/postgres/postgres-storage';
import { tunedParameters, TuningInput } from '../../lib/postgres/tuning';

const tuned = (input: Partial<TuningInput>) =>
  Object.fromEntries(tunedParameters({ memory: Size.gibibytes(1), storage: PostgresStorage.SSD, maxConnections: 100, ...input }));

test('1 GiB, as pgtune has it', () => {
  expect(tuned({})).toEqual({
    max_connections: '100',
    shared_buffers: '256MB',
    effective_cache_size: '768MB',
    maintenance_work_mem: '64MB',
    work_mem: '4MB',
    wal_buffers: '7864kB',
    min_wal_size: '1GB',
    max_wal_size: '4GB',
    max_slot_wal_keep_size: '4GB',
    checkpoint_completion_target: '0.9',
    default_statistics_target: '100',
    random_page_cost: '1.1',
    effective_io_concurrency: '200',
    huge_pages: 'off',
    jit: 'off',
    wal_compression: 'lz4',
  });
});

test('16 GiB and 8 CPUs, as pgtune has it', () => {
  expect(tuned({ memory: Size.gibibytes(16), cpus: 8, storage: PostgresStorage.NVME, maxConnections: 200 })).toEqual({
    max_connections: '200',
    shared_buffers: '4GB',
    effective_cache_size: '12GB',
    maintenance_work_mem: '1GB',
    work_mem: '20164kB',
    wal_buffers: '16MB',
    min_wal_size: '1GB',
    max_wal_size: '4GB',
    max_slot_wal_keep_size: '4GB',
    checkpoint_completion_target: '0.9',
    default_statistics_target: '100',
    random_page_cost: '1.1',
    effective_io_concurrency: '1000',
    huge_pages: 'try',
    jit: 'off',
    wal_compression: 'lz4',
    max_worker_processes: '8',
    max_parallel_workers_per_gather: '4',
    max_parallel_workers: '8',
    max_parallel_maintenance_workers: '4',
  });
});

test('the bounds of maintenance memory', () => {
  expect(tuned({ memory: Size.gibibytes(31) })).not.toHaveProperty('autovacuum_work_mem');
  expect(tuned({ memory: Size.gibibytes(32) })).toMatchObject({ maintenance_work_mem: '2GB', autovacuum_work_mem: '2GB' });
  expect(tuned({ memory: Size.gibibytes(256) })).toMatchObject({ maintenance_work_mem: '8GB', autovacuum_work_mem: '2GB' });
});

test.each([
  [128, '983kB'],
  // 3 % of 466 MiB is just short of 14 MiB, 3 % of 478 MiB is above it.
  [4 * 466, '14315kB'],
  [4 * 478, '16MB'],
  [4096, '16MB'],
])('wal_buffers of %s MiB is %s', (mebibytes, expected) => {
  expect(tuned({ memory: Size.mebibytes(mebibytes) }).wal_buffers).toBe(expected);
});

test('a rotating disk', () => {
  expect(tuned({ storage: PostgresStorage.HDD })).toMatchObject({ random_page_cost: '4', effective_io_concurrency: '2' });
});

test.each([
  [3.9, undefined, undefined, undefined],
  [4, '4', '2', undefined],
  [5.5, '5', '3', undefined],
  [16, '16', '4', '4'],
  [32, '32', '4', '5'],
])('parallel queries and autovacuum with %s CPUs', (cpus, workers, perGather, vacuums) => {
  const parameters = tuned({ cpus });
  expect(parameters.max_worker_processes).toBe(workers);
  expect(parameters.max_parallel_workers_per_gather).toBe(perGather);
  expect(parameters.autovacuum_max_workers).toBe(vacuums);
});

test('more connections leave less memory to each', () => {
  const of = (maxConnections: number) => tuned({ memory: Size.gibibytes(64), maxConnections }).work_mem;
  expect([of(20), of(400)]).toEqual(['599186kB', '41120kB']);
});
