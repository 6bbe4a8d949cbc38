import { Container, isTask } from './engine-container';
import { EngineStack } from './engine-stack';
import { isWithin } from './system-path';
import { Trouble } from './trouble';

/** The options by which commands find an app. */
export const APP_OPTIONS = {
  stack: { type: 'string' },
  system: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** Where every app has the library's programs. GunicornApp says so, but with it all of cdktf would be loaded at each key that asks for a completion. */
export const RUNTIME_PATH = '/run/cdktf-django';

/** The launcher that all programs of an app are started by: it gives them their secrets. */
export const LAUNCHER = `${RUNTIME_PATH}/launch.py`;

/** What container of an app a command needs. */
export interface AppNeed {
  /** Whether it must be a Django project; else any app will do. */
  readonly django: boolean;
  /** Whether it has to run. */
  readonly running: boolean;
}

/** The newest container of the app of that name, or of the only one: a healthy one where there is one. */
export function appContainer(stack: EngineStack, containers: readonly Container[], system: string | undefined, need: AppNeed): Container {
  const known = apps(containers, need.django);
  const what = need.django ? 'a Django project' : 'an app';
  if (known.size === 0) throw new Trouble(`stack ${stack.name} has no container of ${what} on this engine; see cdktf-django status`);
  const main = [...known.keys()].filter((name) => ![...known.keys()].some((other) => other !== name && isWithin(name, other)));
  const wanted = system ?? (main.length === 1 ? main[0] : undefined);
  if (wanted === undefined) throw new Trouble(`stack ${stack.name} has several apps, say which one with --system: ${main.join(', ')}`);
  const found = known.get(wanted);
  if (found === undefined)
    throw new Trouble(`there is no app ${JSON.stringify(wanted)} in stack ${stack.name}, only ${[...known.keys()].join(', ')}`);
  const chosen =
    found.find(({ healthy, task }) => healthy && task?.here) ??
    found.find(({ healthy }) => healthy) ??
    found.find(({ running }) => running) ??
    (need.running ? undefined : found[0]);
  if (chosen === undefined) {
    const { name, inspected } = found[0];
    if (isTask(found[0]))
      throw new Trouble(`no container of ${wanted} runs on this node of the Swarm; on a manager, cdktf-django status tells where one does`);
    throw new Trouble(
      `no container of ${wanted} runs; the newest one, ${name}, is in state "${inspected.State.Status}": cdktf-django logs ${wanted}`,
    );
  }
  return chosen;
}

/** The containers of each app, by its name, the newest first. */
export function apps(containers: readonly Container[], django: boolean): Map<string, Container[]> {
  const found = new Map<string, Container[]>();
  for (const container of containers) {
    const { Entrypoint, Env } = container.inspected.Config;
    if (!container.server || Entrypoint?.[1] !== LAUNCHER) continue;
    if (django && !Env?.some((variable) => variable.startsWith('DJANGO_SETTINGS_MODULE='))) continue;
    // A Django service calls its servers App.
    const name = container.system.replace(/(?<=.)\/App$/, '');
    found.set(name, [...(found.get(name) ?? []), container]);
  }
  return new Map([...found].sort(([one], [other]) => (one < other ? -1 : 1)));
}
