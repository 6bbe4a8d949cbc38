import { TerraformResource } from 'cdktf';
import { Construct } from 'constructs';

/** An id that lives in the state, and is another one whenever a value is. Not cdktf's DataResource, which runs Terraform at synth. */
export class TerraformData extends TerraformResource {
  constructor(
    scope: Construct,
    id: string,
    private readonly value?: string,
    dependsOn?: TerraformResource[],
  ) {
    super(scope, id, { terraformResourceType: 'terraform_data', terraformGeneratorMetadata: { providerName: 'terraform' }, dependsOn });
  }

  public get id(): string {
    return this.getStringAttribute('id');
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return { triggers_replace: this.value };
  }
}
