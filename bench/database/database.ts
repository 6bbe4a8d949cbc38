import { compare, Row, Target } from '../report/row';
import { Engine } from '../support/engine';
import { BenchOptions, Findings, inTurns, say } from '../support/suite';
import { packageVersions } from '../support/versions';
import { Measurable, Servers } from './servers';

/** About 750 MB: more than either server caches itself, and not more than its container's memory. */
const SCALE = 50;
const CLIENTS = 8;
const THREADS = 2;
const WARM_UP_SECONDS = 10;
const NO_WORSE: Target = { kind: 'at least', ratio: 0.95, wholly: true };
const BETTER: Target = { kind: 'at least', ratio: 1 };

/** How many transactions a second a server of ours makes, and one as it comes. */
export async function database(options: BenchOptions): Promise<Findings> {
  const engine = new Engine(options.signal);
  const servers = new Servers(engine, options.signal);
  try {
    say('database: starting both servers ...');
    const { tuned, stock } = await servers.start();
    const one = (server: Measurable, other: Measurable, flags: string[], seconds: number) =>
      engine.whilePaused([other.container], () => pgbench(servers, server, flags, seconds));
    say(`database: filling both, at scale ${SCALE} ...`);
    for (const server of [tuned, stock]) await servers.run(server, 'pgbench', '--initialize', '--quiet', `--scale=${SCALE}`);
    const rows: Row[] = [];
    for (const { what, flags, gain } of [
      { what: 'pgbench, read-only', flags: ['--select-only'], gain: false },
      // Longer between checkpoints, and less to be written for each page.
      { what: 'pgbench, read-write', flags: [], gain: true },
    ]) {
      say(`database: ${what}`);
      const mine = (seconds: number) => one(tuned, stock, flags, seconds);
      const other = (seconds: number) => one(stock, tuned, flags, seconds);
      const warmUp = Math.min(WARM_UP_SECONDS, options.seconds);
      for (const step of [mine, other]) await step(warmUp);
      const found = await inTurns(options.runs, { mine: () => mine(options.seconds), other: () => other(options.seconds) });
      const unit = 'transactions/s';
      const ours = { name: 'PostgresDb', unit, runs: found.mine };
      const peer = { name: 'the image as it comes', unit, runs: found.other };
      rows.push(compare(what, ours, peer, NO_WORSE));
      if (gain) rows.push(compare(`${what}: the gain`, ours, peer, BETTER));
    }
    return {
      method: `${CLIENTS} clients of pgbench at scale ${SCALE} for ${options.seconds} s a run, prepared statements, checksums on; 1 GiB for each server, on the same disk, and the other one paused meanwhile.`,
      versions: {
        'Docker Engine': await engine.docker('version', '--format', '{{.Server.Version}}'),
        PostgreSQL: await servers.run(tuned, 'psql', '-Atc', "SELECT split_part(current_setting('server_version'), ' ', 1)"),
        ...packageVersions('cdktf', '@cdktf/provider-docker'),
      },
      rows,
    };
  } finally {
    await servers.destroy().catch((error: Error) => say(`database: ${error.message}`));
    await engine.removeAll();
  }
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
