import { Load } from '../../test/e2e/support/load';
import { freePort } from '../../test/e2e/support/port';
import { compare, Measured, Row } from '../report/row';
import { BenchOptions, Findings, say } from '../support/suite';
import { packageVersions } from '../support/versions';
import { Engine } from '../support/engine';
import { CdktfProject } from './cdktf-project';
import { Compose } from './compose';

/** How long a release takes, and what it costs those who are served meanwhile. */
export async function deploy(options: BenchOptions): Promise<Findings> {
  const engine = new Engine(options.signal);
  const id = (name: string) => `${engine.prefix}-${name}`;
  const example = new CdktfProject('example-app.ts', id('example'), options.signal);
  const container = new CdktfProject('bare-container-app.ts', id('bare'), options.signal);
  const resources = new CdktfProject('bare-resources-app.ts', id('resources'), options.signal);
  let compose: Compose | undefined;
  try {
    const [port, composePort] = [await freePort(), await freePort()];
    say('deploy: deploying the example, and bare stacks beside it ...');
    const ours = (greeting: string) => example.deploy({ BENCH_PORT: String(port), BENCH_GREETING: greeting });
    await ours('first');
    const [shop] = await engine.containersOf(`${id('example')}/Shop/App/Server`);
    const image = (name: string) => engine.docker('inspect', name, '--format', '{{.Config.Image}}');
    const shopImage = await tagged(engine, id('image'), await image(shop));
    const bare = (greeting: string) => container.deploy({ BENCH_IMAGE: shopImage, BENCH_GREETING: greeting });
    await bare('first');
    const counts = example.counts();
    const many = () => resources.deploy({ BENCH_IMAGE: shopImage, BENCH_BARE_COUNTS: JSON.stringify(counts) });
    await many();
    if (process.env.BENCH_COMPOSE) {
      const images = { shop: shopImage, postgres: await image(`${id('example')}-db-server`), nginx: await image(`${id('example')}-proxy-server`) };
      compose = new Compose(process.env.BENCH_COMPOSE, id('compose'), images, composePort, options.signal);
      await compose.up('first');
      await compose.migrate();
    }
    const found = await measure(options, { ours, bare, many, compose, port, composePort });
    const kinds = Object.entries(counts).map(([type, count]) => `${count} ${type}`);
    return {
      method:
        'Wall time of the command that users run. A release is an edit of the environment of the shop: its database is migrated and its files are collected, ' +
        'both replicas are replaced, the routes change twice; at its end the last old container is gone. The bare container has the same image and health check, and ' +
        `is replaced as Terraform does it. As many resources: ${kinds.join(', ')}. Lost requests: of a prober that asks every 20 ms` +
        `${compose ? '' : '. Docker Compose could not be had here, so that its rows are missing'}.`,
      versions: {
        'Docker Engine': await engine.docker('version', '--format', '{{.Server.Version}}'),
        ...(compose ? { 'Docker Compose': /compose-([\d.]+)/.exec(process.env.BENCH_COMPOSE!)![1] } : {}),
        ...packageVersions('cdktf', 'cdktf-cli', '@cdktf/provider-docker'),
      },
      rows: rows(found),
    };
  } finally {
    for (const one of [compose && (() => compose!.down()), () => container.destroy(), () => resources.destroy(), () => example.destroy()]) {
      await one?.().catch((error: Error) => say(`deploy: ${error.message}`));
    }
    await engine.removeAll();
  }
}

interface Parts {
  readonly ours: (greeting: string) => Promise<number>;
  readonly bare: (greeting: string) => Promise<number>;
  readonly many: () => Promise<number>;
  readonly compose?: Compose;
  readonly port: number;
  readonly composePort: number;
}

/** Runs, by the name of what was measured. */
type Runs = { readonly [name: string]: number[] };

async function measure(options: BenchOptions, { ours, bare, many, compose, port, composePort }: Parts): Promise<Runs> {
  const found: Record<string, number[]> = {
    ours: [],
    oursLost: [],
    oursAgain: [],
    bare: [],
    many: [],
    compose: [],
    composeLost: [],
    composeAgain: [],
  };
  for (let round = 1; round <= options.runs; round++) {
    say(`deploy: round ${round} of ${options.runs}`);
    const greeting = `round ${round}`;
    const [time, lost] = await probed(port, () => ours(greeting));
    found.ours.push(time);
    found.oursLost.push(lost);
    found.bare.push(await bare(greeting));
    if (compose) {
      const [composeTime, composeLost] = await probed(composePort, () => compose.up(greeting));
      found.compose.push(composeTime);
      found.composeLost.push(composeLost);
    }
    found.oursAgain.push(await ours(greeting));
    found.many.push(await many());
    if (compose) found.composeAgain.push(await compose.up(greeting));
  }
  return found;
}

/** The seconds of a deploy, and the requests that were lost meanwhile. */
async function probed(port: number, deployed: () => Promise<number>): Promise<[number, number]> {
  const prober = { name: 'prober', count: 1, every: 20, path: '/whoami/', contains: '"greeting"' };
  const load = new Load({ port, host: '127.0.0.1', groups: [prober], minimum: 0 });
  try {
    const seconds = await deployed();
    return [seconds, (await load.end()).failed];
  } finally {
    await load.end();
  }
}

function rows(found: Runs): Row[] {
  const series = (name: string, runs: number[], unit = 's'): Measured => ({ name, unit, runs });
  const made = [
    compare('release', series('the example', found.ours), series('a bare container', found.bare), { kind: 'at most', ratio: 2 }),
    compare('deploy with nothing to do', series('the example', found.oursAgain), series('as many bare resources', found.many), {
      kind: 'at most',
      ratio: 1.3,
    }),
  ];
  if (found.compose.length === 0) return made;
  return [
    ...made,
    compare('release', series('the example', found.ours), series('docker compose up', found.compose)),
    compare('deploy with nothing to do', series('the example', found.oursAgain), series('docker compose up', found.composeAgain)),
    compare(
      'requests lost in a release',
      series('the example', found.oursLost, 'requests'),
      series('docker compose up', found.composeLost, 'requests'),
      {
        kind: 'at most',
        ratio: 0,
      },
    ),
  ];
}

/** Gives an image a name of the bench's, by which it is found without a registry. */
async function tagged(engine: Engine, name: string, image: string): Promise<string> {
  await engine.docker('tag', image, `cdktf-django/${name}:shop`);
  return `cdktf-django/${name}:shop`;
}
