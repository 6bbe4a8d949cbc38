import { appContainer, APP_OPTIONS, apps } from './app-container';
import { leadingOptions } from './arguments';
import { Command } from './command';
import { stackNames, systemNames } from './completion-words';
import { wholeStack } from './engine-stack';
import { Trouble } from './trouble';

const HELP = `cdktf-django run [options] [--] PROGRAM [ARGUMENT]...

Runs a program in a new container of the app's image, with the settings, secrets, volumes, networks and limits of the app's newest container, and removes it
afterwards. A release does not end it, unlike "manage". Where there is a terminal, the program gets one. What is piped in and out stays as it is. The exit code is the program's;
signals are passed on.

  cdktf-django run sh
  cdktf-django run --memory 2g -- python -m django import_catalogue --all
  cdktf-django run --system Hello -- python -c 'import app'

If this command is killed, its container goes on; "cdktf-django sweep" finds it.

On a Swarm, ask a manager. The program runs in a service of its own, on any node on which the app may. It gets neither a terminal nor an input, and its outputs come by way of its log, line
by line; whoever interrupts this command has it stopped. If this command is killed, the service goes on: "cdktf-django status" tells its name, for "docker service rm".

  --stack NAME    the stack, where the engine has several
  --system PATH   the app, where the stack has several: the path of its construct below the stack, such as Shop
  --memory SIZE   the memory that it may use, such as 512m or 2g (default: as much as the app's container)
  --help          print this
`;

const OPTIONS = { ...APP_OPTIONS, memory: { type: 'string' } } as const;

export const oneOff: Command = {
  name: 'run',
  summary: "a program in a container of its own, with the app's settings and secrets",
  help: HELP,
  run: (args) => {
    const { values, rest } = leadingOptions('run', args, OPTIONS);
    if (values.help) {
      process.stdout.write(HELP);
      return 0;
    }
    if (rest.length === 0) throw new Trouble('say which program; see cdktf-django run --help');
    if (values.memory !== undefined && !/^[1-9]\d*[kmg]$/i.test(values.memory)) {
      throw new Trouble(`--memory must be a number with k, m or g, such as 512m or 2g, got ${JSON.stringify(values.memory)}`);
    }
    const stack = wholeStack(values.stack, '--stack');
    const model = appContainer(stack, stack.home.containers(), values.system, { django: false, running: false });
    return stack.home.runBeside(model, rest, values.memory);
  },
  complete: ({ option, before }) => {
    if (option === '--stack') return stackNames();
    return option === '--system' ? systemNames(before, (containers) => [...apps(containers, false).keys()]) : [];
  },
};
