import { TerraformDataSource, TerraformProvider, TerraformStack } from 'cdktf';
import { terraformText } from '../../core/text';
import { labelName, OWNERSHIP } from '../labels';
import { TerraformData } from '../terraform-data';

/**
 * The id of a stack's state, which all of its containers have as a label. A deploy from another state, such as a colleague's who lacks the first one, would make
 * everything a second time and take over data and routes of what runs. It is refused at the plan, or, where the id is made by that very deploy, before
 * anything else is made: all that a stack has on an engine depends on this resource.
 *
 * What runs is the mark, so nothing has to be released when a stack is destroyed, and no prune removes it.
 */
export class Ownership extends TerraformData {
  /** The one of a stack; it is the same for all of the stack's engines. */
  public static of(stack: TerraformStack): Ownership {
    return (stack.node.tryFindChild(OWNERSHIP) as Ownership | undefined) ?? new Ownership(stack, OWNERSHIP);
  }

  private readonly conditions: { condition: string; error_message: string }[] = [];

  /** Has the containers of an engine looked at before a deploy. */
  public check(namespace: string, provider: TerraformProvider | undefined): void {
    const stack = TerraformStack.of(this);
    const id = this.conditions.length === 0 ? 'Containers' : `Containers${this.conditions.length + 1}`;
    const source = new ContainerList(this, id, {
      terraformResourceType: 'docker_containers',
      terraformGeneratorMetadata: { providerName: 'docker' },
      provider,
    });
    const path = terraformText(stack.node.path);
    const label = (name: string) => `try(one.labels[${JSON.stringify(labelName(name))}], "")`;
    const others = `[for one in data.docker_containers.${source.friendlyUniqueId}.containers : one if ${[
      `${label('namespace')} == ${JSON.stringify(namespace)}`,
      `startswith(${label('path')}, ${JSON.stringify(`${path}/`)})`,
      `!contains(["", self.id], ${label('owner')})`,
    ].join(' && ')}]`;
    // The message is evaluated when nothing is wrong, too.
    const owned = `--filter label=${labelName('owner')}=\${try(${others}[0].labels[${JSON.stringify(labelName('owner'))}], "")}`;
    const networks = `--filter label=${labelName('namespace')}=${namespace}`;
    this.conditions.push({
      condition: `\${length(${others}) == 0}`,
      error_message: [
        `${path}: namespace ${namespace} on this engine was deployed from another Terraform state than this one, as \${try(trimprefix(${others}[0].names[0], "/"), "")} tells.`,
        'A deploy would make all of it a second time and fight for its data, so nothing was changed. You can:',
        '- deploy with the state that it was deployed from: bring its file here, or share it through a remote backend;',
        '- deploy beside it, under another namespace: new DockerEngine({ namespace });',
        '- if that state is lost, take over on purpose: remove what runs, which interrupts the site and leaves its volumes of data, and deploy again:',
        `  docker ps -aq ${owned} | xargs docker rm -f; docker network ls -q ${networks} | xargs docker network rm`,
      ].join('\n'),
    });
    this.addOverride('lifecycle.postcondition', this.conditions);
  }
}

/** All containers of an engine. The bindings' version of the provider does not know it yet. */
class ContainerList extends TerraformDataSource {
  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {};
  }
}
