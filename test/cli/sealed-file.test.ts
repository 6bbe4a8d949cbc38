import { seal, unseal } from '../../lib/cli/sealed-file';

const TEXT = '{"secrets":{"Db/Password":"hunter2-é\\n"}}';
const PASSPHRASE = 'correct horse battery';
const sealed = seal(TEXT, PASSPHRASE);

test('a text comes back, and is not in the file', () => {
  expect(unseal(sealed, PASSPHRASE)).toBe(TEXT);
  expect(sealed).not.toContain('hunter2');
  expect(sealed).not.toContain(Buffer.from('hunter2').toString('base64').slice(0, 8));
});

test('the same is never encrypted in the same way', () => {
  const [one, other] = [sealed, seal(TEXT, PASSPHRASE)].map((file) => JSON.parse(file));
  expect(one.scrypt).toMatchObject({ n: 131072, r: 8, p: 1 });
  for (const member of [(file: typeof one) => file.scrypt.salt, (file: typeof one) => file.nonce, (file: typeof one) => file.data]) {
    expect(member(one)).not.toBe(member(other));
  }
});

test('another passphrase does not open it', () => {
  expect(() => unseal(sealed, `${PASSPHRASE} `)).toThrow('the file cannot be opened: the passphrase is another one, or the file was changed');
});

test.each(['data', 'nonce', 'tag'])('a change of its %s is found', (name) => {
  const changed = JSON.parse(sealed);
  const bytes = Buffer.from(changed[name], 'base64');
  bytes[0] ^= 1;
  expect(() => unseal(JSON.stringify({ ...changed, [name]: bytes.toString('base64') }), PASSPHRASE)).toThrow('the file cannot be opened');
});

test('a tag that is cut off is none', () => {
  const changed = JSON.parse(sealed);
  const tag = Buffer.from(changed.tag, 'base64').subarray(0, 4).toString('base64');
  expect(() => unseal(JSON.stringify({ ...changed, tag }), PASSPHRASE)).toThrow('the file cannot be opened');
});

test.each<[object, RegExp]>([
  [{ n: 1 << 30 }, /cannot be opened/],
  [{ salt: '' }, /cannot be opened/],
])('parameters %j are not followed', (scrypt, message) => {
  const changed = JSON.parse(sealed);
  expect(() => unseal(JSON.stringify({ ...changed, scrypt: { ...changed.scrypt, ...scrypt } }), PASSPHRASE)).toThrow(message);
});

test('other files are refused', () => {
  expect(() => unseal('hello', PASSPHRASE)).toThrow('it is not JSON');
  expect(() => unseal('{}', PASSPHRASE)).toThrow('the file has the format undefined, only "cdktf-django secrets 1" is known here');
  expect(() => unseal('null', PASSPHRASE)).toThrow('the file has the format undefined');
});
