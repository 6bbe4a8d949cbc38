import { Size } from '../../lib';
import { compare, Row, Target } from '../report/row';
import { Engine } from '../support/engine';
import { BenchOptions, Findings, inTurns, say } from '../support/suite';
import { packageVersions } from '../support/versions';
import { Measurable, Servers } from './servers';

/** About 750 MB. */
const SCALE = 50;
/** Room for the data, and for what either server caches itself. */
const ROOMY = Size.gibibytes(2);
/** As much as the data and what either server caches itself. */
const FULL = Size.gibibytes(1);
/** It has no target. */
const FULL_RUNS = 6;
const CLIENTS = 8;
const THREADS = 2;
const WARM_UP_SECONDS = 10;
/** A run is so many short ones, in turns with those of the other server: the speed of a disk or of a shared machine changes within seconds. */
const SLICES = 8;
const NO_WORSE: Target = { kind: 'at least', ratio: 0.95, wholly: true };
/** Longer between checkpoints, and less to be written for each page. */
const BETTER: Target = { kind: 'at least', ratio: 1 };

/** How many transactions a second a server of ours makes, and one as it comes. */
export async function database(options: BenchOptions): Promise<Findings> {
  const roomy = await measured(options, ROOMY, [
    { what: 'pgbench, read-only', flags: ['--select-only'], target: NO_WORSE },
    { what: 'pgbench, read-write', flags: [], target: NO_WORSE, gain: true },
  ]);
  // What shared_buffers hold lies in the page cache, too: where the data as good as fill the memory, the larger of the two servers reads from the disk.
  const full = await measured({ ...options, runs: FULL_RUNS }, FULL, [
    { what: `pgbench, read-only, in ${FULL}, which the data fill`, flags: ['--select-only'] },
  ]);
  return {
    method: `${CLIENTS} clients of pgbench at scale ${SCALE} for ${options.seconds} s a run, which is ${SLICES} slices in turns with the other server's, prepared statements, checksums on; ${ROOMY} for each server, on the same disk, and the other one paused meanwhile.`,
    versions: { ...roomy.versions, ...packageVersions('cdktf', '@cdktf/provider-docker') },
    rows: [...roomy.rows, ...full.rows],
  };
}

interface Measurement {
  readonly what: string;
  readonly flags: string[];
  readonly target?: Target;
  /** Whether the tuning promises one. */
  readonly gain?: boolean;
}

async function measured(options: BenchOptions, memory: Size, measurements: Measurement[]): Promise<Pick<Findings, 'rows' | 'versions'>> {
  const engine = new Engine(options.signal);
  const servers = new Servers(engine, memory, options.signal);
  try {
    say(`database: starting both servers, with ${memory} ...`);
    const { tuned, stock } = await servers.start();
    const one = (server: Measurable, other: Measurable, flags: string[], seconds: number) =>
      engine.whilePaused([other.container], () => pgbench(servers, server, flags, seconds));
    say(`database: filling both, at scale ${SCALE} ...`);
    for (const server of [tuned, stock]) await servers.run(server, 'pgbench', '--initialize', '--quiet', `--scale=${SCALE}`);
    const rows: Row[] = [];
    for (const { what, flags, target, gain } of measurements) {
      say(`database: ${what}`);
      const mine = (seconds: number) => one(tuned, stock, flags, seconds);
      const other = (seconds: number) => one(stock, tuned, flags, seconds);
      const warmUp = Math.min(WARM_UP_SECONDS, options.seconds);
      for (const step of [mine, other]) await step(warmUp);
      const slice = Math.max(1, Math.round(options.seconds / SLICES));
      const found = await inTurns(options.runs * SLICES, { mine: () => mine(slice), other: () => other(slice) });
      const unit = 'transactions/s';
      const ours = { name: 'PostgresDb', unit, runs: joined(found.mine) };
      const peer = { name: 'the image as it comes', unit, runs: joined(found.other) };
      rows.push(compare(what, ours, peer, target));
      if (gain) rows.push(compare(`${what}: the gain`, ours, peer, BETTER));
    }
    return {
      versions: {
        'Docker Engine': await engine.docker('version', '--format', '{{.Server.Version}}'),
        PostgreSQL: await servers.run(tuned, 'psql', '-Atc', "SELECT split_part(current_setting('server_version'), ' ', 1)"),
      },
      rows,
    };
  } finally {
    await servers.destroy().catch((error: Error) => say(`database: ${error.message}`));
    await engine.removeAll();
  }
}

/** The runs that slices of the same length make. */
function joined(slices: readonly number[]): number[] {
  const runs: number[] = [];
  for (let first = 0; first < slices.length; first += SLICES) {
    runs.push(slices.slice(first, first + SLICES).reduce((sum, rate) => sum + rate, 0) / SLICES);
  }
  return runs;
}

/** Transactions a second. */
async function pgbench(servers: Servers, server: Measurable, flags: string[], seconds: number): Promise<number> {
  // What the other one has left to the kernel to write would be written now.
  await servers.run(server, 'sync');
  const said = await servers.run(
    server,
    ...['pgbench', '--no-vacuum', '--protocol=prepared', `--client=${CLIENTS}`, `--jobs=${THREADS}`, `--time=${seconds}`],
    ...flags,
  );
  const [, rate] = /^tps = ([\d.]+)/m.exec(said) ?? [];
  if (rate === undefined || !/number of failed transactions: 0 /.test(said)) throw new Error(`pgbench failed:\n${said}`);
  return Number(rate);
}
