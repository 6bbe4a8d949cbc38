import { App, LocalBackend, TerraformStack } from 'cdktf';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './run';

/** A stack that is deployed for the bench, with a state of its own. */
export class StackDeployment {
  private readonly folder = mkdtempSync(join(tmpdir(), 'cdktf-django-bench-'));
  private initialized = false;

  constructor(
    private readonly id: string,
    private readonly signal: AbortSignal,
  ) {}

  /** @param build declares the stack under the id that it is given */
  public async deploy(build: (app: App, id: string) => TerraformStack): Promise<void> {
    const app = new App({ outdir: this.folder });
    const stack = build(app, this.id);
    // cdktf would put it into the checkout.
    new LocalBackend(stack, { path: join(this.folder, 'terraform.tfstate') });
    app.synth();
    await this.terraform(['init', '-input=false'], this.signal);
    this.initialized = true;
    await this.terraform(['apply', '-auto-approve'], this.signal);
  }

  /** Destroys what was deployed; what is left is removed by name. */
  public async destroy(): Promise<void> {
    try {
      if (this.initialized) await this.terraform(['destroy', '-auto-approve']);
    } finally {
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  private terraform(args: string[], signal?: AbortSignal): Promise<string> {
    return run(process.env.TERRAFORM_BINARY_NAME ?? 'terraform', [...args, '-no-color'], {
      cwd: join(this.folder, 'stacks', this.id),
      env: { CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1' },
      signal,
    });
  }
}
