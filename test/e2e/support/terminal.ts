import { ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { eventually } from './http';

/** A program in a terminal of its own, which a test looks at and types into as a person would. */
export class Terminal {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly code: Promise<number | null>;
  private seen = '';
  private read = 0;

  constructor(program: readonly string[], folder: string) {
    const quoted = program.map((word) => `'${word.replace(/'/g, "'\\''")}'`).join(' ');
    // It makes the terminal, and ends with what its program ended with.
    this.child = spawn('script', ['--quiet', '--return', '--command', quoted, '/dev/null'], { cwd: folder });
    this.child.stdout.on('data', (part: Buffer) => (this.seen += part.toString()));
    this.code = new Promise((resolve) => this.child.on('close', resolve));
  }

  /** Waits until something is on the screen that was not there at the last call. */
  public async shows(what: string, seconds = 30): Promise<void> {
    await eventually(() => {
      const at = this.seen.indexOf(what, this.read);
      if (at < 0) throw new Error(`${JSON.stringify(what)} is not on the screen, but:\n${this.seen.slice(this.read)}`);
      this.read = at + what.length;
    }, seconds);
  }

  public type(text: string): void {
    this.child.stdin.write(text);
  }

  /** The exit code. */
  public ended(): Promise<number | null> {
    return this.code;
  }

  /** All that was on the screen. */
  public get screen(): string {
    return this.seen;
  }
}
