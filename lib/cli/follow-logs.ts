import { ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { Container } from './engine-container';
import { EngineStack } from './engine-stack';
import { lineOf, logCommand, Printer } from './log-lines';
import { Trouble } from './trouble';

/** A container whose log is printed already. */
interface Seen {
  readonly container: Container;
  /** The time of the last line. */
  readonly after?: string;
  /** Whether none of what it has is wanted. */
  readonly nothing: boolean;
}

/**
 * Prints what containers log until the command is interrupted, and what those log that start meanwhile.
 *
 * @param wanted whether a new one is among those
 */
export function followLogs(stack: EngineStack, seen: readonly Seen[], wanted: (container: Container) => boolean, printer: Printer): Promise<number> {
  const children = new Set<ChildProcess>();
  const last = new Map<string, string>();
  const followed = new Set<string>();

  const docker = (args: string[]) => {
    const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    children.add(child);
    child.on('close', () => children.delete(child));
    return child;
  };
  const follow = (container: Container, nothing: boolean) => {
    if (followed.has(container.id)) return;
    followed.add(container.id);
    const after = last.get(container.id);
    const from = after === undefined ? ['--tail', nothing ? '0' : 'all'] : ['--since', after];
    const child = docker(logCommand(container, ['--follow', ...from]));
    // The engine ends it with the container, which the restart policy may start again.
    child.on('close', () => followed.delete(container.id));
    const print = (stream: 'stdout' | 'stderr') => (text: string) => {
      const line = lineOf(container, stream, text);
      // The engine begins with the time that it is given, and not after it.
      if (after !== undefined && line.time <= after) return;
      if (!/^\d{4}-/.test(line.time)) return;
      last.set(container.id, line.time);
      printer.print(line);
    };
    eachLine(child.stdout, print('stdout'));
    eachLine(child.stderr, print('stderr'));
  };

  return new Promise((resolve, reject) => {
    const begin = (found: Container) => {
      if (!wanted(found) || followed.has(found.id)) return;
      printer.expect([found]);
      follow(found, false);
    };
    const unwatch = stack.home.watch(begin, (reason) => reject(new Trouble(reason)));
    const end = (code: number) => {
      unwatch();
      for (const child of children) child.kill();
      resolve(code);
    };
    for (const { container, after } of seen) if (after !== undefined) last.set(container.id, after);
    for (const { container, nothing } of seen) if (container.running) follow(container, nothing);
    process.once('SIGINT', () => end(130));
    process.once('SIGTERM', () => end(143));
    process.stdout.once('error', () => end(0));
  });
}

function eachLine(stream: Readable, use: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Infinity }).on('line', use);
}
