import { Construct } from 'constructs';
import { Duration } from '../core/duration';
import { reject, requireInteger } from '../core/errors';
import { Size } from '../core/size';
import { ContainerImage } from '../image/container-image';
import { defaultImages } from '../image/default-images';
import { HealthCheck } from '../workload/health-check';
import { Network } from '../workload/network';
import { Service } from '../workload/service';
import { Workload } from '../workload/workload';
import { IMailServer, MAIL_TIMEOUT } from './mail-server';
import { SmtpSecurity } from './smtp-security';

const SMTP_PORT = 1025;
const HTTP_PORT = 8025;
const USER = '10073:10073';
const PROGRAM = '/mailpit';

/** Settings of a `MailCatcher`. */
export interface MailCatcherProps {
  /**
   * The port of the host at which the mail is read: by people, and by programs (`/api/v1/`).
   *
   * @default 8025
   */
  readonly httpPort?: number;

  /**
   * The address of the host at which that port is open. Whoever comes there reads all mail, links for resetting passwords among it, without a password.
   * A Swarm opens ports at all addresses (`0.0.0.0`) or not at all.
   *
   * @default '127.0.0.1' - `ssh -L 8025:127.0.0.1:8025 HOST` leads to it
   */
  readonly address?: string;

  /**
   * The mails that are kept, from 1 to 100000; the oldest go first.
   *
   * @default 500 - Mailpit's own
   */
  readonly maxMessages?: number;

  /**
   * The memory that the catcher may use, 64 MiB or more. Half of it is for mail, which is kept in memory alone: when that is full, further mail is refused.
   *
   * @default Size.mebibytes(128)
   */
  readonly memory?: Size;

  /**
   * The number of CPUs that the catcher may use, possibly a fraction.
   *
   * @default - no limit
   */
  readonly cpus?: number;

  /**
   * The image: one with the program `/mailpit`, 1.27 or newer.
   *
   * @default - axllent/mailpit in the version that this release of the library pins
   */
  readonly image?: ContainerImage;
}

/**
 * A mail server for staging, kept by Mailpit: it takes all mail and delivers none. People read it in a browser, tests by its API. It forgets all at a restart.
 *
 * @example
 * const mail = new MailCatcher(this, 'Mail');
 * new DjangoService(this, 'Shop', { image, project: 'shop', email: mail });
 */
export class MailCatcher extends Construct implements IMailServer {
  public readonly host: string;
  public readonly port: number = SMTP_PORT;
  public readonly security: SmtpSecurity = SmtpSecurity.NONE;
  public readonly timeout: Duration = MAIL_TIMEOUT;
  public readonly delivers: boolean = false;
  /** The network of the catcher and its clients. It has no way out. */
  public readonly network: Network;
  /** The catcher itself. No job can run after it: its clients do without it while it is away. */
  public readonly server: Service;

  /**
   * @throws when a number is out of range, or the address is none of a host's
   */
  constructor(scope: Construct, id: string, props: MailCatcherProps = {}) {
    super(scope, id);
    const memory = props.memory ?? Size.mebibytes(128);
    if (memory.toMebibytes() < 64) reject(this, `memory must be 64 MiB or more, got ${memory}`);
    const maxMessages = props.maxMessages ?? 500;
    requireInteger(this, 'maxMessages', maxMessages, { min: 1, max: 100_000 });
    const hostPort = props.httpPort ?? HTTP_PORT;
    requireInteger(this, 'httpPort', hostPort, { min: 1, max: 65535 });
    this.network = new Network(this, 'Network', { internal: true });
    this.server = new Service(this, 'Server', {
      image: props.image ?? ContainerImage.fromRegistry(defaultImages.mailpit),
      entrypoint: [PROGRAM],
      user: USER,
      memory,
      cpus: props.cpus,
      // Where Mailpit puts its database when it is given no place for one.
      tmpfs: { '/tmp': Size.mebibytes(Math.floor(memory.toMebibytes() / 2)) },
      environment: {
        MP_MAX_MESSAGES: String(maxMessages),
        // A mail that is looked at fetches nothing from elsewhere, and Mailpit itself asks nobody for its newest version.
        MP_BLOCK_REMOTE_CSS_AND_FONTS: 'true',
        MP_DISABLE_VERSION_CHECK: 'true',
        // Clients have no names that would be worth a wait for them.
        MP_SMTP_DISABLE_RDNS: 'true',
      },
      publishedPorts: [{ containerPort: HTTP_PORT, hostPort, address: props.address }],
      stopSignal: 'SIGTERM',
      stopGracePeriod: Duration.seconds(10),
      healthCheck: HealthCheck.command([PROGRAM, 'readyz'], { interval: Duration.seconds(10) }),
    });
    this.server.joinNetwork(this.network);
    // An engine opens no port of what is in internal networks alone. Nobody else is in this one.
    this.server.joinNetwork(new Network(this, 'Readers'));
    this.host = this.server.endpoints(SMTP_PORT)[0].host;
    this.node.defaultChild = this.server;
  }

  public addClient(workload: Workload): void {
    // Not after the server: it publishes a port, and what others wait for would be created before it is destroyed.
    workload.joinNetwork(this.network);
  }
}
