import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { docker, engine } from './docker';
import { eventually } from './http';
import { freePort } from './port';

const ROOT = join(__dirname, '..', '..', '..');
/** What the set-up tags the image of an engine with (tools/setup/standins.mjs). */
const IMAGE = 'localhost/cdktf-django-standin/engine:28';
const CAPABILITIES =
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN ' +
  'NET_RAW IPC_LOCK SYS_CHROOT SYS_PTRACE SYS_ADMIN SYS_NICE MKNOD AUDIT_WRITE SETFCAP';

/** A Docker Engine in a container, for tests that restart an engine: never the host's own. */
export class EngineNode {
  /**
   * Starts one.
   *
   * @param ports ports inside of it that are open on the host's loopback, under the same numbers
   * @param more further arguments of `docker run`
   */
  public static async start(name: string, ports: number[], more: string[] = []): Promise<EngineNode> {
    const program = `import { ensureStandIns } from './tools/setup/standins.mjs'; await ensureStandIns(['engine']);`;
    const made = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: ROOT, encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`the image of an engine cannot be had:\n${made.stdout}${made.stderr}`);
    const node = new EngineNode(`e2e-${name}-${process.pid}`, await freePort());
    try {
      engine(
        ...['run', '--detach', '--name', node.name, '--hostname', node.name, '--cap-drop', 'ALL'],
        ...CAPABILITIES.split(' ').flatMap((capability) => ['--cap-add', capability]),
        ...['--security-opt', 'seccomp=unconfined', '--volume', `${node.name}:/var/lib/docker`, '--volume', '/sys/fs/cgroup:/sys/fs/cgroup'],
        // As on a machine: /run does not survive its end. A left-over containerd.pid keeps the engine from starting when another process has
        // that number now.
        ...['--tmpfs', '/run:exec'],
        ...['--publish', `127.0.0.1:${node.apiPort}:2375`, ...ports.flatMap((port) => ['--publish', `127.0.0.1:${port}:${port}`])],
        ...more,
        IMAGE,
      );
      await node.ready();
    } catch (error) {
      try {
        node.remove();
      } catch {
        // Why there is nothing to be removed is told by the first error.
      }
      throw error;
    }
    return node;
  }

  /** What leads the docker client, Terraform and the provider to this engine. */
  public readonly environment: Record<string, string>;

  private constructor(
    public readonly name: string,
    private readonly apiPort: number,
  ) {
    this.environment = { DOCKER_HOST: `tcp://127.0.0.1:${apiPort}` };
  }

  /** Runs the docker client on this engine. */
  public docker(...args: string[]): string {
    return docker(this.environment, ...args);
  }

  /** Runs a shell script as root of the machine that this engine thinks it is on. */
  public shell(script: string): string {
    return engine('exec', this.name, 'sh', '-c', script);
  }

  /** Brings the pinned images that the host's engine has, and gives them; what it lacks, this one pulls when it needs it. */
  public bringImages(): string[] {
    const pins = JSON.parse(readFileSync(join(ROOT, 'runtime', 'images.json'), 'utf8')) as {
      nginx: string;
      postgres: Record<string, string>;
      python: string;
    };
    const mirror = process.env.CDKTF_DJANGO_IMAGE_MIRROR;
    const wanted = [pins.nginx, pins.postgres['18'], pins.python].map((image) => (mirror ? `${mirror}/${image}` : image));
    const there = wanted.filter((image) => engine('images', '--quiet', image) !== '');
    if (there.length === 0) return [];
    const copy = spawnSync(
      'sh',
      ['-c', 'host=$1; shift; docker save "$@" | docker --host "$host" load', 'sh', this.environment.DOCKER_HOST, ...there],
      {
        encoding: 'utf8',
      },
    );
    if (copy.status !== 0) throw new Error(`the images cannot be brought to ${this.name}:\n${copy.stdout}${copy.stderr}`);
    return there;
  }

  /** Ends the engine as a machine that is shut down does, and starts it again. */
  public async restart(): Promise<void> {
    engine('restart', '-t', '180', this.name);
    await this.ready();
  }

  /** Kills the engine and all that runs on it at once, as a power cut does, and starts it again. */
  public async powerCycle(): Promise<void> {
    this.kill();
    await this.start();
  }

  /** The power cut alone: nothing that ran on it says good-bye, and its address answers no more. */
  public kill(): void {
    engine('kill', '--signal', 'KILL', this.name);
    engine('wait', this.name);
  }

  /** Starts an engine that was killed. */
  public async start(): Promise<void> {
    engine('start', this.name);
    await this.ready();
  }

  /** Removes the engine, its disk, and all that is on it. */
  public remove(): void {
    // First what runs on it: the kernel keeps the control groups of containers that an engine did not remove.
    spawnSync('docker', ['exec', this.name, 'sh', '-c', 'docker ps --all --quiet | xargs --no-run-if-empty docker rm --force']);
    engine('rm', '--force', '--volumes', this.name);
    engine('volume', 'rm', '--force', this.name);
  }

  private async ready(): Promise<void> {
    try {
      await eventually(() => this.docker('version', '--format', '{{.Server.Version}}'), 60);
    } catch (error) {
      const log = spawnSync('docker', ['logs', '--tail', '20', this.name], { encoding: 'utf8' });
      throw new Error(`the engine did not start:\n${log.stdout}${log.stderr}`, { cause: error });
    }
  }
}
