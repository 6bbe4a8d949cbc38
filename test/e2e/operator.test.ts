import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerImage, DjangoService, GunicornApp, NginxProxy, PostgresDb, Retention, Schedule, Size } from '../../lib';
import { cli, CLI, RunningCli } from './support/cli';
import { Build, Deployment, stack } from './support/deployment';
import { engine } from './support/docker';
import { EngineNode } from './support/engine-node';
import { ask, eventually } from './support/http';
import { freePort } from './support/port';
import { Terminal } from './support/terminal';

// What an operator does every day, on one deployment. Others may be on the engine: each command is told the stack.
const deployment = new Deployment('operator');
const { namespace } = deployment;
const root = join(__dirname, '..', '..');
const examples = join(root, 'examples');
let port: number;

function build(greeting: string): Build {
  return stack((made) => {
    const db = new PostgresDb(made, 'Db', { databaseName: 'shop', memory: Size.mebibytes(256) });
    db.addBackup('Nightly', { schedule: Schedule.cron('0 3 1 1 *'), keep: Retention.of({ last: 2 }) });
    const image = ContainerImage.fromDjangoProject(join(examples, 'shop'));
    const shop = new DjangoService(made, 'Shop', { image, project: 'shop', database: db, replicas: 2, workers: 1 });
    const hello = new GunicornApp(made, 'Hello', {
      image: ContainerImage.fromPythonProject(join(examples, 'hello')),
      module: 'app:app',
      replicas: 1,
      workers: 1,
      environment: { GREETING: greeting },
    });
    const proxy = new NginxProxy(made, 'Proxy', { address: '127.0.0.1', httpPort: port });
    proxy.addRoute({ host: 'shop.localhost', target: shop });
    proxy.addRoute({ host: 'hello.localhost', target: hello });
  });
}

const at = ['--stack', namespace];
const names = (path: string) => deployment.containers(path);
const inspect = (container: string) => JSON.parse(engine('inspect', container))[0];

beforeAll(async () => {
  port = await freePort();
  deployment.deploy(build('first'));
});

afterAll(() => {
  const left = engine(
    'ps',
    '--all',
    '--quiet',
    '--filter',
    `label=org.cdktf-django.namespace=${namespace}`,
    '--filter',
    'label=org.cdktf-django.one-off',
  );
  if (left !== '') engine('rm', '--force', ...left.split('\n'));
  deployment.clean();
});

describe('status', () => {
  const shown = (...args: string[]) => JSON.parse(cli(['status', namespace, '--json', ...args]).stdout);

  test('has all servers, of which image, since when', async () => {
    await eventually(() => expect(shown().servers.map(({ health }: { health: string }) => health)).not.toContain('starting'));
    const { servers, ...others } = shown();
    const of = (system: string, container: string) => {
      const { State, Created, RestartCount, Image } = inspect(container);
      const image = engine('image', 'inspect', Image, '--format', '{{index .RepoTags 0}}');
      return {
        ...{ system, container, state: 'running', health: 'healthy', startedAt: State.StartedAt, createdAt: Created, restarts: RestartCount, image },
      };
    };
    expect(servers).toEqual([
      of('Db', `${namespace}-db-server`),
      of('Db/Nightly', names('Db/Nightly/Scheduler')[0]),
      of('Hello', names('Hello/Server')[0]),
      of('Proxy', `${namespace}-proxy-server`),
      ...names('Shop/App/Server')
        .sort()
        .map((name) => of('Shop/App', name)),
      of('Shop/Files', names('Shop/Files/Server')[0]),
    ]);
    expect(others).toMatchObject({ stack: namespace, namespace, oneOff: [], backups: [{ backup: 'Db/Nightly' }] });
    expect(others.jobs.map(({ job, exitCode }: { job: string; exitCode: number }) => `${job} ${exitCode}`)).toEqual(
      expect.arrayContaining(['Proxy/Publish 0', 'Shop/App/Preflight 0', 'Shop/App/Release 0']),
    );
  });

  test('has the newest backup, and how full the disk is', () => {
    engine('exec', names('Db/Nightly/Scheduler')[0], 'python3', '/run/cdktf-backup/schedule.py', '--run-now');
    const { backups, disks, volumes } = shown('--disk');
    expect(backups).toEqual([
      {
        backup: 'Db/Nightly',
        newest: { name: expect.stringMatching(/^\d{8}T\d{6}Z$/), ageSeconds: expect.any(Number), bytes: expect.any(Number), problem: null },
      },
    ]);
    expect(backups[0].newest.ageSeconds).toBeLessThan(60);
    const named = disks.flatMap((disk: { volumes: string[] }) => disk.volumes);
    expect(named).toEqual(expect.arrayContaining([`${namespace}-db-data`, `${namespace}-shop-media`]));
    for (const { bytes, freeBytes } of disks) expect([bytes > freeBytes, freeBytes > 0]).toEqual([true, true]);
    const [data] = volumes.filter(({ volume }: { volume: string }) => volume === `${namespace}-db-data`);
    expect(data.bytes).toBeGreaterThan(20_000_000);
    const { stdout } = cli(['status', namespace]);
    expect(stdout).toMatch(/^Shop\/App +2 +healthy +\d+ (seconds|minutes) +0 +2\d{3}-\d\d-\d\d \d\d:\d\d +cdktf-django\//m);
    expect(stdout).toMatch(/^Backup Db\/Nightly: \d{8}T\d{6}Z, \d+ seconds old, .* MiB, good$/m);
    expect(stdout).toMatch(/^Jobs: \d+, all have ended well$/m);
  });

  test('counts how often the engine had to start a server again', async () => {
    const [hello] = names('Hello/Server');
    process.kill(inspect(hello).State.Pid, 'SIGKILL');
    const restarts = () => shown().servers.find(({ system }: { system: string }) => system === 'Hello').restarts;
    await eventually(() => expect(restarts()).toBe(1));
  });
});

describe('logs', () => {
  const lines = (...args: string[]) => {
    const { status, stdout, stderr } = cli(['logs', ...at, '--json', ...args]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { time: string; system: string; container: string; text: string });
  };

  test('are of all replicas, in the order of their times', () => {
    const found = lines('Shop');
    expect([...new Set(found.map(({ container }) => container))].sort()).toEqual(names('Shop/App/Server').sort());
    const times = found.map(({ time }) => time);
    expect(times).toEqual([...times].sort());
    expect(found.filter(({ text }) => text.includes('Booting worker')).length).toBe(2);
  });

  test('are of those that are named, as many as are wanted, with their names before them', () => {
    const containers = names('Shop/App/Server');
    expect(
      lines('Shop/App', '--tail', '1')
        .map(({ container }) => container)
        .sort(),
    ).toEqual(containers.sort());
    expect(lines('Shop/App', '--since', '2099-01-01')).toEqual([]);
    const { stdout } = cli(['logs', ...at, 'Shop/App', '--tail', '1', '--times']);
    for (const container of containers) expect(stdout).toMatch(new RegExp(`^${container} \\| \\d{4}-\\d\\d-\\d\\dT\\S+Z \\[`, 'm'));
  });

  test('of a job are there when it is named', () => {
    expect(
      lines('Shop/App/Release')
        .map(({ text }) => text)
        .join('\n'),
    ).toContain('catalogue.0001_initial');
    expect(lines().map(({ system }) => system)).not.toContain('Shop/App/Release');
  });

  test('of what there is not are an error', () => {
    const { status, stderr } = cli(['logs', ...at, 'Shop/Ap']);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^cdktf-django: there is no system "Shop\/Ap" in stack e2e-operator-\d+, only Db, Db\/CloseLogin, .*Shop, Shop\/App, Shop\/App\/Preflight, /,
    );
  });

  test('go on: with what comes, over a restart and over a release', async () => {
    const following = new RunningCli(['logs', ...at, 'Hello', 'Proxy', '--follow', '--tail', '0', '--json']);
    try {
      const [old] = names('Hello/Server');
      await eventually(async () => {
        await ask({ port, host: 'hello.localhost', path: '/whoami?followed' });
        expect(following.stdout).toContain('/whoami?followed');
      });
      engine('restart', old);
      await eventually(() => expect(following.stdout.split(`"container":"${old}"`).filter((part) => part.includes('Booting worker')).length).toBe(1));
      deployment.deploy(build('second'));
      const [fresh] = names('Hello/Server');
      expect(fresh).not.toBe(old);
      await following.prints(`"container":"${fresh}"`);
      await eventually(() => expect(following.stdout).toMatch(new RegExp(`"container":"${fresh}","stream":"stderr","text":"[^"]*Booting worker`)));
    } finally {
      expect(await following.signal('SIGTERM')).toBe(143);
    }
  });
});

describe('manage', () => {
  const manage = (...args: string[]) => cli(['manage', ...at, ...args]);

  test('runs in the running release, with its settings and secrets', () => {
    expect(manage('check')).toMatchObject({ status: 0, stdout: 'System check identified no issues (0 silenced).\n' });
    const code =
      'from django.db import connection as c; c.ensure_connection(); from django.conf import settings as s; print(s.DEBUG, len(s.SECRET_KEY))';
    expect(manage('shell', '--verbosity', '0', '-c', code)).toMatchObject({ status: 0, stdout: 'False 64\n' });
  });

  test('passes on what is piped, and the exit code', () => {
    expect(cli(['manage', ...at, 'shell', '--verbosity', '0'], { input: 'print(6 * 7)\n' })).toMatchObject({ status: 0, stdout: '42\n' });
    expect(manage('shell', '-c', 'raise SystemExit(7)').status).toBe(7);
    const dumped = manage('--', 'dumpdata', '--indent', '1', 'catalogue');
    expect(dumped.stdout).not.toContain('\r');
    expect(JSON.parse(dumped.stdout).length).toBeGreaterThan(0);
    const unknown = manage('no_such_command');
    expect(unknown.status).toBe(1);
    expect(unknown.stderr).toContain("Unknown command: 'no_such_command'");
  });

  test('a signal ends what it started', async () => {
    const waits = 'import time; print("waiting", flush=True); time.sleep(600)';
    const running = new RunningCli(['manage', ...at, 'shell', '-c', waits]);
    await running.prints('waiting');
    const processes = () =>
      names('Shop/App/Server')
        .map((name) => engine('top', name, '-eo', 'pid,args'))
        .join('\n');
    expect(processes()).toContain('time.sleep(600)');
    expect(await running.signal('SIGTERM')).toBe(143);
    await eventually(() => expect(processes()).not.toContain('time.sleep(600)'), 5);
  });

  test('has a terminal where there is one: createsuperuser and shell, typed', async () => {
    const made = new Terminal([...CLI, 'manage', ...at, 'createsuperuser'], root);
    for (const [question, answer] of [
      ['Username', 'operator'],
      ['Email address:', 'operator@example.com'],
      ['Password:', 'a long Passphrase 1'],
      ['Password (again):', 'a long Passphrase 1'],
    ]) {
      await made.shows(question);
      made.type(`${answer}\r`);
    }
    await made.shows('Superuser created successfully.');
    expect(await made.ended()).toBe(0);
    // A password is not shown.
    expect(made.screen).not.toContain('Passphrase');

    const shell = new Terminal([...CLI, 'manage', ...at, 'shell'], root);
    await shell.shows('>>> ');
    shell.type('from django.contrib.auth.models import User; User.objects.get(username="operator").is_superuser\r');
    await shell.shows('True');
    // Ctrl-C is for what runs, and not for the command.
    shell.type('import time; time.sleep(600)\r');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    shell.type('\u0003');
    await shell.shows('KeyboardInterrupt');
    shell.type('exit(5)\r');
    expect(await shell.ended()).toBe(5);
  });

  test('dbshell is the psql of the database where the image has none', async () => {
    const asked = 'SELECT session_user, current_database()';
    expect(manage('dbshell', '--', '--no-align', '--tuples-only', '-c', asked)).toEqual({ status: 0, stdout: 'shop|shop\n', stderr: '' });
    expect(cli(['manage', ...at, 'dbshell'], { input: 'SELECT no_such_column;\n' }).stderr).toContain('column "no_such_column" does not exist');
    expect(manage('dbshell', '--database', 'other').stderr).toContain("argument --database: invalid choice: 'other'");
    const shell = new Terminal([...CLI, 'manage', ...at, 'dbshell'], root);
    await shell.shows('shop=> ');
    shell.type('\\q\r');
    expect(await shell.ended()).toBe(0);
  });

  test('wrong names are an error with the right ones', () => {
    expect(manage('--system', 'Hello', 'check')).toMatchObject({
      status: 1,
      stderr: `cdktf-django: there is no app "Hello" in stack ${namespace}, only Shop\n`,
    });
    const { status, stderr } = cli(['manage', '--stack', 'nothing', 'check']);
    expect(status).toBe(1);
    expect(stderr).toContain('cdktf-django: there is no stack "nothing", only ');
    expect(stderr).toContain(namespace);
  });
});

describe('run', () => {
  const run = (...args: string[]) => cli(['run', ...at, ...args]);
  const oneOffs = () =>
    engine(
      'ps',
      '--all',
      '--format',
      '{{.Names}}',
      '--filter',
      'label=org.cdktf-django.one-off',
      '--filter',
      `label=org.cdktf-django.namespace=${namespace}`,
    );

  test('of several apps one has to be named', () => {
    expect(run('true')).toMatchObject({
      status: 1,
      stderr: `cdktf-django: stack ${namespace} has several apps, say which one with --system: Hello, Shop\n`,
    });
  });

  test("is a container like the app's, for what is piped too, with its exit code", () => {
    const code = 'import django, sys; django.setup(); from catalogue.models import Product; print(Product.objects.exists(), sys.stdin.read())';
    expect(cli(['run', ...at, '--system', 'Shop', 'python', '-c', code], { input: 'piped' })).toEqual({
      status: 0,
      stdout: 'True piped\n',
      stderr: '',
    });
    expect(run('--system', 'Shop', 'sh', '-c', 'exit 9').status).toBe(9);
    expect(run('--system', 'Shop', 'no-such-program').status).toBe(127);
    expect(run('--system', 'Hello', '--', 'python', '-c', 'import os; print(os.environ["GREETING"])').stdout).toBe('second\n');
    expect(oneOffs()).toBe('');
  });

  test('is confined as the app is, and removed when a signal has ended it', async () => {
    const running = new RunningCli(['run', ...at, '--system', 'Shop', '--memory', '200m', '--', 'sh', '-c', 'echo here; exec sleep 600']);
    await running.prints('here');
    const [own, app] = [inspect(oneOffs()), inspect(names('Shop/App/Server')[0])];
    const compared = ({ Config, HostConfig, NetworkSettings, Image }: ReturnType<typeof inspect>) => ({
      image: Image,
      user: Config.User,
      env: [...Config.Env].sort(),
      folder: Config.WorkingDir,
      networks: Object.keys(NetworkSettings.Networks).sort(),
      mounts: HostConfig.Mounts,
      host: [
        'ReadonlyRootfs',
        'CapAdd',
        'CapDrop',
        'SecurityOpt',
        'Init',
        'GroupAdd',
        'Tmpfs',
        'CpuPeriod',
        'CpuQuota',
        'ShmSize',
        'PidsLimit',
        'LogConfig',
        'Privileged',
        'PortBindings',
      ].map((name) => [name, HostConfig[name] ?? null]),
    });
    const portless = (one: ReturnType<typeof compared>) => ({
      ...one,
      host: one.host.map(([name, value]) => [name, JSON.stringify(value) === '{}' ? null : value]),
    });
    expect(portless(compared(own))).toEqual(portless(compared(app)));
    expect([own.HostConfig.Memory, own.HostConfig.MemorySwap]).toEqual([200 << 20, 200 << 20]);
    expect(own.State.Health).toBeUndefined();
    expect(JSON.parse(cli(['status', namespace, '--json']).stdout).oneOff).toEqual([own.Name.slice(1)]);
    expect(await running.signal('SIGTERM')).toBe(143);
    await eventually(() => expect(oneOffs()).toBe(''), 10);
  });

  test('has a terminal where there is one', async () => {
    const shell = new Terminal([...CLI, 'run', ...at, '--system', 'Shop', 'python', '-q'], root);
    await shell.shows('>>> ');
    shell.type('import os; os.isatty(0), os.getuid(), os.path.exists("/run/secrets/secret-key/value")\r');
    await shell.shows('(True, 10001, True)');
    shell.type('exit(3)\r');
    expect(await shell.ended()).toBe(3);
    expect(oneOffs()).toBe('');
  });

  test('what is left of one that was killed is found by sweep', async () => {
    const running = new RunningCli(['run', ...at, '--system', 'Hello', '--', 'sh', '-c', 'echo here; exec sleep 600']);
    await running.prints('here');
    await running.signal('SIGKILL');
    const left = oneOffs();
    expect(left).not.toBe('');
    const sweep = ['sweep', '--output', deployment.folder];
    expect(cli([...sweep, '--dry-run']).stdout).toBe(
      [
        `Not in the state of ${namespace}, to be removed:`,
        `  container ${left} (${namespace}/Hello/Run, running)`,
        '    what somebody runs in it by "cdktf-django run" is stopped',
        '',
      ].join('\n'),
    );
    expect(deployment.plan()).toEqual([]);
    expect(cli([...sweep, '--yes'])).toMatchObject({ status: 0, stderr: '' });
    expect(oneOffs()).toBe('');
  });
});

test('bash completes commands, options, stacks and systems', () => {
  const completed = (...words: string[]) => {
    const script = [
      `cdktf-django() { ${CLI.map((word) => `'${word}'`).join(' ')} "$@"; }`,
      'source <(cdktf-django completion bash)',
      `COMP_WORDS=(cdktf-django "$@"); COMP_CWORD=$#; _cdktf_django; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ].join('\n');
    return spawnSync('bash', ['-c', script, 'bash', ...words], { cwd: root, encoding: 'utf8' })
      .stdout.trimEnd()
      .split('\n');
  };
  expect(completed('st')).toEqual(['status']);
  expect(completed('logs', '--f')).toEqual(['--follow']);
  expect(completed('logs', '--stack', namespace.slice(0, -1))).toContain(namespace);
  expect(completed('logs', '--stack', namespace, 'Shop/App/R')).toEqual(['Shop/App/Release']);
  expect(completed('manage', '--stack', namespace, '--system', '')).toEqual(['Shop']);
  expect(completed('sweep', '--output', deployment.folder, '')).toEqual([namespace]);
});

describe('on another engine', () => {
  let node: EngineNode;
  const configuration = mkdtempSync(join(tmpdir(), 'cdktf-django-docker-'));

  beforeAll(async () => {
    node = await EngineNode.start('operator-engine', []);
  });

  afterAll(() => {
    node.remove();
    rmSync(configuration, { recursive: true, force: true });
  });

  /** What looks like a server of a stack, and is never started. */
  function plant(stackNamespace: string, path: string): void {
    const labels = { namespace: stackNamespace, path, owner: `state-of-${stackNamespace}` };
    const given = Object.entries(labels).flatMap(([name, value]) => ['--label', `org.cdktf-django.${name}=${value}`]);
    node.docker('create', '--restart', 'unless-stopped', ...given, 'empty', 'none');
  }

  test('without a stack, with one, with several', () => {
    const { environment } = node;
    const status = (...args: string[]) => cli(['status', ...args], { environment });
    expect(status()).toMatchObject({
      status: 1,
      stderr: `cdktf-django: no stack of this library is on this engine (${environment.DOCKER_HOST}). The engine is the docker client's: DOCKER_HOST, DOCKER_CONTEXT and "docker context use" choose it.\n`,
    });
    spawnSync('docker', ['import', '-', 'empty'], { input: Buffer.alloc(1024), env: { ...process.env, ...environment } });
    plant('shop-staging', 'shop/Web/Server');
    expect(status().stdout).toMatch(new RegExp(`^Stack shop, namespace shop-staging, on ${environment.DOCKER_HOST}\n\nSYSTEM .*\nWeb +1 +created `));
    expect(cli(['manage', 'check'], { environment }).stderr).toBe(
      'cdktf-django: stack shop has no container of a Django project on this engine; see cdktf-django status\n',
    );

    plant('blog', 'blog/Web/Server');
    expect(status().stderr).toBe('cdktf-django: there are several stacks on this engine, say which one with cdktf-django status STACK: blog, shop\n');
    expect(cli(['logs'], { environment }).stderr).toContain('say which one with --stack: blog, shop\n');
    expect(status('blog').stdout).toMatch(/^Stack blog, namespace blog, /);
    expect(status('shop-staging').stdout).toMatch(/^Stack shop, namespace shop-staging, /);

    plant('shop-production', 'shop/Web/Server');
    expect(status('shop').stderr).toBe(
      'cdktf-django: "shop" is the name of several stacks, say the namespace: blog, shop-production, shop-staging\n',
    );
    expect(status('shop-production').stdout).toMatch(/^Stack shop-production, namespace shop-production, /);
    expect(status('news').stderr).toContain('there is no stack "news", only blog, shop-production, shop-staging, on this engine (tcp://');
  });

  test('by a context, which is named', () => {
    const environment = { DOCKER_CONFIG: configuration, DOCKER_CONTEXT: 'far-away', DOCKER_HOST: '' };
    const made = ['context', 'create', 'far-away', '--docker', `host=${node.environment.DOCKER_HOST}`];
    expect(spawnSync('docker', made, { env: { ...process.env, DOCKER_CONFIG: configuration } }).status).toBe(0);
    expect(cli(['status', 'blog'], { environment }).stdout).toMatch(/^Stack blog, namespace blog, on context far-away\n/);
  });
});
