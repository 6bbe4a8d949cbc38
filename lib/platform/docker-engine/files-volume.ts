import { Volume as DockerVolume } from '@cdktf/provider-docker/lib/volume';
import { TerraformProvider, TerraformResource } from 'cdktf';
import { Construct } from 'constructs';
import { labelBlocks } from '../labels';

interface FilesVolumeProps {
  readonly name: string;
  readonly provider?: TerraformProvider;
  readonly ownership: TerraformResource;
  readonly labels: () => Record<string, string>;
}

/** A volume for one content of a folder of files: its labels tell the content, and another content is another volume. */
export class FilesVolume extends DockerVolume {
  constructor(
    scope: Construct,
    id: string,
    private readonly late: FilesVolumeProps,
  ) {
    super(scope, id, {
      name: late.name,
      provider: late.provider,
      dependsOn: [late.ownership],
      lifecycle: { createBeforeDestroy: true, ignoreChanges: ['name'] },
    });
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return { name: this.late.name, labels: labelBlocks(this.late.labels()) };
  }
}
