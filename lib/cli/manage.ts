import { randomUUID } from 'node:crypto';
import { appContainer, APP_OPTIONS, apps, RUNTIME_PATH } from './app-container';
import { leadingOptions } from './arguments';
import { Command } from './command';
import { stackNames, systemNames } from './completion-words';
import { databaseShell } from './database-shell';
import { docker } from './docker';
import { engineStack } from './engine-stack';
import { interact, PassedSignal, terminal } from './interact';
import { requireHere } from './swarm-tasks';
import { Trouble } from './trouble';

const HELP = `cdktf-django manage [options] [--] COMMAND [ARGUMENT]...

Runs manage.py in the running release: with its code, its settings and its secrets, in the newest healthy container of the project. Where there is a terminal, the
command gets one: shell, createsuperuser, dbshell work. What is piped in and out stays as it is. The exit code is the command's; signals are passed on.

  cdktf-django manage createsuperuser
  cdktf-django manage dumpdata catalogue > catalogue.json
  cdktf-django manage --system Blog -- migrate --plan

dbshell takes the psql of the database's own container where the project's image has none; for a database elsewhere, add it to the image (systemPackages:
['postgresql-client']). A release ends its old containers, and what runs in them: for what takes long, see "run".

On a Swarm, ask a node on which the project runs; "cdktf-django status" tells which.

  --stack NAME   the stack, where the engine has several
  --system PATH  the Django project, where the stack has several: the path of its construct below the stack, such as Shop
  --help         print this
`;

/** The environment variable by which a process is found again, to be sent a signal: the engine cannot send one to what "docker exec" started. */
const MARK = 'CDKTF_DJANGO_MANAGE';
const SEND = `for one in /proc/[0-9]*; do grep -qs "${MARK}=$1" "$one/environ" && kill -s "$2" "\${one#/proc/}"; done`;

export const manage: Command = {
  name: 'manage',
  summary: 'manage.py in the running release',
  help: HELP,
  run: (args) => {
    const { values, rest } = leadingOptions('manage', args, APP_OPTIONS);
    if (values.help) {
      process.stdout.write(HELP);
      return 0;
    }
    if (rest.length === 0) throw new Trouble('say which command of manage.py; see cdktf-django manage --help');
    const stack = engineStack(values.stack, '--stack');
    const container = appContainer(stack, stack.home.containers(), values.system, { django: true, running: true });
    requireHere(container, 'manage ...');
    const shell = rest[0] === 'dbshell' ? databaseShell(container, rest) : undefined;
    if (shell !== undefined) return inContainer(shell.container, shell.command, shell.environment);
    return inContainer(container.id, [`${RUNTIME_PATH}/bin/manage`, ...rest]);
  },
  complete: ({ option, before }) => {
    if (option === '--stack') return stackNames();
    return option === '--system' ? systemNames(before, (containers) => [...apps(containers, true).keys()]) : [];
  },
};

/** Values of the environment are on no command line, where others could read them. */
function inContainer(container: string, command: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<number> {
  const mark = randomUUID();
  const tty = terminal() ? ['--tty', '--env', `TERM=${process.env.TERM ?? 'xterm'}`] : [];
  const send = (signal: PassedSignal) => void docker('exec', container, 'sh', '-c', SEND, 'sh', mark, signal.replace(/^SIG/, ''));
  const variables = Object.keys(environment).flatMap((name) => ['--env', name]);
  return interact(['exec', '--interactive', ...tty, '--env', `${MARK}=${mark}`, ...variables, container, ...command], send, environment);
}
