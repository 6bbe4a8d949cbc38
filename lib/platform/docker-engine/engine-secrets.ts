import { Volume as DockerVolume } from '@cdktf/provider-docker/lib/volume';
import { TerraformResource } from 'cdktf';
import { RemovalPolicy } from '../../core/removal-policy';
import { SecretKind } from '../../workload/secret';
import type { SecretFile } from '../../workload/secret-file';
import { SecretBinding } from '../bindings';
import { Carrier } from './carrier';
import { EngineContext } from './engine-context';
import { EngineJobs } from './engine-jobs';
import { generateSecretCommand } from '../root-commands';
import { TerraformData } from '../terraform-data';

/** Secrets on one engine: each has a volume of its own, which only its consumers mount. */
export class EngineSecrets {
  private readonly volumes = new Map<SecretFile, string>();
  private readonly versions = new Map<SecretFile, TerraformData>();

  constructor(
    private readonly context: EngineContext,
    private readonly jobs: EngineJobs,
  ) {}

  public bind(secret: SecretFile): SecretBinding {
    switch (secret.secret._kind) {
      case SecretKind.FILE:
        return { resources: [] };
      case SecretKind.GENERATED:
        return this.generate(secret);
      default:
        return this.carry(secret);
    }
  }

  /** The volume with a secret's value, if the engine keeps it. */
  public volumeOf(secret: SecretFile): string | undefined {
    return this.volumes.get(secret);
  }

  /** What is another one whenever a value that Terraform knows is. */
  public versionOf(secret: SecretFile): string | undefined {
    return this.versions.get(secret)?.id;
  }

  private generate(secret: SecretFile): SecretBinding {
    const owned: TerraformResource[] = [];
    let volume = this.context.names.fixed(secret);
    if (secret.removalPolicy === RemovalPolicy.DESTROY) {
      const resource = new DockerVolume(secret, 'Volume', {
        name: volume,
        provider: this.context.provider,
        dependsOn: [this.context.ownershipOf(secret)],
        labels: this.context.labelBlocks(secret),
      });
      volume = resource.name;
      owned.push(resource);
    }
    this.volumes.set(secret, volume);
    const guard = secret.guard;
    const job = this.jobs.rootJob(secret, 'Resource', {
      image: secret.image,
      command: generateSecretCommand(secret, volume),
      mounts: () => [
        { type: 'volume', source: volume, target: '/secret', read_only: false },
        ...(guard ? [{ type: 'volume', source: guard.volume.volumeName, target: '/guarded', read_only: true }] : []),
      ],
      after: () => [...owned, ...(guard?.volume._binding.resources ?? [])],
    });
    return { resources: [...owned, job] };
  }

  /** A secret that Terraform knows: a carrier brings it into its volume. */
  private carry(secret: SecretFile): SecretBinding {
    const volume = new DockerVolume(secret, 'Volume', {
      name: this.context.names.fixed(secret),
      provider: this.context.provider,
      dependsOn: [this.context.ownershipOf(secret)],
      labels: this.context.labelBlocks(secret),
    });
    const carrier = new Carrier(secret, 'Resource', this.context, {
      image: this.context.images.bind(secret, secret.image),
      volumeName: volume.name,
      files: () => [{ path: 'value', content: secret.secret._source, permissions: '0444' }],
    });
    this.volumes.set(secret, volume.name);
    // Not the carrier's id, which is another one after `docker system prune`, and a hash would tell of the value.
    this.versions.set(secret, new TerraformData(secret, 'Version', secret.secret._source));
    return { resources: [volume, carrier] };
  }
}
