import { Construct } from 'constructs';
import { reject, requireInteger, requireMatch } from '../core/errors';
import { Duration } from '../core/duration';
import { Size } from '../core/size';
import { ContainerImage } from '../image/container-image';
import { defaultImages, runtimeFile } from '../image/default-images';
import { platformOf } from '../platform/platform-of';
import { HealthCheck } from '../workload/health-check';
import { INetwork, Network } from '../workload/network';
import { Service } from '../workload/service';
import { Volume } from '../workload/volume';
import { PROGRAM_FOLDER, PROXY_USER, SCHEME_PORTS, STATE_FOLDER } from './proxy-layout';
import { ProxyRouteOptions, ProxyRouteProps } from './proxy-route';
import { INginxProxy } from './proxy-target';
import { Certificates } from './certificates';
import { Routing } from './routing';

/** What a stack has to know of another stack's proxy. */
export interface NginxProxyAttributes extends ProxyRouteOptions {
  /** The name of the proxy's edge network on the engine: `<namespace>-<path>-edge`, such as `edge-proxy-edge`. */
  readonly edgeNetworkName: string;

  /** The name of the proxy's configuration volume on the engine: `<namespace>-<path>-configuration`, such as `edge-proxy-configuration`. */
  readonly configurationVolumeName: string;

  /**
   * The scheme that clients use: `https` at a proxy with TLS.
   *
   * @default 'http'
   */
  readonly scheme?: string;

  /**
   * The port of the host at which the proxy listens for HTTP, when that is the scheme.
   *
   * @default 80
   */
  readonly httpPort?: number;

  /**
   * The port of the host at which the proxy listens for HTTPS, when that is the scheme.
   *
   * @default 443
   */
  readonly httpsPort?: number;

  /**
   * The name of the volume with the proxy's certificates on the engine, for routes with a `tls` of their own: `<namespace>-<path>-certificates`, such as
   * `edge-proxy-certificates`.
   *
   * @default - no route has a certificate of its own
   */
  readonly certificatesVolumeName?: string;

  /**
   * An nginx image with curl, in which the routes are handed in.
   *
   * @default - the official one, pinned
   */
  readonly image?: ContainerImage;
}

/**
 * Another stack's proxy, to which this stack adds routes of its own. They are this stack's: it releases them by itself, they are withdrawn when it
 * is destroyed, and nobody else's are changed by either.
 */
export class SharedProxy extends Construct implements INginxProxy {
  public readonly edgeNetwork: INetwork;
  private readonly routing: Routing;

  constructor(scope: Construct, id: string, attributes: NginxProxyAttributes) {
    super(scope, id);
    const scheme = attributes.scheme ?? 'http';
    requireMatch(this, 'scheme', scheme, /^https?$/, '"http" or "https"');
    const portName = scheme === 'https' ? 'httpsPort' : 'httpPort';
    const otherName = scheme === 'https' ? 'httpPort' : 'httpsPort';
    if (attributes[otherName] !== undefined) reject(this, `${otherName} is not for the scheme "${scheme}"; give ${portName}, or another scheme`);
    const port = attributes[portName] ?? SCHEME_PORTS[scheme];
    requireInteger(this, portName, port, { min: 1, max: 65535 });
    if (attributes.certificatesVolumeName !== undefined && scheme !== 'https')
      reject(this, 'certificatesVolumeName is for a proxy with TLS; give it together with scheme "https"');
    const owner = platformOf(this)._nameOf(this);
    const image = attributes.image ?? ContainerImage.fromRegistry(defaultImages.nginx);
    this.edgeNetwork = Network.fromNetworkName(this, 'Edge', attributes.edgeNetworkName);
    const configuration = new Volume(this, 'Configuration', { volumeName: attributes.configurationVolumeName });
    const certificates =
      attributes.certificatesVolumeName === undefined
        ? undefined
        : new Certificates(this, {
            image,
            owner,
            network: this.edgeNetwork,
            volume: new Volume(this, 'Certificates', { volumeName: attributes.certificatesVolumeName }),
          });
    this.routing = new Routing(this, { owner, image, configuration, scheme, port, certificates, defaults: attributes });
    this.addLease(owner, image, configuration);
  }

  public get routeUrls(): string[] {
    return [...this.routing.urls];
  }

  public addRoute(route: ProxyRouteProps): void {
    this.routing.add(route);
  }

  /** A container for as long as the routes are wanted: Terraform stops it before what they lead to. */
  private addLease(owner: string, image: ContainerImage, configuration: Volume): void {
    this.routing.program.addFile('lease.sh', runtimeFile('nginx/lease.sh'));
    const lease = new Service(this, 'Lease', {
      image,
      entrypoint: ['sh'],
      command: [`${PROGRAM_FOLDER}/lease.sh`],
      environment: { PROXY_STATE: STATE_FOLDER, PROXY_OWNER: owner },
      user: `${PROXY_USER}:${PROXY_USER}`,
      memory: Size.mebibytes(32),
      offline: true,
      stopSignal: 'SIGTERM',
      // Its successor has the lease before it is asked to leave.
      healthCheck: HealthCheck.command(['sh', '-c', `test "$(cat ${STATE_FOLDER}/leases/${owner})" = "$HOSTNAME"`], {
        interval: Duration.seconds(5),
        startPeriod: Duration.seconds(10),
      }),
    });
    lease.addFiles(this.routing.program, PROGRAM_FOLDER);
    lease.addVolume(configuration, STATE_FOLDER);
    lease.runAfter(this.routing.publication);
  }
}
