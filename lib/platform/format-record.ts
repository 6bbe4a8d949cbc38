import { terraformText } from '../core/text';
import type { VolumeFormat } from '../workload/volume';
import type { TerraformResource } from 'cdktf';
import type { Construct } from 'constructs';
import { TerraformData } from './terraform-data';

/**
 * The form of a volume that the state remembers from when the volume was first deployed, or brought from another form. It is compared at the plan: a job could only refuse when the
 * server that could read the volume is stopped.
 */
export class FormatRecord extends TerraformData {
  constructor(
    scope: Construct,
    id: string,
    private readonly format: VolumeFormat,
    dependsOn: TerraformResource[],
  ) {
    // Another record, of the new form, for as long as something brings the volume from one to the other, and after that.
    super(scope, id, format.from === undefined ? undefined : `${format.from} to ${format.name}`, dependsOn);
    this.addOverride('lifecycle', {
      ignore_changes: ['input'],
      postcondition: [
        {
          condition: `\${self.output == ${JSON.stringify(format.name)}}`,
          error_message: [
            `${terraformText(scope.node.path)}: the volume holds \${self.output}, and the stack says ${terraformText(format.name)}. Nothing was changed.`,
            terraformText(format.remedy),
          ].join('\n'),
        },
      ],
    });
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return { ...super.synthesizeAttributes(), input: this.format.name };
  }
}
