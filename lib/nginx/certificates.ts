import { Lazy } from 'cdktf';
import { Construct } from 'constructs';
import { Duration } from '../core/duration';
import { Size } from '../core/size';
import { ContainerImage } from '../image/container-image';
import { runtimeFile } from '../image/default-images';
import { Files } from '../workload/files';
import { HealthCheck } from '../workload/health-check';
import { Job } from '../workload/job';
import { INetwork } from '../workload/network';
import { Service, UpdateStrategy } from '../workload/service';
import { IVolume } from '../workload/volume';
import { CERTIFICATES_FOLDER, PROGRAM_FOLDER } from './proxy-layout';
import { Tls } from './tls';

/** What the certificates of a stack rest upon. */
export interface CertificatesProps {
  readonly image: ContainerImage;
  /** The volume that the proxy reads. */
  readonly volume: IVolume;
  /** The name under which the proxy knows this stack. */
  readonly owner: string;
  /** The proxy's. */
  readonly network: INetwork;
}

/** What a source of certificates is told. */
export interface Supply {
  /** The container that it supplies. */
  readonly courier: Service;
  /** The hosts that the certificate is for, at the end of synth. */
  readonly hosts: () => string[];
  /** The volume that the proxy reads, for answers to those who certify. */
  readonly volume: IVolume;
  /** A network with a way out. */
  readonly network: INetwork;
  /** After it the hosts are served. */
  readonly publication: Job;
}

/** The certificates that a stack brings to a proxy, each by a courier of its own, so that none of them is part of the proxy's container. */
export class Certificates {
  /** What routes with these certificates wait for. */
  public readonly couriers: Service[] = [];
  private readonly names = new Map<Tls, string>();
  private program?: Files;

  constructor(
    private readonly scope: Construct,
    private readonly props: CertificatesProps,
  ) {}

  /**
   * Has a certificate brought, once for each object. Returns its name.
   *
   * @param suffix what the courier's id has behind that of its kind
   * @param name the name unless the certificate has one already
   * @param hosts which hosts it is for, at the end of synth
   * @param publication after it the hosts are served
   */
  public add(tls: Tls, suffix: string, name: string, hosts: () => string[], publication: Job): string {
    const known = this.names.get(tls);
    if (known !== undefined) return known;
    this.names.set(tls, name);
    const sorted = () => hosts().sort();
    const courier = this.makeCourier(tls, `${tls._courierId}${suffix}`, name, sorted);
    tls._supply({ courier, hosts: sorted, volume: this.props.volume, network: this.props.network, publication });
    if (tls._awaited) this.couriers.push(courier);
    return name;
  }

  private makeCourier(tls: Tls, id: string, name: string, hosts: () => string[]): Service {
    const { image, volume, owner } = this.props;
    const courier = new Service(this.scope, id, {
      image,
      entrypoint: ['sh'],
      command: [`${PROGRAM_FOLDER}/courier.sh`],
      environment: {
        COURIER_VOLUME: CERTIFICATES_FOLDER,
        COURIER_NAME: `${owner}/${name}`,
        COURIER_HOSTS: Lazy.stringValue({ produce: () => hosts().join(',') }),
      },
      // Keys are root's alone: where they come from, often, and where they are brought, always.
      user: '0:0',
      capabilities: tls._capabilities,
      memory: Size.mebibytes(32),
      // What nobody waits for is not waited for by Terraform either.
      updateStrategy: tls._awaited ? UpdateStrategy.START_FIRST : UpdateStrategy.STOP_FIRST,
      stopSignal: 'SIGTERM',
      stopGracePeriod: Duration.seconds(5),
      healthCheck: HealthCheck.command(['test', '-e', '/tmp/healthy'], { interval: Duration.seconds(5), startPeriod: Duration.seconds(15) }),
    });
    courier.addFiles(this.programOf(image), PROGRAM_FOLDER);
    courier.addVolume(volume, CERTIFICATES_FOLDER);
    return courier;
  }

  private programOf(image: ContainerImage): Files {
    if (!this.program) {
      this.program = new Files(this.scope, 'Courier', { image });
      this.program.addFile('courier.sh', runtimeFile('nginx/courier.sh'));
    }
    return this.program;
  }
}
