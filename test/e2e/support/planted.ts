import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Deployment } from './deployment';
import { engine } from './docker';
import { Trace } from './secret-sweep';
import { watchProcesses } from './traces';

/** A value that was put where a sweep has to find it. */
export interface Planted {
  readonly value: string;
  /** What was watched while it was put there. */
  readonly seen: Trace[];
  /** Where a sweep has to find it, and in which form. */
  readonly places: string[];
  readonly remove: () => void;
}

/** Puts a value into each sort of thing that a deployment leaves behind, in various forms: a state's backup, and objects of the engine under the deployment's names. */
export async function plant(deployment: Deployment): Promise<Planted> {
  const { namespace } = deployment;
  const name = `${namespace}-planted`;
  const image = `cdktf-django/${name}`;
  const value = `pl4nted"<&>'${randomBytes(16).toString('hex')}`;
  const own = ['--label', `org.cdktf-django.namespace=${namespace}`];
  const base = engine('inspect', `${namespace}-proxy-server`, '--format', '{{.Image}}');
  const processes = watchProcesses();

  writeFileSync(join(deployment.folder, 'terraform.tfstate.1.backup'), JSON.stringify({ password: value }));
  engine('volume', 'create', '--label', `note=${Buffer.from(`:${value}`).toString('base64')}`, name);
  engine('network', 'create', '--internal', ...own, '--label', `note=${encodeURIComponent(value)}`, name);
  // A layer that has it, and a later one that hides it; what made them is in the history.
  const run = (from: string, ...command: string[]) =>
    engine('run', '--network', 'none', '--user', '0', '--name', name, '--entrypoint', 'sh', from, '-c', ...command);
  run(base, 'printf %s "$0" | base64 -d >/left', Buffer.from(value).toString('base64'));
  engine('commit', name, `${image}:1`);
  engine('rm', name);
  run(`${image}:1`, 'rm /left');
  engine('commit', '--change', `ENV NOTE=${Buffer.from(value).toString('hex')}`, name, `${image}:2`);
  engine('rm', name);
  engine('rmi', `${image}:1`);
  const script = ['-c', 'printf "%s\\n" "$0"; sleep 60 & wait', value];
  engine('run', '-d', '--network', 'none', '--name', name, ...own, '--label', `note=${value}`, '--entrypoint', 'sh', base, ...script);

  return {
    value,
    seen: [{ where: 'process: while it was planted', content: await processes.seen() }],
    places: [
      'process: while it was planted (plain)',
      'file: terraform.tfstate.1.backup (json)',
      `inspect: container ${name} (json)`,
      `log: ${name} (plain)`,
      `top: ${name} (plain)`,
      `inspect: volume ${name} (base64)`,
      `inspect: network ${name} (url)`,
      `inspect: image ${image}:2 (hex)`,
      `history: image ${image}:2 (base64)`,
      'layer (plain)',
    ],
    remove: () => {
      engine('rm', '-f', '-v', name);
      engine('rmi', `${image}:2`);
      engine('volume', 'rm', name);
      engine('network', 'rm', name);
    },
  };
}
