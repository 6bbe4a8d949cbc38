#!/usr/bin/env node
import { restore, RESTORE_HELP } from './restore';
import { secrets, SECRETS_HELP } from './secrets';
import { sweep, SWEEP_HELP } from './sweep';
import { Trouble } from './trouble';

const HELP = `cdktf-django COMMAND

  restore  brings a backup of a database back
  sweep    removes what a deploy that was killed left on the engine
  secrets  takes generated secrets to another engine

${RESTORE_HELP}
${SWEEP_HELP}
${SECRETS_HELP}`;

async function main([command, ...args]: string[]): Promise<number> {
  if (command === 'restore') return restore(args);
  if (command === 'sweep') return sweep(args);
  if (command === 'secrets') return secrets(args);
  if (command === undefined || command === '--help' || command === 'help') {
    process.stdout.write(HELP);
    return command === undefined ? 1 : 0;
  }
  throw new Trouble(`there is no command ${JSON.stringify(command)}; see cdktf-django --help`);
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`cdktf-django: ${error instanceof Trouble ? error.message : ((error as Error).stack ?? String(error))}\n`);
    process.exitCode = 1;
  },
);
