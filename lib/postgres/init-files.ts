import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { Construct } from 'constructs';
import { reject, shown } from '../core/errors';
import { ContainerImage } from '../image/container-image';
import { Files } from '../workload/files';

/** Where the first start finds them, as runtime/postgres/init-files.sh says. */
export const INIT_FOLDER = '/run/cdktf-django-init';

/** All of them together. They travel through Terraform's state as base64, a third longer: 1 MiB is what it was tried with, and 4 MiB took Terraform minutes. */
const MOST_BYTES = 1024 * 1024;

const GZIP = Buffer.from([0x1f, 0x8b]);
const DUMP = Buffer.from('PGDMP');

/** Files of the user's that fill a database in its first start, with the order in which they are run. */
export function initFiles(scope: Construct, id: string, image: ContainerImage, paths: readonly string[]): Files {
  const contents = paths.map((path) => read(scope, path));
  const bytes = contents.reduce((sum, content) => sum + content.length, 0);
  if (bytes > MOST_BYTES) {
    reject(
      scope,
      `initFiles must have at most ${MOST_BYTES} bytes together, got ${bytes}: they go through Terraform's state. Compress them (.sql.gz), or load the data when the database is there: docker exec -i CONTAINER sh /run/cdktf-django/psql-admin.sh --set=ON_ERROR_STOP=1 --command='SET ROLE owner' --file=- <dump.sql`,
    );
  }
  const files = new Files(scope, id, { image });
  files.addFile('order', paths.map((path) => `${basename(path)}\n`).join(''));
  contents.forEach((content, index) => files.addFile(String(index), `${content.toString('base64')}\n`));
  return files;
}

function read(scope: Construct, path: string): Buffer {
  const form = 'a path of a file whose name ends with .sql, .sql.gz (SQL), .pgc or .dump (made by pg_dump --format=custom)';
  if (typeof path !== 'string' || !/^[A-Za-z0-9_][A-Za-z0-9_.-]*\.(sql|sql\.gz|pgc|dump)$/.test(basename(path)) || /[\0\n]/.test(path))
    reject(scope, `initFiles must be ${form}, of letters, digits, "_", "-" and ".", got ${shown(path)}`);
  const absolute = resolve(path);
  let content: Buffer;
  try {
    content = readFileSync(absolute);
  } catch (error) {
    reject(
      scope,
      `the file ${shown(path)} of initFiles cannot be read (looked for ${absolute}: ${(error as NodeJS.ErrnoException).code}); paths are relative to the folder of cdktf.json`,
    );
  }
  const is = (magic: Buffer) => content.subarray(0, magic.length).equals(magic);
  const name = basename(path);
  const what = is(GZIP)
    ? 'compressed by gzip'
    : is(DUMP)
      ? 'a dump in the custom format of pg_dump'
      : content.includes(0)
        ? 'no text'
        : 'SQL, or a text';
  const fits = name.endsWith('.gz') ? is(GZIP) : name.endsWith('.sql') ? what === 'SQL, or a text' : is(DUMP);
  if (!fits) reject(scope, `the file ${shown(path)} of initFiles is ${what}, and its name says otherwise; each must be ${form}`);
  return content;
}
