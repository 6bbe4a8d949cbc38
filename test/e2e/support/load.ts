import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** What is asked while something happens. */
export interface LoadOptions {
  readonly port: number;
  readonly host: string;
  readonly path?: string;
  /** What a right answer contains, beside the status 200. */
  readonly contains: string;
  /** Clients that ask at the same time. */
  readonly parallel?: number;
  /** Milliseconds that a client waits after each answer: the tests' machine is to be busy, not overrun. */
  readonly pause?: number;
  /** Requests that are made at least, however soon the rest ends. */
  readonly minimum: number;
}

/** What came of it. */
export interface LoadResult {
  readonly requests: number;
  readonly failed: number;
  /** The longest time of an answer, in milliseconds. */
  readonly slowest: number;
  /** The first few failures. */
  readonly failures: string[];
}

/** Asks again and again while something is done, from a process of its own: what is done may block this one. */
export async function underLoad(options: LoadOptions, done: () => unknown): Promise<LoadResult> {
  const settings = { path: '/', parallel: 16, pause: 40, ...options };
  const client = spawn(process.execPath, [join(__dirname, 'load-client.mjs'), JSON.stringify(settings)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const parts: Buffer[] = [];
  client.stdout.on('data', (part: Buffer) => parts.push(part));
  const ended = new Promise<number | null>((resolve, reject) => client.on('error', reject).on('close', resolve));
  try {
    // It asks before anything is done.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await done();
    // What is served last has to hold for a moment, too.
    await new Promise((resolve) => setTimeout(resolve, 2000));
  } finally {
    client.stdin.end();
  }
  const code = await ended;
  if (code !== 0) throw new Error(`the client ended with code ${code}`);
  return JSON.parse(Buffer.concat(parts).toString('utf8')) as LoadResult;
}
