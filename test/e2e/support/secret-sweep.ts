import { formsOf } from './secret-forms';

/** Something that may have a secret in it. */
export interface Trace {
  readonly where: string;
  readonly content: string | Buffer;
}

/** A secret that is where it must not be. */
export interface Leak {
  readonly where: string;
  readonly secret: string;
  readonly form: string;
}

interface Pattern {
  readonly secret: string;
  readonly form: string;
  readonly bytes: Buffer;
}

/** Looks for values, in all of their forms, in whatever is left of a deployment. */
export class SecretSweep {
  private readonly patterns: Pattern[] = [];

  /** @param secrets values by the names under which leaks are reported */
  constructor(secrets: Readonly<Record<string, string>>) {
    const known = new Set<string>();
    for (const [secret, value] of Object.entries(secrets)) {
      for (const [form, texts] of formsOf(value)) {
        for (const text of texts) {
          // Letters and digits are the same in most forms; the plainest one has the name.
          if (!known.has(text)) this.patterns.push({ secret, form, bytes: Buffer.from(text) });
          known.add(text);
        }
      }
    }
  }

  /** All leaks, each once, in the order of the traces. */
  public leaks(traces: Iterable<Trace>): Leak[] {
    const found = new Map<string, Leak>();
    for (const { where, content } of traces) {
      const bytes = Buffer.isBuffer(content) ? content : Buffer.from(content);
      for (const { secret, form, bytes: wanted } of this.patterns) {
        if (bytes.includes(wanted)) found.set(`${where} ${secret} ${form}`, { where, secret, form });
      }
    }
    return [...found.values()];
  }
}
