import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compare, Measured } from '../report/row';
import { run } from '../support/run';
import { BenchOptions, Findings, inTurns, say } from '../support/suite';
import { packageVersions } from '../support/versions';

/** Apps in a stack; each has a database of its own. */
const SIZES = [10, 50, 100];

interface Synthesized {
  readonly resources: number;
  readonly kibibytes: number;
}

/** How long Terraform plans stacks of many apps, from nothing: what decides how many are put into one. */
export async function plan(options: BenchOptions): Promise<Findings> {
  const folder = mkdtempSync(join(tmpdir(), 'cdktf-django-bench-'));
  try {
    const made = new Map<number, Synthesized>();
    const steps: Record<string, () => Promise<number>> = {};
    for (const size of SIZES) {
      const outdir = join(folder, String(size));
      say(`plan: a stack of ${size} apps`);
      made.set(size, await synthesize(outdir, size, options.signal));
      await terraform(join(outdir, 'stacks', 'many'), options.signal, 'init', '-input=false');
      steps[size] = () => secondsOfPlan(join(outdir, 'stacks', 'many'), options.signal);
    }
    const seconds = await inTurns(options.runs, steps);
    const each = (size: number): Measured => ({ name: `${size} apps`, unit: 'ms an app', runs: seconds[size].map((whole) => (whole * 1000) / size) });
    const sizes = SIZES.map((size) => `${size} apps: ${made.get(size)!.resources} resources, ${made.get(size)!.kibibytes} KiB`);
    return {
      method: `terraform plan against an empty state, of Django apps with a database each behind one proxy on a Swarm (${sizes.join('; ')}). Nothing is deployed.`,
      versions: { node: process.versions.node, ...packageVersions('cdktf', '@cdktf/provider-docker') },
      rows: [
        compare('plan of 50 apps against 10, for each app', each(50), each(10)),
        compare('plan of 100 apps against 10, for each app', each(100), each(10)),
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function synthesize(outdir: string, size: number, signal: AbortSignal): Promise<Synthesized> {
  await run(process.execPath, ['--import', 'tsx', join(__dirname, 'many-apps.ts'), outdir, String(size)], { signal });
  const file = join(outdir, 'stacks', 'many', 'cdk.tf.json');
  const { resource } = JSON.parse(readFileSync(file, 'utf8')) as { resource: Record<string, object> };
  const resources = Object.values(resource).reduce((sum, byId) => sum + Object.keys(byId).length, 0);
  return { resources, kibibytes: Math.round(statSync(file).size / 1024) };
}

async function secondsOfPlan(cwd: string, signal: AbortSignal): Promise<number> {
  const since = performance.now();
  await terraform(cwd, signal, 'plan', '-no-color', '-input=false', '-out=plan.bin');
  return (performance.now() - since) / 1000;
}

function terraform(cwd: string, signal: AbortSignal, ...args: string[]): Promise<string> {
  return run(process.env.TERRAFORM_BINARY_NAME ?? 'terraform', args, { cwd, env: { CHECKPOINT_DISABLE: '1' }, signal });
}
