import { labelName } from '../platform/labels';
import { appContainer, APP_OPTIONS, apps } from './app-container';
import { leadingOptions } from './arguments';
import { Command } from './command';
import { stackNames, systemNames } from './completion-words';
import { docker } from './docker';
import { Container, HostConfig, ONE_OFF } from './engine-container';
import { containersOf, EngineStack, engineStack, requireOneEngine } from './engine-stack';
import { interact, PassedSignal, terminal } from './interact';
import { Trouble } from './trouble';

const HELP = `cdktf-django run [options] [--] PROGRAM [ARGUMENT]...

Runs a program in a new container of the app's image, with the settings, secrets, volumes, networks and limits of the app's newest container, and removes it
afterwards. A release does not end it, unlike "manage". Where there is a terminal, the program gets one. What is piped in and out stays as it is. The exit code is the program's;
signals are passed on.

  cdktf-django run sh
  cdktf-django run --memory 2g -- python -m django import_catalogue --all
  cdktf-django run --system Hello -- python -c 'import app'

If this command is killed, its container goes on; "cdktf-django sweep" finds it.

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
    const stack = engineStack(values.stack, '--stack');
    requireOneEngine(stack, 'run', 'use manage, on a node on which the app runs (cdktf-django status tells which)');
    const model = appContainer(stack, containersOf(stack), values.system, { django: false, running: false });
    return inContainerOfItsOwn(stack, model, rest, values.memory);
  },
  complete: ({ option, before }) => {
    if (option === '--stack') return stackNames();
    return option === '--system' ? systemNames(before, (containers) => [...apps(containers, false).keys()]) : [];
  },
};

async function inContainerOfItsOwn(stack: EngineStack, model: Container, program: readonly string[], memory: string | undefined): Promise<number> {
  const created = docker('create', ...creation(stack, model, program, { memory, tty: terminal() }));
  if (!created.ok) throw new Trouble(`the container cannot be made:\n${created.stderr.trim()}`);
  const id = created.stdout.trim();
  try {
    for (const network of networksOf(model).slice(1)) {
      const joined = docker('network', 'connect', network, id);
      if (!joined.ok) throw new Trouble(`the container cannot join network ${network}:\n${joined.stderr.trim()}`);
    }
    const send = (signal: PassedSignal) => {
      // At a terminal Ctrl-C reaches the docker client by itself, and it passes on what it gets.
      if (signal !== 'SIGINT' || !process.stderr.isTTY) docker('kill', '--signal', signal, id);
    };
    return await interact(['start', '--attach', '--interactive', id], send);
  } finally {
    // The engine has removed it when it has ended; else it never started.
    docker('rm', '--volumes', id);
  }
}

/** The arguments of `docker create` for a container like another one. */
export function creation(
  stack: EngineStack,
  model: Container,
  program: readonly string[],
  { memory, tty }: { readonly memory?: string; readonly tty: boolean },
): string[] {
  const { Config, HostConfig: host, Image } = model.inspected;
  const labels = {
    [labelName('namespace')]: stack.namespace,
    [labelName('path')]: `${stack.path}/${model.system}/Run`,
    [labelName('owner')]: stack.owner,
    [ONE_OFF]: 'run',
  };
  const each = (option: string, values: readonly string[] | null | undefined) => (values ?? []).flatMap((value) => [option, value]);
  const when = (option: string, value: number | string | null | undefined) => (value ? [option, String(value)] : []);
  const [entrypoint, ...leading] = Config.Entrypoint ?? [];
  return [
    ...['--rm', '--interactive', '--no-healthcheck'],
    ...(tty ? ['--tty', '--env', `TERM=${process.env.TERM ?? 'xterm'}`] : []),
    ...each(
      '--label',
      Object.entries(labels).map(([name, value]) => `${name}=${value}`),
    ),
    ...each('--env', Config.Env),
    ...when('--user', Config.User),
    ...when('--workdir', Config.WorkingDir),
    ...each('--group-add', host.GroupAdd),
    ...(host.ReadonlyRootfs ? ['--read-only'] : []),
    ...(host.Init ? ['--init'] : []),
    ...each(
      '--tmpfs',
      Object.entries(host.Tmpfs ?? {}).map(([path, options]) => `${path}:${options}`),
    ),
    ...each('--cap-drop', host.CapDrop),
    ...each('--cap-add', host.CapAdd),
    ...each('--security-opt', host.SecurityOpt),
    ...(memory === undefined
      ? [...when('--memory', host.Memory), ...when('--memory-swap', host.MemorySwap)]
      : ['--memory', memory, '--memory-swap', memory]),
    ...when('--cpu-period', host.CpuPeriod),
    ...when('--cpu-quota', host.CpuQuota),
    ...when('--shm-size', host.ShmSize),
    ...when('--pids-limit', host.PidsLimit),
    ...each(
      '--ulimit',
      (host.Ulimits ?? []).map(({ Name, Soft, Hard }) => `${Name}=${Soft}:${Hard}`),
    ),
    ...each('--dns', host.Dns),
    ...each('--add-host', host.ExtraHosts),
    ...each('--mount', (host.Mounts ?? []).map(mount)),
    ...['--network', networksOf(model)[0]],
    ...['--log-driver', host.LogConfig.Type],
    ...each(
      '--log-opt',
      Object.entries(host.LogConfig.Config ?? {}).map(([name, value]) => `${name}=${value}`),
    ),
    ...when('--entrypoint', entrypoint),
    Image,
    ...leading,
    '--',
    ...program,
  ];
}

/** The names of a container's networks. Clients before 25 join one at the creation, and others afterwards. */
function networksOf({ inspected: { NetworkSettings, HostConfig: host } }: Container): string[] {
  const names = Object.keys(NetworkSettings.Networks ?? {}).sort();
  return names.length > 0 ? names : [host.NetworkMode];
}

/** A mount as `--mount` reads it, which is a line of CSV. */
function mount({ Type, Source, Target, ReadOnly }: NonNullable<HostConfig['Mounts']>[number]): string {
  return [`type=${Type}`, `source=${Source}`, `target=${Target}`, ...(ReadOnly ? ['readonly'] : [])].map(quoted).join(',');
}

function quoted(field: string): string {
  return /[",\n]/.test(field) ? `"${field.replace(/"/g, '""')}"` : field;
}
