#!/usr/bin/env node
/**
 * Makes the list of a server's parameters that the library checks against:
 *
 *   node tools/parameter-list.mjs 18 docker exec CONTAINER sh /run/cdktf-django/psql-admin.sh
 *
 * What follows the major version is psql, connected to a server of that version which has loaded no library (`shared_preload_libraries`).
 */

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';

const folder = fileURLToPath(new URL('../runtime/postgres/parameters/', import.meta.url));
const [major, program, ...args] = process.argv.slice(2);
const psql = (sql) => execFileSync(program, [...args, '-X', '-A', '-t', '-c', sql], { encoding: 'utf8', maxBuffer: 1 << 24 });
const version = psql('SHOW server_version').trim();
if (!version.startsWith(`${major}.`)) throw new Error(`the server is Postgres ${version}, and not ${major}`);

const list = JSON.parse(psql(fs.readFileSync(fileURLToPath(new URL('parameter-list.sql', import.meta.url)), 'utf8')));
const lines = Object.entries(list).map(([name, parameter]) => `${JSON.stringify(name)}: ${JSON.stringify(parameter)}`);
const text = await format(`{\n${lines.join(',\n')}\n}\n`, { parser: 'json', printWidth: 150 });
fs.writeFileSync(`${folder}${major}.json`, text);
console.log(`${major}: ${lines.length} parameters of Postgres ${version}`);
