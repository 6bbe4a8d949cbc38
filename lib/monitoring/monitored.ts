import { IConstruct } from 'constructs';
import { Endpoint } from '../workload/endpoint';
import { INetwork } from '../workload/network';
import { IVolume } from '../workload/volume';
import { AlertRule } from './alert-rule';

/** Who collects figures, as far as those who give them need to know. */
export interface IMonitoring extends IConstruct {
  /** The network in which figures are asked for. It has no way out, and nobody but exporters and their collector is in it. */
  readonly network: INetwork;
}

/** What a system tells of itself. */
export interface MonitoringTarget {
  /** The kind of the system, in lower case: `postgres`. It is the label `job` of its figures. */
  readonly job: string;

  /** Where figures are asked for, at `/metrics`. All are in the network of the monitoring. */
  readonly endpoints: Endpoint[];

  /**
   * A volume in which the system writes files `*.prom`, for what no request can be sent to.
   *
   * @default - none
   */
  readonly reports?: IVolume;

  /** What somebody should look at. Equal rules of several systems of one kind count once. */
  readonly alerts: AlertRule[];
}

/** What figures can be collected of. */
export interface IMonitored extends IConstruct {
  /**
   * Called once, when the system becomes a target: it makes what tells its figures, puts that into the network of the monitoring, and says where it listens.
   *
   * @param monitoring who collects
   */
  bindToMonitoring(monitoring: IMonitoring): MonitoringTarget;
}
