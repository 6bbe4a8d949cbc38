#!/usr/bin/env node
import { COMMANDS } from './commands';
import { COMPLETE, completed } from './completion';
import { Trouble } from './trouble';

const WIDTH = Math.max(...COMMANDS.map(({ name }) => name.length));

const HELP = `cdktf-django COMMAND

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(WIDTH)}  ${summary}\n`).join('')}
cdktf-django COMMAND --help says more of one.
`;

async function main([name, ...args]: string[]): Promise<number> {
  if (name === COMPLETE) return complete(args);
  if (name === undefined || name === '--help' || name === 'help') {
    process.stdout.write(args.length === 0 ? HELP : commandOf(args[0]).help);
    return name === undefined ? 1 : 0;
  }
  return commandOf(name).run(args);
}

function commandOf(name: string) {
  const command = COMMANDS.find((one) => one.name === name);
  if (command === undefined) throw new Trouble(`there is no command ${JSON.stringify(name)}; see cdktf-django --help`);
  return command;
}

function complete(words: string[]): number {
  try {
    for (const line of completed(COMMANDS, words)) process.stdout.write(`${line}\n`);
    return 0;
  } catch {
    // Whoever presses a key is not to be told that no engine answers.
    return 1;
  }
}

// A reader that has enough, such as head.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`cdktf-django: ${error instanceof Trouble ? error.message : ((error as Error).stack ?? String(error))}\n`);
    process.exitCode = 1;
  },
);
