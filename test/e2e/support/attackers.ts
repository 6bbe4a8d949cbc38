import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { engine } from './docker';
import { eventually } from './http';

const PROGRAM = readFileSync(join(__dirname, 'attack.py'), 'utf8');

/** What an attacker did until it was told to end. */
export interface Attack {
  readonly seconds: number;
  readonly opened: number;
  /** Connections that were open at one time. */
  readonly most: number;
  readonly failed: number;
  readonly statuses: { readonly [status: string]: number };
}

/** What a client met. */
export interface Experience {
  readonly requests: number;
  readonly failures: string[];
  /** Milliseconds within which 99 of 100 requests were answered. */
  readonly p99: number;
}

/** Where requests go. */
export interface Victim {
  /** Its name in the network. */
  readonly host: string;
  readonly port: number;
  /** A network that it is in. */
  readonly network: string;
  /** The Host header. */
  readonly name: string;
  /** Of the network's addresses of IPv6, if requests come by it: whoever attacks has another network of /64 than who does not. */
  readonly prefix?: string;
}

/** Containers with addresses of their own in a network of the test's: the engine shows all clients on the loopback address of its host as one. */
export class Attackers {
  private count = 0;
  private readonly names: string[] = [];

  constructor(
    private readonly namespace: string,
    /** An image with Python. */
    private readonly image: string,
  ) {}

  /** Attacks while something is done. */
  public async during<T>(victim: Victim, options: object, done: () => Promise<T>): Promise<{ attack: Attack; result: T }> {
    const name = this.next();
    // Attackers have machines of their own; here they get what others leave of the processor.
    engine('run', '--detach', ...this.place(name, victim), '--cpu-shares', '16', ...this.program({ ...this.source(victim, 'a'), ...options }));
    try {
      await eventually(() => {
        if (!engine('logs', name).includes('holding')) throw new Error('the attackers do not hold their connections');
      });
      const result = await done();
      engine('stop', '--time', '20', name);
      return { attack: JSON.parse(engine('logs', name).split('\n').at(-1)!) as Attack, result };
    } finally {
      engine('rm', '--force', name);
    }
  }

  /** Asks for so many seconds, from an address of its own. */
  public async client(victim: Victim, seconds: number): Promise<Experience> {
    const { times, failures } = (await this.run(victim, { kind: 'client', seconds, every: 0.025 })) as { times: number[]; failures: string[] };
    times.sort((one, other) => one - other);
    return { requests: times.length, failures, p99: times[Math.ceil(times.length * 0.99) - 1] };
  }

  /** Sends a body of so many bytes; gives the whole answer. */
  public async upload(victim: Victim, bytes: number): Promise<string> {
    return ((await this.run(victim, { kind: 'upload', bytes })) as { answer: string }).answer;
  }

  /** Removes what a failure has left. */
  public remove(): void {
    // One that has just ended may be on its way out.
    for (const name of this.names) spawnSync('docker', ['rm', '--force', '--volumes', name]);
  }

  private run(victim: Victim, options: object): Promise<unknown> {
    const child = spawn('docker', ['run', '--rm', ...this.place(this.next(), victim), ...this.program({ ...this.source(victim, 'c'), ...options })], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [printed, problems] = ['', ''];
    child.stdout.on('data', (part: Buffer) => (printed += part.toString()));
    child.stderr.on('data', (part: Buffer) => (problems += part.toString()));
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => (code === 0 ? resolve(JSON.parse(printed)) : reject(new Error(`a client ended with code ${code}:\n${problems}`))));
    });
  }

  private place(name: string, { network, prefix }: Victim): string[] {
    return ['--name', name, '--network', network, ...(prefix === undefined ? [] : ['--user', '0:0', '--cap-add', 'NET_ADMIN'])];
  }

  /** An address that the container gives itself: engines before 27 count in 64 bits, and give all members of a network one network of /64. */
  private source(victim: Victim, part: string): object {
    return { ...victim, source: victim.prefix && `${victim.prefix}:${part}::${this.count}` };
  }

  private program(options: object): string[] {
    return ['--entrypoint', 'python', this.image, '-c', PROGRAM, JSON.stringify(options)];
  }

  private next(): string {
    const name = `${this.namespace}-client-${++this.count}`;
    this.names.push(name);
    return name;
  }
}
