import { Container } from '@cdktf/provider-docker/lib/container';
import { LocalExecProvisioner, TerraformProvider, TerraformResource } from 'cdktf';
import { Construct } from 'constructs';
import { fingerprint } from '../fingerprint';
import { labelBlocks, labelName } from '../labels';
import { withDependencies } from '../late-dependencies';

/** Arguments of `docker_container` in the provider's own spelling. */
export type ContainerArguments = Record<string, unknown>;

/** What an `EngineContainer` is made from. Functions are called at the end of synth, when everything is known. */
export interface EngineContainerProps {
  readonly name: string;
  readonly imageId: string;
  readonly provider?: TerraformProvider;
  /** Whether a new one is created before the old one is destroyed; its name must then be one of a generation. */
  readonly createBeforeDestroy: boolean;
  readonly arguments: () => ContainerArguments;
  readonly labels: () => Record<string, string>;
  readonly dependencies: () => TerraformResource[];
  readonly provisioners?: LocalExecProvisioner[];
  /** Whether a new image is no reason to replace it: what it does is the same in any. Otherwise each release of an app would do all of it again. */
  readonly anyImage?: boolean;
}

/**
 * Arguments that the provider changes in a running container, or that concern Terraform alone. Of all others it replaces the container on
 * some edits, ignores some and reports some as done that it has not done (kreuzwerker/terraform-provider-docker#988).
 */
const CHANGED_IN_PLACE = new Set([
  'memory',
  'memory_swap',
  'restart',
  'max_retry_count',
  'wait',
  'wait_timeout',
  'attach',
  'logs',
  'must_run',
  'rm',
  'start',
  'destroy_grace_seconds',
  'remove_volumes',
  'name',
]);

/**
 * A `docker_container` whose every edit arrives: a label carries a fingerprint of all arguments that cannot be changed in place. Labels are never read
 * back, so it does not drift, and a changed one replaces the container.
 */
export class EngineContainer extends Container {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: EngineContainerProps,
  ) {
    super(scope, id, {
      name: props.name,
      image: props.imageId,
      provider: props.provider,
      provisioners: props.provisioners,
      lifecycle: props.createBeforeDestroy ? { createBeforeDestroy: true, ignoreChanges: props.anyImage ? ['name', 'image'] : ['name'] } : undefined,
    });
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    const own = { name: this.props.name, image: this.props.imageId, ...this.props.arguments() };
    const labels = { ...this.props.labels(), [labelName('fingerprint')]: this.fingerprint(own) };
    return { ...own, labels: labelBlocks(labels) };
  }

  public override toTerraform(): object {
    return withDependencies(this, this.props.dependencies(), () => super.toTerraform() as object);
  }

  private fingerprint(own: ContainerArguments): string {
    const ignored = (name: string) => CHANGED_IN_PLACE.has(name) || (name === 'image' && this.props.anyImage);
    return fingerprint(this, Object.fromEntries(Object.entries(own).filter(([name]) => !ignored(name))));
  }
}
