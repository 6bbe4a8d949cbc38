import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderMarkdown } from './markdown';
import { Row } from './row';

/** What a suite found. */
export interface SuiteResult {
  readonly date: string;
  readonly machine: string;
  readonly commit: string;
  /** How it was measured, in words. */
  readonly method: string;
  readonly versions: { readonly [name: string]: string };
  readonly rows: readonly Row[];
}

/** The latest result of each suite. */
export type Results = { readonly [suite: string]: SuiteResult };

const FOLDER = join(__dirname, '..', 'results');

/** Writes what was found beside the latest figures of the suites that did not run this time. */
export function writeResults(found: Results): void {
  const json = join(FOLDER, 'latest.json');
  const before = existsSync(json) ? (JSON.parse(readFileSync(json, 'utf8')) as Results) : {};
  const results = Object.fromEntries(Object.entries({ ...before, ...found }).sort());
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(json, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(join(FOLDER, 'latest.md'), renderMarkdown(results));
}
