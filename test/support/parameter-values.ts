/** What Postgres 18 takes for some parameters and what it refuses: test/e2e/roles.test.ts asks it. */
export const PARAMETER_VALUES: readonly [name: string, accepted: readonly string[], refused: readonly string[]][] = [
  ['jit', ['on', 'OFF', 'true', 'f', 'yes', 'n', '0', '1', 'of'], ['', 'o', 'maybe', '2', ' on']],
  ['wal_compression', ['lz4', 'ZSTD', 'on', 'true', '0'], ['gzip', '', 'lz']],
  ['wal_level', ['replica', 'LOGICAL'], ['on', 'hot']],
  [
    'work_mem',
    ['64', '4MB', '4 MB', ' 4MB ', '1.5GB', '0x100', '0100', '1e3', '65536B', '+64'],
    ['63', '1kb', 'much', '4 M B', '4mb', '-1', '10TB', '08', '', '4s'],
  ],
  ['shared_buffers', ['16', '128MB', '131072 kB', '1GB'], ['15', '1ms', '64kB']],
  ['statement_timeout', ['0', '30s', '1min', '2h', '1d', '1000', '500us'], ['-1', '30 sec', '25d', '1S', 's']],
  ['log_min_duration_statement', ['-1', '500ms'], ['-2', 'never']],
  ['max_worker_processes', ['0', '8', '262143'], ['8MB', '262144', '-1']],
  ['random_page_cost', ['1.1', '0', '1e3', '.5'], ['-1', '1.1ms', 'cheap']],
  ['vacuum_cost_delay', ['2', '2ms', '0.1', '1500us'], ['101', '1min', '-1']],
  ['timezone', ['Europe/Berlin'], []],
];
