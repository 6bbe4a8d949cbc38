import { ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { labelName } from '../platform/labels';
import { inspected } from './docker';
import { Container, containerOf, Inspected } from './engine-container';
import { containersOf, EngineStack } from './engine-stack';
import { lineOf, logCommand, Printer } from './log-lines';
import { Trouble } from './trouble';

/** Milliseconds from one look for new tasks of a Swarm to the next one. */
const SWARM_INTERVAL = 2000;

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
      if (!wanted(found)) return;
      printer.expect([found]);
      follow(found, false);
    };
    if (stack.onSwarm) {
      // Its events are those of this node alone.
      setInterval(() => {
        try {
          for (const found of containersOf(stack)) if (found.running && !followed.has(found.id)) begin(found);
        } catch {
          // A manager that does not answer for a moment is asked again.
        }
      }, SWARM_INTERVAL).unref();
    }
    const filters = [`label=${labelName('namespace')}=${stack.namespace}`, `label=${labelName('owner')}=${stack.owner}`, 'event=start'];
    const events = docker(['events', ...filters.flatMap((filter) => ['--filter', filter]), '--format', '{{.ID}}']);
    const end = (code: number) => {
      for (const child of children) child.kill();
      resolve(code);
    };
    let reason = '';
    events.stderr.on('data', (part: Buffer) => (reason += part.toString()));
    events.on('error', (error) => reject(new Trouble(`docker cannot be run (${error.message}); is it installed and in PATH?`)));
    events.on('close', () => reject(new Trouble(`the engine answers no more: ${reason.trim()}`)));
    eachLine(events.stdout, (id) => {
      const [found] = inspected<Inspected>('container', [id]).map((one) => containerOf(one));
      if (found !== undefined && !stack.onSwarm) begin(found);
    });
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
