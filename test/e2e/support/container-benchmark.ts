import { Inspected, isRoot, Kind, kindOf, pathOf } from './inspected';

/** What is looked at: a container that runs or ran, and the commands of the processes that run in it. */
export interface Subject {
  readonly container: Inspected;
  readonly processes: readonly string[];
}

/** What the engine itself has. */
export interface EngineSecurity {
  readonly appArmor: boolean;
  readonly seccomp: boolean;
}

/** Who does not pass a check, and why that is well. */
export interface Exception {
  readonly who: string;
  readonly why: string;
  readonly covers: (container: Inspected) => boolean;
}

/** A check of section 5 of the CIS Docker Benchmark 1.6, numbered as docker-bench-security has it. */
export interface Check {
  readonly id: string;
  readonly title: string;
  readonly find: (subject: Subject, security: EngineSecurity) => string | undefined;
  readonly exceptions?: readonly Exception[];
}

const isJob = (container: Inspected) => kindOf(container) === Kind.JOB;
const isServer = (container: Inspected) => kindOf(container) === Kind.SERVER;
const isAt =
  (...paths: string[]) =>
  (container: Inspected) =>
    paths.includes(pathOf(container));
const options = ({ container }: Subject) => container.HostConfig.SecurityOpt ?? [];
const bindings = ({ container }: Subject) =>
  Object.entries(container.HostConfig.PortBindings ?? {}).flatMap(([port, all]) => all.map((one) => ({ port, ...one })));
const says = (wrong: boolean, what: string) => (wrong ? what : undefined);

/** Section 5, in its order. */
export const CHECKS: readonly Check[] = [
  {
    id: '5.1',
    title: "AppArmor's profile is on, where the engine has AppArmor",
    find: (subject, { appArmor }) => {
      if (options(subject).some((option) => option.startsWith('apparmor'))) return 'a profile of its own';
      return says(appArmor && /^(unconfined)?$/.test(subject.container.AppArmorProfile), 'no profile');
    },
  },
  {
    id: '5.2',
    title: 'SELinux is not switched off',
    find: (subject) => says(options(subject).length === 0 || options(subject).some((option) => /^label[=:]disable/.test(option)), 'no label'),
  },
  {
    id: '5.3',
    title: 'No capability: all are dropped, none is added',
    find: ({ container: { HostConfig } }) => {
      if (!HostConfig.CapDrop?.includes('ALL')) return 'not all are dropped';
      return says((HostConfig.CapAdd ?? []).length > 0, `has ${HostConfig.CapAdd?.join(', ')}`);
    },
    exceptions: [
      {
        who: 'jobs that hand a volume or a secret to its owner',
        why: 'they have CHOWN alone, no network, volumes of their own and a fixed script, and end within seconds',
        covers: (container) =>
          isJob(container) && isRoot(container) && container.HostConfig.CapAdd?.join() === 'CAP_CHOWN' && container.HostConfig.NetworkMode === 'none',
      },
    ],
  },
  { id: '5.4', title: 'Not privileged', find: ({ container }) => says(container.HostConfig.Privileged, 'privileged') },
  {
    id: '5.5',
    title: 'No folder of the host is mounted, sensitive or not',
    find: ({ container: { HostConfig, Mounts } }) => {
      const folders = [...(HostConfig.Binds ?? []), ...Mounts.filter(({ Type }) => Type === 'bind').map(({ Source }) => Source)];
      return says(folders.length > 0, folders.join(', '));
    },
  },
  { id: '5.6', title: 'No sshd runs', find: ({ processes }) => processes.find((command) => /\bsshd\b/.test(command)) },
  {
    id: '5.7',
    title: 'No port below 1024 is taken, in the container or on the host (`httpPort` of NginxProxy is 80 where it is not set: clients come there)',
    find: (subject) => bindings(subject).find(({ port, HostPort }) => parseInt(port) < 1024 || Number(HostPort) < 1024)?.HostPort,
  },
  {
    id: '5.8',
    title: 'Only needed ports are open',
    find: (subject) =>
      bindings(subject)
        .map(({ port }) => port)
        .join(', ') || undefined,
    exceptions: [
      {
        who: 'the proxy',
        why: 'its one port is the way in',
        covers: (container) => isAt('Proxy/Server')(container) && Object.keys(container.HostConfig.PortBindings ?? {}).length === 1,
      },
    ],
  },
  { id: '5.9', title: "The host's network is not shared", find: ({ container }) => says(container.HostConfig.NetworkMode === 'host', 'host') },
  {
    id: '5.10',
    title: 'Memory is limited, and swap with it',
    find: ({ container: { HostConfig } }) => says(HostConfig.Memory === 0 || HostConfig.MemorySwap !== HostConfig.Memory, 'no limit'),
    exceptions: [
      {
        who: 'the release job',
        why: "migrations and the project's own commands need what they need, a kill in the middle of one is worse, and the job has its `release.timeout`",
        covers: isAt('Shop/App/Release'),
      },
    ],
  },
  {
    id: '5.11',
    title: 'CPU is limited or weighted',
    find: ({ container: { HostConfig } }) => says(HostConfig.CpuQuota === 0 && HostConfig.CpuShares === 0, 'no limit'),
    exceptions: [
      {
        who: 'the database, the proxy, the file server',
        why: 'all containers have one weight, so that none starves another, and a limit would slow these three while the host is idle; `cpus` sets one for the first two',
        covers: isAt('Db/Server', 'Proxy/Server', 'Shop/Files/Server'),
      },
      { who: 'jobs but for the preflight', why: 'they have the same weight as each server and a time in which they must end', covers: isJob },
    ],
  },
  { id: '5.12', title: 'The root file system is read-only', find: ({ container }) => says(!container.HostConfig.ReadonlyRootfs, 'writable') },
  {
    id: '5.13',
    title: 'Ports are bound to one address of the host (127.0.0.1 in the example; `address` of NginxProxy is 0.0.0.0 where it is not set)',
    find: (subject) => bindings(subject).find(({ HostIp }) => /^(0\.0\.0\.0|::|)$/.test(HostIp))?.port,
  },
  {
    id: '5.14',
    title: 'Restarts are limited to five after failures',
    find: ({ container: { HostConfig } }) =>
      says(!/^(no|)$/.test(HostConfig.RestartPolicy.Name) && HostConfig.RestartPolicy.MaximumRetryCount !== 5, HostConfig.RestartPolicy.Name),
    exceptions: [
      {
        who: 'all servers',
        why: 'they come back by themselves however long the database or the host was away; the engine waits longer after each failure, up to a minute, and a release that crashes never gets traffic',
        covers: (container) => isServer(container) && container.HostConfig.RestartPolicy.Name === 'unless-stopped',
      },
    ],
  },
  {
    id: '5.15',
    title: "The host's processes are not shared",
    find: ({ container }) => says(container.HostConfig.PidMode !== '', container.HostConfig.PidMode),
  },
  {
    id: '5.16',
    title: 'Shared memory is private',
    find: ({ container }) => says(container.HostConfig.IpcMode !== 'private', container.HostConfig.IpcMode),
  },
  {
    id: '5.17',
    title: 'No device of the host',
    find: ({ container: { HostConfig } }) => says([...(HostConfig.Devices ?? []), ...(HostConfig.DeviceRequests ?? [])].length > 0, 'devices'),
  },
  {
    id: '5.18',
    title: 'Limits of processes (ulimit) are those of the engine',
    find: ({ container }) => says((container.HostConfig.Ulimits ?? []).length > 0, 'ulimits'),
  },
  {
    id: '5.19',
    title: 'Mounts do not propagate to the host',
    find: ({ container }) => container.Mounts.find(({ Propagation }) => /shared$/.test(Propagation ?? ''))?.Destination,
  },
  {
    id: '5.20',
    title: "The host's name is not shared",
    find: ({ container }) => says(container.HostConfig.UTSMode !== '', container.HostConfig.UTSMode),
  },
  {
    id: '5.21',
    title: "The engine's seccomp profile is on",
    find: (subject, { seccomp }) => says(!seccomp || options(subject).some((option) => option.startsWith('seccomp')), 'no profile'),
  },
  {
    id: '5.24',
    title: "Containers are in the engine's own cgroup",
    find: ({ container }) => says(container.HostConfig.CgroupParent !== '', container.HostConfig.CgroupParent),
  },
  {
    id: '5.25',
    title: 'No privileges to gain (no-new-privileges)',
    find: (subject) => says(!options(subject).includes('no-new-privileges:true'), 'may gain privileges'),
  },
  {
    id: '5.26',
    title: 'Health is asked for',
    find: ({ container: { Config, State } }) =>
      says((Config.Healthcheck?.Test ?? []).length === 0 || State.Health?.Status !== 'healthy', State.Health?.Status ?? 'no check'),
    exceptions: [{ who: 'jobs', why: 'they end, and their exit code tells', covers: isJob }],
  },
  {
    id: '5.27',
    title: 'Images are named by their content, never by `latest`',
    find: ({ container }) => says(!/^sha256:[0-9a-f]{64}$/.test(container.Config.Image), container.Config.Image),
  },
  {
    id: '5.28',
    title: 'The number of processes is limited',
    find: ({ container }) => says((container.HostConfig.PidsLimit ?? 0) <= 0, 'no limit'),
    exceptions: [
      {
        who: 'all',
        why: 'the Terraform provider (4.6) has no argument for it, and `nproc` counts over the whole host; what bounds processes is the memory that each of them takes',
        covers: () => true,
      },
    ],
  },
  {
    id: '5.29',
    title: "The engine's default network is not used",
    find: ({ container }) => says('bridge' in container.NetworkSettings.Networks, 'bridge'),
    exceptions: [
      {
        who: 'the preflight of an app without a database',
        why: 'it boots the app, which may need a way out as the servers have, listens on 127.0.0.1 only, and ends',
        covers: isAt('Hello/Preflight'),
      },
    ],
  },
  {
    id: '5.30',
    title: "The host's users are not asked for",
    find: ({ container }) => says(container.HostConfig.UsernsMode !== '', container.HostConfig.UsernsMode),
  },
  {
    id: '5.31',
    title: "The engine's socket is not mounted",
    find: ({ container }) => container.Mounts.map(({ Source }) => Source).find((source) => /docker\.sock|containerd\.sock/.test(source ?? '')),
  },
];

/** How a check ended: who does not pass and is covered by no exception, and which exceptions were needed. */
export interface Verdict {
  readonly check: Check;
  readonly failures: string[];
  readonly needed: readonly Exception[];
}

/** Makes all checks of all subjects. */
export function benchmark(subjects: readonly Subject[], security: EngineSecurity): Verdict[] {
  return CHECKS.map((check) => {
    const needed = new Set<Exception>();
    const failures = subjects.flatMap((subject) => {
      const found = check.find(subject, security);
      if (found === undefined) return [];
      const exception = check.exceptions?.find(({ covers }) => covers(subject.container));
      if (exception) needed.add(exception);
      return exception ? [] : [`${check.id} ${pathOf(subject.container)}: ${found}`];
    });
    return { check, failures, needed: (check.exceptions ?? []).filter((exception) => needed.has(exception)) };
  });
}

/** The verdicts as a table in Markdown. An exception that nobody needs is not in it. */
export function benchmarkTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ check, failures, needed }) => {
    const held = failures.length === 0 ? 'holds' : `does not hold: ${failures.join('; ')}`;
    return `| ${check.id} | ${check.title} | ${[held, needed.map(({ who, why }) => `but for ${who}: ${why}`).join('; ')].filter((text) => text !== '').join(', ')} |`;
  });
  return ['| check | what | result |', '|---|---|---|', ...rows].join('\n');
}
