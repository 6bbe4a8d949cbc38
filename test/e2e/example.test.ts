import { benchmark, benchmarkTable } from './support/container-benchmark';
import { containerTables } from './support/container-table';
import { Deployment } from './support/deployment';
import { engine } from './support/docker';
import { requireDocumented } from './support/documented';
import { example } from './support/example';
import { ask, eventually, Session } from './support/http';
import { inspectAll, Kind, kindOf } from './support/inspected';
import { freePort } from './support/port';
import { plant } from './support/planted';
import { addressIn, gatewayOf, listenAt, reaches, resolves } from './support/reach';
import { SecretSweep, Trace } from './support/secret-sweep';
import { tracesOf, watchProcesses } from './support/traces';

// The example of the README, as a newcomer meets it, in a namespace of its own.
const deployment = new Deployment('example');
let port: number;
/** What was printed, and what ran on the host, while it was deployed. */
const seen: Trace[] = [];

beforeAll(async () => {
  port = await freePort();
  const processes = watchProcesses();
  try {
    seen.push({ where: 'output: deploy', content: deployment.deploy(example(port)).output });
  } finally {
    seen.push({ where: 'process: during the deploy', content: await processes.seen() });
  }
});

afterAll(() => deployment.clean());

/** A value that the JSON log of the proxy has for the requests to a path. */
function logged(path: string): { upstream?: string; request_id?: string }[] {
  const lines = engine('logs', `${deployment.namespace}-proxy-server`).split('\n');
  const records = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, string>);
  return records.filter((record) => Object.values(record).some((value) => String(value).includes(path)));
}

describe('the shop', () => {
  test('answers through nginx, on both of its hosts', async () => {
    for (const host of [`127.0.0.1:${port}`, `shop.localhost:${port}`]) {
      const page = await ask({ port, host });
      expect(page.status).toBe(200);
      expect(page.headers.server).toBe('nginx');
      expect(page.body).toContain('shop');
    }
  });

  test('is served by both replicas', async () => {
    const seen = new Set<string>();
    for (let count = 0; count < 40; count++) {
      seen.add(JSON.parse((await ask({ port, host: `127.0.0.1:${port}`, path: '/whoami/' })).body).hostname as string);
    }
    expect(seen.size).toBe(2);
  });

  test('knows the client and the request that the proxy logged', async () => {
    const who = JSON.parse((await ask({ port, host: `shop.localhost:${port}`, path: '/whoami/?log' })).body) as Record<string, string>;
    expect(who).toMatchObject({ scheme: 'http', host: `shop.localhost:${port}` });
    expect(who.x_request_id).toMatch(/^[0-9a-f]{32}$/);
    await eventually(
      () =>
        expect(
          logged('/whoami/?log')
            .map((record) => JSON.stringify(record))
            .join(),
        ).toContain(who.x_request_id),
      10,
    );
  });

  test('does not believe a forged client address', async () => {
    const headers = { 'X-Forwarded-For': '203.0.113.7', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'evil.example' };
    const who = JSON.parse((await ask({ port, host: `127.0.0.1:${port}`, path: '/whoami/', headers })).body) as Record<string, string>;
    expect(who.x_forwarded_for).not.toContain('203.0.113.7');
    expect(who).toMatchObject({ scheme: 'http', host: `127.0.0.1:${port}` });
  });

  test('serves its static files through nginx, for a year', async () => {
    const page = await ask({ port, host: `127.0.0.1:${port}` });
    const path = /\/static\/[^"]+\.css/.exec(page.body)![0];
    const file = await ask({ port, host: `127.0.0.1:${port}`, path });
    expect(path).toMatch(/\.[0-9a-f]{12}\.css$/);
    expect(file.status).toBe(200);
    expect(file.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  });

  test('keeps a row that was written through the page, and an upload, over a destroy and a deploy', async () => {
    const session = new Session(port, `127.0.0.1:${port}`);
    const written = await session.post('/', { name: 'A row that stays', price: '12.50' });
    expect(written.status).toBe(302);
    const uploaded = await session.upload('/pictures/', 'file', 'note.txt', 'uploaded text', { title: 'A note' }, '/');
    expect(uploaded.status).toBe(302);
    const media = /\/media\/[^"]+note[^"]*/.exec((await session.get('/')).body)![0];
    const file = await session.get(media);
    expect(file.body).toBe('uploaded text');
    expect(file.headers['x-content-type-options']).toBe('nosniff');

    const destroyed = deployment.destroy();
    expect(destroyed).toMatchObject({ ok: true });
    const volumes = deployment.volumes();
    expect(volumes).toEqual([
      `${deployment.namespace}-db-data`,
      `${deployment.namespace}-db-password`,
      `${deployment.namespace}-db-superuser-password`,
      `${deployment.namespace}-shop-media`,
      `${deployment.namespace}-shop-secret-key`,
    ]);
    seen.push(
      { where: 'output: destroy', content: destroyed.output },
      { where: 'output: deploy again', content: deployment.deploy(example(port)).output },
    );

    const after = new Session(port, `127.0.0.1:${port}`);
    expect((await after.get('/')).body).toContain('A row that stays');
    expect((await after.get(media)).body).toBe('uploaded text');
  });
});

describe('the Flask app', () => {
  test('answers under its host', async () => {
    const who = JSON.parse((await ask({ port, host: `hello.localhost:${port}`, path: '/whoami' })).body) as Record<string, string>;
    expect(who).toMatchObject({ script_root: '', home: '/' });
  });

  test('answers under its path, and its links have the path', async () => {
    const who = JSON.parse((await ask({ port, host: `127.0.0.1:${port}`, path: '/hello/whoami' })).body) as Record<string, string>;
    expect(who).toMatchObject({ script_root: '/hello', home: '/hello/' });
    const bare = await ask({ port, host: `127.0.0.1:${port}`, path: '/hello' });
    expect(bare.status).toBe(308);
    expect(bare.headers.location).toBe('/hello/');
  });
});

describe('what is closed', () => {
  test('an unknown host gets no answer', async () => {
    await expect(ask({ port, host: 'unknown.example' })).rejects.toThrow(/socket hang up|ECONNRESET/);
  });

  test('the database has no port on the host, and no way out', () => {
    const server = `${deployment.namespace}-db-server`;
    expect(engine('port', server)).toBe('');
    const networks = JSON.parse(engine('inspect', server, '--format', '{{json .NetworkSettings.Networks}}')) as Record<string, unknown>;
    expect(Object.keys(networks)).toEqual([`${deployment.namespace}-db-network-internal`]);
    expect(engine('network', 'inspect', `${deployment.namespace}-db-network-internal`, '--format', '{{.Internal}}')).toBe('true');
  });
});

describe('what each container may do', () => {
  test('is what docs/containers.md says', () => {
    const containers = inspectAll(deployment.namespace);
    expect(containers.map(kindOf)).toEqual(expect.arrayContaining(Object.values(Kind)));
    requireDocumented('docs/containers.md', 'containers', containerTables(containers, deployment.namespace));
  });

  test('passes section 5 of the CIS Docker Benchmark, with the exceptions that docs/containers.md argues', async () => {
    // Nobody waits for the health of a database.
    const containers = await eventually(() => {
      const all = inspectAll(deployment.namespace).filter((one) => kindOf(one) !== Kind.CARRIER);
      expect(all.filter(({ State }) => State.Health?.Status === 'starting')).toEqual([]);
      return all;
    });
    const subjects = containers.map((container) => ({
      container,
      processes: kindOf(container) === Kind.SERVER ? engine('top', container.Name.slice(1), '-eo', 'pid,args').split('\n').slice(1) : [],
    }));
    const security = engine('info', '--format', '{{json .SecurityOptions}}');
    const verdicts = benchmark(subjects, { appArmor: security.includes('name=apparmor'), seccomp: security.includes('name=seccomp') });
    expect(verdicts.flatMap(({ failures }) => failures)).toEqual([]);
    // An exception that nobody needs any more has to go.
    for (const { check, needed } of verdicts) expect([check.id, needed]).toEqual([check.id, check.exceptions ?? []]);
    requireDocumented('docs/containers.md', 'benchmark', benchmarkTable(verdicts));
  });

  test('the exception for the number of processes stands: the provider cannot set it', () => {
    const schemas = JSON.parse(deployment.terraform('providers', 'schema', '-json').stdout) as {
      provider_schemas: Record<string, { resource_schemas?: Record<string, { block: { attributes: object; block_types: object } }> }>;
    };
    const [provider] = Object.entries(schemas.provider_schemas).filter(([name]) => name.endsWith('/docker'));
    const { attributes, block_types } = provider[1].resource_schemas!.docker_container.block;
    const names = [...Object.keys(attributes), ...Object.keys(block_types)];
    expect(names).toEqual(expect.arrayContaining(['memory', 'ulimit']));
    expect(names.filter((name) => name.includes('pids'))).toEqual([]);
  });

  test('logs are rotated, and a small init reaps what programs leave behind', () => {
    for (const container of inspectAll(deployment.namespace)) {
      expect(container.HostConfig.LogConfig).toEqual({ Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } });
      if (kindOf(container) !== Kind.CARRIER) expect([container.Name, container.HostConfig.Init]).toEqual([container.Name, true]);
    }
  });
});

describe('the networks', () => {
  const [edge, internal] = ['proxy-edge', 'db-network-internal'].map((name) => `${deployment.namespace}-${name}`);
  const [proxy, db] = ['proxy-server', 'db-server'].map((name) => `${deployment.namespace}-${name}`);
  const first = (path: string) => deployment.containers(path)[0];

  test('let the app reach the database, and nobody else', () => {
    const address = addressIn(db, internal);
    expect(reaches(first('Shop/App/Server'), address, 5432)).toBe(true);
    for (const other of [proxy, first('Shop/Files/Server'), first('Hello/Server')])
      expect([other, reaches(other, address, 5432)]).toEqual([other, false]);
    expect([resolves(first('Shop/App/Server'), db), resolves(proxy, db)]).toEqual([true, false]);
  });

  test('let the proxy reach the app at the edge, and not in the network of the database', () => {
    const app = first('Shop/App/Server');
    expect(reaches(proxy, addressIn(app, edge), 8000)).toBe(true);
    expect(reaches(proxy, addressIn(app, internal), 8000)).toBe(false);
  });

  test('let the database reach its clients, and nothing beyond the host', () => {
    const app = first('Shop/App/Server');
    expect(reaches(db, addressIn(app, internal), 8000)).toBe(true);
    expect(reaches(db, addressIn(app, edge), 8000)).toBe(false);
    expect(reaches(db, addressIn(proxy, edge), 8080)).toBe(false);
  });

  test('are no wall before the host itself: the database reaches it as the proxy does', async () => {
    const answers: boolean[] = [];
    for (const [container, network] of [
      [proxy, edge],
      [db, internal],
    ]) {
      const listener = await listenAt(gatewayOf(network));
      answers.push(reaches(container, gatewayOf(network), listener.port));
      listener.close();
    }
    expect(answers[1]).toBe(answers[0]);
  });
});

describe('secrets', () => {
  test('are in nothing that the deployment leaves behind, in any form', () => {
    const names = ['db-password', 'db-superuser-password', 'shop-secret-key'];
    const secrets = Object.fromEntries(names.map((name) => [name, readVolume(`${deployment.namespace}-${name}`)]));
    for (const name of names) expect(secrets[name]).toMatch(/^[A-Za-z0-9]{64}$/);
    const kinds = new Set<string>();
    function* all(): Generator<Trace> {
      for (const trace of [...seen, ...tracesOf(deployment)]) {
        kinds.add(trace.where.split(':')[0]);
        yield trace;
      }
    }
    expect(new SecretSweep(secrets).leaks(all())).toEqual([]);
    expect([...kinds].sort()).toEqual(['file', 'history', 'inspect', 'layer', 'log', 'output', 'process', 'terraform', 'top']);
    // The process that the sweep may see is one of a container's.
    expect(seen.find(({ where }) => where.startsWith('process'))!.content).toContain('/run/cdktf-django/release.py');
  });

  test('would be found there: each place and form has one that was planted', async () => {
    const planted = await plant(deployment);
    try {
      const found = new SecretSweep({ planted: planted.value }).leaks([...planted.seen, ...tracesOf(deployment)]);
      expect(found.map(({ where, form }) => `${where.replace(/^layer: .*/, 'layer')} (${form})`)).toEqual(expect.arrayContaining(planted.places));
    } finally {
      planted.remove();
    }
  });
});

test('the plan is empty after the deploy', () => {
  expect(deployment.plan()).toEqual([]);
});

/** The value of a secret, read as root of the host would. */
function readVolume(volume: string): string {
  const image = engine('inspect', `${deployment.namespace}-db-server`, '--format', '{{.Image}}');
  return engine('run', '--rm', '--network', 'none', '--user', '0', '--entrypoint', 'cat', '-v', `${volume}:/secret:ro`, image, '/secret/value');
}
