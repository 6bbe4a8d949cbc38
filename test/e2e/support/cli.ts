import { ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { eventually } from './http';

const root = join(__dirname, '..', '..', '..');

/** The program of operators and its arguments, as this checkout has it. */
export const CLI = [process.execPath, '--import', 'tsx', join(root, 'lib', 'cli', 'cdktf-django.ts')];

/** How a command ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command gets. */
export interface CliOptions {
  /** What is piped in, nothing by default; null is no pipe at all, but /dev/null. */
  readonly input?: string | null;
  readonly environment?: Record<string, string>;
}

/** Runs a command to its end. */
export function cli(args: readonly string[], options: CliOptions = {}): Ended {
  const { status, stdout, stderr } = spawnSync(CLI[0], [...CLI.slice(1), ...args], {
    cwd: root,
    encoding: 'utf8',
    ...(options.input === null ? { stdio: ['ignore', 'pipe', 'pipe'] as const } : { input: options.input ?? '' }),
    maxBuffer: 1 << 28,
    env: { ...process.env, ...options.environment },
  });
  return { status, stdout, stderr };
}

/** A command that goes on while the test does. */
export class RunningCli {
  public stdout = '';
  public stderr = '';
  private readonly child: ChildProcess;
  private readonly code: Promise<number | null>;

  constructor(args: readonly string[], environment: Record<string, string> = {}) {
    const env = { ...process.env, ...environment };
    this.child = spawn(CLI[0], [...CLI.slice(1), ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env });
    this.child.stdout!.on('data', (part: Buffer) => (this.stdout += part.toString()));
    this.child.stderr!.on('data', (part: Buffer) => (this.stderr += part.toString()));
    // Its outputs may be open for longer: what it started has them, too.
    this.code = new Promise((resolve) => this.child.on('exit', resolve));
  }

  /** Waits until it has printed something. */
  public async prints(what: string, seconds = 30): Promise<void> {
    await eventually(() => {
      if (!this.stdout.includes(what)) throw new Error(`${JSON.stringify(what)} was not printed, but:\n${this.stdout}${this.stderr}`);
    }, seconds);
  }

  /** Waits for its end, and gives the exit code. */
  public ended(): Promise<number | null> {
    return this.code;
  }

  /** Sends a signal to it alone, and gives the exit code; null if the signal ended it. */
  public async signal(name: NodeJS.Signals): Promise<number | null> {
    this.child.kill(name);
    return this.code;
  }
}
