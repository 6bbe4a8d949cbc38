import { Lazy } from 'cdktf';
import { Construct } from 'constructs';
import { Duration } from '../core/duration';
import { Size } from '../core/size';
import { ContainerImage } from '../image/container-image';
import { runtimeFile } from '../image/default-images';
import { Files } from '../workload/files';
import { HealthCheck } from '../workload/health-check';
import { Service } from '../workload/service';
import { IVolume } from '../workload/volume';
import { CERTIFICATES_FOLDER, PROGRAM_FOLDER, PROXY_USER } from './proxy-layout';
import { Tls } from './tls';

/** What the certificates of a stack rest upon. */
export interface CertificatesProps {
  readonly image: ContainerImage;
  /** The volume that the proxy reads. */
  readonly volume: IVolume;
  /** The name under which the proxy knows this stack. */
  readonly owner: string;
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
   * @param id the courier's id
   * @param name the name unless the certificate has one already
   * @param hosts which hosts it is for, at the end of synth
   */
  public add(tls: Tls, id: string, name: string, hosts: () => string[]): string {
    const known = this.names.get(tls);
    if (known !== undefined) return known;
    this.names.set(tls, name);
    this.couriers.push(this.makeCourier(tls, id, name, hosts));
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
        COURIER_HOSTS: Lazy.stringValue({ produce: () => hosts().sort().join(',') }),
      },
      // Keys are often root's alone. The group is the proxy's, which reads what is brought.
      user: `0:${PROXY_USER}`,
      capabilities: tls._capabilities,
      memory: Size.mebibytes(32),
      stopSignal: 'SIGTERM',
      stopGracePeriod: Duration.seconds(5),
      healthCheck: HealthCheck.command(['test', '-e', '/tmp/healthy'], { interval: Duration.seconds(5), startPeriod: Duration.seconds(15) }),
    });
    courier.addFiles(this.programOf(image), PROGRAM_FOLDER);
    courier.addVolume(volume, CERTIFICATES_FOLDER);
    tls._supply(courier);
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
