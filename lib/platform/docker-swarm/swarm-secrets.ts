import { Secret as DockerSecret } from '@cdktf/provider-docker/lib/secret';
import { Annotations, Fn } from 'cdktf';
import { reject } from '../../core/errors';
import { SecretKind } from '../../workload/secret';
import type { SecretFile, SecretGuard } from '../../workload/secret-file';
import type { Workload } from '../../workload/workload';
import { SecretBinding } from '../bindings';
import { labelName } from '../labels';
import { guardSecretCommand } from '../root-commands';
import type { SwarmContext } from './swarm-context';
import type { SwarmJobs } from './swarm-jobs';
import type { ServiceArguments, SwarmService } from './swarm-service';

/** Characters that one hash gives: 86, of which the few that are no letters or digits are left out. */
const BLOCK = 64;

/** Secrets of a Swarm: it keeps them itself, encrypted, and brings them into the memory of its tasks. Terraform knows their values. */
export class SwarmSecrets {
  private readonly secrets = new Map<SecretFile, DockerSecret>();

  constructor(
    private readonly context: SwarmContext,
    private readonly jobs: SwarmJobs,
  ) {}

  public bind(secret: SecretFile): SecretBinding {
    const { secret: source } = secret;
    if (source._kind === SecretKind.FILE) {
      reject(
        secret,
        `secret ${secret.secretName} is a file of one host, and a task of a Swarm may run on any: use Secret.generated() or Secret.fromVariable()`,
      );
    }
    const generated = source._kind === SecretKind.GENERATED;
    if (generated) {
      Annotations.of(secret).addWarning(
        `secret ${secret.secretName} is one of a Swarm, so its value is in Terraform's state, and a destroy removes it while the data that it opens may stay; keep the state in an encrypted backend, and a copy of the secret before a destroy (terraform state pull)`,
      );
    }
    const resource = new DockerSecret(secret, 'Resource', {
      name: this.context.names.generation(secret),
      data: generated ? `\${base64encode(${randomText(Number(source._source))})}` : Fn.base64encode(source._source),
      provider: this.context.provider,
      labels: this.context.labelBlocks(secret),
      // A generated one is made once. The name tells the generation, not the value.
      lifecycle: { createBeforeDestroy: true, ignoreChanges: generated ? ['name', 'data'] : ['name'] },
    });
    this.secrets.set(secret, resource);
    return { resources: generated && secret.guard ? [resource, this.guard(secret, secret.guard, resource)] : [resource] };
  }

  /** Refuses a secret that is newer than the data which it shall open. */
  private guard(secret: SecretFile, guard: SecretGuard, resource: DockerSecret): SwarmService {
    const image = this.context.images.bind(secret, secret.image);
    const { placement } = this.context;
    return this.jobs.rootJob(secret, 'Guard', this.context.names.fixed(secret, 'guard'), {
      image: image.imageId,
      imageResources: image.resources,
      placed: () => placement.at(secret, placement.homeOf(guard.volume)),
      command: () => guardSecretCommand(secret.secretName, guard, resource.name),
      mounts: () => [{ type: 'volume', source: guard.volume.volumeName, target: '/guarded', read_only: true }],
      labels: () => ({ [labelName('secret')]: resource.id }),
    });
  }

  /** The secrets that a workload can read, as its service names them. */
  public of(workload: Workload): ServiceArguments[] {
    return workload.secrets.map((secret) => {
      const resource = this.required(workload, secret);
      return {
        secret_id: resource.id,
        secret_name: resource.name,
        file_name: secret.path,
        file_gid: String(secret.group),
        file_mode: 0o440,
      };
    });
  }

  /** What is another one whenever a value is. */
  public versionOf(workload: Workload, secret: SecretFile): string {
    return this.required(workload, secret).id;
  }

  private required(workload: Workload, secret: SecretFile): DockerSecret {
    const found = this.secrets.get(secret);
    return found ?? reject(workload, `secret ${secret.node.path} is on another platform than its consumer; declare both under the same one`);
  }
}

/** An expression that is another random text each time, of A-Z, a-z and 0-9. Each uuid() has 122 bits of the system's own randomness; 64 such characters have 381. */
function randomText(length: number): string {
  const block = 'replace(base64sha512(join("", [uuid(), uuid(), uuid(), uuid()])), "/[^A-Za-z0-9]/", "")';
  const blocks = Array.from({ length: Math.ceil(length / BLOCK) }, () => `substr(${block}, 0, ${BLOCK})`);
  return `substr(join("", [${blocks.join(', ')}]), 0, ${length})`;
}
