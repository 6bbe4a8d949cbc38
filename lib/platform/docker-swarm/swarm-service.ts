import { Service as DockerService } from '@cdktf/provider-docker/lib/service';
import { LocalExecProvisioner, TerraformProvider, TerraformResource } from 'cdktf';
import { Construct } from 'constructs';
import { labelBlocks } from '../labels';
import { withDependencies } from '../late-dependencies';

/** Arguments of `docker_service` in the provider's own spelling. */
export type ServiceArguments = Record<string, unknown>;

/** What a Swarm finds out of an image's platforms it writes beside the constraints, and it would be a change at every plan. */
const FOUND_OUT = 'task_spec[0].placement[0].platforms';

/** What a `SwarmService` is made from. Functions are called at the end of synth, when everything is known. */
export interface SwarmServiceProps {
  readonly name: string;
  readonly provider?: TerraformProvider;
  /** Labels that never change: another one would replace the service. */
  readonly labels: Record<string, string>;
  readonly arguments: () => ServiceArguments;
  readonly dependencies: () => TerraformResource[];
  readonly provisioners?: () => LocalExecProvisioner[];
  readonly ignoreChanges?: string[];
}

/** A `docker_service`, which the Swarm updates in place: it has one name for ever. */
export class SwarmService extends DockerService {
  constructor(
    scope: Construct,
    id: string,
    private readonly late: SwarmServiceProps,
  ) {
    super(scope, id, {
      name: late.name,
      taskSpec: { containerSpec: { image: '' } },
      provider: late.provider,
      lifecycle: { ignoreChanges: [FOUND_OUT, ...(late.ignoreChanges ?? [])] },
    });
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return { name: this.late.name, labels: labelBlocks(this.late.labels), ...this.late.arguments() };
  }

  public override toTerraform(): object {
    // The provider that they follow may be declared last.
    this.provisioners = this.late.provisioners?.();
    return withDependencies(this, this.late.dependencies(), () => super.toTerraform() as object);
  }
}
