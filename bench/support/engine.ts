import { run } from './run';

/** The docker client, in the names of one bench: whatever it makes is removed at the end. */
export class Engine {
  /** Begins every name that is made here. */
  public readonly prefix = `bench-${process.pid}`;

  constructor(private readonly signal: AbortSignal) {}

  public docker(...args: string[]): Promise<string> {
    return run('docker', args, { signal: this.signal });
  }

  /** The address of a container in a network. */
  public async address(container: string, network: string): Promise<string> {
    const networks = JSON.parse(await this.docker('inspect', container, '--format', '{{json .NetworkSettings.Networks}}')) as Record<
      string,
      { IPAddress: string }
    >;
    return networks[network].IPAddress;
  }

  /** The names of all running containers of a stack. */
  public async containersOfStack(namespace: string): Promise<string[]> {
    return lines(await this.docker('ps', '--filter', `label=org.cdktf-django.namespace=${namespace}`, '--format', '{{.Names}}')).sort();
  }

  /** The names of the running containers of a construct of a stack. */
  public async containersOf(path: string): Promise<string[]> {
    return lines(await this.docker('ps', '--filter', `label=org.cdktf-django.path=${path}`, '--format', '{{.Names}}')).sort();
  }

  /** Seconds of CPU that containers have used, all together. */
  public async cpuSeconds(containers: readonly string[]): Promise<number> {
    // By the first or the second version of control groups.
    const read = 'cat /sys/fs/cgroup/cpuacct/cpuacct.usage 2>/dev/null || sed -n "s/^usage_usec \\(.*\\)$/\\1000/p" /sys/fs/cgroup/cpu.stat';
    const used = await Promise.all(containers.map(async (one) => Number(await this.docker('exec', one, 'sh', '-c', read))));
    return used.reduce((sum, nanoseconds) => sum + nanoseconds / 1e9, 0);
  }

  /** Does a work while some containers stand still: what is idle still has probes, which cost what the other one could use. */
  public async whilePaused<T>(containers: string[], work: () => Promise<T>): Promise<T> {
    await this.docker('pause', ...containers);
    try {
      return await work();
    } finally {
      await run('docker', ['unpause', ...containers]);
    }
  }

  /** Removes the containers whose names go on like this. */
  public async removeContainers(parts: string[]): Promise<void> {
    const names = lines(await run('docker', ['ps', '-a', '--format', '{{.Names}}'])).filter((name) =>
      parts.some((part) => name.startsWith(`${this.prefix}-${part}`)),
    );
    if (names.length > 0) await run('docker', ['rm', '-f', '-v', ...names]);
  }

  /** Removes everything that has a name of this bench, whoever made it. Goes on where something refuses, and tells at the end. */
  public async removeAll(): Promise<void> {
    const problems: string[] = [];
    const ours = (name: string) => name.startsWith(`${this.prefix}-`) || name.startsWith(`cdktf-django/${this.prefix}-`);
    const remove = async (list: string[], ...command: string[]) => {
      const names = lines(await run('docker', list)).filter(ours);
      if (names.length > 0) await run('docker', [...command, ...names]).catch((error: Error) => problems.push(error.message));
    };
    await remove(['ps', '-a', '--format', '{{.Names}}'], 'rm', '-f', '-v');
    await remove(['network', 'ls', '--format', '{{.Name}}'], 'network', 'rm');
    await remove(['volume', 'ls', '--format', '{{.Name}}'], 'volume', 'rm');
    await remove(['images', '--format', '{{.Repository}}:{{.Tag}}'], 'rmi');
    if (problems.length > 0) throw new Error(`not everything could be removed:\n${problems.join('\n')}`);
  }
}

function lines(text: string): string[] {
  return text === '' ? [] : text.split('\n');
}
