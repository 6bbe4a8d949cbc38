/** The images that the library uses by default: one file, read by the library and by the set-up. */

import fs from 'node:fs';

/** The mirror under whose name the stand-ins are tagged: never an official name. */
export const STAND_INS = 'localhost/cdktf-django-standin';

/** @returns {{ nginx: string, postgres: Record<string, string>, python: string, lego: string, pgbouncer: string, valkey: string, [more: string]: string }} official references by name */
export function pins() {
  return JSON.parse(fs.readFileSync(new URL('../../runtime/images.json', import.meta.url), 'utf8'));
}
