import { connect, Socket } from 'node:net';

/** How a connection ended: the code of the close frame, or 1006 when there was none (RFC 6455, 7.1.5). */
export interface Closed {
  readonly code: number;
  /** When, as `Date.now()` has it. */
  readonly at: number;
}

/** A WebSocket, as far as short texts need it: the oldest Node that is supported has none. */
export class WebSocketClient {
  /** Opens a WebSocket on loopback. */
  public static async open(port: number, host: string, path: string): Promise<WebSocketClient> {
    const client = new WebSocketClient(connect({ port, host: '127.0.0.1' }));
    const lines = [`GET ${path} HTTP/1.1`, `Host: ${host}`, 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
    client.socket.write([...lines, 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', '', ''].join('\r\n'));
    const head = await client.until(() => {
      const end = client.buffer.indexOf('\r\n\r\n');
      return end < 0 ? undefined : client.take(end + 4).toString('latin1');
    });
    if (!head.startsWith('HTTP/1.1 101 ')) throw new Error(`no WebSocket: ${head}`);
    return client;
  }

  /** Resolves when the connection is closed, by whomever. */
  public readonly closed: Promise<Closed>;
  private buffer = Buffer.alloc(0);
  private code = 1006;
  private ended = false;
  private wake: () => void = () => undefined;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (part) => {
      this.buffer = Buffer.concat([this.buffer, part]);
      this.wake();
    });
    socket.on('error', () => socket.destroy());
    this.closed = new Promise((resolve) =>
      socket.on('close', () => {
        this.ended = true;
        this.wake();
        resolve({ code: this.code, at: Date.now() });
      }),
    );
  }

  /** Sends a text and gives the one that comes back. */
  public async say(text: string): Promise<string> {
    this.send(1, Buffer.from(text));
    const { opcode, payload } = await this.frame();
    if (opcode !== 1) throw new Error(`no text came back, but a frame of type ${opcode}`);
    return payload.toString();
  }

  /** Waits for the server's close frame, answers it, and tells how the connection ended. */
  public async untilClosed(): Promise<Closed> {
    const { opcode, payload } = await this.frame().catch(() => ({ opcode: 0, payload: Buffer.alloc(0) }));
    if (opcode === 8) {
      this.code = payload.readUInt16BE(0);
      this.send(8, payload.subarray(0, 2));
    }
    return this.closed;
  }

  public hangUp(): void {
    this.socket.destroy();
  }

  private send(opcode: number, payload: Buffer): void {
    // A mask of zeros is one.
    this.socket.write(Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload]));
  }

  private frame(): Promise<{ opcode: number; payload: Buffer }> {
    return this.until(() => {
      if (this.buffer.length < 2 || this.buffer.length < 2 + this.buffer[1]) return undefined;
      const frame = this.take(2 + this.buffer[1]);
      return { opcode: frame[0] & 15, payload: frame.subarray(2) };
    });
  }

  private take(length: number): Buffer {
    const taken = this.buffer.subarray(0, length);
    this.buffer = this.buffer.subarray(length);
    return taken;
  }

  private async until<T>(attempt: () => T | undefined): Promise<T> {
    for (;;) {
      const result = attempt();
      if (result !== undefined) return result;
      if (this.ended) throw new Error('the connection is closed');
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}
