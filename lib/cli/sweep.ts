import { createInterface } from 'node:readline/promises';
import { STATE_FOLDER } from '../nginx/proxy-layout';
import { parsedArguments } from './arguments';
import { labelledObjects, mentions, remove } from './engine-objects';
import { Stray, straysOf } from './strays';
import { StateSource, stateOfFile, stateOfStack } from './terraform-state';
import { Trouble } from './trouble';

export const SWEEP_HELP = `cdktf-django sweep [STACK] [options]

Removes what a deploy that was killed left on the engine: containers, networks and volumes of files that carry the labels of this stack and are not in
its state. Sweep before you deploy again: a deploy cannot remove a volume that a left-over uses, nor make a server whose name a left-over has.

It lists what it found and asks. What routes of a running proxy lead to it leaves: after the next deploy they lead elsewhere, and it can be swept. Volumes that
may have data it leaves, too. Volumes with data that Terraform does not own carry no labels and are never found.

STACK is a folder in cdktf.out/stacks; it can be left out where there is one. Terraform is asked for the stack's state there (TERRAFORM_BINARY_NAME, else
terraform), whatever its backend. While another program holds the state's lock nothing is done. The engine is the docker client's: DOCKER_HOST and contexts hold.

  --yes            remove without asking
  --dry-run        only list
  --json           print what was found as JSON; removes nothing without --yes
  --output FOLDER  where cdktf synthesizes to (default: cdktf.out)
  --state FILE     take the state from a file, as "terraform state pull" prints it; nothing tells then whether a deploy is running: make sure that none is
  --help           print this
`;

const OPTIONS = {
  yes: { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  output: { type: 'string', default: 'cdktf.out' },
  state: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** Runs the command. Gives the exit code. */
export async function sweep(args: string[]): Promise<number> {
  const { values, positionals } = parsedArguments('sweep', args, OPTIONS);
  if (values.help) {
    print(SWEEP_HELP);
    return 0;
  }
  if (positionals.length > 1) throw new Trouble(`sweep takes one stack, got ${positionals.join(' ')}; see cdktf-django sweep --help`);
  if (values.yes && values['dry-run']) throw new Trouble('--yes and --dry-run contradict each other');
  if (values.state !== undefined && positionals.length > 0) throw new Trouble('a state file is of one stack; leave the name of the stack out');
  const source = values.state === undefined ? stateOfStack(values.output, positionals[0]) : stateOfFile(values.state);

  const found = find(source);
  const removable = found.filter(isRemovable);
  if (values.json) {
    const failed = values.yes ? removeAll(removable) : new Map<Stray, string>();
    print(
      `${JSON.stringify(
        found.map((stray) => described(stray, values.yes, failed.get(stray))),
        null,
        2,
      )}\n`,
    );
    return failed.size > 0 ? 1 : 0;
  }
  print(listed(found, source));
  if (values['dry-run'] || removable.length === 0) return 0;
  if (!values.yes && !(await agreed(removable.length))) {
    print('Nothing was removed.\n');
    return 0;
  }
  // Somebody may have thought about the question for long.
  const wanted = values.yes ? removable : remaining(removable, find(source));
  const failed = removeAll(wanted);
  for (const [{ object }, reason] of failed) process.stderr.write(`${object.kind} ${object.name} cannot be removed: ${reason}\n`);
  print(`Removed ${wanted.length - failed.size} of ${removable.length}.\n`);
  return failed.size > 0 ? 1 : 0;
}

/**
 * What the state does not know. The engine is asked first: whatever is there then was recorded by its deploy when the state is read, unless that deploy
 * still runs, and then it holds the lock.
 */
function find(source: StateSource): Stray[] {
  const objects = labelledObjects();
  source.refuseLocked(source.read());
  return straysOf(source.read(), objects, (proxy, name) => mentions(proxy, `${STATE_FOLDER}/live/owners`, name));
}

function isRemovable({ kept }: Stray): boolean {
  return kept === undefined;
}

/** Those of some strays that another look finds removable, too. */
function remaining(strays: readonly Stray[], found: readonly Stray[]): Stray[] {
  const ids = new Set(found.filter(isRemovable).map(({ object }) => object.id));
  return strays.filter(({ object }) => ids.has(object.id));
}

function removeAll(strays: readonly Stray[]): Map<Stray, string> {
  const failed = new Map<Stray, string>();
  for (const stray of strays) {
    const reason = remove(stray.object);
    if (reason !== undefined) failed.set(stray, reason);
  }
  return failed;
}

async function agreed(count: number): Promise<boolean> {
  if (!process.stdin.isTTY) {
    print('Give --yes to remove without being asked. ');
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(`Remove ${count === 1 ? 'it' : `these ${count}`}? [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

function listed(found: readonly Stray[], source: StateSource): string {
  if (found.length === 0) return `Nothing on the engine is missing in ${source.description}.\n`;
  const lines = (strays: readonly Stray[], note: (stray: Stray) => string | undefined) =>
    strays.flatMap((stray) => {
      const { kind, name, path, running } = stray.object;
      const more = note(stray);
      return [`  ${kind} ${name} (${path}${running ? ', running' : ''})`, ...(more === undefined ? [] : [`    ${more}`])];
    });
  const removable = found.filter(isRemovable);
  const kept = found.filter((stray) => !isRemovable(stray));
  return [
    ...(removable.length > 0 ? [`Not in ${source.description}, to be removed:`, ...lines(removable, ({ warning }) => warning)] : []),
    ...(kept.length > 0 ? [`Not in ${source.description}, left as they are:`, ...lines(kept, (stray) => stray.kept)] : []),
    '',
  ].join('\n');
}

function described({ object, kept, warning }: Stray, swept: boolean, failure: string | undefined) {
  const { kind, id, name, namespace, path, running } = object;
  return { kind, id, name, namespace, path, running, removed: swept && kept === undefined && failure === undefined, kept, warning, failure };
}

function print(text: string): void {
  process.stdout.write(text);
}
