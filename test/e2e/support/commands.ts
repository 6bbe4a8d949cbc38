import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..', '..');

/**
 * The commands of a section of a page, block by block, without comments.
 *
 * @param heading the section's, without its number signs
 */
export function commandsOf(page: string, heading: string): string[][] {
  const text = readFileSync(join(root, page), 'utf8');
  const [, section] = new RegExp(`^#+ ${heading}\\n([^]*?)(?=^#{1,4} |(?![^]))`, 'm').exec(text) ?? [];
  if (section === undefined) throw new Error(`${page} has no section "${heading}"`);
  return [...section.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, code]) =>
    code
      .split('\n')
      .map((line) => line.replace(/(^|\s+)#.*$/, ''))
      .filter((line) => line !== ''),
  );
}
