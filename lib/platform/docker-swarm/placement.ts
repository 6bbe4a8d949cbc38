import { IConstruct } from 'constructs';
import { reject } from '../../core/errors';
import type { Service } from '../../workload/service';
import type { IVolume } from '../../workload/volume';
import type { Workload } from '../../workload/workload';
import type { SwarmNodes } from './swarm-nodes';

/** Where the content of a volume is. */
export enum VolumeHome {
  /** On the one node for data. */
  DATA,
  /** Each node at the edge has one of its own. */
  EDGE,
  /** In the shared folder, which all nodes see. */
  SHARED,
}

/** Where something runs. */
export interface Placed {
  /** One on each node, in place of a number of them anywhere. */
  readonly everywhere: boolean;
  /** What holds of the nodes. */
  readonly constraints: string[];
}

/** Settings of `Placement`. */
export interface PlacementProps {
  readonly dataNode?: string;
  readonly edgeNodes?: SwarmNodes;
  readonly sharedFolder?: string;
}

const isService = (workload: Workload): workload is Service => 'publishedPorts' in workload;

/**
 * Where workloads run, which follows from what they publish and what they mount:
 *
 * - what publishes ports runs on each node at the edge, and whatever mounts a volume of it does so too: each of these nodes has its own;
 * - a volume that a service with several replicas mounts lies in the folder that all nodes share;
 * - any other volume lies on the node for data, and whoever mounts it runs there;
 * - what may run but once runs there too, volume or not: a Swarm starts another one for a node that it does not hear of, which may go on all the same.
 *
 * It is known when the stacks are complete.
 */
export class Placement {
  private readonly workloads: Workload[] = [];
  private found?: { readonly edge: Set<Workload>; readonly homes: Map<string, VolumeHome> };

  constructor(private readonly props: PlacementProps) {}

  public add(workload: Workload): void {
    this.workloads.push(workload);
    this.found = undefined;
  }

  /** Where a workload runs. */
  public of(workload: Workload): Placed {
    if (this.settled.edge.has(workload)) return this.at(workload, VolumeHome.EDGE);
    const local = workload.volumeMounts.some(({ volume }) => this.homeOf(volume) === VolumeHome.DATA);
    // A folder of the host is one of the host with the data.
    if (local || workload.hostFolderMounts.length > 0) return this.at(workload, VolumeHome.DATA);
    return isService(workload) && workload.updateStrategy === 'stop-first' ? this.atOneNode(workload) : this.at(workload, VolumeHome.SHARED);
  }

  /** Where the content of a volume is. */
  public homeOf(volume: IVolume): VolumeHome {
    return this.settled.homes.get(volume.volumeName) ?? VolumeHome.DATA;
  }

  /** Where a volume can be mounted. */
  public at(scope: IConstruct, home: VolumeHome): Placed {
    const { dataNode, edgeNodes } = this.props;
    if (home === VolumeHome.SHARED) return { everywhere: false, constraints: [] };
    if (home === VolumeHome.EDGE && edgeNodes) return { everywhere: true, constraints: edgeNodes._constraints };
    if (dataNode === undefined) {
      return reject(
        scope,
        home === VolumeHome.EDGE
          ? 'publishes a port, or shares a volume with what does, so it needs nodes: new DockerSwarm({ edgeNodes: SwarmNodes.all() }), or a dataNode, which is then the one'
          : "has a volume, which lies on one node of a Swarm: name that node's host name, new DockerSwarm({ dataNode: 'node1' })",
      );
    }
    return { everywhere: home === VolumeHome.EDGE, constraints: [`node.hostname == ${dataNode}`] };
  }

  private atOneNode(service: Service): Placed {
    if (this.props.dataNode === undefined) {
      reject(
        service,
        "may run but once, and a Swarm starts another one for a node that it does not hear of, which may go on all the same: name the host name of the node that it stays on, new DockerSwarm({ dataNode: 'node1' })",
      );
    }
    return this.at(service, VolumeHome.DATA);
  }

  /** The folder with the content of a shared volume, the same on all nodes. */
  public sharedFolder(volume: IConstruct): string {
    const { sharedFolder } = this.props;
    if (sharedFolder !== undefined) return sharedFolder;
    return reject(
      volume,
      "is mounted by a service with several replicas, which run on several nodes: name a folder that is the same on all of them (NFS, CephFS, GlusterFS), new DockerSwarm({ sharedFolder: '/mnt/shared' }); or set replicas to 1, and the service runs where the volume is",
    );
  }

  private get settled() {
    return (this.found ??= this.settle());
  }

  private settle() {
    const edge = new Set(this.workloads.filter((one) => isService(one) && one.publishedPorts.length > 0));
    const homes = new Map<string, VolumeHome>();
    for (let before = -1; before < edge.size;) {
      before = edge.size;
      for (const one of edge) for (const { volume } of one.volumeMounts) homes.set(volume.volumeName, VolumeHome.EDGE);
      for (const one of this.workloads) if (one.volumeMounts.some(({ volume }) => homes.get(volume.volumeName) === VolumeHome.EDGE)) edge.add(one);
    }
    for (const one of this.workloads.filter(isService).filter(({ replicas }) => replicas > 1)) {
      if (edge.has(one)) {
        reject(one, `replicas must be 1, got ${one.replicas}: it shares a volume with what publishes a port, and runs once on each node at the edge`);
      }
      for (const { volume } of one.volumeMounts) homes.set(volume.volumeName, VolumeHome.SHARED);
    }
    return { edge, homes };
  }
}
