import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Measured } from '../report/row';
import { run } from '../support/run';
import { BenchOptions, inTurns, say } from '../support/suite';

const ROOT = join(__dirname, '..', '..');

/** Wall time of the whole process, of the example and of a bare stack. */
export async function wholeProcess(options: BenchOptions): Promise<{ example: Measured; bare: Measured; resources: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'cdktf-django-bench-'));
  try {
    const time = async (command: string[], env: Record<string, string> = {}) => {
      const since = performance.now();
      await run(command[0], command.slice(1), { cwd: ROOT, env: { CDKTF_OUTDIR: folder, ...env }, signal: options.signal });
      return performance.now() - since;
    };
    const command = exampleCommand();
    say(`synth: ${command.join(' ')}`);
    await time(command); // and tsx has compiled it
    const counts = countResources(folder);
    // The same start: only the app's file differs.
    const bareCommand = [...command.slice(0, -1), join('bench', 'bare-stack.ts')];
    const bareCounts = { BENCH_BARE_COUNTS: JSON.stringify(counts) };
    await time(bareCommand, bareCounts);
    const { example, bare } = await inTurns(2 * options.runs, { example: () => time(command), bare: () => time(bareCommand, bareCounts) });
    const resources = Object.entries(counts).map(([type, count]) => `${count} ${type}`);
    return {
      example: { name: 'the example', unit: 'ms', runs: example },
      bare: { name: 'bare cdktf', unit: 'ms', runs: bare },
      resources: resources.join(', '),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What cdktf.json runs; it ends with the app's file. */
function exampleCommand(): string[] {
  const { app } = JSON.parse(readFileSync(join(ROOT, 'cdktf.json'), 'utf8')) as { app: string };
  return app.split(/\s+/);
}

/** Resources of each type in the one stack that was synthesized. */
function countResources(folder: string): Record<string, number> {
  const [stack] = readdirSync(join(folder, 'stacks'));
  const { resource } = JSON.parse(readFileSync(join(folder, 'stacks', stack, 'cdk.tf.json'), 'utf8')) as { resource: Record<string, object> };
  return Object.fromEntries(Object.entries(resource).map(([type, byId]) => [type, Object.keys(byId).length]));
}
