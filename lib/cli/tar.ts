/** A file of an archive. */
export interface TarFile {
  readonly name: string;
  readonly content: string;
  readonly mode: number;
  readonly user: number;
  readonly group: number;
}

const BLOCK = 512;

/** An archive (POSIX ustar) with one file. */
export function tarOf({ name, content, mode, user, group }: TarFile): Buffer {
  const body = Buffer.from(content, 'utf8');
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;
  header.write(name, 0);
  header.write(octal(mode, 8), 100);
  header.write(octal(user, 8), 108);
  header.write(octal(group, 8), 116);
  header.write(octal(body.length, 12), 124);
  header.write(octal(0, 12), 136);
  header.write(' '.repeat(8), 148);
  header.write('0', 156);
  header.write('ustar\0' + '00', 257);
  header.write(
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      7,
    ),
    148,
  );
  const padding = Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK);
  return Buffer.concat([header, body, padding, Buffer.alloc(2 * BLOCK)]);
}

/** The content of the first ordinary file of an archive; undefined if it has none. */
export function fileOfTar(archive: string): string | undefined {
  const bytes = Buffer.from(archive, 'utf8');
  for (let at = 0; at + BLOCK <= bytes.length;) {
    const size = parseInt(bytes.toString('latin1', at + 124, at + 136).replace(/\0.*/, ''), 8) || 0;
    const type = bytes.toString('latin1', at + 156, at + 157);
    const begin = at + BLOCK;
    if (bytes[at] !== 0 && (type === '0' || type === '\0')) return bytes.toString('utf8', begin, begin + size);
    at = begin + Math.ceil(size / BLOCK) * BLOCK;
  }
  return undefined;
}
