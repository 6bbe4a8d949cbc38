import { run } from '../support/run';

/** What is asked, and how hard. */
export interface Load {
  readonly url: string;
  /** The Host header: load goes to a container's own address, past the loopback port that copies every byte in a process of its own. */
  readonly host: string;
  readonly connections: number;
  readonly seconds: number;
  /** Threads of the load's own; on busy cores each is one more that wants its turn. @default 2 */
  readonly threads?: number;
}

const THREADS = 2;

/** Requests a second. A run with any error, or any answer but 200, is no measurement. */
export async function wrk(load: Load, signal: AbortSignal): Promise<number> {
  const threads = Math.min(load.threads ?? THREADS, load.connections);
  const args = [
    '-t',
    String(threads),
    '-c',
    String(load.connections),
    '-d',
    `${load.seconds}s`,
    '--timeout',
    '10s',
    '-H',
    `Host: ${load.host}`,
    load.url,
  ];
  const printed = await run('wrk', args, { signal });
  const problem = /^\s*(Socket errors|Non-2xx or 3xx responses):.*$/m.exec(printed);
  if (problem) throw new Error(`load on ${load.url} met errors:\n${problem[0].trim()}`);
  const rate = /^Requests\/sec:\s+([\d.]+)$/m.exec(printed);
  if (!rate) throw new Error(`wrk printed no rate:\n${printed}`);
  return Number(rate[1]);
}

/** The same load on several servers at once, its connections and threads shared among them; their rates added. */
export async function wrkOnAll(urls: readonly string[], load: Omit<Load, 'url'>, signal: AbortSignal): Promise<number> {
  const connections = Math.ceil(load.connections / urls.length);
  const threads = Math.max(1, Math.floor(THREADS / urls.length));
  const rates = await Promise.all(urls.map((url) => wrk({ ...load, url, connections, threads }, signal)));
  return rates.reduce((sum, rate) => sum + rate, 0);
}
