import { Construct } from 'constructs';
import { Duration } from '../core/duration';
import { reject, requireInteger, requireMatch, shown } from '../core/errors';
import { secretName } from '../core/secret-name';
import { ContainerImage } from '../image/container-image';
import { defaultImages } from '../image/default-images';
import { INetwork, Network } from '../workload/network';
import { Secret, SecretKind } from '../workload/secret';
import { SecretFile } from '../workload/secret-file';
import { Workload } from '../workload/workload';
import { IMailServer, MAIL_TIMEOUT } from './mail-server';
import { SmtpSecurity } from './smtp-security';

const PORTS = { [SmtpSecurity.STARTTLS]: 587, [SmtpSecurity.TLS]: 465, [SmtpSecurity.NONE]: 25 };

/** Settings of an `SmtpServer`. */
export interface SmtpServerProps {
  /** The name or address of the server (`EMAIL_HOST`). */
  readonly host: string;

  /**
   * How the way to the server is kept from others. With TLS clients check the server's certificate against the authorities that their image trusts.
   *
   * @default SmtpSecurity.STARTTLS
   */
  readonly security?: SmtpSecurity;

  /**
   * The port of the server (`EMAIL_PORT`).
   *
   * @default - 587 with SmtpSecurity.STARTTLS, 465 with SmtpSecurity.TLS, 25 with SmtpSecurity.NONE (RFC 8314, RFC 5321)
   */
  readonly port?: number;

  /**
   * The user that clients log in as (`EMAIL_HOST_USER`).
   *
   * @default - they do not log in
   */
  readonly user?: string;

  /**
   * The password of that user (`EMAIL_HOST_PASSWORD`): `Secret.fromFile()` or `Secret.fromVariable()`.
   *
   * @default - they do not log in
   */
  readonly password?: Secret;

  /**
   * The time that a client waits for each answer of the server (`EMAIL_TIMEOUT`), from 1 second to 5 minutes. Django itself waits for ever, so that a server that hangs would hang the site.
   *
   * @default Duration.seconds(10) - more than the 6 seconds that Postfix lets strangers wait for its greeting, less than Gunicorn's timeout of 30
   */
  readonly timeout?: Duration;

  /**
   * The network in which clients find the server.
   *
   * @default - a network of their own that has a way out
   */
  readonly network?: INetwork;
}

/**
 * A mail server that exists: a provider's, or a relay of one's own. Nothing is made for it but the way to it.
 *
 * @example
 * const smtp = new SmtpServer(this, 'Smtp', { host: 'smtp.example.com', user: 'shop', password: Secret.fromFile('/etc/shop/smtp-password') });
 * new DjangoService(this, 'Shop', { image, project: 'shop', email: smtp, defaultFromEmail: 'Shop <shop@example.com>' });
 */
export class SmtpServer extends Construct implements IMailServer {
  public readonly host: string;
  public readonly port: number;
  public readonly security: SmtpSecurity;
  public readonly user?: string;
  public readonly passwordSecret?: SecretFile;
  public readonly timeout: Duration;
  public readonly delivers: boolean = true;
  /** The network in which clients find the server. */
  public readonly network: INetwork;

  /**
   * @throws when a value is out of range or not of the allowed form, one of user and password is missing, or the password is one that this library would generate
   */
  constructor(scope: Construct, id: string, props: SmtpServerProps) {
    super(scope, id);
    this.security = props.security ?? SmtpSecurity.STARTTLS;
    if (!Object.values(SmtpSecurity).includes(this.security))
      reject(this, `security must be SmtpSecurity.STARTTLS, SmtpSecurity.TLS or SmtpSecurity.NONE, got ${shown(this.security)}`);
    this.host = props.host;
    requireMatch(this, 'host', this.host, /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/, 'a host name or an address of IPv4');
    this.port = props.port ?? PORTS[this.security];
    requireInteger(this, 'port', this.port, { min: 1, max: 65535 });
    this.timeout = props.timeout ?? MAIL_TIMEOUT;
    const seconds = this.timeout.toSeconds();
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > 300)
      reject(this, `timeout must be in whole seconds, from 1s to 300s, got ${this.timeout}`);
    this.user = props.user;
    this.passwordSecret = this.login(props.user, props.password);
    this.network = props.network ?? new Network(this, 'Network');
  }

  public addClient(workload: Workload): void {
    workload.joinNetwork(this.network);
    if (this.passwordSecret) workload.addSecret(this.passwordSecret);
  }

  private login(user: string | undefined, secret: Secret | undefined): SecretFile | undefined {
    if ((user === undefined) !== (secret === undefined))
      reject(
        this,
        `${user === undefined ? 'user' : 'password'} must be set too: who logs in has both; leave both out for a server that asks for none`,
      );
    if (user === undefined || secret === undefined) return undefined;
    requireMatch(this, 'user', user, /^[\x21-\x7e]{1,254}$/, 'made of 1 to 254 printable characters of ASCII, without blanks');
    if (secret._kind === SecretKind.GENERATED)
      reject(this, 'password must be one that the server has already: Secret.fromFile() or Secret.fromVariable(), got Secret.generated()');
    const image = ContainerImage.fromRegistry(defaultImages.nginx);
    return new SecretFile(this, 'Password', { secret, secretName: secretName(this, 'password'), image });
  }
}
