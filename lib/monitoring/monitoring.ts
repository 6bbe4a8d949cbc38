import { TerraformStack } from 'cdktf';
import { Construct } from 'constructs';
import { Duration } from '../core/duration';
import { reject, requireInteger, requireMatch } from '../core/errors';
import { RemovalPolicy } from '../core/removal-policy';
import { Size } from '../core/size';
import { kebab } from '../core/text';
import { ContainerImage } from '../image/container-image';
import { defaultImages } from '../image/default-images';
import { Endpoint } from '../workload/endpoint';
import { Files } from '../workload/files';
import { HealthCheck } from '../workload/health-check';
import { Job } from '../workload/job';
import { jsonText } from '../workload/json-text';
import { INetwork, Network } from '../workload/network';
import { Service, UpdateStrategy } from '../workload/service';
import { Volume } from '../workload/volume';
import { AlertRule, renderAlert } from './alert-rule';
import { makeExporter } from './exporter';
import { IMonitored, IMonitoring } from './monitored';
import { MONITORING_ALERTS } from './monitoring-alerts';
import { alertRules, prometheusConfig, RULES_FILE, ScrapeTarget } from './prometheus-config';

const PORT = 9090;
const HOST_PORT = 9100;
const USER_ID = 10110;
const FILES = '/run/cdktf-django';
/** No folder of the image's: the engine gives an empty volume the owner of the folder that it is mounted over. */
const DATA = '/var/lib/cdktf-django/prometheus';
/** The image has a volume there. In memory it leaves none without a name behind. */
const IMAGE_VOLUME = '/prometheus';
/** Where the exporter of the host sees a volume that is always there, and so the disk under it. */
const DISK = '/disk';
const REPORTS = '/reports';
const CONFIG_FILE = 'prometheus.yml';

/** Settings of a `Monitoring`. */
export interface MonitoringProps {
  /**
   * The port of the host at which Prometheus is reached.
   *
   * @default 9090 - Prometheus' own
   */
  readonly port?: number;

  /**
   * The IPv4 address of the host at which it is reached. Prometheus asks nobody who they are: whoever reaches it can read all.
   *
   * @default '127.0.0.1' - from elsewhere by `ssh -L 9090:127.0.0.1:9090 HOST`
   */
  readonly address?: string;

  /**
   * The time, in whole seconds, between two looks at each system.
   *
   * @default Duration.seconds(15) - as in the configuration that Prometheus is shipped with
   */
  readonly scrapeInterval?: Duration;

  /**
   * The time, in whole days, for which figures are kept.
   *
   * @default Duration.days(15) - Prometheus' own
   */
  readonly retention?: Duration;

  /**
   * The disk space beyond which the oldest figures are removed before their time.
   *
   * @default Size.gibibytes(2) - 15 days of 10,000 series every 15 seconds at the 2 bytes a sample that Prometheus' documentation counts with are 1.6 GiB
   */
  readonly retentionSize?: Size;

  /**
   * Alertmanagers that alerts are sent to, as `host:port`, which Prometheus reaches through the host's network.
   *
   * @default - none: alerts are seen in Prometheus alone
   */
  readonly alertmanagers?: string[];

  /**
   * The memory that Prometheus may use.
   *
   * @default Size.mebibytes(512) - in which it ran through the end-to-end test, with a target of each kind; Prometheus keeps to it by itself (`--auto-gomemlimit`)
   */
  readonly memory?: Size;

  /**
   * The number of CPUs that Prometheus may use, possibly a fraction.
   *
   * @default - no limit
   */
  readonly cpus?: number;

  /**
   * The image: one with `prometheus` as its entrypoint, `/bin/promtool` and a POSIX shell.
   *
   * @default - prom/prometheus in the version that this release of the library pins
   */
  readonly image?: ContainerImage;

  /**
   * What becomes of the figures when the monitoring leaves the stack.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * The name of a volume that another Monitoring made, to adopt it with its figures.
   *
   * @default - a name made of the namespace and the construct's path
   */
  readonly volumeName?: string;
}

/**
 * Prometheus, which collects figures of the systems that are added to it, and raises alarms by rules that come with them. Its rules are tested before they are in use; wrong ones fail the
 * deploy.
 *
 * Each system has an exporter of its own, in the network of the monitoring, and Prometheus reaches nothing but exporters. An exporter of a database or a Redis server is in that one's network,
 * too, so its clients can read the figures.
 *
 * @example
 * const monitoring = new Monitoring(this, 'Monitoring');
 * monitoring.addTarget(db);
 * monitoring.addTarget(proxy);
 */
export class Monitoring extends Construct implements IMonitoring {
  public readonly network: INetwork;
  /** The port of the host at which Prometheus is reached. */
  public readonly port: number;
  /** The volume with the figures. */
  public readonly data: Volume;
  /** Tests the configuration and the rules. */
  public readonly check: Job;
  /** Prometheus. */
  public readonly server: Service;
  /** The exporter of the disk, and of reports that systems write. */
  public readonly exporter: Service;

  private readonly targets: ScrapeTarget[] = [];
  private readonly alerts: object[] = [];
  private readonly monitored = new Set<IMonitored>();
  private readonly scrapeInterval: Duration;
  private readonly alertmanagers: string[];

  /**
   * @throws when a value is out of range or not of the allowed form
   */
  constructor(scope: Construct, id: string, props: MonitoringProps = {}) {
    super(scope, id);
    this.port = props.port ?? PORT;
    this.scrapeInterval = props.scrapeInterval ?? Duration.seconds(15);
    this.alertmanagers = [...(props.alertmanagers ?? [])];
    this.validate(props);
    const image = props.image ?? ContainerImage.fromRegistry(defaultImages.prometheus);
    this.network = new Network(this, 'Network', { internal: true });
    this.data = new Volume(this, 'Data', {
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
      volumeName: props.volumeName,
      owner: { user: USER_ID, group: USER_ID, image },
    });
    const files = new Files(this, 'Files', { image });
    files._addLateFile(CONFIG_FILE, () =>
      jsonText(prometheusConfig({ scrapeInterval: this.scrapeInterval, targets: this.targets, alertmanagers: this.alertmanagers })),
    );
    files._addLateFile(RULES_FILE, () => jsonText(alertRules(this.alerts)));
    this.check = this.makeCheck(image, files);
    this.server = this.makeServer(props, image, files);
    this.server.runAfter(this.check);
    this.exporter = this.makeExporter();
    this.targets.push({ job: 'prometheus', endpoints: [new Endpoint('127.0.0.1', PORT)], system: this.nameOf(this) });
    this.targets.push({ job: 'host', endpoints: this.exporter.endpoints(HOST_PORT), system: this.nameOf(this) });
    for (const rule of MONITORING_ALERTS) this.addAlert(rule);
    this.node.defaultChild = this.server;
  }

  /**
   * Collects figures of a system, and raises alarms by its rules.
   *
   * @throws when the system is a target already, or in another stack
   */
  public addTarget(target: IMonitored): void {
    if (this.monitored.has(target)) reject(this, `${target.node.path} is a target already; add it once`);
    if (TerraformStack.of(target) !== TerraformStack.of(this))
      reject(this, `${target.node.path} is in another stack; give that stack a Monitoring of its own`);
    this.monitored.add(target);
    const { job, endpoints, reports, alerts } = target.bindToMonitoring(this);
    requireMatch(this, `the job of ${target.node.path}`, job, /^[a-z][a-z0-9_-]*$/, 'made of lower-case letters, digits, "_" and "-"');
    if (endpoints.length > 0) this.targets.push({ job, endpoints, system: this.nameOf(target) });
    if (reports) this.exporter.addReadOnlyVolume(reports, `${REPORTS}/${kebab(this.nameOf(target))}`);
    for (const rule of alerts) this.addAlert(rule);
  }

  /**
   * Raises alarms by a rule of yours.
   *
   * @throws when the name is not of the allowed form, a text is empty, or the time is out of range
   *
   * @example
   * monitoring.addAlert({ name: 'ManyConnections', expression: 'nginx_connections_active > 5000', summary: 'A flood, or a campaign.' });
   */
  public addAlert(rule: AlertRule): void {
    this.alerts.push(renderAlert(this, rule));
  }

  private makeCheck(image: ContainerImage, files: Files): Job {
    const check = new Job(this, 'Check', {
      image,
      entrypoint: ['/bin/promtool'],
      command: ['check', 'config', `${FILES}/${CONFIG_FILE}`],
      user: `${USER_ID}:${USER_ID}`,
      memory: Size.mebibytes(128),
      tmpfs: { '/tmp': Size.mebibytes(1), [IMAGE_VOLUME]: Size.mebibytes(1) },
      offline: true,
    });
    check.addFiles(files, FILES);
    return check;
  }

  private makeServer(props: MonitoringProps, image: ContainerImage, files: Files): Service {
    const days = (props.retention ?? Duration.days(15)).toSeconds() / 86400;
    const server = new Service(this, 'Server', {
      image,
      command: [
        `--config.file=${FILES}/${CONFIG_FILE}`,
        `--storage.tsdb.path=${DATA}`,
        `--storage.tsdb.retention.time=${days}d`,
        `--storage.tsdb.retention.size=${(props.retentionSize ?? Size.gibibytes(2)).toBytes()}B`,
        `--web.listen-address=0.0.0.0:${PORT}`,
      ],
      user: `${USER_ID}:${USER_ID}`,
      memory: props.memory ?? Size.mebibytes(512),
      cpus: props.cpus,
      tmpfs: { '/tmp': Size.mebibytes(1), [IMAGE_VOLUME]: Size.mebibytes(1) },
      updateStrategy: UpdateStrategy.STOP_FIRST,
      publishedPorts: [{ containerPort: PORT, hostPort: this.port, address: props.address }],
      stopSignal: 'SIGTERM',
      stopGracePeriod: Duration.seconds(60),
      healthCheck: HealthCheck.command(['/bin/promtool', 'check', 'healthy', `--url=http://127.0.0.1:${PORT}`], { interval: Duration.seconds(10) }),
    });
    server.addFiles(files, FILES);
    server.addVolume(this.data, DATA);
    server.joinNetwork(this.network);
    // A network without a way out has no way in from the host either. Nobody else is in this one.
    server.joinNetwork(new Network(this, 'Access'));
    return server;
  }

  private makeExporter(): Service {
    const { service } = makeExporter(this, this, {
      image: defaultImages.nodeExporter,
      port: HOST_PORT,
      // Of the host it sees the disk that volumes are on, and nothing else.
      command: [
        '--collector.disable-defaults',
        '--collector.filesystem',
        `--collector.filesystem.mount-points-include=^${DISK}$`,
        '--collector.textfile',
        `--collector.textfile.directory=${REPORTS}/*`,
      ],
    });
    service.addReadOnlyVolume(this.data, DISK);
    return service;
  }

  /** Below the stack: people know what the stack is called. */
  private nameOf(construct: Construct | IMonitored): string {
    return construct.node.path.slice(TerraformStack.of(this).node.path.length + 1);
  }

  private validate(props: MonitoringProps): void {
    requireInteger(this, 'port', this.port, { min: 1, max: 65535 });
    requireMatch(this, 'address', props.address ?? '127.0.0.1', /^(\d{1,3}\.){3}\d{1,3}$/, 'an IPv4 address of the host, such as 127.0.0.1');
    requireInteger(this, 'scrapeInterval, in seconds,', this.scrapeInterval.toSeconds(), { min: 1, max: 120 });
    if (props.retention) requireInteger(this, 'retention, in days,', props.retention.toSeconds() / 86400, { min: 1, max: 3660 });
    if (props.retentionSize && props.retentionSize.toMebibytes() < 256)
      reject(this, `retentionSize must be 256 MiB or more, got ${props.retentionSize}`);
    if (props.memory && props.memory.toMebibytes() < 128) reject(this, `memory must be 128 MiB or more, got ${props.memory}`);
    for (const one of this.alertmanagers)
      requireMatch(
        this,
        'an Alertmanager',
        one,
        /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?:\d{1,5}$/,
        'a host and a port such as "alerts.example.com:9093"',
      );
  }
}
