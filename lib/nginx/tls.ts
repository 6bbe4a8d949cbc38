import { Lazy, Token } from 'cdktf';
import { Duration } from '../core/duration';
import { shown } from '../core/errors';
import { isHostFolder } from '../core/host-folder';
import { ContainerImage } from '../image/container-image';
import { Secret, SecretKind } from '../workload/secret';
import { SecretFile } from '../workload/secret-file';
import { makeAcmeClient } from './acme-client';
import type { Supply } from './certificates';

/** A certificate and its key, as secrets. */
export interface TlsCertificateProps {
  /** The certificate in PEM form, followed by the intermediate ones of its chain. */
  readonly certificate: Secret;
  /** Its private key in PEM form, without a password. */
  readonly privateKey: Secret;
}

/** A certificate and its key, as files that somebody renews on the engine's host. */
export interface TlsCertificateFilesProps {
  /**
   * The folder on the engine's host, absolute. All of it is mounted, read-only, in the one container that brings the certificate to the proxy, so that links
   * inside it and files that are replaced are followed.
   */
  readonly folder: string;
  /** The certificate with the intermediate ones of its chain, in PEM form, relative to the folder: `live/example.com/fullchain.pem`. */
  readonly certificate: string;
  /** Its private key, in PEM form and without a password, relative to the folder: `live/example.com/privkey.pem`. */
  readonly privateKey: string;
}

/** What an ACME server has to know. */
export interface TlsAcmeProps {
  /** Where the server's operator may write to about the account. */
  readonly email: string;

  /** That you agree to the terms of service of the server's operator, such as https://letsencrypt.org/repository/. It must be true. */
  readonly termsOfServiceAgreed: boolean;

  /**
   * The server's directory.
   *
   * @default 'https://acme-v02.api.letsencrypt.org/directory'
   */
  readonly directory?: string;

  /**
   * The certificate, in PEM form, of who certifies the directory itself, for a server inside a company.
   *
   * @default - the public authorities
   */
  readonly directoryAuthority?: string;

  /**
   * The time between two looks at whether the certificate has to be renewed: when a third of its time is left, or the server says so (ARI, RFC 9773).
   *
   * @default Duration.hours(12)
   */
  readonly renewalCheck?: Duration;

  /**
   * An image with lego 4.35 as `/lego`, and a POSIX shell.
   *
   * @default - the official one, pinned
   */
  readonly image?: ContainerImage;
}

/**
 * Where a certificate comes from.
 *
 * A small container for each of them, a courier, brings it to the proxy, again whenever it changes; nginx takes it over without a restart. One that does not fit its
 * key, or has ended, stays outside: the one before stays in use, the courier's log says why, and the courier is unhealthy when nothing good is left. Until the first
 * one is there, nginx has one that nobody trusts.
 *
 * @example
 * const proxy = new NginxProxy(this, 'Proxy', { tls: Tls.selfSigned() });
 */
export abstract class Tls {
  /**
   * A certificate that the engine makes for itself, for the hosts of the routes, for a year at a time. Browsers warn of it. Its key is in no Terraform state.
   */
  public static selfSigned(): Tls {
    return new SelfSigned();
  }

  /**
   * A certificate that is given to Terraform. A deploy with another one renews it.
   *
   * @throws when a secret is a file of the host, for which `certificateFiles` is, or generated
   *
   * @example
   * const certificate = Secret.fromVariable(new TerraformVariable(this, 'Certificate', { type: 'string', sensitive: true }));
   * const privateKey = Secret.fromVariable(new TerraformVariable(this, 'Key', { type: 'string', sensitive: true }));
   * new NginxProxy(this, 'Proxy', { tls: Tls.certificate({ certificate, privateKey }) });
   */
  public static certificate(props: TlsCertificateProps): Tls {
    for (const [name, secret] of Object.entries({ certificate: props.certificate, privateKey: props.privateKey })) {
      if (secret._kind === SecretKind.FILE) {
        throw new Error(
          `Tls.certificate: ${name} is a file of the host; use Tls.certificateFiles({ folder, certificate, privateKey }), since a file that is mounted alone is not seen when it is replaced`,
        );
      }
      if (secret._kind === SecretKind.GENERATED) {
        throw new Error(`Tls.certificate: ${name} is a generated secret, which is no certificate or key; use Tls.selfSigned()`);
      }
    }
    return new CertificateSecrets(props);
  }

  /**
   * A certificate in files on the engine's host, as certbot and others leave them. They are looked at every 5 seconds.
   *
   * @throws when the folder is not absolute, or a file is not inside it
   *
   * @example
   * Tls.certificateFiles({ folder: '/etc/letsencrypt', certificate: 'live/example.com/fullchain.pem', privateKey: 'live/example.com/privkey.pem' });
   */
  public static certificateFiles(props: TlsCertificateFilesProps): Tls {
    if (!Token.isUnresolved(props.folder) && !isHostFolder(props.folder)) {
      throw new Error(`Tls.certificateFiles: folder must be absolute on the engine's host and not "/", got ${shown(props.folder)}`);
    }
    for (const [name, file] of Object.entries({ certificate: props.certificate, privateKey: props.privateKey })) {
      if (Token.isUnresolved(file)) continue;
      if (!/^[^/\0\n][^\0\n]*$/.test(file) || file.split('/').includes('..')) {
        throw new Error(`Tls.certificateFiles: ${name} must be the path of a file relative to the folder, without "..", got ${shown(file)}`);
      }
    }
    return new CertificateFiles(props);
  }

  /**
   * A certificate that an ACME server issues and renews: Let's Encrypt, unless another one is named. It asks each host over plain HTTP (HTTP-01), so the names must lead
   * to this proxy, at port 80 of the outside world. All hosts are in one certificate; a host whose name leads elsewhere keeps all of them from having one, so give it
   * another `Tls.acme()`.
   *
   * The keys of the certificate and of the account are made on the engine, and stay there.
   *
   * @throws when the terms of service are not agreed to, or a value is not of the allowed form
   *
   * @example
   * new NginxProxy(this, 'Proxy', { tls: Tls.acme({ email: 'admin@example.com', termsOfServiceAgreed: true }) });
   */
  public static acme(props: TlsAcmeProps): Tls {
    if (props.termsOfServiceAgreed !== true) {
      throw new Error(
        "Tls.acme: termsOfServiceAgreed must be true: read the terms of the server's operator first, such as https://letsencrypt.org/repository/",
      );
    }
    const { email, directory, directoryAuthority, renewalCheck } = props;
    if (!Token.isUnresolved(email) && !/^[^\s@,]+@[^\s@,]+$/.test(email)) throw new Error(`Tls.acme: email must be an address, got ${shown(email)}`);
    if (directory !== undefined && !Token.isUnresolved(directory) && !/^https:\/\/[^\s/]+\/\S*$/.test(directory)) {
      throw new Error(`Tls.acme: directory must be a URL that begins with https://, got ${shown(directory)}`);
    }
    if (directoryAuthority !== undefined && !Token.isUnresolved(directoryAuthority) && !directoryAuthority.includes('-----BEGIN CERTIFICATE-----')) {
      throw new Error(`Tls.acme: directoryAuthority must be a certificate in PEM form, got ${shown(directoryAuthority)}`);
    }
    if (renewalCheck && renewalCheck.toSeconds() < 1) throw new Error(`Tls.acme: renewalCheck must be 1 second or more, got ${renewalCheck}`);
    return new Acme(props);
  }

  /**
   * Whether browsers can be expected to trust it.
   *
   * @internal
   */
  public abstract readonly _trusted: boolean;

  /**
   * Whether it is there before the hosts are served, so that these wait for it.
   *
   * @internal
   */
  public readonly _awaited: boolean = true;

  /**
   * The id of its courier. One that nobody waits for has another: were it the same resource, Terraform would find a cycle when one becomes the other, since only
   * the one is created before it is destroyed.
   *
   * @internal
   */
  public readonly _courierId: string = 'Certificate';

  /**
   * Tells a courier where it takes the certificate from.
   *
   * @internal
   */
  public abstract _supply(supply: Supply): void;

  /**
   * Linux capabilities that its courier needs, which is root in its container.
   *
   * @internal
   */
  public readonly _capabilities: string[] = [];
}

class SelfSigned extends Tls {
  public readonly _trusted = false;

  public _supply(_supply: Supply): void {
    // It makes one itself unless it is told where one is.
  }
}

class CertificateSecrets extends Tls {
  public readonly _trusted = true;

  constructor(private readonly props: TlsCertificateProps) {
    super();
  }

  public _supply({ courier }: Supply): void {
    const file = (id: string, secretName: string, secret: Secret) => new SecretFile(courier, id, { secret, secretName, image: courier.image });
    const certificate = file('Certificate', 'certificate', this.props.certificate);
    const key = file('Key', 'private-key', this.props.privateKey);
    for (const secret of [certificate, key]) courier.addSecret(secret);
    supplyFiles(courier, certificate.path, key.path);
  }
}

class CertificateFiles extends Tls {
  public readonly _trusted = true;
  // The files may be anybody's on the host.
  public override readonly _capabilities = ['DAC_READ_SEARCH'];

  constructor(private readonly props: TlsCertificateFilesProps) {
    super();
  }

  public _supply({ courier }: Supply): void {
    courier.addReadOnlyHostFolder(this.props.folder, SOURCE_FOLDER);
    supplyFiles(courier, `${SOURCE_FOLDER}/${this.props.certificate}`, `${SOURCE_FOLDER}/${this.props.privateKey}`);
  }
}

class Acme extends Tls {
  public readonly _trusted = true;
  // Its server asks the hosts first, so they are served without it.
  public override readonly _awaited = false;
  public override readonly _courierId = 'AcmeCertificate';

  constructor(private readonly props: TlsAcmeProps) {
    super();
  }

  public _supply(supply: Supply): void {
    const { directory, renewalCheck, ...rest } = this.props;
    const account = makeAcmeClient(supply, {
      ...rest,
      directory: directory ?? 'https://acme-v02.api.letsencrypt.org/directory',
      renewalCheck: renewalCheck ?? Duration.hours(12),
    });
    supply.courier.addReadOnlyVolume(account, SOURCE_FOLDER);
    // lego names files after the first host.
    const file = (kind: string) => Lazy.stringValue({ produce: () => `${SOURCE_FOLDER}/certificates/${supply.hosts()[0] ?? 'none'}.${kind}` });
    supplyFiles(supply.courier, file('crt'), file('key'));
  }
}

const SOURCE_FOLDER = '/source';

function supplyFiles(courier: Supply['courier'], certificate: string, key: string): void {
  courier.addEnvironment('COURIER_CERTIFICATE', certificate);
  courier.addEnvironment('COURIER_KEY', key);
}
