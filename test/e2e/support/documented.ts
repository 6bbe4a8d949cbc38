import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..', '..');

/**
 * Compares a part of a page, between two comments with its name, with what a test has seen. CDKTF_DJANGO_WRITE_DOCS=1 writes it instead.
 *
 * @throws with the text that belongs there
 */
export function requireDocumented(page: string, part: string, text: string): void {
  const path = join(root, page);
  const whole = readFileSync(path, 'utf8');
  const [begin, end] = [`<!-- begin ${part} -->\n`, `<!-- end ${part} -->`];
  const [start, stop] = [whole.indexOf(begin), whole.indexOf(end)];
  if (start < 0 || stop < start) throw new Error(`${page} has no part ${begin.trim()} ... ${end}`);
  const wanted = `\n${text}\n\n`;
  if (whole.slice(start + begin.length, stop) === wanted) return;
  if (process.env.CDKTF_DJANGO_WRITE_DOCS !== '1') {
    throw new Error(`${page} differs from what was seen. Between ${begin.trim()} and ${end} (CDKTF_DJANGO_WRITE_DOCS=1 writes it):\n${wanted}`);
  }
  writeFileSync(path, whole.slice(0, start + begin.length) + wanted + whole.slice(stop));
}
