import { IConstruct } from 'constructs';
import { Duration } from '../core/duration';
import { SecretFile } from '../workload/secret-file';
import { Workload } from '../workload/workload';
import { SmtpSecurity } from './smtp-security';

/** A server that takes mail by SMTP, as its clients see it. */
export interface IMailServer extends IConstruct {
  /** The name or address of the server, for whoever was added by `addClient`. */
  readonly host: string;
  /** The port of the server. */
  readonly port: number;
  /** How the way to the server is kept from others. */
  readonly security: SmtpSecurity;
  /**
   * The user that clients log in as.
   *
   * @default - they do not log in
   */
  readonly user?: string;
  /**
   * The password of that user. Clients find it in the file `passwordSecret.path`.
   *
   * @default - they do not log in
   */
  readonly passwordSecret?: SecretFile;
  /** The time that a client waits for each answer of the server. */
  readonly timeout: Duration;
  /** Whether mail reaches those whom it is for. */
  readonly delivers: boolean;

  /** Lets a workload reach the server and read the password. The server may be away when the workload starts. */
  addClient(workload: Workload): void;
}

/**
 * The time for each answer of a server, where nobody said another one. Django waits for ever. It is more than the 6 seconds that Postfix lets strangers wait for its greeting
 * (`postscreen_greet_wait`), and less than the 30 of Gunicorn's `timeout`, after which a synchronous worker is killed.
 */
export const MAIL_TIMEOUT = Duration.seconds(10);
