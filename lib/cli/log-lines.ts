import { Container } from './engine-container';

/** A line of a container's log. */
export interface Line {
  readonly container: Container;
  readonly stream: 'stdout' | 'stderr';
  /** As the engine writes it, with nine digits behind the point, so that times are ordered as texts. */
  readonly time: string;
  readonly text: string;
}

/** What the docker client is asked for the log of a container; a Swarm gives it of whichever node. */
export function logCommand({ id, task }: Container, options: readonly string[]): string[] {
  return task === undefined ? ['logs', '--timestamps', ...options, id] : ['service', 'logs', '--timestamps', '--raw', ...options, task.id];
}

/** Of servers; jobs have a terminal, and end their lines as terminals do. */
export function linesOf(container: Container, stream: Line['stream'], text: string): Line[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => lineOf(container, stream, line));
}

/** A line as `docker logs --timestamps` prints it. */
export function lineOf(container: Container, stream: Line['stream'], line: string): Line {
  return { container, stream, ...timeAndText(line) };
}

/** The two parts of such a line. */
export function timeAndText(line: string): Pick<Line, 'time' | 'text'> {
  const [, time, text] = /^(\S+)(?: (.*))?$/s.exec(line.replace(/\r$/, '')) ?? [];
  return { time: time ?? '', text: text ?? '' };
}

/** By time; what has one time stays in its order. */
export function inOrder(lines: readonly Line[]): Line[] {
  return [...lines].sort((one, other) => (one.time < other.time ? -1 : one.time > other.time ? 1 : 0));
}

const COLOURS = [36, 33, 32, 35, 34, 31];

/** Prints lines with the names of their containers before them. */
export class Printer {
  private readonly numbers = new Map<string, number>();
  private width = 0;

  constructor(private readonly how: { readonly json: boolean; readonly times: boolean; readonly colours: boolean }) {}

  /** Leaves room for the names of containers. */
  public expect(containers: readonly Container[]): void {
    this.width = Math.max(this.width, ...containers.map(({ name }) => name.length));
    for (const { name } of containers) this.numbers.set(name, this.numbers.get(name) ?? this.numbers.size);
  }

  public print({ container, stream, time, text }: Line): void {
    if (this.how.json) {
      process.stdout.write(`${JSON.stringify({ time, system: container.system, container: container.name, stream, text })}\n`);
      return;
    }
    const name = `${container.name.padEnd(this.width)} |`;
    const colour = COLOURS[(this.numbers.get(container.name) ?? 0) % COLOURS.length];
    process.stdout.write(`${this.how.colours ? `\u001b[${colour}m${name}\u001b[0m` : name} ${this.how.times ? `${time} ` : ''}${text}\n`);
  }
}
