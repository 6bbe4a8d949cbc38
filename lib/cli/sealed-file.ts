import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';
import { Trouble } from './trouble';

/*
 * Text under a passphrase, as JSON:
 *
 *   {"format": "cdktf-django secrets 1",
 *    "scrypt": {"n": 131072, "r": 8, "p": 1, "salt": BASE64},     the key: scrypt of the passphrase in UTF-8, 32 bytes
 *    "nonce": BASE64, "tag": BASE64, "data": BASE64}              AES-256-GCM, with the format as additional data
 *
 * The parameters of scrypt are those that OWASP's cheat sheet on storing passwords recommends.
 */

const FORMAT = 'cdktf-django secrets 1';
const COST = { n: 131072, r: 8, p: 1 };
const LARGEST = 1 << 28;

interface Sealed {
  readonly format: string;
  readonly scrypt: { readonly n: number; readonly r: number; readonly p: number; readonly salt: string };
  readonly nonce: string;
  readonly tag: string;
  readonly data: string;
}

/** Encrypts a text. */
export function seal(text: string, passphrase: string): string {
  const scrypt = { ...COST, salt: randomBytes(16).toString('base64') };
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keyOf(passphrase, scrypt), nonce).setAAD(Buffer.from(FORMAT));
  const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]).toString('base64');
  const sealed: Sealed = { format: FORMAT, scrypt, nonce: nonce.toString('base64'), tag: cipher.getAuthTag().toString('base64'), data };
  return `${JSON.stringify(sealed, null, 2)}\n`;
}

/** The text that was encrypted; an error for another passphrase, or a file that was changed. */
export function unseal(file: string, passphrase: string): string {
  let sealed: Sealed;
  try {
    sealed = JSON.parse(file) as Sealed;
  } catch {
    throw new Trouble('the file is not one of "cdktf-django secrets export": it is not JSON');
  }
  if (sealed?.format !== FORMAT)
    throw new Trouble(`the file has the format ${JSON.stringify(sealed?.format)}, only ${JSON.stringify(FORMAT)} is known here`);
  try {
    const decipher = createDecipheriv('aes-256-gcm', keyOf(passphrase, sealed.scrypt), Buffer.from(sealed.nonce, 'base64'), { authTagLength: 16 });
    decipher.setAAD(Buffer.from(FORMAT)).setAuthTag(Buffer.from(sealed.tag, 'base64'));
    return Buffer.concat([decipher.update(Buffer.from(sealed.data, 'base64')), decipher.final()]).toString('utf8');
  } catch {
    throw new Trouble('the file cannot be opened: the passphrase is another one, or the file was changed');
  }
}

function keyOf(passphrase: string, { n, r, p, salt }: Sealed['scrypt']): Buffer {
  // What a file asks for is not to use up the memory of whoever opens it.
  return scryptSync(passphrase, Buffer.from(salt, 'base64'), 32, { N: n, r, p, maxmem: LARGEST });
}
