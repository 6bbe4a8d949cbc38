import { Aspects, TerraformStack } from 'cdktf';
import {
  AlertRule,
  BackupTarget,
  ClientLimits,
  ContainerImage,
  DjangoService,
  DjangoServiceProps,
  DjangoSettings,
  DockerEngine,
  DockerSwarm,
  DockerSwarmProps,
  ErrorPage,
  Files,
  GunicornApp,
  GunicornAppProps,
  HealthCheck,
  Job,
  JobProps,
  MailCatcher,
  Monitoring,
  MonitoringProps,
  MonitoringTarget,
  Network,
  NginxProxy,
  NginxProxyProps,
  Platform,
  PostgresBackupOptions,
  PostgresDatabase,
  PostgresDb,
  PostgresDbProps,
  PostgresPoolerOptions,
  PostgresRole,
  PostgresVersion,
  ProductionReadiness,
  RedisCache,
  RedisCacheProps,
  Schedule,
  Secret,
  SecretFile,
  Service,
  ServiceProps,
  Size,
  SmtpServer,
  SwarmNodes,
  Tls,
  Volume,
} from '../../lib';
import { join } from 'node:path';
import { shortHash } from '../../lib/core/text';
import { folder } from '../support/folder';

/** A place in the API that text comes in by. */
export interface FuzzCase {
  /** The names of `stringProps()` that it is about. */
  readonly props: readonly string[];
  /** A harmless value: another one for each index, and in no other word of the stack. */
  readonly benign: (index: number) => string;
  readonly build: (stack: TerraformStack, values: readonly string[]) => void;
  /** How many values are given at once. */
  readonly at_once?: number;
  /** Other forms in which a value may arrive, beside its own. */
  readonly forms?: (value: string) => readonly string[];
  /** Whether the text is meant to be configuration of nginx's, which judges it. */
  readonly configures?: boolean;
  /** Whether the text is the id of a construct, of which names are made. */
  readonly identifies?: boolean;
}

const image = ContainerImage.fromRegistry('localhost/image:1');
const MANY = 200;
const word = (index: number) => `benign${index}x`;
const record = (values: readonly string[], prefix: string) => Object.fromEntries(values.map((value, index) => [`${prefix}${index}`, value]));
const named = <T>([value]: readonly string[], content: T): Record<string, T> => ({ [value]: content });

const job = (props: (values: readonly string[]) => Partial<JobProps>) => (stack: TerraformStack, values: readonly string[]) =>
  void new Job(stack, 'W', { image, ...props(values) });
const withJob = (use: (made: Job, values: readonly string[], stack: TerraformStack) => void) => (stack: TerraformStack, values: readonly string[]) =>
  use(new Job(stack, 'W', { image }), values, stack);
const service = (props: (values: readonly string[]) => Partial<ServiceProps>) => (stack: TerraformStack, values: readonly string[]) =>
  void new Service(stack, 'W', { image, ...props(values) });
const app =
  (props: (values: readonly string[]) => Partial<GunicornAppProps>, use?: (made: GunicornApp, values: readonly string[]) => void) =>
  (stack: TerraformStack, values: readonly string[]) => {
    const made = new GunicornApp(stack, 'W', { image, module: 'app:app', replicas: 1, ...props(values) });
    use?.(made, values);
  };
const django =
  (props: (values: readonly string[]) => Partial<DjangoServiceProps>, use?: (made: DjangoService, values: readonly string[]) => void) =>
  (stack: TerraformStack, values: readonly string[]) => {
    const made = new DjangoService(stack, 'W', { image, project: 'shop', replicas: 1, ...props(values) });
    use?.(made, values);
  };
const database = (props: (values: readonly string[]) => PostgresDbProps) => (stack: TerraformStack, values: readonly string[]) => {
  const db = new PostgresDb(stack, 'W', props(values));
  db.addClient(new Job(stack, 'Client', { image, environment: { PGUSER: db.user, PGDATABASE: db.databaseName } }));
};
const backup = (options: (values: readonly string[]) => Partial<PostgresBackupOptions>) => (stack: TerraformStack, values: readonly string[]) =>
  void new PostgresDb(stack, 'W').addBackup('B', { schedule: Schedule.cron('0 3 * * *'), ...options(values) });
const pooled = (options: (values: readonly string[]) => PostgresPoolerOptions) => (stack: TerraformStack, values: readonly string[]) =>
  new PostgresDb(stack, 'W').addPooler('Pooler', { replicas: 1, ...options(values) }).addClient(new Job(stack, 'Client', { image }));
/** A server in which something is declared. */
const declaring =
  (use: (db: PostgresDb, values: readonly string[], stack: TerraformStack) => unknown) => (stack: TerraformStack, values: readonly string[]) =>
    void use(new PostgresDb(stack, 'W'), values, stack);
const redis = (props: (values: readonly string[]) => RedisCacheProps) => (stack: TerraformStack, values: readonly string[]) =>
  new RedisCache(stack, 'W', props(values)).addClient(new Job(stack, 'Client', { image }));
const redisElsewhere =
  (attributes: (value: string) => object) =>
  (stack: TerraformStack, [value]: readonly string[]) => {
    const broker = RedisCache.fromAttributes(stack, 'R', { host: 'redis.example.com', password: Secret.fromFile('/etc/p'), ...attributes(value) });
    new DjangoService(stack, 'W', { image, project: 'shop', replicas: 1, broker }).addWorker('Worker');
  };
const elsewhere =
  (attributes: (value: string) => object) =>
  (stack: TerraformStack, [value]: readonly string[]) => {
    const given = { host: 'db.example.com', databaseName: 'shop', user: 'shop', password: Secret.fromFile('/etc/p'), ...attributes(value) };
    new DjangoService(stack, 'W', { image, project: 'shop', replicas: 1, database: PostgresDb.fromAttributes(stack, 'D', given) });
  };
const monitored = (props: (values: readonly string[]) => MonitoringProps) => (stack: TerraformStack, values: readonly string[]) =>
  void new Monitoring(stack, 'W', props(values));
const alert = (rule: (values: readonly string[]) => Partial<AlertRule>) => (stack: TerraformStack, values: readonly string[]) =>
  new Monitoring(stack, 'W').addAlert({ name: 'A', expression: 'x', summary: 's', ...rule(values) });
const told =
  (target: (value: string) => Partial<MonitoringTarget>) =>
  (stack: TerraformStack, [value]: readonly string[]) =>
    new Monitoring(stack, 'W').addTarget({
      node: server(stack).node,
      bindToMonitoring: () => ({ job: 'own', endpoints: [], alerts: [], ...target(value) }),
    });
/** As text is in JSON. */
const quoted = (value: string) => [JSON.stringify(value).slice(1, -1)];
const server = (stack: TerraformStack) => new Service(stack, 'S', { image });
const swarm = (props: (values: readonly string[]) => DockerSwarmProps) => (stack: TerraformStack, values: readonly string[]) => {
  const needed = { dataNode: 'node1', edgeNodes: SwarmNodes.all(), sharedFolder: '/mnt/shared', imageRegistry: 'registry.example.com/shop' };
  Platform.use(stack, new DockerSwarm({ ...needed, ...props(values) }));
  const many = new Service(stack, 'Many', { image: ContainerImage.fromRegistry('redis:8'), replicas: 2 });
  many.addVolume(new Volume(stack, 'Shared', { owner: { user: 1, group: 1, image } }), '/shared');
  new Job(stack, 'One', { image: ContainerImage.fromPythonProject('examples/hello') }).addVolume(new Volume(stack, 'Data'), '/data');
  new Service(stack, 'Edge', { image, publishedPorts: [{ containerPort: 80, hostPort: 80, address: '0.0.0.0' }] });
};
const target = (stack: TerraformStack) => new GunicornApp(stack, 'Target', { image, module: 'app:app', replicas: 1 });
const proxy =
  (props: (values: readonly string[]) => Partial<NginxProxyProps>, route: (values: readonly string[]) => object = () => ({})) =>
  (stack: TerraformStack, values: readonly string[]) => {
    new NginxProxy(stack, 'W', { httpPort: 8080, ...props(values) }).addRoute({ host: 'a.example.com', target: target(stack), ...route(values) });
  };
const python =
  (options: (value: string) => object) =>
  (stack: TerraformStack, [value]: readonly string[]) => {
    const project = folder({ 'requirements.txt': '', 'benign0x.txt': '' }, 'fuzz-python');
    new Job(stack, 'W', { image: ContainerImage.fromPythonProject(project, options(value)) });
  };
const directory =
  (options: (value: string) => object) =>
  (stack: TerraformStack, [value]: readonly string[]) => {
    const project = folder({ Dockerfile: 'FROM scratch\n', benign0x: 'FROM scratch\n' }, 'fuzz-directory');
    new Job(stack, 'W', { image: ContainerImage.fromDirectory(project, options(value)) });
  };
/** As a reference is in the id of an image, and a path in the name of a file. */
const identified = (value: string) => [value, value.replace(/[^A-Za-z0-9.]+/g, '-').replaceAll('.', '')];
const slugged = (value: string) => [value, value.replace(/\/$/, ''), value.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '')];
const capital = (index: number) => `BENIGN${index}X`;
const path = (index: number) => `/benign${index}x`;
const url = (index: number) => `/benign${index}x/`;
const host = (index: number) => `benign${index}x.example.com`;
/** A file of lines: the last one ends, too. */
const lines = (value: string) => [value.replace(/\n?$/, '\n')];
const network = (index: number) => `192.0.2.${index + 1}`;
const authority = (index: number) => `-----BEGIN CERTIFICATE-----\nbenign${index}x\n-----END CERTIFICATE-----\n`;
/** An app that the rules judge. */
const judged = (suppress: (values: readonly string[], made: GunicornApp) => void) => (stack: TerraformStack, values: readonly string[]) => {
  Aspects.of(stack).add(new ProductionReadiness());
  suppress(values, target(stack));
};
/** For a proxy, and for a route of it. */
const ruled = (options: (values: readonly string[]) => object) => proxy(options, options);
/** A proxy with a certificate from an ACME server. */
const acme =
  (options: (value: string) => object) =>
  (stack: TerraformStack, [value]: readonly string[]) =>
    proxy(() => ({ tls: Tls.acme({ email: 'a@example.com', termsOfServiceAgreed: true, ...options(value) }) }))(stack, []);
const both = (member: string) => [`AppOptions.${member}`, `WorkloadOptions.${member}`];
const setting = (member: string): FuzzCase => ({
  props: [`EnvironmentSettingsOptions.${member}`],
  benign: capital,
  build: (stack, [value]) => {
    const redis = new RedisCache(stack, 'R');
    const settings = DjangoSettings.environment('a', { [member]: value });
    django(() => ({ settings, secretKeyVersion: 2, cache: redis, broker: redis, email: new MailCatcher(stack, 'M') }))(stack, []);
  },
});

export const cases: readonly FuzzCase[] = [
  { props: ['WorkloadOptions.command'], benign: word, at_once: MANY, build: job((values) => ({ command: ['run', ...values] })) },
  { props: ['WorkloadOptions.entrypoint'], benign: word, at_once: MANY, build: job((values) => ({ entrypoint: ['run', ...values] })) },
  {
    props: [...both('environment'), 'Workload.addEnvironment(value)'],
    benign: word,
    at_once: MANY,
    build: job((values) => ({ environment: record(values, 'V') })),
  },
  { props: ['Workload.addEnvironment(name)'], benign: capital, build: job((values) => ({ environment: named(values, 'x') })) },
  {
    props: [...both('publicEnvironment'), 'Workload.addPublicEnvironment(value)'],
    benign: word,
    at_once: MANY,
    build: job((values) => ({ publicEnvironment: record(values, 'TOKEN_') })),
  },
  { props: ['Workload.addPublicEnvironment(name)'], benign: capital, build: job((values) => ({ publicEnvironment: named(values, 'x') })) },
  { props: ['WorkloadOptions.workingDirectory'], benign: path, build: job(([value]) => ({ workingDirectory: value })) },
  { props: ['WorkloadOptions.user'], benign: (index) => `1${index}:77`, build: job(([value]) => ({ user: value })) },
  { props: ['WorkloadOptions.tmpfs'], benign: path, build: job((values) => ({ tmpfs: named(values, Size.mebibytes(1)) })) },
  {
    props: ['WorkloadOptions.capabilities'],
    benign: (index) => 'BENIGN_' + 'X'.repeat(index + 1),
    build: job((values) => ({ capabilities: [...values] })),
  },
  { props: ['JobProps.triggers'], benign: word, at_once: MANY, build: job((values) => ({ triggers: record(values, 't') })) },
  { props: ['JobProps.triggers'], benign: word, build: job((values) => ({ triggers: named(values, 'x') })) },
  {
    props: ['Files.addFile(content)'],
    benign: word,
    at_once: MANY,
    build: withJob((made, values, stack) => {
      const files = new Files(stack, 'F', { image });
      values.forEach((value, index) => files.addFile(`f${index}`, value));
      made.addFiles(files, '/files-of-it');
    }),
  },
  {
    props: ['Files.addProgram(content)'],
    benign: word,
    at_once: MANY,
    build: withJob((made, values, stack) => {
      const files = new Files(stack, 'F', { image });
      values.forEach((value, index) => files.addProgram(`f${index}`, value));
      made.addFiles(files, '/files-of-it');
    }),
  },
  ...(['addFile', 'addProgram'] as const).map((method): FuzzCase => ({
    props: [`Files.${method}(path)`],
    benign: word,
    build: withJob((made, [value], stack) => {
      const files = new Files(stack, 'F', { image });
      files[method](value, 'x');
      made.addFiles(files, '/files-of-it');
    }),
  })),
  {
    props: ['Workload.addFiles(path)'],
    benign: path,
    build: withJob((made, [value], stack) => {
      const files = new Files(stack, 'F', { image });
      files.addFile('f', 'x');
      made.addFiles(files, value);
    }),
  },
  {
    props: ['Workload.addReadOnlyHostFolder(hostPath)'],
    benign: path,
    build: withJob((made, [value]) => made.addReadOnlyHostFolder(value, '/folder-of-it')),
  },
  {
    props: ['Workload.addHostFolder(hostPath)'],
    benign: path,
    build: withJob((made, [value]) => made.addHostFolder(value, '/folder-of-it')),
  },
  {
    props: ['Workload.addHostFolder(path)'],
    benign: path,
    build: withJob((made, [value]) => made.addHostFolder('/folder-of-host', value)),
  },
  {
    props: ['Workload.addReadOnlyHostFolder(path)'],
    benign: path,
    build: withJob((made, [value]) => made.addReadOnlyHostFolder('/folder-of-host', value)),
  },
  { props: ['Workload.addVolume(path)'], benign: path, build: withJob((made, [value], stack) => made.addVolume(new Volume(stack, 'V'), value)) },
  {
    props: ['Workload.addReadOnlyVolume(path)'],
    benign: path,
    build: withJob((made, [value], stack) => made.addReadOnlyVolume(new Volume(stack, 'V'), value)),
  },
  {
    props: ['VolumeProps.volumeName'],
    benign: word,
    build: withJob((made, [volumeName], stack) => made.addVolume(new Volume(stack, 'V', { volumeName }), '/v')),
  },
  {
    props: ['Network.fromNetworkName(networkName)'],
    benign: word,
    build: withJob((made, [value], stack) => made.joinNetwork(Network.fromNetworkName(stack, 'N', value))),
  },
  {
    props: ['Network.fromNetworkName(id)'],
    identifies: true,
    benign: word,
    build: withJob((made, [value], stack) => made.joinNetwork(Network.fromNetworkName(stack, value, 'network'))),
  },
  {
    props: ['HealthCheck.command(command)'],
    benign: word,
    at_once: MANY,
    build: service((values) => ({ healthCheck: HealthCheck.command(['run', ...values]) })),
  },
  { props: ['ServiceProps.stopSignal'], benign: (index) => `SIGBENIGN${index}X`, build: service(([value]) => ({ stopSignal: value })) },
  {
    props: ['PublishedPort.address'],
    benign: (index) => `10.0.0.${index + 1}`,
    build: service(([address]) => ({ publishedPorts: [{ containerPort: 1, hostPort: 1, address }] })),
  },
  {
    props: ['PublishedPort.protocol'],
    benign: () => 'udp',
    build: service(([protocol]) => ({ publishedPorts: [{ containerPort: 1, hostPort: 1, protocol }] })),
  },
  {
    props: ['SecretFileProps.secretName'],
    benign: word,
    build: withJob((made, [secretName], stack) => made.addSecret(new SecretFile(stack, 'K', { image, secret: Secret.generated(), secretName }))),
  },
  {
    props: ['Secret.fromFile(path)'],
    benign: path,
    build: withJob((made, [value], stack) => made.addSecret(new SecretFile(stack, 'K', { image, secret: Secret.fromFile(value), secretName: 'k' }))),
  },
  ...(['file', 'what'] as const).map((member): FuzzCase => ({
    props: [`SecretGuard.${member}`],
    benign: word,
    build: withJob((made, [value], stack) => {
      const guard = { volume: new Volume(stack, 'V'), file: 'f', what: 'it', [member]: value };
      made.addSecret(new SecretFile(stack, 'K', { image, secret: Secret.generated(), secretName: 'k', guard }));
    }),
  })),
  {
    props: ['ContainerImage.fromRegistry(reference)'],
    benign: (index) => `localhost/benign${index}x:1`,
    forms: identified,
    build: (stack, [value]) => void new Job(stack, 'W', { image: ContainerImage.fromRegistry(value) }),
  },
  {
    props: ['PostgresVersion.of(reference)'],
    forms: identified,
    benign: () => 'postgres:17.2-trixie',
    build: database(([value]) => ({ version: PostgresVersion.of(17, value) })),
  },
  { props: ['PostgresPoolerOptions.parameters'], benign: word, build: pooled(([value]) => ({ parameters: { x: value } })) },
  { props: ['PostgresPoolerOptions.parameters'], benign: word, build: pooled((values) => ({ parameters: named(values, '1') })) },
  {
    props: ['PostgresDb.addPooler(id)'],
    identifies: true,
    benign: word,
    build: (stack, [id]) => void new PostgresDb(stack, 'W').addPooler(id, { replicas: 1 }),
  },
  {
    props: ['DockerEngineProps.namespace'],
    benign: word,
    build: (stack, [namespace]) => {
      Platform.use(stack, new DockerEngine({ namespace }));
      server(stack);
    },
  },
  {
    props: ['DockerEngineProps.imageMirror'],
    forms: identified,
    benign: (index) => `registry.example.com/benign${index}x`,
    build: (stack, [imageMirror]) => {
      Platform.use(stack, new DockerEngine({ imageMirror }));
      new Job(stack, 'W', { image: ContainerImage.fromRegistry('redis:8') });
    },
  },
  { props: ['DockerSwarmProps.namespace'], benign: word, build: swarm(([namespace]) => ({ namespace })) },
  { props: ['DockerSwarmProps.dataNode'], benign: word, build: swarm(([dataNode]) => ({ dataNode })) },
  { props: ['DockerSwarmProps.spreadOver'], benign: word, build: swarm(([spreadOver]) => ({ spreadOver })) },
  { props: ['DockerSwarmProps.sharedFolder'], benign: path, build: swarm(([sharedFolder]) => ({ sharedFolder })) },
  ...(['imageMirror', 'imageRegistry'] as const).map((member): FuzzCase => ({
    props: [`DockerSwarmProps.${member}`],
    forms: identified,
    benign: (index) => `registry.example.com/benign${index}x`,
    build: swarm(([value]) => ({ [member]: value })),
  })),
  { props: ['SwarmNodes.named(hostname)'], benign: word, build: swarm(([value]) => ({ edgeNodes: SwarmNodes.named(value) })) },
  { props: ['SwarmNodes.labelled(name)'], benign: word, build: swarm(([value]) => ({ edgeNodes: SwarmNodes.labelled(value, 'x') })) },
  { props: ['SwarmNodes.labelled(value)'], benign: word, build: swarm(([value]) => ({ edgeNodes: SwarmNodes.labelled('x', value) })) },
  ...(['path', 'firstPath'] as const).map((member): FuzzCase => ({
    props: [`AppHealthOptions.${member}`],
    benign: path,
    build: app(([value]) => ({ health: { [member]: value } })),
  })),
  { props: ['AppHealthOptions.expect'], benign: () => '234', build: app(([expect]) => ({ health: { expect } })) },
  { props: ['AppOptions.user'], benign: (index) => `1${index}:77`, build: app(([value]) => ({ user: value })) },
  {
    props: ['AppOptions.secrets', 'GunicornApp.addSecret(name)'],
    benign: word,
    build: app((values) => ({ secrets: named(values, Secret.generated()) })),
  },
  {
    props: ['AppOptions.secretEnvironment', 'GunicornApp.addSecretEnvironment(name)'],
    benign: capital,
    forms: (value) => [value, value.toLowerCase().replace(/_+/g, '-').replace(/^-|-$/g, '')],
    build: app((values) => ({ secretEnvironment: named(values, Secret.generated()) })),
  },
  {
    props: ['GunicornApp.addEnvironment(name)'],
    benign: capital,
    build: app(
      () => ({}),
      (made, [value]) => made.addEnvironment(value, 'x'),
    ),
  },
  {
    props: ['GunicornApp.addEnvironment(value)'],
    benign: word,
    at_once: MANY,
    build: app(
      () => ({}),
      (made, values) => values.forEach((value, index) => made.addEnvironment(`V${index}`, value)),
    ),
  },
  {
    props: ['GunicornApp.addPublicEnvironment(name)'],
    benign: capital,
    build: app(
      () => ({}),
      (made, [value]) => made.addPublicEnvironment(value, 'x'),
    ),
  },
  {
    props: ['GunicornApp.addPublicEnvironment(value)'],
    benign: word,
    at_once: MANY,
    build: app(
      () => ({}),
      (made, values) => values.forEach((value, index) => made.addPublicEnvironment(`V${index}`, value)),
    ),
  },
  {
    props: ['GunicornApp.addVolume(path)'],
    benign: path,
    build: (stack, [value]) =>
      app(
        () => ({}),
        (made) => made.addVolume(new Volume(stack, 'V'), value),
      )(stack, []),
  },
  { props: ['GunicornAppProps.module'], benign: (index) => `benign${index}x:app`, build: app(([value]) => ({ module: value })) },
  { props: ['GunicornOptions.gunicornArguments'], benign: word, at_once: MANY, build: app((values) => ({ gunicornArguments: [...values] })) },
  {
    props: ['ReleaseOptions.breakingMigrations'],
    benign: (index) => `benign${index}x.m`,
    build: django((values) => ({ release: { breakingMigrations: [...values] } })),
  },
  { props: ['ReleaseOptions.commands'], benign: word, at_once: MANY, build: django((values) => ({ release: { commands: [['run', ...values]] } })) },
  { props: ['DjangoServiceProps.mediaVolumeName'], benign: word, build: django(([mediaVolumeName]) => ({ mediaVolumeName })) },
  { props: ['DjangoServiceProps.project'], benign: word, build: django(([project]) => ({ project })) },
  { props: ['DjangoServiceProps.wsgi'], benign: (index) => `benign${index}x:app`, build: django(([wsgi]) => ({ wsgi })) },
  {
    props: ['DjangoServiceProps.asgiCallable'],
    benign: (index) => `benign${index}x:app`,
    build: django(([asgiCallable]) => ({ asgi: true, asgiCallable })),
  },
  {
    props: ['DjangoAsgiOptions.asgiCallable'],
    benign: (index) => `benign${index}x:app`,
    build: django(
      () => ({}),
      (made, [asgiCallable]) => made.addAsgi('Live', { asgiCallable }),
    ),
  },
  { props: ['DjangoServiceProps.allowedHosts'], benign: host, build: django((values) => ({ allowedHosts: [...values] })) },
  ...(['staticUrl', 'mediaUrl'] as const).map((member): FuzzCase => ({
    props: [`DjangoServiceProps.${member}`],
    forms: slugged,
    benign: url,
    build: (stack, [value]) => {
      const made = new DjangoService(stack, 'Target', { image, project: 'shop', replicas: 1, [member]: value });
      new NginxProxy(stack, 'W', { httpPort: 8080 }).addRoute({ host: 'a.example.com', target: made });
    },
  })),
  {
    props: ['OverlaySettingsOptions.overrides'],
    benign: word,
    at_once: MANY,
    build: django((values) => ({ settings: DjangoSettings.overlay('a', { overrides: { A: values, B: record(values, 'v') } }) })),
  },
  {
    props: ['OverlaySettingsOptions.overrides'],
    benign: capital,
    build: django((values) => ({ settings: DjangoSettings.overlay('a', { overrides: named(values, 'x') }) })),
  },
  {
    props: ['OverlaySettingsOptions.publicOverrides'],
    benign: word,
    at_once: MANY,
    build: django((values) => ({ settings: DjangoSettings.overlay('a', { publicOverrides: { A: values } }) })),
  },
  ...[
    'databaseUrl',
    'redisUrl',
    'celeryBrokerUrl',
    'emailUrl',
    'secretKey',
    'secretKeyFallbacks',
    'allowedHosts',
    'csrfTrustedOrigins',
    'staticRoot',
    'mediaRoot',
  ].map(setting),
  { props: ['DjangoSettings.overlay(module)'], benign: word, build: django(([value]) => ({ settings: DjangoSettings.overlay(value) })) },
  { props: ['DjangoSettings.environment(module)'], benign: word, build: django(([value]) => ({ settings: DjangoSettings.environment(value) })) },
  {
    props: ['DjangoProcessOptions.command'],
    benign: word,
    at_once: MANY,
    build: django(
      () => ({}),
      (made, values) => made.addProcess('P', { command: ['run', ...values] }),
    ),
  },
  {
    props: ['DjangoProcessOptions.stopSignal'],
    benign: (index) => `SIGBENIGN${index}X`,
    build: django(
      () => ({}),
      (made, [stopSignal]) => made.addProcess('P', { command: ['run'], stopSignal }),
    ),
  },
  {
    props: ['CeleryWorkerOptions.queues'],
    benign: word,
    build: django(
      () => ({}),
      (made, values) => made.addWorker('P', { queues: [...values] }),
    ),
  },
  {
    props: ['CeleryOptions.celeryApp', 'CeleryWorkerProps.project', 'CeleryBeatProps.project'],
    benign: word,
    build: django(
      () => ({}),
      (made, [celeryApp]) => made.addWorker('P', { celeryApp }),
    ),
  },
  {
    props: ['CeleryBeatOptions.scheduler'],
    benign: (index) => `benign${index}x:Scheduler`,
    build: django(
      () => ({}),
      (made, [scheduler]) => made.addBeat('P', { scheduler }),
    ),
  },
  ...(['addAsgi', 'addProcess', 'addWorker', 'addBeat'] as const).map((method): FuzzCase => ({
    props: [`DjangoService.${method}(id)`],
    identifies: true,
    benign: word,
    build: django(
      () => ({}),
      (made, [id]) => (method === 'addProcess' ? made.addProcess(id, { command: ['run'] }) : made[method](id)),
    ),
  })),
  { props: ['MonitoringProps.address'], benign: network, build: monitored(([address]) => ({ address })) },
  {
    props: ['MonitoringProps.alertmanagers'],
    benign: (index) => `${host(index)}:9093`,
    build: monitored((values) => ({ alertmanagers: [...values] })),
  },
  { props: ['MonitoringProps.volumeName'], benign: word, build: monitored(([volumeName]) => ({ volumeName })) },
  { props: ['AlertRule.name'], benign: word, build: alert(([name]) => ({ name })) },
  { props: ['AlertRule.expression'], benign: word, forms: quoted, build: alert(([expression]) => ({ expression })) },
  { props: ['AlertRule.labels'], benign: word, forms: quoted, build: alert((values) => ({ labels: record(values, 'l') })) },
  { props: ['AlertRule.summary'], benign: word, forms: quoted, build: alert(([summary]) => ({ summary })) },
  {
    props: ['MonitoringTarget.job'],
    benign: word,
    build: told((job) => ({ job, endpoints: [{ host: 'own', port: 1 }] })),
  },
  { props: ['RedisCacheProps.volumeName'], benign: word, build: redis(([volumeName]) => ({ volumeName })) },
  { props: ['RedisCacheAttributes.host'], benign: host, build: redisElsewhere((value) => ({ host: value })) },
  { props: ['RedisCacheAttributes.user'], benign: word, build: redisElsewhere((user) => ({ user })) },
  {
    props: ['RedisCache.fromAttributes(id)'],
    identifies: true,
    benign: word,
    build: (stack, [value]) =>
      RedisCache.fromAttributes(stack, value, { host: 'h', password: Secret.fromFile('/p') }).addClient(new Job(stack, 'Client', { image })),
    forms: (value) => [value, value.toLowerCase()],
  },
  ...(['host', 'user'] as const).map((member): FuzzCase => ({
    props: [`SmtpServerProps.${member}`],
    benign: member === 'host' ? host : word,
    forms: (value) => [value, encodeURIComponent(value)],
    build: (stack, [value]) => {
      const email = new SmtpServer(stack, 'M', { host: 'h', user: 'u', password: Secret.fromFile('/p'), [member]: value });
      django(() => ({ email }))(stack, []);
      new DjangoService(stack, 'E', { image, project: 'shop', replicas: 1, email, settings: DjangoSettings.environment('a') });
    },
  })),
  {
    props: ['MailCatcherProps.address'],
    benign: (index) => `192.0.2.${index + 1}`,
    build: (stack, [address]) => void new MailCatcher(stack, 'M', { address }),
  },
  ...(['defaultFromEmail', 'serverEmail'] as const).map((member): FuzzCase => ({
    props: [`EmailOptions.${member}`],
    benign: (index) => `benign${index}x@example.com`,
    build: django(([value]) => ({ [member]: value })),
  })),
  {
    props: ['ScheduledCommandOptions.command'],
    benign: word,
    at_once: MANY,
    build: django(
      () => ({}),
      (made, values) => void made.addCommand('C', { schedule: Schedule.cron('0 4 * * *'), command: ['run', ...values] }),
    ),
  },
  {
    props: ['DjangoService.addCommand(id)'],
    identifies: true,
    benign: word,
    build: django(
      () => ({}),
      (made, [value]) => void made.addCommand(value, { schedule: Schedule.cron('0 4 * * *'), command: ['run'] }),
    ),
  },
  {
    props: ['CronOptions.timeZone'],
    benign: () => 'Europe/Berlin',
    build: django(
      () => ({}),
      (made, [timeZone]) => void made.addCommand('C', { schedule: Schedule.cron('0 4 * * *', { timeZone }), command: ['run'] }),
    ),
  },
  {
    props: ['Schedule.cron(expression)'],
    benign: () => '7 4 * * *',
    forms: (value) => [value.trim().replace(/\s+/g, ' ')],
    build: django(
      () => ({}),
      (made, [value]) => void made.addCommand('C', { schedule: Schedule.cron(value), command: ['run'] }),
    ),
  },
  {
    props: ['NetworkProps.ipv6Subnet', 'ProxyIpv6.subnet'],
    benign: (index) => `fd7c:31a0:9e5b:${index + 1}::/64`,
    forms: (subnet) => [subnet, subnet.replace(/\/.*$/, '1'), shortHash(subnet, 6)],
    build: proxy(([subnet]) => ({ ipv6: { subnet } })),
  },
  {
    props: ['ProxyIpv6.address'],
    benign: (index) => `fd00::${index + 1}`,
    build: proxy(([address]) => ({ ipv6: { subnet: 'fd7c:31a0:9e5b:1::/64', address } })),
  },
  { props: ['NginxProxyProps.address'], benign: (index) => `10.0.0.${index + 1}`, build: proxy(([address]) => ({ address })) },
  { props: ['NginxProxyProps.httpSnippet'], benign: word, configures: true, forms: lines, build: proxy(([httpSnippet]) => ({ httpSnippet })) },
  { props: ['NginxProxyProps.serverSnippet'], benign: word, configures: true, forms: lines, build: proxy(([serverSnippet]) => ({ serverSnippet })) },
  {
    props: ['ProxyRouteProps.snippet'],
    benign: word,
    configures: true,
    forms: lines,
    build: proxy(
      () => ({}),
      ([snippet]) => ({ snippet }),
    ),
  },
  {
    props: ['ProxyRouteProps.host'],
    benign: host,
    build: proxy(
      () => ({}),
      ([value]) => ({ host: value }),
    ),
    forms: (value) => [value, value.toLowerCase()],
  },
  {
    props: ['ProxyRouteProps.aliases'],
    benign: host,
    build: proxy(
      () => ({}),
      (aliases) => ({ aliases }),
    ),
    forms: (value) => [value, value.toLowerCase()],
  },
  {
    props: ['ProxyRouteProps.path'],
    benign: url,
    build: proxy(
      () => ({}),
      ([value]) => ({ path: value }),
    ),
    forms: slugged,
  },
  { props: ['ErrorPage.fromHtml(html)'], benign: word, build: proxy(([value]) => ({ pages: { unavailable: ErrorPage.fromHtml(value) } })) },
  {
    props: ['ErrorPage.fromFile(path)'],
    benign: () => 'README.md',
    build: proxy(([value]) => ({ pages: { unavailable: ErrorPage.fromFile(value) } })),
  },
  { props: ['NginxProxyProps.trustedProxies'], benign: network, build: proxy((trustedProxies) => ({ trustedProxies: [...trustedProxies] })) },
  { props: ['ProxyRouteOptions.allowedNetworks'], benign: network, build: ruled((values) => ({ allowedNetworks: [...values] })) },
  { props: ['ProxyRouteOptions.deniedNetworks'], benign: network, build: ruled((values) => ({ deniedNetworks: [...values] })) },
  {
    props: ['ProxyRouteOptions.contentSecurityPolicy'],
    benign: (index) => `default-src benign${index}x`,
    build: ruled(([contentSecurityPolicy]) => ({ contentSecurityPolicy })),
  },
  {
    props: ['ClientLimitsProps.exemptNetworks'],
    benign: network,
    build: ruled((values) => ({ limits: ClientLimits.perAddress({ exemptNetworks: [...values] }) })),
  },
  {
    props: ['ClientLimitsProps.loginPaths'],
    benign: url,
    // As a part of a regular expression.
    forms: (value) => [value, value.replaceAll('.', '\\.')],
    build: ruled((values) => ({ limits: ClientLimits.perAddress({ loginPaths: [...values] }) })),
  },
  {
    props: ['NginxProxy.exemptFromLimits(network)'],
    benign: network,
    build: (stack, [value]) => {
      const made = new NginxProxy(stack, 'W', { httpPort: 8080 });
      made.addRoute({ host: 'a.example.com', target: target(stack), limits: ClientLimits.perAddress({ burst: 7 }) });
      made.exemptFromLimits(value);
    },
  },
  ...(['folder', 'certificate', 'privateKey'] as const).map((member): FuzzCase => ({
    props: [`TlsCertificateFilesProps.${member}`],
    benign: member === 'folder' ? path : word,
    build: proxy(([value]) => ({ tls: Tls.certificateFiles({ folder: '/folder', certificate: 'c.pem', privateKey: 'k.pem', [member]: value }) })),
  })),
  { props: ['TlsAcmeProps.email'], benign: (index) => `benign${index}x@example.com`, build: acme((email) => ({ email })) },
  {
    props: ['TlsAcmeProps.directory'],
    benign: (index) => `https://benign${index}x.example.com/directory`,
    build: acme((directory) => ({ directory })),
  },
  { props: ['TlsAcmeProps.directoryAuthority'], benign: authority, build: acme((directoryAuthority) => ({ directoryAuthority })) },
  {
    props: ['NginxProxyAttributes.certificatesVolumeName'],
    benign: word,
    build: (stack, [certificatesVolumeName]) => {
      const attributes = { edgeNetworkName: 'edge', configurationVolumeName: 'configuration', scheme: 'https', certificatesVolumeName };
      NginxProxy.fromAttributes(stack, 'W', attributes).addRoute({ host: 'a.example.com', tls: Tls.selfSigned(), target: target(stack) });
    },
  },
  {
    props: ['ProductionReadiness.suppress(ruleId)'],
    benign: () => 'SingleReplica',
    build: judged(([ruleId], made) => ProductionReadiness.suppress(made, ruleId, 'a reason that is long enough')),
  },
  {
    props: ['ProductionReadiness.suppress(reason)'],
    benign: (index) => `benign${index}x is a reason`,
    build: judged(([reason], made) => ProductionReadiness.suppress(made, 'SingleReplica', reason)),
  },
  ...(['edgeNetworkName', 'configurationVolumeName', 'scheme'] as const).map((member): FuzzCase => ({
    props: [`NginxProxyAttributes.${member}`],
    benign: member === 'scheme' ? () => 'https' : word,
    build: (stack, [value]) => {
      const attributes = { edgeNetworkName: 'edge', configurationVolumeName: 'configuration', [member]: value };
      const made = new DjangoService(stack, 'Target', { image, project: 'shop', replicas: 1 });
      NginxProxy.fromAttributes(stack, 'W', attributes).addRoute({ host: 'a.example.com', target: made });
    },
  })),
  {
    props: ['NginxProxy.fromAttributes(id)'],
    identifies: true,
    benign: word,
    build: (stack, [value]) =>
      NginxProxy.fromAttributes(stack, value, { edgeNetworkName: 'edge', configurationVolumeName: 'configuration' }).addRoute({
        host: 'a.example.com',
        target: target(stack),
      }),
  },
  { props: ['PostgresDbProps.databaseName'], benign: word, build: database(([databaseName]) => ({ databaseName, user: 'shop' })) },
  { props: ['PostgresDbProps.user'], benign: word, build: database(([user]) => ({ user })) },
  { props: ['PostgresDbProps.parameters'], benign: word, at_once: MANY, build: database((values) => ({ parameters: record(values, 'x.p') })) },
  {
    props: ['PostgresDbProps.parameters'],
    benign: (index) => `x.benign${index}x`,
    build: database((values) => ({ parameters: named(values, 'x') })),
  },
  {
    props: ['PostgresDbProps.initFiles'],
    benign: () => join(folder({ 'seed.sql': 'SELECT 1;\n' }, 'fuzz-init'), 'seed.sql'),
    build: database((initFiles) => ({ initFiles: [...initFiles] })),
  },
  ...(['volumeName', 'databaseName', 'user'] as const).map((member): FuzzCase => ({
    props: [`PostgresImport.${member}`],
    benign: word,
    build: database(([value]) => ({ importFrom: { volumeName: 'other', databaseName: 'shop', [member]: value } })),
  })),
  {
    props: ['PostgresRoleProps.roleName'],
    benign: word,
    build: declaring((server, [roleName], stack) => new PostgresRole(stack, 'R', { server, roleName })),
  },
  {
    props: ['PostgresDatabaseProps.databaseName'],
    benign: word,
    build: declaring((server, [databaseName], stack) => new PostgresDatabase(stack, 'R', { server, databaseName })),
  },
  { props: ['PostgresDatabaseOptions.user'], benign: word, build: declaring((db, [user]) => db.addDatabase('metrics', { user })) },
  ...[
    { props: ['PostgresDb.addExtension(name)'], of: (db: PostgresDb) => db },
    { props: ['PostgresDatabase.addExtension(name)'], of: (db: PostgresDb) => db.addDatabase('metrics') },
  ].map(({ props, of }): FuzzCase => ({ props, benign: word, build: declaring((db, [name]) => of(db).addExtension(name)) })),
  {
    props: ['PostgresExtensionOptions.version'],
    benign: word,
    build: declaring((db, [version]) => db.addExtension('pg_trgm', { version })),
  },
  { props: ['PostgresDb.addRole(name)'], identifies: true, benign: word, build: declaring((db, [name]) => db.addRole(name)) },
  { props: ['PostgresDb.addDatabase(name)'], identifies: true, benign: word, build: declaring((db, [name]) => db.addDatabase(name)) },
  {
    props: ['PostgresDatabase.addRole(name)'],
    identifies: true,
    benign: word,
    build: declaring((db, [name]) => db.addDatabase('metrics').addRole(name)),
  },
  { props: ['PostgresDbProps.volumeName'], benign: word, build: database(([volumeName]) => ({ volumeName })) },
  {
    props: ['VolumeBackupTargetProps.volumeName'],
    benign: word,
    build: backup(([volumeName]) => ({ target: BackupTarget.volume({ volumeName }) })),
  },
  { props: ['BackupTarget.directory(path)'], benign: path, build: backup(([value]) => ({ target: BackupTarget.directory(value) })) },
  ...(['endpoint', 'bucket', 'prefix', 'region'] as const).map((member): FuzzCase => ({
    props: [`S3BackupTargetProps.${member}`],
    benign: member === 'endpoint' ? (index) => `https://${host(index)}` : word,
    build: backup(([value]) => {
      const [accessKeyId, secretAccessKey, encryptionKey] = ['/a', '/b', '/c'].map((one) => Secret.fromFile(one));
      const given = { endpoint: 'https://s3.example.com', bucket: 'shop', accessKeyId, secretAccessKey, encryptionKey, [member]: value };
      return { target: BackupTarget.s3(given) };
    }),
  })),
  {
    props: ['PostgresDb.addBackup(id)'],
    identifies: true,
    benign: word,
    build: (stack, [value]) => void new PostgresDb(stack, 'W').addBackup(value, { schedule: Schedule.cron('0 3 * * *') }),
  },
  {
    props: ['PostgresDb.addArchive(id)'],
    identifies: true,
    benign: word,
    build: (stack, [value]) => void new PostgresDb(stack, 'W').addArchive(value, { schedule: Schedule.cron('0 3 * * *') }),
  },
  {
    props: ['PostgresDb.addRestoreDrill(id)'],
    identifies: true,
    benign: word,
    build: (stack, [value]) => {
      const db = new PostgresDb(stack, 'W');
      db.addBackup('B', { schedule: Schedule.cron('0 3 * * *') });
      db.addRestoreDrill(value, { schedule: Schedule.cron('0 3 * * *'), query: 'SELECT true' });
    },
  },
  {
    props: ['PostgresRestorable.addRestoreDrill(id)'],
    identifies: true,
    benign: word,
    build: (stack, [value]) => {
      const made = new PostgresDb(stack, 'W').addBackup('B', { schedule: Schedule.cron('0 3 * * *') });
      made.addRestoreDrill(value, { schedule: Schedule.cron('0 3 * * *'), query: 'SELECT true' });
    },
  },
  {
    props: ['PostgresRestoreDrillOptions.query'],
    benign: word,
    build: (stack, [query]) => {
      const made = new PostgresDb(stack, 'W').addBackup('B', { schedule: Schedule.cron('0 3 * * *') });
      made.addRestoreDrill('D', { schedule: Schedule.cron('0 3 * * *'), query });
    },
  },
  { props: ['PostgresDbAttributes.host'], benign: host, build: elsewhere((value) => ({ host: value })) },
  { props: ['PostgresDbAttributes.databaseName'], benign: word, build: elsewhere((databaseName) => ({ databaseName })) },
  { props: ['PostgresDbAttributes.user'], benign: word, build: elsewhere((user) => ({ user })) },
  {
    props: ['PostgresDb.fromAttributes(id)'],
    identifies: true,
    benign: word,
    build: (stack, [value]) =>
      PostgresDb.fromAttributes(stack, value, { host: 'h', databaseName: 'd', user: 'u', password: Secret.fromFile('/p') }).addClient(
        new Job(stack, 'Client', { image }),
      ),
    forms: (value) => [value, value.toLowerCase()],
  },
  ...(['baseImage', 'requirements'] as const).map((member): FuzzCase => ({
    props: [`PythonProjectOptions.${member}`],
    benign: member === 'baseImage' ? () => 'python:3.13.1-slim' : () => 'benign0x.txt',
    build: python((value) => ({ [member]: value })),
  })),
  ...(['systemPackages', 'buildPackages', 'exclude'] as const).map((member): FuzzCase => ({
    props: [`PythonProjectOptions.${member}`],
    benign: word,
    build: python((value) => ({ [member]: [value] })),
  })),
  { props: ['DirectoryImageOptions.dockerfile'], benign: () => 'benign0x', build: directory((dockerfile) => ({ dockerfile })) },
  { props: ['DirectoryImageOptions.buildArguments'], benign: word, build: directory((value) => ({ buildArguments: { A: value } })) },
  { props: ['DirectoryImageOptions.buildArguments'], benign: capital, build: directory((value) => ({ buildArguments: { [value]: 'x' } })) },
  { props: ['DirectoryImageOptions.target'], benign: word, build: directory((value) => ({ target: value })) },
  { props: ['DirectoryImageOptions.exclude'], benign: word, build: directory((value) => ({ exclude: [value] })) },
  ...(['fromDirectory', 'fromDjangoProject', 'fromPythonProject'] as const).map((method): FuzzCase => ({
    props: [`ContainerImage.${method}(directory)`],
    benign: () => folder({ Dockerfile: 'FROM scratch\n', 'manage.py': '', 'requirements.txt': '' }, 'fuzz-project'),
    build: (stack, [value]) => void new Job(stack, 'W', { image: ContainerImage[method](value) }),
  })),
];

/** What `stringProps()` names and nobody gives: the library makes these and hands them out. */
export const made: readonly string[] = [
  'FilesMount.path',
  'HostFolderMount.hostPath',
  'HostFolderMount.path',
  'VolumeMount.path',
  'ProxyFileLocation.serverPrefix',
  'ProxyFileLocation.urlPrefix',
  'ProxyTargetConfig.scriptName',
  'ProxyRoute.host',
  'ProxyRoute.origin',
  'ProxyRoute.path',
  'ProxyRoute.scheme',
  'ProxyRoute.scriptName',
  'ReadinessRule.id',
  'ReadinessRule.remedy',
  'ReadinessRule.sentence',
  'FileServer.staticLocation(urlPrefix)',
  'FileServer.mediaLocation(urlPrefix)',
];
