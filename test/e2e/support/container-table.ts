import { Inspected, Kind, kindOf, pathOf } from './inspected';

/** What a container may do, by the title of its column. */
type May = Readonly<Record<string, string>>;

const MEBIBYTE = 1024 * 1024;

/** What each container may do, as a table in Markdown for each kind of them. Containers that may do the same are in one row. */
export function containerTables(containers: readonly Inspected[], namespace: string): string {
  const tables: readonly [Kind, string, (container: Inspected) => May][] = [
    [Kind.SERVER, 'Servers', (container) => may(container, namespace)],
    [Kind.JOB, 'Jobs', (container) => may(container, namespace)],
    // They never run, so that nobody is anybody in them.
    [Kind.CARRIER, 'Carriers', (container) => storage(container, namespace)],
  ];
  return tables
    .map(
      ([kind, title, what]) =>
        `**${title}**\n\n${table(
          containers.filter((one) => kindOf(one) === kind),
          what,
        )}`,
    )
    .join('\n\n');
}

function table(containers: readonly Inspected[], what: (container: Inspected) => May): string {
  const rows = new Map<string, { readonly paths: Set<string>; readonly may: May }>();
  for (const container of containers) {
    const row = { paths: new Set<string>(), may: what(container) };
    const key = JSON.stringify(row.may);
    rows.set(key, rows.get(key) ?? row);
    rows.get(key)!.paths.add(`\`${pathOf(container)}\``);
  }
  const cells = [...rows.values()]
    .map((row) => [[...row.paths].sort().join(', '), ...Object.values(row.may)])
    .sort(([one], [other]) => (one < other ? -1 : 1));
  const titles = ['container', ...Object.keys([...rows.values()][0]?.may ?? {})];
  return [titles, titles.map(() => '---'), ...cells].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function may(container: Inspected, namespace: string): May {
  const { Config, HostConfig, Mounts } = container;
  const secrets = Mounts.map(({ Destination }) => /^\/run\/secrets\/([^/]+)/.exec(Destination)?.[1]).filter((name) => name !== undefined);
  const ports = Object.values(HostConfig.PortBindings ?? {}).flatMap((bindings) => bindings.map(({ HostIp }) => `at ${HostIp}`));
  return {
    user: Config.User || "the image's",
    root: HostConfig.ReadonlyRootfs ? 'read-only' : 'writable',
    capabilities: capabilities(container),
    memory: HostConfig.Memory > 0 ? `${HostConfig.Memory / MEBIBYTE} MiB` : 'no limit',
    CPUs: HostConfig.CpuQuota > 0 ? String(HostConfig.CpuQuota / HostConfig.CpuPeriod) : 'no limit',
    ...storage(container, namespace),
    secrets: list(secrets),
    'open port': list(ports),
  };
}

function storage({ HostConfig, Mounts, NetworkSettings }: Inspected, namespace: string): May {
  const written = [...Mounts.filter(({ RW }) => RW).map(({ Destination }) => Destination), ...Object.keys(HostConfig.Tmpfs ?? {})];
  return {
    networks: list(Object.keys(NetworkSettings.Networks).map((name) => name.replace(`${namespace}-`, ''))),
    'writes to': list(written.map((path) => `\`${path}\``)),
  };
}

function capabilities({ HostConfig }: Inspected): string {
  const added = (HostConfig.CapAdd ?? []).map((name) => name.replace(/^CAP_/, ''));
  return HostConfig.CapDrop?.includes('ALL') ? list(added) : ["the engine's default", ...added].join(', ');
}

function list(texts: readonly string[]): string {
  return texts.length === 0 ? 'none' : [...texts].sort().join(', ');
}
