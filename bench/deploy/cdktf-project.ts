import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../support/run';

const ROOT = join(__dirname, '..', '..');
const CLI = join(ROOT, 'node_modules', 'cdktf-cli', 'bundle', 'bin', 'cdktf');

/** A folder with a cdktf app, deployed by the command that users deploy with. */
export class CdktfProject {
  private readonly folder = mkdtempSync(join(tmpdir(), 'cdktf-django-bench-'));
  private deployed = false;

  constructor(
    /** The app's file in this folder. */
    program: string,
    private readonly stack: string,
    private readonly signal: AbortSignal,
  ) {
    const app = `node --import file://${join(ROOT, 'node_modules', 'tsx', 'dist', 'loader.mjs')} ${join(__dirname, program)}`;
    writeFileSync(join(this.folder, 'cdktf.json'), JSON.stringify({ language: 'typescript', app, projectId: 'bench', sendCrashReports: 'false' }));
  }

  /** Deploys, and gives the seconds that it took: at its end, the last old container is gone. */
  public async deploy(env: Record<string, string>): Promise<number> {
    this.deployed = true;
    const since = performance.now();
    await this.cdktf(['deploy', this.stack, '--auto-approve', '--skip-provider-lock'], { ...env, BENCH_STACK: this.stack }, this.signal);
    return (performance.now() - since) / 1000;
  }

  /** Resources of each type that were synthesized last. */
  public counts(): Record<string, number> {
    const file = join(this.folder, 'cdktf.out', 'stacks', this.stack, 'cdk.tf.json');
    const { resource } = JSON.parse(readFileSync(file, 'utf8')) as { resource: Record<string, object> };
    return Object.fromEntries(Object.entries(resource).map(([type, byId]) => [type, Object.keys(byId).length]));
  }

  /** Destroys what was deployed; what is left is removed by name. */
  public async destroy(): Promise<void> {
    const terraform = process.env.TERRAFORM_BINARY_NAME ?? 'terraform';
    const cwd = join(this.folder, 'cdktf.out', 'stacks', this.stack);
    try {
      if (this.deployed) await run(terraform, ['destroy', '-auto-approve', '-no-color'], { cwd, env: { CHECKPOINT_DISABLE: '1' } });
    } finally {
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  private cdktf(args: string[], env: Record<string, string>, signal: AbortSignal): Promise<string> {
    return run(process.execPath, [CLI, ...args, '--no-color'], { cwd: this.folder, env: { CI: 'true', CHECKPOINT_DISABLE: '1', ...env }, signal });
  }
}
