import { TerraformStack, TerraformVariable } from 'cdktf';
import { ContainerImage, DjangoService, Duration, PostgresDb, Schedule, ScheduledCommandOptions, Secret, Size, UpdateStrategy } from '../../lib';
import { runtimeFile } from '../../lib/image/default-images';
import { createdBeforeDestroyed } from '../support/graph';
import { Arguments, label, newStack, Synthesized } from '../support/synth';

const image = ContainerImage.fromRegistry('localhost/shop:1');
const nightly = Schedule.cron('0 4 * * *');

function newShop(stack: TerraformStack = newStack()): DjangoService {
  return new DjangoService(stack, 'Shop', { image, project: 'shop', database: new PostgresDb(stack, 'Db') });
}

function synthCommand(options?: Partial<ScheduledCommandOptions>): Synthesized {
  const stack = newStack();
  newShop(stack).addCommand('ClearSessions', { schedule: nightly, command: ['clearsessions'], ...options });
  return new Synthesized(stack);
}

const scheduler = (synthesized: Synthesized) => synthesized.container('shop/Shop/ClearSessions/Scheduler');

/** A file of the scheduler's, as its carrier brings it. */
function file(synthesized: Synthesized, name: string): string {
  const carrier = synthesized.container('shop/Shop/ClearSessions/Files');
  return carrier.upload.find((one: Arguments) => one.file.endsWith(`/${name}`)).content;
}

function problemOf(options: object): string {
  try {
    newShop().addCommand('Report', { schedule: nightly, command: ['report'], ...options });
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
}

describe('the scheduler', () => {
  test('is one container that is stopped before the next one starts', () => {
    const container = scheduler(synthCommand());
    expect(container).toMatchObject({
      name: 'shop-shop-clear-sessions-scheduler',
      user: '10001:10001',
      entrypoint: ['python', '/run/cdktf-django/launch.py'],
      command: ['--', 'python', '/run/cdktf-schedule/schedule.py'],
      memory: 512,
      read_only: true,
      restart: 'unless-stopped',
      stop_signal: 'SIGTERM',
      stop_timeout: 45,
      destroy_grace_seconds: 45,
      ports: [],
      wait: false,
    });
    expect(container.lifecycle?.create_before_destroy).toBeUndefined();
    expect(container.healthcheck).toMatchObject({
      test: ['CMD', 'python', '-IS', '/run/cdktf-schedule/schedule.py', '--health'],
      interval: '30s',
      retries: 2,
    });
  });

  test('has what the servers have: settings, secrets, networks, volumes', () => {
    const synthesized = synthCommand();
    const [server] = Object.values(synthesized.all('docker_container')).filter(
      (one) => label(one, 'org.cdktf-django.path') === 'shop/Shop/App/Server',
    );
    const own = scheduler(synthesized);
    expect(own.env).toEqual(server.env);
    expect(own.group_add).toEqual(server.group_add);
    const targets = (container: Arguments) => container.mounts.map((mount: Arguments) => `${mount.target}${mount.read_only ? ' read-only' : ''}`);
    expect(targets(own).filter((target: string) => !target.includes('/cdktf-schedule'))).toEqual(targets(server));
    expect(targets(own)).toContain('/var/lib/cdktf-django/static read-only');
    expect(own.networks_advanced).toEqual(server.networks_advanced);
  });

  test('shares a lock with other schedulers of the command, on a volume without data', () => {
    const synthesized = synthCommand();
    const own = scheduler(synthesized);
    const mounts = own.mounts.filter((mount: Arguments) => mount.target.startsWith('/var/lib/cdktf-schedule'));
    expect(mounts.map((mount: Arguments) => [mount.type, mount.target, mount.read_only ?? false])).toEqual([
      ['volume', '/var/lib/cdktf-schedule', false],
    ]);
    expect(JSON.parse(file(synthesized, 'schedule.json')).lock).toBe('/var/lib/cdktf-schedule/lock');
    expect(mounts[0].source).toMatch(/^\$\{docker_volume\.Shop_ClearSessions_Lock_[0-9A-F]{8}\.name\}$/);
  });

  test('gets what is added to the app later', () => {
    const stack = newStack();
    const shop = newShop(stack);
    shop.addCommand('ClearSessions', { schedule: nightly, command: ['clearsessions'] });
    shop.app.addEnvironment('LATE', 'yes');
    shop.app.addSecret('mail-password', Secret.generated());
    const container = scheduler(new Synthesized(stack));
    expect(container.env).toContain('LATE=yes');
    expect(container.mounts.map((mount: Arguments) => mount.target)).toContain('/run/secrets/mail-password');
  });

  test('starts when the release job has ended', () => {
    const dependencies: string[] = scheduler(synthCommand()).depends_on;
    expect(dependencies.some((one) => /^docker_container\.Shop_App_Release_/.test(one))).toBe(true);
  });

  test('nothing that is created before it is destroyed waits for it, or it would run twice', () => {
    const created = [...createdBeforeDestroyed(synthCommand()).keys()];
    expect(created.length).toBeGreaterThan(0);
    expect(created.filter((address) => address.includes('ClearSessions_Scheduler'))).toEqual([]);
  });

  test('carries its program and its settings', () => {
    const synthesized = synthCommand();
    expect(
      file(synthesized, 'schedule.py')
        .replace(/\$\$\{/g, '${')
        .replace(/%%\{/g, '%{'),
    ).toBe(runtimeFile('python/schedule.py'));
    expect(JSON.parse(file(synthesized, 'schedule.json'))).toMatchObject({
      name: 'ClearSessions',
      command: ['python', '-m', 'django', 'clearsessions'],
      timeoutSeconds: 3600,
      graceSeconds: 30,
      schedule: { kind: 'cron', minutes: [0], hours: [4], timeZone: 'UTC' },
    });
  });

  test('options arrive', () => {
    const synthesized = synthCommand({
      schedule: Schedule.rate(Duration.minutes(5)),
      timeout: Duration.minutes(4),
      gracePeriod: Duration.minutes(2),
      memory: Size.gibibytes(1),
      cpus: 0.5,
    });
    expect(JSON.parse(file(synthesized, 'schedule.json'))).toMatchObject({
      timeoutSeconds: 240,
      graceSeconds: 120,
      schedule: { kind: 'rate', seconds: 300 },
    });
    expect(scheduler(synthesized)).toMatchObject({ memory: 1024, stop_timeout: 135, cpu_quota: 50000 });
  });

  test('its construct tells what it was made of', () => {
    const command = newShop().addCommand('Report', { schedule: nightly, command: ['report', '--days', '7'] });
    expect(command.node.defaultChild).toBe(command.service);
    expect(command.service.updateStrategy).toBe(UpdateStrategy.STOP_FIRST);
    expect(command.service.containerNames).toEqual(['shop-shop-report-scheduler']);
    expect(command.command).toEqual(['report', '--days', '7']);
    expect(String(command.schedule)).toBe('0 4 * * *');
    expect([command.timeout.toSeconds(), command.gracePeriod.toSeconds()]).toEqual([3600, 30]);
  });
});

describe('other parts of the stack', () => {
  function others(change: (shop: DjangoService) => void): Record<string, Arguments> {
    const stack = newStack();
    change(newShop(stack));
    const all = Object.entries(new Synthesized(stack).addresses()).map(([address, resource]) =>
      // The old login of the database is closed after all clients, whoever they are.
      label(resource, 'org.cdktf-django.path') === 'shop/Db/CloseLogin'
        ? ([address, { ...resource, depends_on: [] }] as const)
        : ([address, resource] as const),
    );
    return Object.fromEntries(all.filter(([, resource]) => !label(resource, 'org.cdktf-django.path')?.match(/^shop\/Shop\/(ClearSessions|Second)/)));
  }

  test('are the same with and without a command', () => {
    const without = others(() => undefined);
    expect(others((shop) => shop.addCommand('ClearSessions', { schedule: nightly, command: ['clearsessions'] }))).toEqual(without);
    const two = others((shop) => {
      shop.addCommand('ClearSessions', { schedule: Schedule.cron('@hourly'), command: ['clearsessions', '--verbosity', '2'] });
      shop.addCommand('Second', { schedule: nightly, command: ['report'] });
    });
    expect(two).toEqual(without);
  });

  test('an edit of the schedule replaces the scheduler', () => {
    const fingerprint = (synthesized: Synthesized) => label(scheduler(synthesized), 'org.cdktf-django.fingerprint');
    const contents = (options?: Partial<ScheduledCommandOptions>) => {
      const synthesized = synthCommand(options);
      const [volume] = Object.values(synthesized.all('docker_volume')).filter(
        (one) => label(one, 'org.cdktf-django.path') === 'shop/Shop/ClearSessions/Files',
      );
      return label(volume, 'org.cdktf-django.content');
    };
    expect(contents({ schedule: Schedule.cron('0 5 * * *') })).not.toBe(contents());
    expect(contents({ command: ['clearsessions', '--traceback'] })).not.toBe(contents());
    expect(contents()).toBe(contents());
    expect(fingerprint(synthCommand({ cpus: 2 }))).not.toBe(fingerprint(synthCommand()));
  });
});

describe('the command', () => {
  test("a user's text stays text", () => {
    const odd = ['report', '--title', '"quoted" \\ ${HOME} %{if} $(id) ümläut\nsecond line'];
    const content = file(synthCommand({ command: odd }), 'schedule.json');
    expect(JSON.parse(content.replace(/\$\$\{/g, '${').replace(/%%\{/g, '%{')).command.slice(3)).toEqual(odd);
    expect(content).toContain('$${HOME} %%{if}');
  });

  test('what only Terraform knows is quoted by Terraform', () => {
    const stack = newStack();
    const bucket = new TerraformVariable(stack, 'bucket', { type: 'string' });
    newShop(stack).addCommand('ClearSessions', { schedule: nightly, command: ['report', '--bucket', `x-${bucket.stringValue}`] });
    expect(file(new Synthesized(stack), 'schedule.json')).toContain('    "--bucket",\n    ${jsonencode("x-${var.bucket}")}\n  ]\n}\n');
  });

  test.each([
    [[], 'got "[]"'],
    [undefined, 'command must be a management command and its arguments'],
    ['clearsessions', 'each a text of its own'],
    [['report', ''], 'without empty texts'],
    [['report', 7], 'without empty texts'],
    [['report', 'a\0b'], 'NUL'],
    [['python', 'manage.py', 'report'], "leave out what is before the command's own name"],
    [['manage.py', 'report'], "leave out what is before the command's own name"],
    [['django-admin', 'report'], "leave out what is before the command's own name"],
    [['report --days 7'], 'the first must be the name of a management command, got "report --days 7"'],
    [['--days', 'report'], 'the first must be the name of a management command'],
  ])('%j is refused', (command, problem) => {
    const message = problemOf({ command });
    expect(message).toContain(problem);
    expect(message).toMatch(/^shop\/Shop\/Report: /);
  });

  test.each([
    [{ timeout: Duration.seconds(0) }, 'timeout must be in whole seconds, from 1s to 604800s, got 0s'],
    [{ timeout: Duration.millis(1500) }, 'timeout must be in whole seconds'],
    [{ timeout: Duration.days(8) }, 'timeout must be in whole seconds, from 1s to 604800s, got 691200s'],
    [{ gracePeriod: Duration.minutes(16) }, 'gracePeriod must be in whole seconds, from 0s to 900s, got 960s'],
    [{ cpus: 0 }, 'cpus must be from 0.01 to 1024, got 0'],
    [{ memory: Size.mebibytes(1) }, 'memory must be 6 MiB or more'],
  ])('%s', (options, problem) => {
    const message = problemOf(options);
    expect(message).toContain(problem);
    expect(message).toMatch(/^shop\/Shop\/Report/);
  });

  test('a secret among the arguments is refused', () => {
    expect(() => newShop().addCommand('Sync', { schedule: nightly, command: ['sync', 'https://a:b@example.com'] })).toThrow(
      /^shop\/Shop\/Sync: argument 2 of command has a URL with a password in it, which/,
    );
  });

  test('an id that is taken is refused', () => {
    const shop = newShop();
    shop.addCommand('Report', { schedule: nightly, command: ['report'] });
    expect(() => shop.addCommand('Report', { schedule: nightly, command: ['report'] })).toThrow(/already a Construct with name 'Report'/);
  });
});
