/**
 * A failure that a person can do something about: what failed, where its log is, the way out.
 * Only these are printed without a stack trace.
 */
export class Trouble extends Error {
  /**
   * @param {string} what what failed
   * @param {{ remedy?: string, log?: string, cause?: unknown }} [more]
   */
  constructor(what, { remedy, log, cause } = {}) {
    super(what, { cause });
    this.name = 'Trouble';
    this.remedy = remedy;
    this.log = log;
  }

  /** The whole message, as it is printed. */
  get text() {
    const lines = [`\nFailed: ${this.message}`];
    if (this.log) lines.push(`Log:    ${this.log}`);
    if (this.remedy) lines.push(`Remedy: ${this.remedy}`);
    return `${lines.join('\n')}\n`;
  }
}

/** Runs a command's main function; prints a Trouble as such and anything else with its stack. Sets the exit code. */
export async function main(work) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 9)) {
    process.stderr.write(new Trouble(`Node ${process.versions.node} is too old`, { remedy: 'install Node 20.9 or newer' }).text);
    process.exitCode = 1;
    return;
  }
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    process.stderr.write(error instanceof Trouble ? error.text : `${error?.stack ?? error}\n`);
    process.exitCode = 1;
  }
}
