import { Construct, IConstruct } from 'constructs';
import { Duration } from '../core/duration';
import { reject, requireInteger, requireMatch, shown } from '../core/errors';
import { RemovalPolicy } from '../core/removal-policy';
import { secretName } from '../core/secret-name';
import { Size } from '../core/size';
import { ContainerImage } from '../image/container-image';
import { defaultImages, runtimeFile } from '../image/default-images';
import { IMonitored, IMonitoring, MonitoringTarget } from '../monitoring/monitored';
import { Files } from '../workload/files';
import { HealthCheck } from '../workload/health-check';
import { INetwork, Network } from '../workload/network';
import { Secret, SecretKind } from '../workload/secret';
import { SecretFile } from '../workload/secret-file';
import { Service, UpdateStrategy } from '../workload/service';
import { Volume } from '../workload/volume';
import { Workload } from '../workload/workload';
import { monitorRedis } from './redis-monitoring';
import { RedisUse } from './redis-use';

const PORT = 6379;
const USER_ID = 10072;
const SCRIPTS = '/run/cdktf-django';
/** No folder of the image's: the engine gives an empty volume the owner of the folder that it is mounted over. */
const DATA = '/var/lib/cdktf-django/redis';
/** Where a server is that keeps nothing: a folder that each image has. */
const NOWHERE = '/tmp';
/** Images have a volume there. In memory it leaves none without a name behind. */
const IMAGE_VOLUME = '/data';
/**
 * The part of the memory that is for data. A server that writes to a disk is copied by fork() while it writes its file anew, and each page that is changed meanwhile is there twice;
 * connections and fragments take the rest.
 */
const PART_FOR_DATA = { written: 0.6, cached: 0.75 };

/** A Redis server as its clients see it. */
export interface IRedisCache extends IConstruct {
  /** The name or address of the server, for whoever was added by `addClient`. */
  readonly host: string;
  /** The port of the server. */
  readonly port: number;
  /** The user that clients log in as. */
  readonly user: string;
  /** The password of that user. Clients find it in the file `passwordSecret.path`. */
  readonly passwordSecret: SecretFile;
  /** Whether clients have to use TLS. */
  readonly tls: boolean;
  /** What the server is for. */
  readonly use: RedisUse;

  /**
   * Lets a workload reach the server and read the password. The workload has to wait for the server itself: it may start first, and the
   * server may be replaced under it.
   */
  addClient(workload: Workload): void;
}

/** Settings of a `RedisCache`. */
export interface RedisCacheProps {
  /**
   * What the server is for: it decides on eviction and persistence.
   *
   * @default RedisUse.SHARED
   */
  readonly use?: RedisUse;

  /**
   * The memory that the server may use, 32 MiB or more. Data get 60 % of it, with `RedisUse.CACHE` 75 %: a server that writes to a disk needs room for the copy that it writes from.
   *
   * @default Size.mebibytes(256)
   */
  readonly memory?: Size;

  /**
   * The number of CPUs that the server may use, possibly a fraction.
   *
   * @default - no limit
   */
  readonly cpus?: number;

  /**
   * The image: one with `valkey-server` and `valkey-cli`, or `redis-server` and `redis-cli` (7 or newer), `flock` and a POSIX shell.
   *
   * @default - valkey/valkey in the version that this release of the library pins
   */
  readonly image?: ContainerImage;

  /**
   * The password that clients log in with.
   *
   * @default Secret.generated()
   */
  readonly password?: Secret;

  /**
   * What becomes of the data when the server leaves the stack. With `RedisUse.CACHE` there is none.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * The name of a volume that another RedisCache made, to adopt it with its data.
   *
   * @default - a name made of the namespace and the construct's path
   */
  readonly volumeName?: string;
}

/** Where a Redis server is that exists already. */
export interface RedisCacheAttributes {
  /** The name or address of the server. */
  readonly host: string;

  /**
   * The port of the server.
   *
   * @default 6379
   */
  readonly port?: number;

  /**
   * The user that clients log in as.
   *
   * @default 'default' - the one that a server has by itself
   */
  readonly user?: string;

  /** The password of that user: `Secret.fromFile()` or `Secret.fromVariable()`. */
  readonly password: Secret;

  /**
   * Whether clients use TLS, and check the server's certificate against the authorities that their image trusts.
   *
   * @default true - the way to the server may be a public one
   */
  readonly tls?: boolean;

  /**
   * What the server is for. Whether it is set up for it, nobody checks.
   *
   * @default RedisUse.SHARED
   */
  readonly use?: RedisUse;

  /**
   * The network in which clients find the server.
   *
   * @default - a network of their own that has a way out
   */
  readonly network?: INetwork;
}

/**
 * A Redis server (Valkey, unless another image is given) for cached values, sessions and queues, reachable by its clients alone.
 *
 * @example
 * const redis = new RedisCache(this, 'Redis', { memory: Size.mebibytes(512) });
 * new DjangoService(this, 'Shop', { image: ContainerImage.fromDjangoProject('../shop'), project: 'shop', database: db, cache: redis, sessions: redis, broker: redis });
 */
export class RedisCache extends Construct implements IRedisCache, IMonitored {
  /**
   * A server that exists elsewhere, a managed one for example. Nothing is made for it but the way to it.
   *
   * @example
   * RedisCache.fromAttributes(this, 'Redis', { host: 'redis.example.com', password: Secret.fromFile('/etc/shop/redis-password') });
   *
   * @throws when a value is out of range or not of the allowed form, or the password is one that this library would generate
   */
  public static fromAttributes(scope: Construct, id: string, attributes: RedisCacheAttributes): IRedisCache {
    return new ImportedRedisCache(scope, id, attributes);
  }

  public readonly host: string;
  public readonly port: number = PORT;
  public readonly user: string = 'default';
  public readonly passwordSecret: SecretFile;
  public readonly tls: boolean = false;
  public readonly use: RedisUse;

  /** The volume with the data; a server with `RedisUse.CACHE` has none. */
  public readonly data?: Volume;
  /** The network of the server and its clients. It has no way out. */
  public readonly network: Network;
  /** The server. No job can run after it: its clients wait for it themselves. */
  public readonly server: Service;
  /** The program inside the server's container that is its console; commands may follow: `INFO memory`. */
  public readonly administrationCommand: string[] = ['sh', `${SCRIPTS}/cli.sh`];
  private readonly watched = new Set<string>();

  /**
   * @throws when the use is unknown, the memory is too small, or a volume is named for a server that keeps nothing
   */
  constructor(scope: Construct, id: string, props: RedisCacheProps = {}) {
    super(scope, id);
    this.use = requireUse(this, props.use);
    const memory = props.memory ?? Size.mebibytes(256);
    if (memory.toMebibytes() < 32) reject(this, `memory must be 32 MiB or more, got ${memory}`);
    const image = props.image ?? ContainerImage.fromRegistry(defaultImages.valkey);
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    const written = this.use !== RedisUse.CACHE;
    if (!written && (props.volumeName !== undefined || props.removalPolicy !== undefined))
      reject(
        this,
        `${props.volumeName === undefined ? 'removalPolicy' : 'volumeName'} must be left out with RedisUse.CACHE, which keeps nothing on a disk`,
      );
    this.network = new Network(this, 'Network', { internal: true });
    if (written) {
      const owner = { user: USER_ID, group: USER_ID, image };
      this.data = new Volume(this, 'Data', { removalPolicy, volumeName: props.volumeName, owner });
    }
    this.passwordSecret = new SecretFile(this, 'Password', {
      secret: props.password ?? Secret.generated(),
      secretName: secretName(this, 'password'),
      image,
      removalPolicy,
    });
    this.server = this.makeServer(props, image, memory);
    this.host = this.server.endpoints(PORT)[0].host;
    this.node.defaultChild = this.server;
  }

  public addClient(workload: Workload): void {
    // Not after the server: it is a single writer, and what others wait for would be created before it is destroyed.
    workload.joinNetwork(this.network);
    workload.addSecret(this.passwordSecret);
  }

  public bindToMonitoring(monitoring: IMonitoring): MonitoringTarget {
    return monitorRedis(this, monitoring, () => [...this.watched].sort());
  }

  /**
   * Has the length of a list told, of a queue for example, where the server is monitored.
   *
   * @internal
   */
  public _watchList(database: number, key: string): void {
    this.watched.add(`db${database}=${key}`);
  }

  private makeServer(props: RedisCacheProps, image: ContainerImage, memory: Size): Service {
    const server = new Service(this, 'Server', {
      image,
      entrypoint: ['sh', `${SCRIPTS}/serve.sh`],
      user: `${USER_ID}:${USER_ID}`,
      memory,
      cpus: props.cpus,
      tmpfs: { '/tmp': Size.mebibytes(1), [IMAGE_VOLUME]: Size.mebibytes(1) },
      publicEnvironment: { REDIS_PASSWORD_FILE: this.passwordSecret.path, REDIS_FOLDER: folderOf(this.use) },
      updateStrategy: UpdateStrategy.STOP_FIRST,
      // It writes what it has, and ends.
      stopSignal: 'SIGTERM',
      stopGracePeriod: Duration.seconds(60),
      healthCheck: HealthCheck.command(['sh', `${SCRIPTS}/health.sh`], { interval: Duration.seconds(10) }),
    });
    const files = new Files(this, 'Files', { image });
    for (const name of ['serve.sh', 'cli.sh', 'health.sh']) files.addFile(name, runtimeFile(`redis/${name}`));
    files.addFile('redis.conf', configuration(this.use, memory));
    server.addFiles(files, SCRIPTS);
    if (this.data) server.addVolume(this.data, DATA);
    server.addSecret(this.passwordSecret);
    server.joinNetwork(this.network);
    return server;
  }
}

class ImportedRedisCache extends Construct implements IRedisCache {
  public readonly host: string;
  public readonly port: number;
  public readonly user: string;
  public readonly passwordSecret: SecretFile;
  public readonly tls: boolean;
  public readonly use: RedisUse;
  private readonly network: INetwork;

  constructor(scope: Construct, id: string, attributes: RedisCacheAttributes) {
    super(scope, id);
    this.host = attributes.host;
    this.port = attributes.port ?? PORT;
    this.user = attributes.user ?? 'default';
    this.tls = attributes.tls ?? true;
    this.use = requireUse(this, attributes.use);
    requireMatch(this, 'host', this.host, /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/, 'a host name or an address of IPv4');
    requireInteger(this, 'port', this.port, { min: 1, max: 65535 });
    requireMatch(this, 'user', this.user, /^[A-Za-z0-9_.@-]{1,63}$/, 'made of letters, digits, "_", ".", "@" and "-"');
    if (attributes.password._kind === SecretKind.GENERATED)
      reject(this, 'password must be one that the server has already: Secret.fromFile() or Secret.fromVariable(), got Secret.generated()');
    this.passwordSecret = new SecretFile(this, 'Password', {
      secret: attributes.password,
      secretName: secretName(this, 'password'),
      image: ContainerImage.fromRegistry(defaultImages.valkey),
    });
    this.network = attributes.network ?? new Network(this, 'Network');
  }

  public addClient(workload: Workload): void {
    workload.joinNetwork(this.network);
    workload.addSecret(this.passwordSecret);
  }
}

function requireUse(scope: IConstruct, use: RedisUse = RedisUse.SHARED): RedisUse {
  if (!Object.values(RedisUse).includes(use)) reject(scope, `use must be RedisUse.CACHE, RedisUse.BROKER or RedisUse.SHARED, got ${shown(use)}`);
  return use;
}

/** Where the server is: with its data, or with nothing. */
function folderOf(use: RedisUse): string {
  return use === RedisUse.CACHE ? NOWHERE : DATA;
}

const EVICTION = { [RedisUse.CACHE]: 'allkeys-lru', [RedisUse.BROKER]: 'noeviction', [RedisUse.SHARED]: 'volatile-ttl' };

/** The server's configuration, but for the password, which serve.sh adds. */
function configuration(use: RedisUse, memory: Size): string {
  const written = use !== RedisUse.CACHE;
  const part = written ? PART_FOR_DATA.written : PART_FOR_DATA.cached;
  const lines = [
    '# Written by cdktf-django.',
    `port ${PORT}`,
    'bind * -::*',
    `dir ${folderOf(use)}`,
    `maxmemory ${Math.floor(memory.toBytes() * part)}`,
    `maxmemory-policy ${EVICTION[use]}`,
    // A snapshot beside the AOF would be the same data again.
    'save ""',
    `appendonly ${written ? 'yes' : 'no'}`,
    // At most a second is lost when the host fails; none when the server alone does.
    'appendfsync everysec',
    // A client that vanished without a word is found.
    'tcp-keepalive 60',
  ];
  return `${lines.join('\n')}\n`;
}
