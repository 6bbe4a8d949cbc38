/** A command of the program. */
export interface Command {
  readonly name: string;
  /** What it does, in a few words. */
  readonly summary: string;
  /** The whole help. Its options stand one on a line, as `  --name VALUE  what it does`: completion reads them there. */
  readonly help: string;
  /** Gives the exit code. */
  readonly run: (args: string[]) => number | Promise<number>;
  /** What may stand in the place of an argument or of an option's value. Whoever presses a key waits for it, and an error is no answer. */
  readonly complete?: Completion;
}

/** Words that fit; for an option's value it is called with the name of the option, for another argument without. */
export type Completion = (place: Place) => string[];

/** Where the cursor is. */
export interface Place {
  /** The option whose value is asked for, as `--stack`. */
  readonly option?: string;
  /** What stands before, without the command. */
  readonly before: readonly string[];
}
