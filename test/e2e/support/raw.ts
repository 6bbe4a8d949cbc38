import { connect } from 'node:net';

/** What a raw connection is to do. */
export interface RawOptions {
  /** Closes the connection after so many milliseconds, instead of waiting for the server to close it. */
  readonly hangUpAfter?: number;
}

/** Sends bytes that no HTTP client would, and gives all that comes back until the connection is closed. */
export function raw(port: number, bytes: string | Buffer, options: RawOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(bytes));
    socket.setTimeout(20_000, () => socket.destroy(new Error('no answer within 20 s')));
    if (options.hangUpAfter !== undefined) setTimeout(() => socket.destroy(), options.hangUpAfter);
    socket.on('data', (part) => parts.push(part));
    socket.on('close', () => resolve(Buffer.concat(parts).toString('latin1')));
    socket.on('error', reject);
  });
}
