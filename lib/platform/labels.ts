import { IConstruct } from 'constructs';
import { terraformText } from '../core/text';

const PREFIX = 'org.cdktf-django';

/** The logical id of the resource whose id all containers of a stack have as the label `owner`. */
export const OWNERSHIP = 'Ownership';

/** The labels that say whose an object is, in the form of the provider's blocks. */
export function ownerLabels(scope: IConstruct, namespace: string): Record<string, string> {
  return { [`${PREFIX}.namespace`]: namespace, [`${PREFIX}.path`]: terraformText(scope.node.path) };
}

/** The name of a label of ours. */
export function labelName(name: string): string {
  return `${PREFIX}.${name}`;
}

/** Labels as the provider wants them, in a stable order. */
export function labelBlocks(labels: Record<string, string>): { label: string; value: string }[] {
  return Object.keys(labels)
    .sort()
    .map((label) => ({ label, value: labels[label] }));
}
