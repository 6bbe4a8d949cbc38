import { parsedArguments } from './arguments';
import { Command } from './command';
import { stackNames, systemNames } from './completion-words';
import { docker } from './docker';
import { Container, hasRun } from './engine-container';
import { EngineStack, wholeStack } from './engine-stack';
import { followLogs } from './follow-logs';
import { inOrder, Line, linesOf, logCommand, Printer } from './log-lines';
import { isWithin } from './system-path';
import { Trouble } from './trouble';

const HELP = `cdktf-django logs [SYSTEM]... [options]

Prints what the servers of a stack have logged, those of all systems or of the named ones, one line after the other in the order of their times, each with the name of
its container. SYSTEM is the path of a construct below the stack, such as Shop or Shop/App, or of a job, such as Shop/App/Release.

With --follow it goes on, also over a release: new containers are followed as soon as they start.

  --follow      go on with what comes
  --since TIME  not what is older: 10m, 2h, or a time such as 2026-11-24T12:00:00Z
  --tail COUNT  at most so many lines of each container, or "all" (default: 100, or all with --since)
  --times       with the time of each line
  --stack NAME  the stack, where the engine has several
  --json        a line of JSON for each line: time, system, container, stream, text
  --help        print this
`;

const OPTIONS = {
  follow: { type: 'boolean', default: false },
  since: { type: 'string' },
  tail: { type: 'string' },
  times: { type: 'boolean', default: false },
  stack: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const USUAL_TAIL = '100';

export const logs: Command = {
  name: 'logs',
  summary: 'what the servers have logged, of all replicas',
  help: HELP,
  run: async (args) => {
    const { values, positionals } = parsedArguments('logs', args, OPTIONS);
    if (values.help) {
      process.stdout.write(HELP);
      return 0;
    }
    const tail = values.tail ?? (values.since === undefined ? USUAL_TAIL : 'all');
    if (!/^(all|\d{1,9})$/.test(tail)) throw new Trouble(`--tail must be a number of lines or "all", got ${JSON.stringify(tail)}`);
    if (values.since !== undefined && !/^(\d+(\.\d+)?|(\d+(\.\d+)?(h|m|s|ms))+|\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?)$/.test(values.since)) {
      throw new Trouble(
        `--since must be a duration such as 10m or 1h30m, or a time such as 2026-11-24T12:00:00Z, got ${JSON.stringify(values.since)}`,
      );
    }
    const stack = wholeStack(values.stack, '--stack');
    const wanted = chosen(stack, stack.home.containers(), positionals);
    const printer = new Printer({ json: values.json, times: values.times, colours: process.stdout.isTTY === true && !process.env.NO_COLOR });
    const asked = ['--tail', tail, ...(values.since === undefined ? [] : ['--since', values.since])];
    const history = inOrder(wanted.flatMap((container) => past(container, asked)));
    printer.expect(wanted);
    for (const line of history) printer.print(line);
    if (!values.follow) return 0;
    const last = new Map(history.map(({ container, time }) => [container.id, time]));
    const containers = wanted.map((container) => ({ container, after: last.get(container.id), nothing: tail === '0' }));
    return followLogs(stack, containers, (container) => isChosen(container, positionals), printer);
  },
  complete: ({ option, before }) => {
    if (option === '--stack') return stackNames();
    return option === undefined ? systemNames(before, (containers) => systemsIn(containers)) : [];
  },
};

/** Servers of the named systems; of a system that has none, its jobs. */
function chosen(stack: EngineStack, containers: readonly Container[], systems: readonly string[]): Container[] {
  const logging = containers.filter(hasRun);
  for (const system of systems) {
    if (logging.some((one) => isWithin(one.system, system))) continue;
    throw new Trouble(`there is no system ${JSON.stringify(system)} in stack ${stack.name}, only ${systemsIn(containers).join(', ')}`);
  }
  const found = logging.filter((container) => isChosen(container, systems));
  return found.length > 0 || systems.length === 0 ? found : logging.filter((one) => systems.some((system) => isWithin(one.system, system)));
}

function isChosen(container: Container, systems: readonly string[]): boolean {
  if (systems.length === 0) return container.server;
  return systems.some((system) => container.system === system || (container.server && isWithin(container.system, system)));
}

/** Everything that can be named, jobs and the systems above others too. */
function systemsIn(containers: readonly Container[]): string[] {
  const paths = containers.filter(hasRun).flatMap(({ system }) => {
    const parts = system.split('/');
    return parts.map((_unused, index) => parts.slice(0, index + 1).join('/'));
  });
  return [...new Set(paths)].sort();
}

function past(container: Container, asked: readonly string[]): Line[] {
  const { ok, stdout, stderr } = docker(...logCommand(container, asked));
  // One that a release has removed meanwhile.
  if (!ok && /no such (container|task)/i.test(stderr)) return [];
  if (!ok) throw new Trouble(`the log of ${container.name} cannot be read:\n${stderr.trim()}`);
  return [...linesOf(container, 'stdout', stdout), ...linesOf(container, 'stderr', stderr)];
}
