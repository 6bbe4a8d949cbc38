import { LocalExecProvisioner, TerraformResource } from 'cdktf';
import { Construct, IConstruct } from 'constructs';
import { kebab, terraformText } from '../../core/text';
import { ContainerImage } from '../../image/container-image';
import { ImageBinding } from '../bindings';
import { LOG_DRIVER, LOG_OPTIONS } from '../logs';
import { jobArguments } from './container-arguments';
import { ContainerArguments, EngineContainer } from './engine-container';
import { EngineContext } from './engine-context';

/** What a job's container is made from. */
export interface JobContainerProps {
  readonly timeoutMinutes: number;
  readonly dependencies: () => TerraformResource[];
  readonly labels: () => Record<string, string>;
  readonly arguments: () => ContainerArguments;
  /** Whether a new image is no reason to run it again. */
  readonly anyImage?: boolean;
  /** Whether a new one is created before the old one is destroyed, as what others wait for has to be. @default true */
  readonly createBeforeDestroy?: boolean;
}

/** What a job of the platform's own is made from. */
export interface RootJobProps {
  readonly image: ContainerImage;
  readonly command: string[];
  readonly mounts: () => ContainerArguments[];
  readonly after: () => TerraformResource[];
}

/** Mebibytes: a shell and a few tools. */
const ROOT_JOB_MEMORY = 64;

/** Containers that run to their end during the deploy. */
export class EngineJobs {
  constructor(private readonly context: EngineContext) {}

  /** A container whose end is waited for, whose log is printed, and whose failure fails the deploy. */
  public job(scope: Construct, id: string, image: ImageBinding, props: JobContainerProps): EngineContainer {
    const early = props.createBeforeDestroy ?? true;
    const container = new EngineContainer(scope, id, {
      name: early ? this.context.names.generation(scope, id === 'Resource' ? '' : kebab(id)) : this.context.names.fixed(scope),
      imageId: image.imageId,
      provider: this.context.provider,
      createBeforeDestroy: early,
      anyImage: props.anyImage,
      labels: props.labels,
      dependencies: props.dependencies,
      provisioners: [reportJob(scope)],
      arguments: () => ({ ...props.arguments(), ...jobArguments() }),
    });
    container.addOverride('timeouts.create', `${props.timeoutMinutes}m`);
    return container;
  }

  /** A job of the platform's own that hands storage to its owner; it has the one capability that this takes. */
  public rootJob(scope: Construct, id: string, props: RootJobProps): EngineContainer {
    const image = this.context.images.bind(scope, props.image);
    return this.job(scope, id, image, {
      timeoutMinutes: 5,
      anyImage: true,
      dependencies: () => [...image.resources, ...props.after()],
      labels: () => this.context.containerLabels(scope),
      arguments: () => ({
        // The image's own entrypoint must not come between.
        entrypoint: props.command.slice(0, 1),
        command: props.command.slice(1).map(terraformText),
        user: '0:0',
        memory: ROOT_JOB_MEMORY,
        memory_swap: ROOT_JOB_MEMORY,
        read_only: true,
        network_mode: 'none',
        capabilities: { drop: ['ALL'], add: ['CAP_CHOWN'] },
        security_opts: ['no-new-privileges:true'],
        init: true,
        log_driver: LOG_DRIVER,
        log_opts: LOG_OPTIONS,
        mounts: props.mounts(),
      }),
    });
  }
}

/** Prints what a job printed, and fails the deploy when it failed, so that the job is run again by the next one. */
function reportJob(scope: IConstruct): LocalExecProvisioner {
  const provisioner: LocalExecProvisioner & { readonly quiet: boolean } = {
    type: 'local-exec',
    // Terraform would print the command itself, too.
    quiet: true,
    command: 'printf "%s\\n" "$LOG"; if [ "$EXIT_CODE" != 0 ]; then echo "$JOB failed with exit code $EXIT_CODE" >&2; exit 1; fi',
    environment: { LOG: '${self.container_logs}', EXIT_CODE: '${self.exit_code}', JOB: terraformText(scope.node.path) },
  };
  return provisioner;
}
