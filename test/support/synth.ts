import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { Testing, TerraformStack } from 'cdktf';
import { DockerEngine, DockerEngineProps, Platform } from '../../lib';

/** A stack as the README shows it, for one test. */
export function newStack(id = 'shop', engine?: DockerEngineProps): TerraformStack {
  const stack = new TerraformStack(Testing.app(), id);
  new DockerProvider(stack, 'Docker');
  if (engine) Platform.use(stack, new DockerEngine(engine));
  return stack;
}

/** The arguments of one resource, as Terraform reads them. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as free as JSON is
export type Arguments = Record<string, any>;

/** What Terraform gets: resources by type and logical id. */
export class Synthesized {
  private readonly json: { resource?: Record<string, Record<string, Arguments>>; output?: Record<string, Arguments>; terraform: Arguments };

  constructor(stack: TerraformStack) {
    this.text = Testing.synth(stack, true);
    this.json = JSON.parse(this.text);
  }

  /** The whole JSON. */
  public readonly text: string;

  public get terraform(): Arguments {
    return this.json.terraform;
  }

  public get outputs(): Record<string, Arguments> {
    return this.json.output ?? {};
  }

  /** All resources of a type, by logical id. */
  public all(type: string): Record<string, Arguments> {
    return this.json.resource?.[type] ?? {};
  }

  /** All resources, by address. */
  public addresses(): Record<string, Arguments> {
    return Object.fromEntries(
      Object.entries(this.json.resource ?? {}).flatMap(([type, byId]) => Object.entries(byId).map(([id, value]) => [`${type}.${id}`, value])),
    );
  }

  /** The one container whose construct has this path below the stack. */
  public container(path: string): Arguments {
    return this.byPath('docker_container', path);
  }

  /** The one resource of a type whose label says that its construct has this path. */
  public byPath(type: string, path: string): Arguments {
    const found = Object.values(this.all(type)).filter((one) => label(one, 'org.cdktf-django.path') === path);
    if (found.length !== 1) {
      const known = Object.values(this.all(type)).map((one) => label(one, 'org.cdktf-django.path'));
      throw new Error(`${found.length} resources of type ${type} for ${path}; there are ${known.join(', ')}`);
    }
    return found[0];
  }
}

/** The value of a label of a resource. */
export function label(resource: Arguments, name: string): string | undefined {
  return (resource.labels as { label: string; value: string }[] | undefined)?.find((one) => one.label === name)?.value;
}
