import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { PostgresDb } from '../../lib';
import { variable } from '../support/contents';
import { folder } from '../support/folder';
import { Arguments, newStack, Synthesized } from '../support/synth';

function file(name: string, content: string | Buffer): string {
  const path = join(folder(), name);
  writeFileSync(path, content);
  return path;
}

function synthWith(initFiles: string[], use: (db: PostgresDb) => void = () => undefined): Synthesized {
  const stack = newStack();
  use(new PostgresDb(stack, 'Db', { initFiles }));
  return new Synthesized(stack);
}

const uploads = (synth: Synthesized) => synth.container('shop/Db/InitFiles').upload as Arguments[];
const received = (synth: Synthesized) =>
  Object.fromEntries(
    uploads(synth).map(({ file: path, content }) => [path.replace('/files/', ''), path.endsWith('order') ? content : Buffer.from(content, 'base64')]),
  );

test('are brought to the first start in their order, byte for byte', () => {
  const sql = 'SELECT \'${x} %{y} "z"\';\r\n';
  const packed = gzipSync('SELECT 1;');
  const dump = Buffer.concat([Buffer.from('PGDMP'), Buffer.from([0, 1, 255])]);
  const synth = synthWith([file('b.sql', sql), file('a.sql.gz', packed), file('c.pgc', dump), file('d.dump', dump), file('e.sql', '')]);
  expect(received(synth)).toEqual({
    order: 'b.sql\na.sql.gz\nc.pgc\nd.dump\ne.sql\n',
    '0': Buffer.from(sql),
    '1': packed,
    '2': dump,
    '3': dump,
    '4': Buffer.from(''),
  });
  const job = synth.container('shop/Db/Initialize');
  expect(job.mounts).toContainEqual(expect.objectContaining({ target: '/run/cdktf-django-init', read_only: true }));
  expect(variable(job, 'DATABASE_FIRST_EXTENSIONS')).toBe('');
});

test('no text of a file becomes syntax of Terraform', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      const clean = text.replaceAll('\0', '');
      const synth = synthWith([file('a.sql', `-- ${clean}`)]);
      expect(received(synth)['0'].toString('utf8')).toBe(Buffer.from(`-- ${clean}`, 'utf8').toString('utf8'));
      expect(uploads(synth)[0].content).toMatch(/^[A-Za-z0-9+/=\n]*$/);
    }),
    { numRuns: 20 },
  );
});

test('find the extensions of their database', () => {
  const synth = synthWith([file('a.sql', 'SELECT 1;')], (db) => {
    db.addExtension('pg_trgm');
    db.addExtension('hstore', { version: '1.8' });
    db.addDatabase('metrics').addExtension('cube');
  });
  expect(variable(synth.container('shop/Db/Initialize'), 'DATABASE_FIRST_EXTENSIONS')).toBe('pg_trgm=- hstore=1.8');
});

test('an empty list is none', () => {
  const synth = synthWith([]);
  expect(synth.text).not.toContain('InitFiles');
});

describe('refused are', () => {
  test.each<[string, () => string, RegExp]>([
    ['another kind', () => file('a.txt', 'x'), /^shop\/Db: initFiles must be a path of a file whose name ends with \.sql, .*, got ".*a\.txt"$/],
    ['a name with a space', () => file('a b.sql', 'x'), /^shop\/Db: initFiles must be a path of a file/],
    ['nothing', () => '', /^shop\/Db: initFiles must be a path of a file/],
    [
      'a file that is not there',
      () => 'no/such.sql',
      /^shop\/Db: the file "no\/such\.sql" of initFiles cannot be read \(looked for .*: ENOENT\); paths are relative to the folder of cdktf\.json$/,
    ],
    ['a folder', () => join(folder({ 'a.sql/b': 'x' }), 'a.sql'), /cannot be read \(looked for .*: EISDIR\)/],
    ['a dump that is called SQL', () => file('a.sql', 'PGDMP1'), /is a dump in the custom format of pg_dump, and its name says otherwise/],
    ['what is compressed and called SQL', () => file('a.sql', gzipSync('x')), /is compressed by gzip, and its name says otherwise/],
    ['bytes that are called SQL', () => file('a.sql', 'a\0b'), /is no text, and its name says otherwise/],
    ['text that is called a dump', () => file('a.pgc', 'SELECT 1;'), /is SQL, or a text, and its name says otherwise/],
    ['text that is called compressed', () => file('a.sql.gz', 'SELECT 1;'), /is SQL, or a text, and its name says otherwise/],
    [
      'what is too large',
      () => file('a.sql', 'x'.repeat(1024 * 1024 + 1)),
      /^shop\/Db: initFiles must have at most 1048576 bytes together, got 1048577: .* Compress them \(\.sql\.gz\), or load the data when the database is there: docker exec -i/,
    ],
  ])('%s', (_what, path, message) => {
    const made = path();
    expect(() => new PostgresDb(newStack(), 'Db', { initFiles: [made] })).toThrow(message);
  });
});
