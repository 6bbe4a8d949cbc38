import { ChildProcessByStdio, spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { ClientLimits } from '../../../lib';

/** Networks of an engine. Whoever asks by way of the loopback address of its host has the address of a gateway in one of them. */
export const ENGINE_NETWORKS = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'];

/** For a proxy that gets load from one address: what is tested is something else than its limits. */
export const FOR_LOAD = ClientLimits.perAddress({ exemptNetworks: ENGINE_NETWORKS });

/** Clients that do the same. */
export interface LoadGroup {
  /** As results and failures name it. */
  readonly name: string;
  readonly count: number;
  /** Milliseconds from one request of a client to its next one; none is sent before the answer to the one before. */
  readonly every: number;
  readonly path: string;
  /** What a right answer contains, beside the status 200. */
  readonly contains: string;
  /** Whether a client keeps its connection. A kept one hides what new ones meet. */
  readonly keep?: boolean;
  /** Where these clients go, when it is not where the others do. */
  readonly at?: { readonly address: string; readonly port: number };
  /** `rows` posts a row each time; `pages` gets a page, then the hashed files that it names, and those again. */
  readonly kind?: 'plain' | 'rows' | 'pages';
}

/** What is asked. */
export interface LoadOptions {
  readonly port: number;
  /** Where the port is. */
  readonly address?: string;
  readonly host: string;
  /** Whether it is asked over HTTPS. */
  readonly https?: boolean;
  readonly groups: LoadGroup[];
  /** Whether the clients come first where they and the servers want a core, as if they had some of their own; takes root. @default false */
  readonly first?: boolean;
  /** Requests that are made at least, however soon the rest ends. */
  readonly minimum: number;
}

/** What came of some requests. */
export interface LoadCount {
  readonly requests: number;
  readonly failed: number;
  /** The longest time of an answer, in milliseconds. */
  readonly slowest: number;
}

/** A part of the time, and what came of the requests that were sent in it, by group. */
export interface LoadPhase {
  readonly name: string;
  readonly seconds: number;
  readonly groups: { readonly [name: string]: LoadCount };
}

/** What came of all of it. */
export interface LoadResult extends LoadCount {
  readonly seconds: number;
  /** The first few failures. */
  readonly failures: string[];
  readonly phases: LoadPhase[];
  /** The rows that the server said to have written. */
  readonly acknowledged: string[];
}

/** Clients in a process of their own: what they ask for meanwhile may block this one. */
export class Load {
  private readonly client: ChildProcessByStdio<Writable, Readable, null>;
  private readonly ended: Promise<LoadResult>;

  constructor(options: LoadOptions) {
    const settings = { address: '127.0.0.1', ...options };
    this.client = spawn(process.execPath, [join(__dirname, 'load-client.mjs'), JSON.stringify(settings)], { stdio: ['pipe', 'pipe', 'inherit'] });
    if (options.first) setPriority(this.client.pid!, -10);
    const parts: Buffer[] = [];
    this.client.stdout.on('data', (part: Buffer) => parts.push(part));
    this.ended = new Promise((resolve, reject) => {
      this.client.on('error', reject);
      this.client.on('close', (code) => {
        if (code === 0) resolve(JSON.parse(Buffer.concat(parts).toString('utf8')) as LoadResult);
        else reject(new Error(`the clients ended with code ${code}`));
      });
    });
    // Whoever waits for it is told; nobody may do so before it happens.
    this.ended.catch(() => undefined);
  }

  /** What is sent from now on counts for this. */
  public begin(phase: string): void {
    this.client.stdin.write(`${phase}\n`);
  }

  /** Lets the clients end, and gives what came of all requests. */
  public end(): Promise<LoadResult> {
    this.client.stdin.end();
    return this.ended;
  }
}

/** Asks again and again while something is done. */
export async function underLoad(options: LoadOptions, done: () => unknown): Promise<LoadResult> {
  const load = new Load(options);
  try {
    // They ask before anything is done.
    await moment(1000);
    await done();
    // What is served last has to hold for a moment, too.
    await moment(2000);
  } catch (error) {
    await load.end();
    throw error;
  }
  return load.end();
}

/** So many milliseconds. */
export function moment(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
