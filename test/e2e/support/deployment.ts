import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { App, LocalBackend, TerraformStack } from 'cdktf';
import { spawn, spawnSync, SpawnSyncOptionsWithStringEncoding } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DockerEngine, Platform } from '../../../lib';
import { docker } from './docker';

/** Declares the stack of a deployment under the id that it is given. */
export type Build = (app: App, id: string) => void;

/** A stack with a provider and an engine, for a test to fill. */
export function stack(fill: (stack: TerraformStack) => void): Build {
  return (app, id) => {
    const made = new TerraformStack(app, id);
    new DockerProvider(made, 'Docker');
    Platform.use(made, new DockerEngine({ imageMirror: process.env.CDKTF_DJANGO_IMAGE_MIRROR }));
    fill(made);
  };
}

/** What Terraform would do to a resource. */
export interface Change {
  readonly address: string;
  readonly actions: string[];
}

/** How an apply ended. */
export interface Applied {
  readonly ok: boolean;
  readonly output: string;
}

/** A stack that is synthesized, applied and destroyed for a test, in a namespace of its own, with a state of its own. */
export class Deployment {
  public readonly namespace: string;
  /** Where it is synthesized to. */
  public readonly folder = mkdtempSync(join(tmpdir(), 'cdktf-django-e2e-'));
  private initialized = false;

  constructor(
    name: string,
    /** Environment for Terraform and the provider, such as another DOCKER_HOST. */
    private readonly environment: Record<string, string> = {},
  ) {
    this.namespace = `e2e-${name}-${process.pid}`;
  }

  /** Synthesizes in the test's process, as `cdktf synth` would. */
  public synth(build: Build): void {
    const app = new App({ outdir: this.folder });
    build(app, this.namespace);
    // Not where the test was started, which is the default.
    for (const made of app.node.children.filter((child) => TerraformStack.isStack(child))) {
      new LocalBackend(made, { path: join(this.folder, 'terraform.tfstate') });
    }
    app.synth();
  }

  /** Synthesizes and applies, and fails the test when the apply fails. */
  public deploy(build: Build): Applied {
    this.synth(build);
    const applied = this.apply();
    if (!applied.ok) throw new Error(`terraform apply failed:\n${applied.output.slice(-6000)}`);
    return applied;
  }

  public apply(): Applied {
    this.init();
    const result = this.terraform('apply', '-auto-approve', '-no-color');
    return { ok: result.status === 0, output: result.stdout + result.stderr };
  }

  /**
   * The same, while the test goes on.
   *
   * @param options.aside whether what serves comes first where both want a core: a deploy is made from another machine than the engine's
   */
  public async applyMeanwhile(options: { aside?: boolean } = {}): Promise<Applied> {
    this.init();
    const program = [...(options.aside ? ['nice', '-n', '10'] : []), terraformProgram(), 'apply', '-auto-approve', '-no-color'];
    const child = spawn(program[0], program.slice(1), this.options);
    let output = '';
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (part: Buffer) => (output += part.toString()));
    const status = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
    return { ok: status === 0, output };
  }

  /** Applies, and after some seconds kills Terraform and the provider at once. Gives whether it came to that. */
  public applyKilled(seconds: number): boolean {
    this.init();
    // It is the leader of a process group and kills all of it.
    const program = ['--signal=KILL', seconds.toFixed(2), terraformProgram(), 'apply', '-auto-approve', '-no-color'];
    const result = spawnSync('timeout', program, this.options);
    if (result.error) throw result.error;
    return result.signal === 'SIGKILL';
  }

  /** What the state has of a type: the addresses of resources and the ids of what they stand for, those that are about to be removed among them. */
  public recorded(type: string): { readonly address: string; readonly id: string }[] {
    const state = JSON.parse(this.terraform('state', 'pull').stdout) as {
      resources: { type: string; name: string; instances: { attributes: { id: string } }[] }[];
    };
    return state.resources
      .filter((resource) => resource.type === type)
      .flatMap(({ name, instances }) => instances.map(({ attributes }) => ({ address: `${type}.${name}`, id: attributes.id })));
  }

  /** What an apply would change: empty when the plan is. */
  public plan(): Change[] {
    this.init();
    const planned = this.terraform('plan', '-no-color', '-detailed-exitcode', '-out=plan.bin');
    if (planned.status === 0) return [];
    if (planned.status !== 2) throw new Error(`terraform plan failed:\n${planned.stdout}${planned.stderr}`);
    const shown = JSON.parse(this.terraform('show', '-json', 'plan.bin').stdout) as {
      resource_changes?: { address: string; change: { actions: string[] } }[];
    };
    const changes = (shown.resource_changes ?? []).map((one) => ({ address: one.address, actions: one.change.actions }));
    return changes.filter((one) => one.actions.some((action) => action !== 'no-op'));
  }

  /** Everything that Terraform wrote: synthesized JSON, state, and the plan in JSON. */
  public traces(): string {
    this.terraform('plan', '-no-color', '-out=plan.bin');
    const plan = this.terraform('show', '-json', 'plan.bin').stdout;
    const state = this.terraform('show', '-json').stdout;
    return [plan, state, this.read('cdk.tf.json')].join('\n');
  }

  public output(name: string): string {
    return JSON.parse(this.terraform('output', '-json', name).stdout) as string;
  }

  public destroy(): Applied {
    const result = this.terraform('destroy', '-auto-approve', '-no-color');
    return { ok: result.status === 0, output: result.stdout + result.stderr };
  }

  /** Destroys, removes what the stack retains, and fails when anything of the test's is left on the engine. */
  public clean(): void {
    const destroyed = this.destroy();
    const containers = docker(this.environment, 'ps', '-aq', '--filter', `label=org.cdktf-django.namespace=${this.namespace}`);
    if (containers) docker(this.environment, 'rm', '-f', '-v', ...containers.split('\n'));
    for (const volume of this.volumes()) docker(this.environment, 'volume', 'rm', volume);
    // By name: another stack may have the same content under a name of its own.
    const images = docker(this.environment, 'images', '--format', '{{.Repository}}:{{.Tag}}', `cdktf-django/${this.namespace}-*`);
    if (images) docker(this.environment, 'rmi', ...images.split('\n'));
    rmSync(this.folder, { recursive: true, force: true });
    if (!destroyed.ok) throw new Error(`terraform destroy failed:\n${destroyed.output.slice(-4000)}`);
    if (containers) throw new Error(`containers were left behind:\n${containers}`);
  }

  /** Forgets a deployment whose whole engine is thrown away. */
  public forget(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The names of the stack's volumes that are on the engine. */
  public volumes(): string[] {
    const all = docker(this.environment, 'volume', 'ls', '-q').split('\n');
    return all.filter((name) => name.startsWith(`${this.namespace}-`));
  }

  /** The names of the containers whose construct has this path below the stack, oldest first. */
  public containers(path: string, options: { all?: boolean } = {}): string[] {
    const filter = ['--filter', `label=org.cdktf-django.path=${this.namespace}/${path}`];
    const out = docker(this.environment, 'ps', ...(options.all ? ['-a'] : []), ...filter, '--format', '{{.Names}}');
    return out === '' ? [] : out.split('\n').reverse();
  }

  /** The address of a container, which is in one network. */
  public address(container: string): string {
    return docker(this.environment, 'inspect', container, '--format', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}');
  }

  /** Runs a program in a container and gives what it prints. */
  public exec(container: string, ...command: string[]): string {
    return docker(this.environment, 'exec', container, ...command);
  }

  private read(name: string): string {
    return spawnSync('cat', [join(this.stackFolder, name)], { encoding: 'utf8', maxBuffer: 1 << 28 }).stdout;
  }

  private get stackFolder(): string {
    return join(this.folder, 'stacks', this.namespace);
  }

  private init(): void {
    if (this.initialized) return;
    const result = this.terraform('init', '-no-color', '-input=false');
    if (result.status !== 0) throw new Error(`terraform init failed:\n${result.stdout}${result.stderr}`);
    this.initialized = true;
  }

  /** Runs Terraform where the stack is. */
  public terraform(...args: string[]) {
    const result = spawnSync(terraformProgram(), args, this.options);
    if (result.error) throw result.error;
    return result;
  }

  private get options(): SpawnSyncOptionsWithStringEncoding {
    return {
      cwd: this.stackFolder,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      env: { ...process.env, ...this.environment, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1' },
    };
  }
}

function terraformProgram(): string {
  return process.env.TERRAFORM_BINARY_NAME ?? 'terraform';
}
