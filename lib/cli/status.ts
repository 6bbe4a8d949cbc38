import { parsedArguments } from './arguments';
import { Command } from './command';
import { stackNames } from './completion-words';
import { wholeStack } from './engine-stack';
import { statusOf } from './stack-status';
import { statusText } from './status-text';
import { Trouble } from './trouble';

const HELP = `cdktf-django status [STACK] [options]

Shows what of a stack runs on the engine: its systems and their servers, since when, of which image, how often the engine had to start them again; jobs
that failed; the newest backup and its age; how full the disks of its volumes are.

STACK is its path or its namespace; it can be left out where the engine has one. The labels of the containers tell whose they are, so this works anywhere,
without the stack's code or state. "since" is when a server was started last: the engine does not keep when it became healthy.

On a Swarm, ask a manager: it tells what runs on which node. Backups and disks are asked on its own node alone. Restarts
are those that the Swarm remembers, five for each replica unless it was told otherwise.

  --disk  measure the volumes, too; the engine reads all their files for it, which may take minutes
  --json  print it as JSON
  --help  print this
`;

const OPTIONS = {
  disk: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

export const status: Command = {
  name: 'status',
  summary: 'what runs, since when, and the newest backup',
  help: HELP,
  run: (args) => {
    const { values, positionals } = parsedArguments('status', args, OPTIONS);
    if (values.help) {
      process.stdout.write(HELP);
      return 0;
    }
    if (positionals.length > 1) throw new Trouble(`status takes one stack, got ${positionals.join(' ')}; see cdktf-django status --help`);
    const stack = wholeStack(positionals[0], 'cdktf-django status STACK');
    const found = statusOf(stack, stack.home.containers(), values.disk);
    process.stdout.write(values.json ? `${JSON.stringify(found, null, 2)}\n` : statusText(found, new Date()));
    return 0;
  },
  complete: ({ option }) => (option === undefined ? stackNames() : []),
};
