import { Agent } from 'node:http';
import { join } from 'node:path';
import { ContainerImage, Duration, ErrorPage, GunicornApp, NginxProxy, ProxyRouteProps } from '../../lib';
import { Build, Deployment, stack } from './support/deployment';
import { engine } from './support/docker';
import { ask, eventually } from './support/http';
import { FOR_LOAD, LoadGroup, LoadResult, underLoad } from './support/load';
import { freePort } from './support/port';

// Two stacks, each with a state of its own, at one proxy: what one does is nothing to the clients of the other.
const edge = new Deployment('edge');
const blog = new Deployment('blog');
const rival = new Deployment('rival');
const project = join(__dirname, '..', '..', 'examples', 'hello');
const proxyContainer = `${edge.namespace}-proxy-server`;
const HELLO = 'hello.localhost';
const BLOG = 'blog.localhost';
let port: number;

interface Variant {
  readonly greeting: string;
  readonly maintenance?: boolean;
  readonly snippet?: string;
}

function edgeStack({ greeting, maintenance, snippet }: Variant): Build {
  return stack((made) => {
    const hello = new GunicornApp(made, 'Hello', appOf(greeting));
    const proxy = new NginxProxy(made, 'Proxy', { address: '127.0.0.1', httpPort: port, limits: FOR_LOAD, maintenance });
    proxy.addRoute({ host: HELLO, target: hello, snippet });
  });
}

/** A stack that adds routes to the proxy of the other one. */
function guestStack({ greeting }: Variant, ...routes: Omit<ProxyRouteProps, 'target'>[]): Build {
  return stack((made) => {
    const app = new GunicornApp(made, 'Blog', appOf(greeting));
    const proxy = NginxProxy.fromAttributes(made, 'Proxy', {
      edgeNetworkName: `${edge.namespace}-proxy-edge`,
      configurationVolumeName: `${edge.namespace}-proxy-configuration`,
      httpPort: port,
      pages: { unavailable: ErrorPage.fromHtml('<h1>The blog sleeps</h1>'), maintenanceRetryAfter: Duration.minutes(7) },
    });
    for (const route of routes) proxy.addRoute({ ...route, target: app });
  });
}

const routes = [{ host: BLOG }, { host: HELLO, path: '/blog/' }];

function appOf(greeting: string) {
  return {
    image: ContainerImage.fromPythonProject(project),
    module: 'app:app',
    replicas: 1,
    workers: 2,
    environment: { GREETING: greeting },
  };
}

beforeAll(async () => {
  port = await freePort();
  edge.deploy(edgeStack({ greeting: 'edge 1' }));
});

afterAll(() => {
  for (const deployment of [rival, blog, edge]) deployment.clean();
});

async function greeting(host: string, path = '/whoami'): Promise<unknown> {
  const answer = await ask({ port, host, path });
  expect(answer.status).toBe(200);
  return (JSON.parse(answer.body) as { greeting: unknown }).greeting;
}

async function expectUnknown(host: string): Promise<void> {
  await expect(ask({ port, host })).rejects.toThrow('socket hang up');
}

/** What must not change by anything that the other stack does: its containers, and the nginx that runs. */
function untouched(): string {
  const ids = engine('ps', '-aq', '--no-trunc', '--filter', `label=org.cdktf-django.namespace=${edge.namespace}`).split('\n').sort();
  return [...ids, engine('exec', proxyContainer, 'cat', '/tmp/nginx.pid')].join(' ');
}

/** Clients that connect anew for each request and never try again. */
function visitors(contains: string): LoadGroup[] {
  return [{ name: 'visitors', count: 8, every: 50, path: '/whoami', contains }];
}

/** Does something while the proxy's own app is asked, none of whose clients may notice. */
async function unnoticed(done: () => unknown): Promise<void> {
  const before = untouched();
  const minimum = 300;
  const result: LoadResult = await underLoad({ port, host: HELLO, groups: visitors('"edge 1"'), minimum }, done);
  expect(result).toMatchObject({ failed: 0, failures: [] });
  expect(result.requests).toBeGreaterThanOrEqual(minimum);
  expect(untouched()).toBe(before);
  expect(edge.plan()).toEqual([]);
}

test('an app of another stack joins, on a host of its own and below a path of the other’s', async () => {
  await unnoticed(() => blog.deploy(guestStack({ greeting: 'blog 1' }, ...routes)));
  expect(await greeting(BLOG)).toBe('blog 1');
  expect(await greeting(HELLO, '/blog/whoami')).toBe('blog 1');
  expect(blog.plan()).toEqual([]);
});

test('it releases by itself, and loses no request either', async () => {
  const minimum = 300;
  await unnoticed(async () => {
    const result = await underLoad({ port, host: BLOG, groups: visitors('"blog '), minimum }, () => {
      blog.deploy(guestStack({ greeting: 'blog 2' }, ...routes));
    });
    expect(result).toMatchObject({ failed: 0, failures: [] });
  });
  expect(await greeting(BLOG)).toBe('blog 2');
});

test('both release at once, and neither undoes the other', async () => {
  const load = { port, minimum: 300 };
  const results: LoadResult[] = [];
  results.push(
    await underLoad({ ...load, host: HELLO, groups: visitors('"edge ') }, async () => {
      results.push(
        await underLoad({ ...load, host: BLOG, groups: visitors('"blog ') }, async () => {
          edge.synth(edgeStack({ greeting: 'edge 2' }));
          blog.synth(guestStack({ greeting: 'blog 3' }, ...routes));
          for (const { ok, output } of await Promise.all([edge.applyMeanwhile(), blog.applyMeanwhile()]))
            expect([ok, ok ? '' : output]).toEqual([true, '']);
        }),
      );
    }),
  );
  for (const result of results) expect(result).toMatchObject({ failed: 0, failures: [] });
  expect(await greeting(HELLO)).toBe('edge 2');
  expect(await greeting(BLOG)).toBe('blog 3');
  edge.deploy(edgeStack({ greeting: 'edge 1' }));
  expect([edge.plan(), blog.plan()]).toEqual([[], []]);
});

describe('what nginx or the proxy refuses', () => {
  test('is a route that another stack has, and nothing changes', async () => {
    await unnoticed(() => {
      rival.synth(guestStack({ greeting: 'rival' }, { host: 'rival.localhost' }, { host: BLOG }));
      const { ok, output } = rival.apply();
      expect(ok).toBe(false);
      expect(output).toContain(`host ${BLOG}, path / belongs to ${blog.namespace}-proxy: remove it there first, or use another host or path here`);
    });
    expect(await greeting(BLOG)).toBe('blog 3');
    await expectUnknown('rival.localhost');
  });

  test('stands in nobody’s way, and is not there after a restart of the proxy', async () => {
    rival.synth(guestStack({ greeting: 'rival' }, { host: 'rival.localhost', snippet: 'no_such_directive on;' }));
    const { ok, output } = rival.apply();
    expect(ok).toBe(false);
    expect(output).toContain(`unknown directive "no_such_directive" in ${rival.namespace}-proxy/servers/rival.localhost/locations/root.snippet:1`);
    blog.deploy(guestStack({ greeting: 'blog 4' }, ...routes));
    engine('restart', proxyContainer);
    await eventually(async () => expect([await greeting(HELLO), await greeting(BLOG)]).toEqual(['edge 1', 'blog 4']));
    await expectUnknown('rival.localhost');
  });
});

describe('the lease', () => {
  const lease = () => blog.containers('Proxy/Lease', { all: true })[0];

  test('keeps the routes through a restart of its container, a kill of it, and one of the proxy', async () => {
    engine('restart', lease());
    await eventually(async () => expect(await greeting(BLOG)).toBe('blog 4'));
    engine('kill', lease());
    expect(await greeting(BLOG)).toBe('blog 4');
    engine('kill', proxyContainer);
    engine('start', lease(), proxyContainer);
    await eventually(async () => expect(await greeting(BLOG)).toBe('blog 4'));
  });

  test('withdraws them when it is stopped, and brings them back', async () => {
    await unnoticed(async () => {
      engine('stop', lease());
      await expectUnknown(BLOG);
      engine('start', lease());
      await eventually(async () => expect(await greeting(BLOG)).toBe('blog 4'));
    });
  });
});

describe('where an app cannot answer', () => {
  test('the owner’s page is shown, and the proxy goes on', async () => {
    const servers = blog.containers('Blog/Server');
    await unnoticed(async () => {
      engine('stop', ...servers);
      for (const question of [{ host: BLOG }, { host: HELLO, path: '/blog/any' }, { host: BLOG, method: 'POST', body: 'a=b' }]) {
        const answer = await ask({ port, ...question });
        expect([502, 504]).toContain(answer.status);
        expect(answer.body).toBe('<h1>The blog sleeps</h1>');
        expect(answer.headers).toMatchObject({ 'retry-after': '10', 'cache-control': 'no-store', 'content-type': 'text/html' });
      }
    });
    engine('start', ...servers);
    await eventually(async () => expect(await greeting(BLOG)).toBe('blog 4'));
  });

  test('nobody can ask for the pages', async () => {
    const path = `/.cdktf-django/${blog.namespace}-proxy/pages/unavailable.html`;
    const { status, body } = await ask({ port, host: BLOG, path });
    expect([status, body.includes('sleeps')]).toEqual([404, false]);
  });
});

describe('maintenance', () => {
  /** Asks again and again, on new connections and on kept ones, while something is done: the statuses that came, and every failure. */
  async function statuses(host: string, done: () => Promise<void>): Promise<{ seen: string[]; failures: string[] }> {
    const seen = new Set<string>();
    const failures: string[] = [];
    let on = true;
    const clients = [undefined, undefined, new Agent({ keepAlive: true, maxSockets: 1 }), new Agent({ keepAlive: true, maxSockets: 1 })].map(
      async (agent) => {
        while (on) {
          await ask({ port, host, path: '/whoami', agent }).then(
            ({ status, headers }) => seen.add(`${status} ${String(headers['retry-after'])}`),
            (error: Error) => failures.push(error.message),
          );
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        agent?.destroy();
      },
    );
    try {
      await done();
    } finally {
      on = false;
      await Promise.all(clients);
    }
    return { seen: [...seen].sort(), failures };
  }

  test('of a route comes and goes without a lost connection, whatever becomes of its app', async () => {
    const closed = routes.map((route) => ({ ...route, maintenance: route.host === BLOG }));
    const result = await statuses(BLOG, async () => {
      blog.synth(guestStack({ greeting: 'blog 4' }, ...closed));
      expect(await blog.applyMeanwhile()).toMatchObject({ ok: true });
      const page = await ask({ port, host: BLOG, method: 'POST', body: 'x'.repeat(100_000) });
      expect(page.status).toBe(503);
      expect(page.body).toContain('<h1>Down for maintenance</h1>');
      expect(await greeting(HELLO, '/blog/whoami')).toBe('blog 4');
      blog.synth(guestStack({ greeting: 'blog 4' }, ...routes));
      expect(await blog.applyMeanwhile()).toMatchObject({ ok: true });
      expect(await greeting(BLOG)).toBe('blog 4');
    });
    expect(result).toEqual({ seen: ['200 undefined', '503 420'], failures: [] });
  });

  test('of the whole proxy is the maintenance of every stack’s routes', async () => {
    const before = engine('inspect', proxyContainer, '--format', '{{.Id}} {{.State.StartedAt}}');
    const result = await statuses(BLOG, async () => {
      edge.synth(edgeStack({ greeting: 'edge 1', maintenance: true }));
      expect(await edge.applyMeanwhile()).toMatchObject({ ok: true });
      expect((await ask({ port, host: HELLO })).status).toBe(503);
      expect((await ask({ port, host: HELLO, path: '/blog/whoami' })).status).toBe(503);
      edge.synth(edgeStack({ greeting: 'edge 1' }));
      expect(await edge.applyMeanwhile()).toMatchObject({ ok: true });
    });
    expect(result).toEqual({ seen: ['200 undefined', '503 420'], failures: [] });
    expect(engine('inspect', proxyContainer, '--format', '{{.Id}} {{.State.StartedAt}}')).toBe(before);
  });
});

test('an app leaves with its stack: its routes are gone, and nobody else notices', async () => {
  await unnoticed(async () => {
    expect(blog.destroy().ok).toBe(true);
    await expectUnknown(BLOG);
    expect((await ask({ port, host: HELLO, path: '/blog/whoami' })).status).toBe(404);
  });
});

test('a stack whose proxy is not there says so', () => {
  rival.synth(
    stack((made) => {
      const app = new GunicornApp(made, 'Blog', appOf('rival'));
      const proxy = NginxProxy.fromAttributes(made, 'Proxy', {
        edgeNetworkName: `${edge.namespace}-proxy-edge`,
        configurationVolumeName: `${rival.namespace}-no-such-volume`,
      });
      proxy.addRoute({ host: 'rival.localhost', target: app });
    }),
  );
  const { ok, output } = rival.apply();
  expect(ok).toBe(false);
  expect(output).toContain('this volume has no configuration of a proxy. Does configurationVolumeName name the one of a proxy that is deployed?');
});
