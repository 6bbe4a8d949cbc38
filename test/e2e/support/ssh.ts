import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineNode } from './engine-node';

const ROOT = join(__dirname, '..', '..', '..');

/** The way by SSH to an engine in a container: an account that may use the engine and nothing else, a key for it, and the host's key. */
export class SshAccess {
  /**
   * Opens it.
   *
   * @param port a port of the node that is open on the host's loopback
   */
  public static open(node: EngineNode, port: number): SshAccess {
    const program = `
      import { install } from './tools/setup/apt.mjs';
      import { which } from './tools/setup/run.mjs';
      if (!which('ssh') || !which('ssh-keygen')) await install('engine', ['openssh-client']);
    `;
    const made = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: ROOT, encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`there is no SSH client:\n${made.stdout}${made.stderr}`);
    return new SshAccess(node, port);
  }

  /** What is given to a provider as its host. */
  public readonly host: string;
  /** What is given to it beside: which key, and whose key the host must have. */
  public readonly options: string[];
  private readonly folder = mkdtempSync(join(tmpdir(), 'cdktf-django-ssh-'));

  private constructor(
    private readonly node: EngineNode,
    port: number,
  ) {
    const key = join(this.folder, 'key');
    const knownHosts = join(this.folder, 'known_hosts');
    const generated = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key], { encoding: 'utf8' });
    if (generated.status !== 0) throw new Error(`ssh-keygen failed:\n${generated.stderr}`);
    const mine = spawnSync('cat', [`${key}.pub`], { encoding: 'utf8' }).stdout.trim();
    node.shell(
      `set -e
      ssh-keygen -A >/dev/null
      useradd --create-home --shell /bin/sh --groups docker deploy
      install -d -m 0700 -o deploy -g deploy ~deploy/.ssh
      echo '${mine}' >~deploy/.ssh/authorized_keys
      mkdir -p /run/sshd
      /usr/sbin/sshd -p ${port} -E /var/log/sshd.log -o PasswordAuthentication=no -o PermitRootLogin=no`,
    );
    // Not asked for over the network, where it would prove nothing.
    const theirs = node.shell('cat /etc/ssh/ssh_host_ed25519_key.pub').split(' ').slice(0, 2).join(' ');
    writeFileSync(knownHosts, `[127.0.0.1]:${port} ${theirs}\n`);
    this.host = `ssh://deploy@127.0.0.1:${port}`;
    const settings = [
      'IdentitiesOnly=yes',
      `UserKnownHostsFile=${knownHosts}`,
      'StrictHostKeyChecking=yes',
      // One connection for all that Terraform asks: otherwise each question takes the time of a handshake.
      'ControlMaster=auto',
      `ControlPath=${join(this.folder, 'shared')}`,
      'ControlPersist=60',
    ];
    this.options = ['-F', 'none', '-i', key, ...settings.flatMap((setting) => ['-o', setting])];
  }

  /** Environment in which the docker client, which takes no options for SSH, has them all the same. */
  public clientEnvironment(): Record<string, string> {
    const ssh = spawnSync('sh', ['-c', 'command -v ssh'], { encoding: 'utf8' }).stdout.trim();
    const wrapper = join(this.folder, 'ssh');
    writeFileSync(wrapper, `#!/bin/sh\nexec ${ssh} ${this.options.join(' ')} "$@"\n`);
    chmodSync(wrapper, 0o755);
    return { DOCKER_HOST: this.host, PATH: `${this.folder}:${process.env.PATH}` };
  }

  /** How many times somebody came in by this way. */
  public logins(): number {
    return this.node
      .shell('cat /var/log/sshd.log')
      .split('\n')
      .filter((line) => line.includes('Accepted publickey for deploy')).length;
  }

  /** Gives the host another key, as somebody in between would have. */
  public changeHostKey(): void {
    this.endShared();
    const key = '/etc/ssh/ssh_host_ed25519_key';
    this.node.shell(`rm ${key} ${key}.pub; ssh-keygen -A >/dev/null; kill -HUP "$(cat /run/sshd.pid)"; sleep 1`);
  }

  public close(): void {
    this.endShared();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private endShared(): void {
    spawnSync('ssh', [...this.options, '-O', 'exit', this.host]);
  }
}
