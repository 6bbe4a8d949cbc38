import { engine } from './docker';

/** What `docker inspect` says about a container, as far as somebody here asks. */
export interface Inspected {
  readonly Name: string;
  readonly AppArmorProfile: string;
  readonly Config: {
    readonly User: string;
    readonly Image: string;
    readonly Labels: Readonly<Record<string, string>>;
    readonly Healthcheck?: { readonly Test?: readonly string[] };
  };
  readonly State: { readonly Status: string; readonly StartedAt: string; readonly Health?: { readonly Status: string } };
  readonly HostConfig: {
    readonly Binds: readonly string[] | null;
    readonly CapAdd: readonly string[] | null;
    readonly CapDrop: readonly string[] | null;
    readonly CgroupParent: string;
    readonly CpuPeriod: number;
    readonly CpuQuota: number;
    readonly CpuShares: number;
    readonly DeviceRequests: readonly unknown[] | null;
    readonly Devices: readonly unknown[] | null;
    readonly Init: boolean | null;
    readonly IpcMode: string;
    readonly LogConfig: { readonly Type: string; readonly Config: Readonly<Record<string, string>> };
    readonly Memory: number;
    readonly MemorySwap: number;
    readonly NetworkMode: string;
    readonly PidMode: string;
    readonly PidsLimit: number | null;
    readonly PortBindings: Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[]>> | null;
    readonly Privileged: boolean;
    readonly ReadonlyRootfs: boolean;
    readonly RestartPolicy: { readonly Name: string; readonly MaximumRetryCount: number };
    readonly SecurityOpt: readonly string[] | null;
    readonly Tmpfs: Readonly<Record<string, string>> | null;
    readonly Ulimits: readonly unknown[] | null;
    readonly UsernsMode: string;
    readonly UTSMode: string;
  };
  readonly Mounts: readonly {
    readonly Type: string;
    readonly Source: string;
    readonly Destination: string;
    readonly RW: boolean;
    readonly Propagation: string;
  }[];
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, object>> };
}

/** What a container is there for. */
export enum Kind {
  /** It runs for as long as the stack is deployed. */
  SERVER = 'server',
  /** It runs to its end during the deploy. */
  JOB = 'job',
  /** It is never started: files go through it into a volume. */
  CARRIER = 'carrier',
}

/** All containers of a namespace, those that have ended or never ran too. */
export function inspectAll(namespace: string): Inspected[] {
  const ids = engine('ps', '-aq', '--filter', `label=org.cdktf-django.namespace=${namespace}`).split('\n');
  return JSON.parse(engine('inspect', ...ids)) as Inspected[];
}

/** The path of a container's construct below its stack. */
export function pathOf(container: Inspected): string {
  return container.Config.Labels['org.cdktf-django.path'].replace(/^[^/]+\//, '');
}

export function kindOf({ HostConfig, State }: Inspected): Kind {
  if (!/^(no|)$/.test(HostConfig.RestartPolicy.Name)) return Kind.SERVER;
  return State.StartedAt.startsWith('0001-') && State.Status === 'created' ? Kind.CARRIER : Kind.JOB;
}

/** Whether a job is one of the platform's own, which hands storage to its owner. */
export const isRoot = (container: Inspected) => /^0(:|$)/.test(container.Config.User) || container.Config.User === '';
