import { TerraformResource } from 'cdktf';
import { Construct } from 'constructs';
import { Duration } from '../core/duration';
import { requireMatch } from '../core/errors';
import { JobBinding } from '../platform/bindings';
import { platformOf } from '../platform/platform-of';
import { Workload, WorkloadProps } from './workload';

/** Settings of a `Job`. */
export interface JobProps extends WorkloadProps {
  /**
   * The time after which a job that has not ended fails the deploy.
   *
   * @default Duration.minutes(20)
   */
  readonly timeout?: Duration;

  /**
   * Values of which a change runs the job again, beside a change of the job itself. May be tokens.
   *
   * @default - none
   */
  readonly triggers?: { readonly [name: string]: string };

  /**
   * Whether it waits for all that waits for its predecessors, too, however many steps away: what takes something away that others have left. Nothing may
   * wait for it.
   *
   * @internal
   */
  readonly _last?: boolean;
}

/**
 * Work that runs to its end during the deploy. What it prints is in the deploy's output; its failure fails the deploy, and the next
 * deploy tries again.
 *
 * A job runs again when its image, its command, its environment or its files change, or when its ended container was removed from the
 * engine (`docker system prune`): it must be able to run twice.
 *
 * @example
 * new Job(this, 'Greeting', { image: ContainerImage.fromRegistry('debian:bookworm-slim'), command: ['echo', 'hello'] });
 */
export class Job extends Workload {
  /** The time after which a job that has not ended fails the deploy. */
  public readonly timeout: Duration;
  /** Values of which a change runs the job again. */
  public readonly triggers: { readonly [name: string]: string };

  /** Whether it waits for all that waits for its predecessors, too. @internal */
  public readonly _last: boolean;
  /** @internal */
  public readonly _binding: JobBinding;

  /**
   * @throws when a value is out of range or not of the allowed form
   */
  constructor(scope: Construct, id: string, props: JobProps) {
    super(scope, id, props);
    this.timeout = props.timeout ?? Duration.minutes(20);
    this.triggers = props.triggers ?? {};
    this._last = props._last ?? false;
    for (const name of Object.keys(this.triggers))
      requireMatch(this, 'the name of a trigger', name, /^[a-z][a-z0-9-]*$/, 'made of lower-case letters, digits and dashes');
    this._binding = platformOf(this)._bindJob(this);
  }

  /** The resources that Terraform manages for the job, for what this library has no prop for (`addOverride`). */
  public get resources(): TerraformResource[] {
    return [...this._binding.resources];
  }
}
