/**
 * npm stop [-- --data [--yes]]
 *
 * Destroys the example and keeps its data volumes; with --data, removes those too, after asking (--yes: without).
 */

import readline from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { cdktf, dataVolumes, deployed, STACK, synthesized } from './example/shop.mjs';
import { setUp } from './setup/index.mjs';
import { ask, logged } from './setup/run.mjs';
import { say } from './setup/say.mjs';
import { main, Trouble } from './setup/trouble.mjs';

const USAGE = 'npm stop [-- --data [--yes]]';

function options() {
  try {
    return parseArgs({ options: { data: { type: 'boolean' }, yes: { type: 'boolean', short: 'y' } } }).values;
  } catch (error) {
    throw new Trouble(error.message, { remedy: USAGE });
  }
}

/** Which of the example's data volumes the engine has. */
async function volumesThere() {
  if (!synthesized()) return [];
  const { code, stdout, stderr } = await ask('docker', ['volume', 'ls', '--format', '{{.Name}}']);
  if (code !== 0) throw new Trouble(`the engine does not list its volumes: ${stderr.trim()}`);
  const names = new Set(stdout.split('\n'));
  return dataVolumes().filter((name) => names.has(name));
}

async function agreed(volumes, yes) {
  process.stdout.write(`\nThese volumes and all data in them will be removed, for ever:\n`);
  for (const name of volumes) process.stdout.write(`  ${name}\n`);
  if (yes) return true;
  if (!process.stdin.isTTY) {
    throw new Trouble('removing data needs a yes, and there is nobody to ask', { remedy: 'npm stop -- --data --yes' });
  }
  const prompt = readline.createInterface({ input: process.stdin, output: process.stdout });
  const answer = await prompt.question('Remove them? Type yes: ').finally(() => prompt.close());
  return answer.trim().toLowerCase() === 'yes';
}

await main(async () => {
  const { data = false, yes = false } = options();
  if (yes && !data) throw new Trouble('--yes goes with --data', { remedy: USAGE });
  if (!deployed() && !data) return say('example', 'nothing is deployed');

  const { env } = await setUp({ parts: ['engine', 'node-modules', 'terraform', 'provider'] });
  // Without the synthesized stack nobody can tell which volumes are its own.
  if (data && !synthesized()) {
    await cdktf(['synth'], { env, what: 'cdktf synth failed', remedy: 'npm start, then npm stop -- --data' });
  }
  // Asked before anything is stopped, so that a "no" changes nothing.
  const doomed = data ? await volumesThere() : [];
  if (doomed.length > 0 && !(await agreed(doomed, yes))) {
    say('example', 'nothing was changed');
    return 1;
  }

  if (deployed()) {
    say('example', `destroying the stack "${STACK}" ...`);
    await cdktf(['destroy', STACK, '--auto-approve'], {
      env,
      what: 'cdktf destroy failed',
      remedy: 'mend what the output names, then npm stop again',
    });
  } else {
    say('example', 'nothing is deployed');
  }

  if (data) {
    if (doomed.length === 0) return say('example', 'there are no data volumes');
    await logged('docker', ['volume', 'rm', ...doomed], {
      log: 'stop',
      what: 'not every volume could be removed',
      remedy: 'a container that still uses one is shown by: docker ps -a --filter volume=NAME',
    });
    return say('example', `removed ${doomed.join(', ')}`);
  }
  const kept = await volumesThere();
  if (kept.length > 0) say('example', `kept ${kept.join(', ')} (npm stop -- --data removes them)`);
});
