import { shortHash, stableJson, terraformText } from '../core/text';
import type { Files } from '../workload/files';
import { resolved } from './fingerprint';
import { labelName } from './labels';

/** Labels that are other ones whenever a file is: a hash of what is known at synth, and what only Terraform knows as it is. */
export function contentLabels(files: Files): Record<string, string> {
  const entries = resolved(
    files,
    files._entries.map((file) => ({ ...file, content: terraformText(file.content) })),
  );
  const labels: Record<string, string> = { [labelName('content')]: shortHash(stableJson(entries)) };
  const references = new Set(entries.flatMap(({ content }) => content.match(/(?<!\$)\$\{[^{}]+\}/g) ?? []));
  [...references].sort().forEach((reference, index) => (labels[labelName(`content.${index}`)] = reference));
  return labels;
}
