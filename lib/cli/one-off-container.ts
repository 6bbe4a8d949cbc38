import { labelName } from '../platform/labels';
import { csvLine } from './csv-line';
import { docker } from './docker';
import { Container, HostConfig, ONE_OFF } from './engine-container';
import { interact, PassedSignal, terminal } from './interact';
import { StackLabels } from './stack-home';
import { Trouble } from './trouble';

/** Runs a program in a new container like another one of this engine, and removes it. Gives its exit code. */
export async function inContainerOfItsOwn(
  stack: StackLabels,
  model: Container,
  program: readonly string[],
  memory: string | undefined,
): Promise<number> {
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
  stack: StackLabels,
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
  return csvLine([`type=${Type}`, `source=${Source}`, `target=${Target}`, ...(ReadOnly ? ['readonly'] : [])]);
}
