import fc from 'fast-check';
import { spawnSync } from 'node:child_process';
import { terraformText } from '../../lib/core/text';
import { build, text, validWhole } from '../support/arbitraries';
import { exampleStack, exampleStackOnSwarm } from '../support/example';
import { folder, write } from '../support/folder';
import { newStack, Synthesized } from '../support/synth';

function terraform(cwd: string, ...args: string[]) {
  const env = { ...process.env, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1' };
  const result = spawnSync(process.env.TERRAFORM_BINARY_NAME ?? 'terraform', args, { cwd, encoding: 'utf8', maxBuffer: 1 << 28, env });
  if (result.error) throw result.error;
  return result;
}

interface Diagnostic {
  readonly severity: string;
  readonly summary: string;
  readonly detail: string;
  readonly range?: { readonly filename: string };
}

/** What Terraform says about many stacks at once: each is a module of one configuration, so that the provider is asked once. */
function validate(stacks: string[]): Diagnostic[] {
  const modules = Object.fromEntries(stacks.map((_stack, index) => [`stack-${index}`, { source: `./stack-${index}` }]));
  const root = folder({ 'main.tf.json': JSON.stringify({ module: modules }) });
  // A module gets the provider from above.
  stacks.forEach((stack, index) => write(root, `stack-${index}/cdk.tf.json`, JSON.stringify({ ...JSON.parse(stack), provider: undefined })));
  const init = terraform(root, 'init', '-no-color', '-input=false', '-backend=false');
  if (init.status !== 0) throw new Error(`terraform init failed:\n${init.stdout}${init.stderr}`);
  const answer = JSON.parse(terraform(root, 'validate', '-json', '-no-color').stdout) as { diagnostics: Diagnostic[] };
  return answer.diagnostics;
}

const told = (diagnostics: Diagnostic[]) => diagnostics.map((one) => `${one.severity}: ${one.summary} ${one.detail} (${one.range?.filename})`);

test('Terraform accepts the example and every random valid stack', () => {
  const stacks = [new Synthesized(exampleStack()).text];
  fc.assert(
    fc.property(validWhole, (whole) => {
      const stack = newStack();
      build(stack, whole);
      stacks.push(new Synthesized(stack).text);
    }),
    { numRuns: 25 },
  );
  expect(told(validate(stacks))).toEqual([]);
});

test('Terraform accepts the example on a Swarm', () => expect(told(validate([new Synthesized(exampleStackOnSwarm()).text]))).toEqual([]));

test('Terraform refuses what is planted', () => {
  const stack = newStack();
  build(stack, fc.sample(validWhole, { numRuns: 1, seed: 1 })[0]);
  const good = new Synthesized(stack).text;
  const mistakes = [
    good.replace('"must_run"', '"must_runn"'),
    good.replace(/"docker_image\.[^"]+"/, '"docker_image.nothing"'),
    good.replace(/"restart": "unless-stopped"/, '"restart": "${nothing.at.all}"'),
  ];
  for (const mistake of mistakes) {
    expect(mistake).not.toBe(good);
    expect(told(validate([good, mistake])).filter((one) => one.startsWith('error') && one.includes('stack-1'))).not.toEqual([]);
  }
});

test('text arrives as it was written', () => {
  const texts = ['${a}', '$${a}', '$$${a}', '%{if}', '%%{if}', '%%%{if}', '$', '$$', '%', '${', '%{', '$${', '"${a}"\n', ...fc.sample(text, 500)];
  const output = Object.fromEntries(texts.map((value, index) => [`text-${index}`, { value: terraformText(value) }]));
  const root = folder({ 'main.tf.json': JSON.stringify({ output }) });
  const applied = terraform(root, 'apply', '-auto-approve', '-no-color', '-input=false');
  expect(applied.stderr).toBe('');
  const values = JSON.parse(terraform(root, 'output', '-json').stdout) as Record<string, { value: string }>;
  // Terraform keeps text in one of several equal forms of Unicode.
  expect(texts.map((_value, index) => values[`text-${index}`].value)).toEqual(texts.map((value) => value.normalize('NFC')));
});
