import { Volume as DockerVolume } from '@cdktf/provider-docker/lib/volume';
import { DefaultTokenResolver, StringConcat, TerraformProvider, TerraformResource, Tokenization } from 'cdktf';
import { Construct } from 'constructs';
import { shortHash, stableJson, terraformText } from '../../core/text';
import type { Files } from '../../workload/files';
import { labelBlocks, labelName } from './labels';

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

/** Labels that are other ones whenever a file is: a hash of what is known at synth, and what only Terraform knows as it is. */
export function contentLabels(files: Files): Record<string, string> {
  const escaped = files._entries.map((file) => ({ ...file, content: terraformText(file.content) }));
  const resolved = Tokenization.resolve(escaped, { scope: files, resolver: new DefaultTokenResolver(new StringConcat()), preparing: false }) as {
    readonly content: string;
  }[];
  const labels: Record<string, string> = { [labelName('content')]: shortHash(stableJson(resolved)) };
  const references = new Set(resolved.flatMap(({ content }) => content.match(/(?<!\$)\$\{[^{}]+\}/g) ?? []));
  [...references].sort().forEach((reference, index) => (labels[labelName(`content.${index}`)] = reference));
  return labels;
}
