/**
 * npm test
 *
 * Sets up what is missing, then lint, build, unit and end-to-end tests, all of them even if one fails. The last line is
 * "N passed, N failed". A step that fails without naming a failed test, and one that ran no test, counts as one failed.
 */

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { stopEngine } from './setup/engine.mjs';
import { ROOT, setUp } from './setup/index.mjs';
import { ask, shown } from './setup/run.mjs';
import { seconds } from './setup/say.mjs';
import { main, Trouble } from './setup/trouble.mjs';

/** The steps: those with `tests` run jest. */
const STEPS = [{ script: 'lint' }, { script: 'build' }, { script: 'unit', tests: true }, { script: 'e2e', tests: true }];

let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => (interrupted = true));

/** What jest wrote about its run, or undefined. */
function report(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

async function step({ script, tests }, { dir, env }) {
  const since = Date.now();
  const file = path.join(dir, `${script}.json`);
  const args = ['run', script, ...(tests ? ['--', '--json', `--outputFile=${file}`] : [])];
  process.stdout.write(`\n=== npm run ${script}\n`);
  const code = await shown('npm', args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  const result = { script, passed: 0, failed: 0, took: seconds(since), note: '' };
  if (tests) {
    const { numPassedTests = 0, numFailedTests = 0, numRuntimeErrorTestSuites = 0, numPendingTests = 0, numTodoTests = 0 } = report(file) ?? {};
    result.passed = numPassedTests;
    // A suite that could not even be loaded has no tests to count.
    result.failed = numFailedTests + numRuntimeErrorTestSuites;
    if (numPendingTests + numTodoTests > 0) result.note = `${numPendingTests + numTodoTests} not run`;
    if (numPassedTests + numFailedTests === 0 && result.failed === 0) {
      result.failed = 1;
      result.note = 'no test ran';
    }
  }
  if (code !== 0 && result.failed === 0) {
    result.failed = 1;
    result.note = `exit code ${code}`;
  }
  return result;
}

/** Containers, volumes and networks of end-to-end tests on the engine: their names start with e2e. */
async function testObjects() {
  const kinds = [
    ['container', ['ps', '-a', '--format', '{{.Names}}']],
    ['volume', ['volume', 'ls', '--format', '{{.Name}}']],
    ['network', ['network', 'ls', '--format', '{{.Name}}']],
  ];
  const lists = await Promise.all(kinds.map(([, args]) => ask('docker', args)));
  return lists.flatMap(({ stdout }, i) =>
    stdout
      .split('\n')
      .filter((name) => /^e2e/.test(name))
      .map((name) => `${kinds[i][0]} ${name}`),
  );
}

let results = [];
await main(async () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'cdktf-django-test-'));
  let startedEngine;
  try {
    let env;
    try {
      ({ env, startedEngine } = await setUp());
    } catch (error) {
      results.push({ script: 'set-up', passed: 0, failed: 1, took: seconds(), note: 'see above' });
      throw error;
    }
    const before = new Set(await testObjects());
    for (const one of STEPS) {
      if (interrupted) break;
      results.push(await step(one, { dir, env }));
    }
    const left = (await testObjects()).filter((name) => !before.has(name));
    if (left.length > 0) results.push({ script: 'clean-up', passed: 0, failed: 1, took: '', note: `left behind: ${left.join(', ')}` });
    if (interrupted) throw new Trouble('the tests were interrupted');
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
    if (startedEngine) await stopEngine(startedEngine);
  }
  return results.some(({ failed }) => failed > 0) ? 1 : 0;
});

// Written last and at once: what counts the tests reads the last line.
const sum = (key) => results.reduce((total, result) => total + result[key], 0);
let failed = sum('failed');
if (process.exitCode !== 0 && failed === 0) failed = 1;
const table = results.map(({ script, passed, failed: bad, took, note }) =>
  `${script.padEnd(9)} ${String(passed).padStart(5)} passed ${String(bad).padStart(5)} failed  ${took.padStart(8)}  ${note}`.trimEnd(),
);
fs.writeSync(1, `\n${table.join('\n')}\n\n${sum('passed')} passed, ${failed} failed\n`);
