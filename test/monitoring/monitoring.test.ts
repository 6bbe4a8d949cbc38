import { TerraformStack, Testing } from 'cdktf';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import {
  ContainerImage,
  DjangoService,
  Duration,
  Endpoint,
  GunicornApp,
  IMonitored,
  Job,
  Monitoring,
  MonitoringProps,
  NginxProxy,
  PostgresDb,
  RedisCache,
  RemovalPolicy,
  Schedule,
  Service,
  Size,
} from '../../lib';
import { declared } from '../support/contents';
import { violations } from '../support/graph';
import { Arguments, newStack, Synthesized } from '../support/synth';

const image = ContainerImage.fromRegistry('localhost/app:1');

function made(props: MonitoringProps = {}, use: (monitoring: Monitoring, stack: TerraformStack) => void = () => undefined): Synthesized {
  const stack = newStack();
  use(new Monitoring(stack, 'Monitoring', props), stack);
  return new Synthesized(stack);
}

const json = (synth: Synthesized, name: string) =>
  JSON.parse(synth.container('shop/Monitoring/Files').upload.find((one: Arguments) => one.file === `/files/${name}`).content as string) as Arguments;
const config = (synth: Synthesized) => json(synth, 'prometheus.yml');
const alerts = (synth: Synthesized) => json(synth, 'rules.yml').groups[0].rules as Arguments[];
const networksOf = (synth: Synthesized, path: string) => {
  const ids = synth.container(path).networks_advanced.map((one: Arguments) => one.name as string);
  const known = Object.entries(synth.all('docker_network'));
  return ids.map((id: string) => known.find(([name]) => id.includes(`.${name}.`))![1].name as string).sort();
};
/** Where it mounts what, by the logical id or the name of the volume. */
const mountsOf = (container: Arguments) =>
  container.mounts.map((mount: Arguments) => [
    mount.target,
    mount.source.replace(/^\$\{docker_volume\.(\w+)_[0-9A-F]{8}\.name\}$/, '$1'),
    mount.read_only,
  ]);

describe('Prometheus', () => {
  test('is confined, keeps its figures, and is reached on the loopback address alone', () => {
    const synth = made();
    const server = synth.container('shop/Monitoring/Server');
    expect(server).toMatchObject({
      name: 'shop-monitoring-server',
      user: '10110:10110',
      memory: 512,
      read_only: true,
      command: [
        '--config.file=/run/cdktf-django/prometheus.yml',
        '--storage.tsdb.path=/var/lib/cdktf-django/prometheus',
        '--storage.tsdb.retention.time=15d',
        '--storage.tsdb.retention.size=2147483648B',
        '--web.listen-address=0.0.0.0:9090',
      ],
      ports: [{ internal: 9090, external: 9090, ip: '127.0.0.1', protocol: 'tcp' }],
    });
    expect(mountsOf(server)).toContainEqual(['/var/lib/cdktf-django/prometheus', 'shop-monitoring-data', false]);
    expect(Object.keys(server.tmpfs).sort()).toEqual(['/prometheus', '/tmp']);
    expect(server.lifecycle?.create_before_destroy).toBeUndefined();
    expect(networksOf(synth, 'shop/Monitoring/Server')).toEqual(['shop-monitoring-access', 'shop-monitoring-network-internal']);
    expect(violations(synth)).toEqual([]);
  });

  test('starts when promtool has found its configuration right', () => {
    const synth = made();
    const check = synth.container('shop/Monitoring/Check');
    expect(check).toMatchObject({
      entrypoint: ['/bin/promtool'],
      command: ['check', 'config', '/run/cdktf-django/prometheus.yml'],
      network_mode: 'none',
    });
    expect(synth.container('shop/Monitoring/Server').depends_on.join()).toContain('Monitoring_Check');
  });

  test('is what its props say', () => {
    const synth = made({
      port: 19090,
      address: '10.0.0.1',
      scrapeInterval: Duration.seconds(5),
      retention: Duration.days(2),
      retentionSize: Size.gibibytes(1),
      alertmanagers: ['alerts.example.com:9093'],
      memory: Size.mebibytes(256),
      cpus: 0.5,
      removalPolicy: RemovalPolicy.DESTROY,
      image,
    });
    expect(synth.container('shop/Monitoring/Server')).toMatchObject({
      memory: 256,
      cpu_quota: 50000,
      ports: [{ internal: 9090, external: 19090, ip: '10.0.0.1', protocol: 'tcp' }],
    });
    expect(synth.container('shop/Monitoring/Server').command).toEqual(
      expect.arrayContaining(['--storage.tsdb.retention.time=2d', '--storage.tsdb.retention.size=1073741824B']),
    );
    expect(config(synth)).toMatchObject({
      global: { scrape_interval: '5s', scrape_timeout: '5s', evaluation_interval: '5s' },
      alerting: { alertmanagers: [{ static_configs: [{ targets: ['alerts.example.com:9093'] }] }] },
    });
    expect(Object.values(synth.all('docker_volume')).map((one) => one.name)).toContain('shop-monitoring-data');
    expect(mountsOf(made({ volumeName: 'old-figures' }).container('shop/Monitoring/Server'))).toContainEqual([
      '/var/lib/cdktf-django/prometheus',
      'old-figures',
      false,
    ]);
  });

  test('looks at itself and at the disk, and at nothing else', () => {
    expect(config(made())).toEqual({
      global: { scrape_interval: '15s', scrape_timeout: '10s', evaluation_interval: '15s' },
      rule_files: ['rules.yml'],
      scrape_configs: [
        { job_name: 'prometheus', static_configs: [{ targets: ['127.0.0.1:9090'], labels: { system: 'Monitoring' } }] },
        { job_name: 'host', static_configs: [{ targets: ['shop-monitoring-exporter:9100'], labels: { system: 'Monitoring' } }] },
      ],
    });
    expect(alerts(made()).map(({ alert }) => alert)).toEqual(['TargetDown', 'DiskFillsUp']);
    expect(mountsOf(made().container('shop/Monitoring/Exporter'))).toEqual([['/disk', 'shop-monitoring-data', true]]);
  });

  test.each<[object, string]>([
    [{ port: 0 }, 'shop/Monitoring: port must be an integer from 1 to 65535, got 0'],
    [{ address: 'localhost' }, 'shop/Monitoring: address must be an IPv4 address of the host, such as 127.0.0.1, got "localhost"'],
    [{ scrapeInterval: Duration.millis(1500) }, 'shop/Monitoring: scrapeInterval, in seconds, must be an integer from 1 to 120, got 1.5'],
    [{ retention: Duration.hours(36) }, 'shop/Monitoring: retention, in days, must be an integer from 1 to 3660, got 1.5'],
    [{ retentionSize: Size.mebibytes(100) }, 'shop/Monitoring: retentionSize must be 256 MiB or more, got 100 MiB'],
    [{ memory: Size.mebibytes(64) }, 'shop/Monitoring: memory must be 128 MiB or more, got 64 MiB'],
    [
      { alertmanagers: ['http://alerts:9093'] },
      'shop/Monitoring: an Alertmanager must be a host and a port such as "alerts.example.com:9093", got "http://alerts:9093"',
    ],
  ])('refuses %j', (props, message) => {
    expect(() => made(props)).toThrow(message);
  });
});

describe('a target', () => {
  test('a proxy is asked by a socket: its container stays as it is, and the exporter is not in its network', () => {
    const build = (monitored: boolean) =>
      made({}, (monitoring, stack) => {
        const proxy = new NginxProxy(stack, 'Proxy');
        if (monitored) monitoring.addTarget(proxy);
      });
    const synth = build(true);
    expect(synth.container('shop/Proxy/Server')).toEqual(build(false).container('shop/Proxy/Server'));
    const exporter = synth.container('shop/Proxy/Exporter');
    expect(exporter).toMatchObject({
      user: '10112:10112',
      read_only: true,
      memory: 64,
      command: ['--nginx.scrape-uri=unix:/var/cache/proxy/status/nginx.sock:/status'],
    });
    expect(mountsOf(exporter)).toEqual([['/var/cache/proxy', 'Proxy_Cache', true]]);
    expect(networksOf(synth, 'shop/Proxy/Exporter')).toEqual(['shop-monitoring-network-internal']);
    expect(config(synth).scrape_configs[2]).toEqual({
      job_name: 'nginx',
      static_configs: [{ targets: ['shop-proxy-exporter:9113'], labels: { system: 'Proxy' } }],
    });
    const nginx = (one: Synthesized) =>
      one.container('shop/Proxy/Candidate').upload.find(({ file }: Arguments) => file === '/files/nginx.conf').content as string;
    expect(nginx(synth)).toContain('listen unix:/var/cache/proxy/status/nginx.sock;');
    expect(nginx(build(false))).not.toContain('unix:');
    expect(violations(synth)).toEqual([]);
  });

  test('a database has an exporter with a role of its own, which reads statistics and no table', () => {
    const synth = made({}, (monitoring, stack) => monitoring.addTarget(new PostgresDb(stack, 'Db')));
    expect(declared(synth)).toEqual([
      'access monitoring_access app monitor app_owner',
      'login monitoring monitoring_alt 1 /run/secrets/db-role-monitoring-password/value member monitoring_access app 2',
    ]);
    const exporter = synth.container('shop/Db/Exporter');
    expect(exporter.env).toEqual([
      'DATA_SOURCE_PASS_FILE=/run/secrets/db-role-monitoring-password/value',
      'DATA_SOURCE_URI=shop-db-server:5432/app?sslmode=disable',
      'DATA_SOURCE_USER=monitoring',
    ]);
    expect(networksOf(synth, 'shop/Db/Exporter')).toEqual(['shop-db-network-internal', 'shop-monitoring-network-internal']);
    expect(networksOf(synth, 'shop/Monitoring/Server')).not.toContain('shop-db-network-internal');
    expect(violations(synth)).toEqual([]);
  });

  test('backups, archives and drills write reports, whether they have a network or not', () => {
    const synth = made({}, (monitoring, stack) => {
      const db = new PostgresDb(stack, 'Db');
      const schedule = Schedule.cron('0 3 * * *');
      monitoring.addTarget(db.addBackup('Nightly', { schedule }));
      monitoring.addTarget(db.addArchive('Archive', { schedule }));
      monitoring.addTarget(db.addRestoreDrill('Weekly', { schedule, query: 'SELECT true' }));
    });
    expect(mountsOf(synth.container('shop/Monitoring/Exporter'))).toEqual(
      expect.arrayContaining([
        ['/reports/db-nightly', 'Db_Nightly_Report', true],
        ['/reports/db-archive', 'Db_Archive_Report', true],
        ['/reports/db-weekly', 'Db_Weekly_Report', true],
      ]),
    );
    for (const [name, id] of Object.entries({ Nightly: 'Scheduler', Archive: 'Receiver', Weekly: 'Scheduler' })) {
      const scheduler = synth.container(`shop/Db/${name}/${id}`);
      expect(mountsOf(scheduler)).toContainEqual(['/report', `Db_${name}_Report`, false]);
      expect(scheduler.env).toEqual(['BACKUP_REPORT=/report/backup.prom', `BACKUP_REPORT_NAME=Db/${name}`]);
    }
    expect(synth.container('shop/Db/Weekly/Scheduler').network_mode).toBe('none');
    expect(alerts(synth).map(({ alert }) => alert)).toEqual([
      ...['TargetDown', 'DiskFillsUp'],
      ...['BackupTooOld', 'BackupFailed', 'BackupUnhealthy', 'BackupSilent', 'BackupSilent', 'RestoreDrillFailed', 'BackupSilent'],
    ]);
    expect(
      alerts(synth)
        .filter(({ alert }) => alert === 'BackupSilent')
        .map(({ expr }) => expr)[2],
    ).toContain('backup="Db/Weekly"');
    expect(violations(synth)).toEqual([]);
  });

  test('Redis has an exporter that tells the length of the queues of workers, and gets the password from a file', () => {
    const synth = made({}, (monitoring, stack) => {
      const redis = new RedisCache(stack, 'Redis');
      monitoring.addTarget(redis);
      const shop = new DjangoService(stack, 'Shop', { image, project: 'shop', replicas: 1, broker: redis });
      shop.addWorker('Mail', { queues: ['mail', 'celery'] });
      shop.addWorker('Rest');
    });
    const exporter = synth.container('shop/Redis/Exporter');
    expect(exporter).toMatchObject({ entrypoint: ['sh', '/run/cdktf-django/exporter.sh'], user: '10112:10112', read_only: true, memory: 64 });
    expect(exporter.env).toEqual([
      'REDIS_ADDR=redis://shop-redis-server:6379',
      'REDIS_EXPORTER_CHECK_SINGLE_KEYS=db0=celery,db0=mail',
      'SERVER_PASSWORD_FILE=/run/secrets/redis-password/value',
    ]);
    expect(networksOf(synth, 'shop/Redis/Exporter')).toEqual(['shop-monitoring-network-internal', 'shop-redis-network-internal']);
    expect(violations(synth)).toEqual([]);
  });

  test('an app sends figures to an exporter in a network of their own, and only when it is a target', () => {
    const build = (monitored: boolean) =>
      made({}, (monitoring, stack) => {
        const app = new GunicornApp(stack, 'Hello', { image, module: 'app:app', replicas: 1 });
        if (monitored) monitoring.addTarget(app);
      });
    const synth = build(true);
    const variables = (one: Synthesized, part: string) => (one.container(`shop/Hello/${part}`).env as string[]).join();
    expect(variables(synth, 'Server')).toContain('CDKTF_FIGURES=shop-hello-exporter:9125');
    expect(variables(synth, 'Preflight')).not.toContain('CDKTF_FIGURES');
    expect(variables(build(false), 'Server')).not.toContain('CDKTF_FIGURES');
    const files = (one: Synthesized) => one.container('shop/Hello/Files').upload.map(({ file }: Arguments) => file);
    expect([files(synth).includes('/files/figures.py'), files(build(false)).includes('/files/figures.py')]).toEqual([true, false]);
    expect(networksOf(synth, 'shop/Hello/Server')).toEqual(['shop-hello-figures-internal']);
    expect(networksOf(synth, 'shop/Hello/Exporter')).toEqual(['shop-hello-figures-internal', 'shop-monitoring-network-internal']);
    expect(synth.container('shop/Hello/Exporter').command).toEqual([
      '--statsd.mapping-config=/run/cdktf-django/mapping.yml',
      '--statsd.listen-udp=:9125',
      '--statsd.listen-tcp=',
    ]);
    expect(config(synth).scrape_configs[2]).toEqual({
      job_name: 'gunicorn',
      static_configs: [{ targets: ['shop-hello-exporter:9102'], labels: { system: 'Hello' } }],
    });
    expect(alerts(synth).map(({ alert }) => alert)).toEqual(['TargetDown', 'DiskFillsUp', 'AppErrors', 'AppSlow']);
    expect(violations(synth)).toEqual([]);
  });

  test('a Django service is its app', () => {
    const synth = made({}, (monitoring, stack) => monitoring.addTarget(new DjangoService(stack, 'Shop', { image, project: 'shop', replicas: 1 })));
    expect(config(synth).scrape_configs[2].static_configs[0].labels).toEqual({ system: 'Shop' });
    expect(synth.container('shop/Shop/App/Server').env).toContain('CDKTF_FIGURES=shop-shop-app-exporter:9125');
  });

  test('rules of two systems of one kind are there once, and both are asked', () => {
    const synth = made({}, (monitoring, stack) => {
      for (const id of ['Db', 'Other']) monitoring.addTarget(new PostgresDb(stack, id));
    });
    expect(alerts(synth).filter(({ alert }) => alert === 'PostgresDown')).toHaveLength(1);
    expect(config(synth).scrape_configs.find(({ job_name }: Arguments) => job_name === 'postgres').static_configs).toEqual([
      { targets: ['shop-db-exporter:9187'], labels: { system: 'Db' } },
      { targets: ['shop-other-exporter:9187'], labels: { system: 'Other' } },
    ]);
  });

  test('one of yours says where it listens', () => {
    const synth = made({}, (monitoring, stack) => {
      const service = new Service(stack, 'Own', { image });
      const own: IMonitored = {
        node: service.node,
        bindToMonitoring: ({ network }) => {
          service.joinNetwork(network);
          return {
            job: 'own',
            endpoints: [new Endpoint('own-server', 8000)],
            alerts: [{ name: 'OwnDown', expression: 'own_up == 0', summary: 'Down.' }],
          };
        },
      };
      monitoring.addTarget(own);
    });
    expect(config(synth).scrape_configs[2]).toEqual({
      job_name: 'own',
      static_configs: [{ targets: ['own-server:8000'], labels: { system: 'Own' } }],
    });
    expect(alerts(synth)[2]).toEqual({ alert: 'OwnDown', expr: 'own_up == 0', labels: { severity: 'warning' }, annotations: { summary: 'Down.' } });
  });

  test('is added once, by its own stack', () => {
    const stack = newStack();
    const monitoring = new Monitoring(stack, 'Monitoring');
    const db = new PostgresDb(stack, 'Db');
    monitoring.addTarget(db);
    expect(() => monitoring.addTarget(db)).toThrow('shop/Monitoring: shop/Db is a target already; add it once');
    const other = new TerraformStack(Testing.app(), 'other');
    new DockerProvider(other, 'Docker');
    expect(() => monitoring.addTarget(new PostgresDb(other, 'Db'))).toThrow(
      'shop/Monitoring: other/Db is in another stack; give that stack a Monitoring of its own',
    );
  });

  test('has a job that can be one', () => {
    const stack = newStack();
    const node = new Job(stack, 'Own', { image }).node;
    const own: IMonitored = { node, bindToMonitoring: () => ({ job: 'a b', endpoints: [], alerts: [] }) };
    expect(() => new Monitoring(stack, 'Monitoring').addTarget(own)).toThrow(
      'shop/Monitoring: the job of shop/Own must be made of lower-case letters, digits, "_" and "-", got "a b"',
    );
  });
});

describe('a rule of yours', () => {
  const rule = { name: 'Own', expression: 'x > 1', summary: 'It is.' };

  test('is in the words of Prometheus', () => {
    const synth = made({}, (monitoring) =>
      monitoring.addAlert({ ...rule, expression: 'x{a="${b}"} > 1', lasting: Duration.minutes(2), labels: { team: 'web' } }),
    );
    expect(alerts(synth)[2]).toEqual({
      alert: 'Own',
      expr: 'x{a="$${b}"} > 1',
      for: '120s',
      labels: { team: 'web', severity: 'warning' },
      annotations: { summary: 'It is.' },
    });
  });

  test.each<[object, string]>([
    [{ name: 'a b' }, 'shop/Monitoring: the name of an alert must be made of letters and digits, such as "SlowCheckout", got "a b"'],
    [{ expression: ' ' }, 'shop/Monitoring: expression of the alert Own must be text that is not empty, got " "'],
    [{ summary: '' }, 'shop/Monitoring: summary of the alert Own must be text that is not empty, got ""'],
    [{ severity: 'page' }, 'shop/Monitoring: severity of the alert Own must be AlertSeverity.WARNING or AlertSeverity.CRITICAL, got "page"'],
    [
      { labels: { severity: 'page' } },
      'shop/Monitoring: a label of the alert Own must be made of letters, digits and "_", and neither "severity" nor "alertname", got "severity"',
    ],
    [{ lasting: Duration.millis(1500) }, 'shop/Monitoring: lasting of the alert Own, in seconds, must be an integer from 0 to 2592000, got 1.5'],
  ])('refuses %j', (props, message) => {
    expect(() => made({}, (monitoring) => monitoring.addAlert({ ...rule, ...props }))).toThrow(message);
  });
});
