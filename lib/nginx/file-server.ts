import { Construct } from 'constructs';
import { Duration } from '../core/duration';
import { reject } from '../core/errors';
import { Size } from '../core/size';
import { ContainerImage } from '../image/container-image';
import { defaultImages } from '../image/default-images';
import { Endpoint } from '../workload/endpoint';
import { Files } from '../workload/files';
import { HealthCheck } from '../workload/health-check';
import { INetwork } from '../workload/network';
import { Service, UpdateStrategy } from '../workload/service';
import { IVolume } from '../workload/volume';
import { renderConfig } from './config/directive';
import { fileServerConfig } from './config/file-server-config';
import { FILE_SERVER_USER, HTTP_PORT, LOCAL_PORT } from './proxy-layout';
import { ProxyFileLocation } from './proxy-target';

const STATIC = { urlPrefix: '/static/', folder: '/srv/static/' };
const MEDIA = { urlPrefix: '/media/', folder: '/srv/media/' };
const CONFIGURATION_FOLDER = '/opt/file-server';

/** Settings of a `FileServer`. */
export interface FileServerProps {
  /**
   * An nginx image with curl, as the official Debian ones have it.
   *
   * @default - the official one, pinned
   */
  readonly image?: ContainerImage;

  /**
   * Files that belong to the app, served below `/static/`. Names that carry a hash, as collectstatic makes them, are immutable.
   *
   * @default - none
   */
  readonly staticVolume?: IVolume;

  /**
   * Files that people upload, served below `/media/`, and never as part of the site.
   *
   * @default - none
   */
  readonly mediaVolume?: IVolume;

  /**
   * The memory that the server may use.
   *
   * @default Size.mebibytes(128)
   */
  readonly memory?: Size;
}

/**
 * A small nginx that serves the files of one app to the proxy. Where on a host they appear is the route's business, so that no route
 * replaces it.
 *
 * @example
 * const files = new FileServer(this, 'Files', { staticVolume });
 * files.joinNetwork(proxy.edgeNetwork);
 * const location = files.staticLocation('/static/');
 */
export class FileServer extends Construct {
  /** The server. */
  public readonly service: Service;
  /** Where it listens. */
  public readonly endpoints: Endpoint[];
  private readonly has: { readonly static: boolean; readonly media: boolean };

  /**
   * @throws when there is no volume to serve
   */
  constructor(scope: Construct, id: string, props: FileServerProps) {
    super(scope, id);
    if (!props.staticVolume && !props.mediaVolume) reject(this, 'a file server needs staticVolume or mediaVolume, got neither');
    this.has = { static: props.staticVolume !== undefined, media: props.mediaVolume !== undefined };
    const image = props.image ?? ContainerImage.fromRegistry(defaultImages.nginx);
    const files = new Files(this, 'Configuration', { image });
    files.addFile(
      'nginx.conf',
      renderConfig(fileServerConfig({ static: this.has.static ? STATIC : undefined, media: this.has.media ? MEDIA : undefined })),
    );
    this.service = new Service(this, 'Server', {
      image,
      entrypoint: ['sh'],
      command: ['-c', `ulimit -n "$(ulimit -Hn)" && exec nginx -e stderr -c ${CONFIGURATION_FOLDER}/nginx.conf -g 'daemon off;'`],
      user: `${FILE_SERVER_USER}:${FILE_SERVER_USER}`,
      memory: props.memory ?? Size.mebibytes(128),
      updateStrategy: UpdateStrategy.START_FIRST,
      stopSignal: 'SIGQUIT',
      healthCheck: HealthCheck.command(
        ['curl', '-fsS', '--noproxy', '*', '--max-time', '4', '-o', '/dev/null', `http://127.0.0.1:${LOCAL_PORT}/health`],
        {
          // A release waits for it, so it is asked soon.
          interval: Duration.seconds(2),
          startPeriod: Duration.seconds(15),
        },
      ),
    });
    this.service.addFiles(files, CONFIGURATION_FOLDER);
    if (props.staticVolume) this.service.addReadOnlyVolume(props.staticVolume, STATIC.folder.slice(0, -1));
    if (props.mediaVolume) this.service.addReadOnlyVolume(props.mediaVolume, MEDIA.folder.slice(0, -1));
    this.endpoints = this.service.endpoints(HTTP_PORT);
    this.node.defaultChild = this.service;
  }

  /** Puts the server into a network: a proxy's edge network. */
  public joinNetwork(network: INetwork): void {
    this.service.joinNetwork(network);
  }

  /**
   * The static files as a location of a host.
   *
   * @param urlPrefix what clients ask for, with a slash at both ends: `/static/`
   * @throws when the server has no static files
   */
  public staticLocation(urlPrefix: string): ProxyFileLocation {
    if (!this.has.static) reject(this, 'this file server has no staticVolume; give it one');
    return { urlPrefix, serverPrefix: STATIC.urlPrefix, servers: this.endpoints };
  }

  /**
   * The uploaded files as a location of a host.
   *
   * @param urlPrefix what clients ask for, with a slash at both ends: `/media/`
   * @throws when the server has no uploaded files
   */
  public mediaLocation(urlPrefix: string): ProxyFileLocation {
    if (!this.has.media) reject(this, 'this file server has no mediaVolume; give it one');
    return { urlPrefix, serverPrefix: MEDIA.urlPrefix, servers: this.endpoints };
  }
}
