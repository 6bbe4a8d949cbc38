import { compare, Row } from '../report/row';
import { BenchOptions, Findings, inTurns, say } from '../support/suite';
import { startBareNginx } from './bare-nginx';
import { startCaddy } from './caddy';
import { startDjangoFiles } from './django-files';
import { Engine } from '../support/engine';
import { eventually } from '../support/eventually';
import { Shop, ShopDeployment } from './shop';
import { staticFiles } from './static-files';
import { Tutorial } from './tutorial';
import { throughputVersions } from './versions';
import { Load, wrk, wrkOnAll } from './wrk';

/** Connections of the load. More of them than a two-core machine's app has threads only wait. */
const CONNECTIONS = 16;
const WARM_UP_SECONDS = 2;

/** How many requests a second go through the whole stack. */
export async function throughput(options: BenchOptions): Promise<Findings> {
  const engine = new Engine(options.signal);
  const deployment = new ShopDeployment(engine, options.signal);
  try {
    say('throughput: deploying the example ...');
    const shop = await deployment.deploy();
    const proxy = `http://${await engine.address(shop.proxy, shop.network)}:8080`;
    say('throughput: starting the tutorial and Caddy beside it ...');
    const tutorial = `http://${await new Tutorial(engine).start(shop)}`;
    const program = process.env.BENCH_CADDY ?? fail('BENCH_CADDY is not set: run npm run bench');
    const caddy = `http://${await startCaddy(engine, shop, program)}`;
    const bare = `http://${await startBareNginx(engine, shop)}`;
    const djangoFiles = `http://${await startDjangoFiles(engine, shop)}`;
    const apps = await Promise.all(shop.apps.map(async (app) => `http://${await engine.address(app, shop.network)}:8000`));
    const rows = await measure({ engine, shop, proxy, tutorial, caddy, bare, djangoFiles, apps }, options);
    return {
      method: `Load by wrk with ${CONNECTIONS} connections for ${options.seconds} s a run, straight to the addresses of containers, on the same cores.`,
      versions: await throughputVersions(engine, shop, program),
      rows,
    };
  } finally {
    // Caddy is in a network that Terraform destroys, so what has a name goes both before and after.
    await engine.removeContainers(['bare', 'caddy', 'django-files', 'tutorial']);
    await deployment.destroy().catch((error: Error) => say(`throughput: ${error.message}`));
    await engine.removeAll();
  }
}

/** What is measured, and where it listens. */
interface Parts {
  readonly engine: Engine;
  readonly shop: Shop;
  readonly proxy: string;
  readonly tutorial: string;
  readonly caddy: string;
  readonly bare: string;
  readonly djangoFiles: string;
  readonly apps: string[];
}

async function measure({ engine, shop, proxy, tutorial, caddy, bare, djangoFiles, apps }: Parts, options: BenchOptions): Promise<Row[]> {
  const rows: Row[] = [];
  const load = (host = shop.host): Omit<Load, 'url'> => ({ host, connections: CONNECTIONS, seconds: options.seconds });
  const on = (url: string, host?: string) => (seconds: number) => wrk({ ...load(host), url, seconds }, options.signal);
  const pair = async (what: string, peer: string, atLeast: number | undefined, mine: Step, other: Step, unit = 'requests/s') => {
    say(`throughput: ${what}`);
    for (const step of [mine, other]) await step(WARM_UP_SECONDS);
    const found = await inTurns(options.runs, { mine: () => mine(options.seconds), other: () => other(options.seconds) });
    const target = atLeast === undefined ? undefined : { kind: 'at least' as const, ratio: atLeast };
    rows.push(compare(what, { name: 'our stack', unit, runs: found.mine }, { name: peer, unit, runs: found.other }, target));
  };

  const files = await staticFiles(engine, shop);
  await eventually(() => wrk({ ...load(), url: `${tutorial}/db/`, seconds: 1 }, options.signal), 30);
  await eventually(() => wrk({ ...load(), url: `${caddy}/db/`, seconds: 1 }, options.signal), 30);

  const alone = (step: Step) => (seconds: number) => engine.whilePaused(shop.containers, () => step(seconds));
  await pair('database view, whole stack', "the tutorial's set-up", 8, on(`${proxy}/db/`), alone(on(`${tutorial}/db/`)));
  const straight = (seconds: number) =>
    wrkOnAll(
      apps.map((app) => `${app}/db/`),
      { ...load(), seconds },
      options.signal,
    );
  await pair('database view, through nginx', 'straight at Gunicorn', 0.85, on(`${proxy}/db/`), straight);
  await pair('trivial view, hardened', 'the same nginx with only proxy_pass', 0.9, on(`${proxy}/whoami/`), on(`${bare}/whoami/`));
  const [name, path] = Object.entries(files)[1];
  await pair(name, 'a page of Gunicorn and Django (database view)', 20, on(`${proxy}${path}`), straight);
  // wrk has the same cores, and takes most of them where files are served: what the servers themselves take for a request does not depend on it.
  const perCpu =
    (containers: readonly string[], step: Step): Step =>
    async (seconds) => {
      const before = await engine.cpuSeconds(containers);
      const rate = await step(seconds);
      return (rate * seconds) / ((await engine.cpuSeconds(containers)) - before);
    };

  await pair(
    name,
    'a page of Gunicorn and Django (database view), its database included',
    20,
    perCpu([shop.proxy, shop.fileServer], on(`${proxy}${path}`)),
    perCpu([...shop.apps, shop.database], straight),
    'requests per second of CPU',
  );
  await pair(name, 'the same file, by Gunicorn and Django', undefined, on(`${proxy}${path}`), on(`${djangoFiles}${unhashed(path)}`, '127.0.0.1'));
  const paths = { 'database view': '/db/', 'front page': '/', 'trivial view': '/whoami/', ...files };
  for (const [view, url] of Object.entries(paths)) await pair(view, 'Caddy', 1, on(`${proxy}${url}`), on(`${caddy}${url}`));
  await pair('Flask app', 'Caddy', 1, on(`${proxy}/`, shop.helloHost), on(`${caddy}/`, shop.helloHost));
  return rows;
}

/** The name by which Django itself finds a file. */
function unhashed(path: string): string {
  return path.replace(/\.[0-9a-f]{12}(?=\.[a-z]+$)/, '');
}

/** Requests a second, under load for so many seconds. */
type Step = (seconds: number) => Promise<number>;

function fail(problem: string): never {
  throw new Error(problem);
}
