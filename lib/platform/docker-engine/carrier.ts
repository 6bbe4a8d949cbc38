import { Construct } from 'constructs';
import { ImageBinding } from '../bindings';
import { LOG_DRIVER, LOG_OPTIONS } from '../logs';
import { ContainerArguments, EngineContainer } from './engine-container';
import { EngineContext } from './engine-context';

/** What a carrier brings, and where to. */
export interface CarrierProps {
  readonly image: ImageBinding;
  readonly volumeName: string;
  /** Files by their path in the volume, with permissions such as `0444`. */
  readonly files: () => { readonly path: string; readonly content: string; readonly permissions: string }[];
  readonly labels?: () => Record<string, string>;
}

const FOLDER = '/files';

/**
 * A container that is never started and only brings files into a volume: the provider cannot upload into one with a read-only root, which all
 * that run have.
 */
export class Carrier extends EngineContainer {
  constructor(scope: Construct, id: string, context: EngineContext, props: CarrierProps) {
    super(scope, id, {
      name: context.names.generation(scope, 'carrier'),
      imageId: props.image.imageId,
      provider: context.provider,
      createBeforeDestroy: true,
      anyImage: true,
      labels: () => ({ ...context.containerLabels(scope), ...props.labels?.() }),
      dependencies: () => props.image.resources,
      arguments: (): ContainerArguments => ({
        command: ['true'],
        start: false,
        must_run: false,
        restart: 'no',
        network_mode: 'none',
        log_driver: LOG_DRIVER,
        log_opts: LOG_OPTIONS,
        mounts: [{ type: 'volume', source: props.volumeName, target: FOLDER, read_only: false }],
        upload: props.files().map(({ path, content, permissions }) => ({ file: `${FOLDER}/${path}`, content, permissions })),
      }),
    });
  }
}
