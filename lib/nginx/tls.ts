import { Token } from 'cdktf';
import { shown } from '../core/errors';
import { Secret, SecretKind } from '../workload/secret';
import { SecretFile } from '../workload/secret-file';
import { Service } from '../workload/service';

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
    if (!Token.isUnresolved(props.folder) && !/^\/[^\0\n]+$/.test(props.folder)) {
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
   * Whether browsers can be expected to trust it.
   *
   * @internal
   */
  public abstract readonly _trusted: boolean;

  /**
   * Tells a courier where it takes the certificate from.
   *
   * @internal
   */
  public abstract _supply(courier: Service): void;

  /**
   * Linux capabilities that its courier needs, which is root in its container.
   *
   * @internal
   */
  public readonly _capabilities: string[] = [];
}

class SelfSigned extends Tls {
  public readonly _trusted = false;

  public _supply(_courier: Service): void {
    // It makes one itself unless it is told where one is.
  }
}

class CertificateSecrets extends Tls {
  public readonly _trusted = true;

  constructor(private readonly props: TlsCertificateProps) {
    super();
  }

  public _supply(courier: Service): void {
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

  public _supply(courier: Service): void {
    courier.addReadOnlyHostFolder(this.props.folder, SOURCE_FOLDER);
    supplyFiles(courier, `${SOURCE_FOLDER}/${this.props.certificate}`, `${SOURCE_FOLDER}/${this.props.privateKey}`);
  }
}

const SOURCE_FOLDER = '/source';

function supplyFiles(courier: Service, certificate: string, key: string): void {
  courier.addEnvironment('COURIER_CERTIFICATE', certificate);
  courier.addEnvironment('COURIER_KEY', key);
}
