import { LocalExecProvisioner, TerraformResource } from 'cdktf';
import { Construct, IConstruct } from 'constructs';
import { Size } from '../../core/size';
import { terraformText } from '../../core/text';
import { fingerprint } from '../fingerprint';
import { labelBlocks, labelName } from '../labels';
import type { Placed } from './placement';
import type { SwarmContext } from './swarm-context';
import { ServiceArguments, SwarmService } from './swarm-service';
import { confinement, modeArguments, scheduling } from './task-arguments';
import { WATCH_JOB, watchEnvironment } from './watch-job';

/** What a job's service is made from. */
export interface SwarmJobProps {
  readonly timeoutSeconds: number;
  readonly placed: () => Placed;
  /** Labels of which another value runs the job again. */
  readonly labels: () => Record<string, string>;
  /** The `task_spec`, without what all jobs have. */
  readonly task: () => ServiceArguments;
  readonly dependencies: () => TerraformResource[];
  /** Whether a new image is no reason to run it again. */
  readonly anyImage?: boolean;
}

/** What a job of the platform's own is made from. */
export interface RootJobProps {
  readonly image: string;
  readonly imageResources: TerraformResource[];
  readonly placed: () => Placed;
  readonly command: () => string[];
  readonly mounts: () => ServiceArguments[];
  /** Labels of which another value runs the job again. @default - none */
  readonly labels?: () => Record<string, string>;
}

/** A shell and a few tools. */
const ROOT_JOB_MEMORY = Size.mebibytes(64);
const ROOT_JOB_SECONDS = 300;

/** Tasks that run to their end during the deploy, once. */
export class SwarmJobs {
  constructor(private readonly context: SwarmContext) {}

  /** A service whose tasks' end is waited for, whose log is printed, and whose failure fails the deploy. */
  public job(scope: Construct, id: string, name: string, props: SwarmJobProps): SwarmService {
    return new SwarmService(scope, id, {
      name,
      provider: this.context.provider,
      labels: this.context.labels(scope),
      dependencies: props.dependencies,
      provisioners: () => [this.watch(scope, name, props.timeoutSeconds)],
      ignoreChanges: props.anyImage ? ['task_spec[0].container_spec[0].image'] : undefined,
      arguments: () => this.arguments(scope, props),
    });
  }

  /** A job of the platform's own that hands storage to its owner; it has the one capability that this takes. */
  public rootJob(scope: Construct, id: string, name: string, props: RootJobProps): SwarmService {
    const offline = this.context.offlineNetwork(scope);
    return this.job(scope, id, name, {
      timeoutSeconds: ROOT_JOB_SECONDS,
      anyImage: true,
      placed: props.placed,
      labels: props.labels ?? (() => ({})),
      dependencies: () => props.imageResources,
      task: () => {
        const [program, ...rest] = props.command();
        return {
          container_spec: {
            image: props.image,
            // The image's own entrypoint must not come between.
            command: [program],
            args: rest.map(terraformText),
            user: '0:0',
            read_only: true,
            ...confinement(['CHOWN']),
            mounts: props.mounts(),
          },
          resources: { limits: { memory_bytes: ROOT_JOB_MEMORY.toBytes() } },
          ...scheduling({ placed: props.placed(), spreadOver: [], networks: [offline] }),
        };
      },
    });
  }

  private arguments(scope: IConstruct, props: SwarmJobProps): ServiceArguments {
    const task = props.task();
    const { image, ...container } = task.container_spec as ServiceArguments;
    // Labels of containers cannot be changed: with another one the job is run again, and not changed in place.
    const print = fingerprint(scope, { ...task, container_spec: props.anyImage ? container : { ...container, image } });
    const labels = { ...this.context.labels(scope), ...props.labels(), [labelName('fingerprint')]: print };
    return {
      task_spec: {
        ...task,
        container_spec: { ...container, image, labels: labelBlocks(labels) },
        restart_policy: { condition: 'none', delay: '0s', max_attempts: 0, window: '0s' },
      },
      mode: modeArguments(props.placed(), 1),
      endpoint_spec: { mode: 'dnsrr' },
    };
  }

  private watch(scope: IConstruct, name: string, seconds: number): LocalExecProvisioner {
    const provisioner: LocalExecProvisioner & { readonly quiet: boolean } = {
      type: 'local-exec',
      // Terraform would print the command itself, too.
      quiet: true,
      command: terraformText(WATCH_JOB),
      environment: { ...watchEnvironment(terraformText(scope.node.path), name, seconds), ...this.context.clientEnvironment(scope) },
    };
    return provisioner;
  }
}
