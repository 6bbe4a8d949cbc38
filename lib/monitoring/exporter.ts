import { Construct } from 'constructs';
import { Size } from '../core/size';
import { ContainerImage } from '../image/container-image';
import { Endpoint } from '../workload/endpoint';
import { Service, UpdateStrategy } from '../workload/service';
import { IMonitoring } from './monitored';

/** The user of exporters. What it may read it is given by their mounts. */
const USER = '10112:10112';
/** All of them ran in it through the end-to-end test; how much less would do was not measured. */
export const EXPORTER_MEMORY = Size.mebibytes(64);

/** What an exporter is made from. */
export interface ExporterProps {
  readonly image: string;
  readonly port: number;
  readonly entrypoint?: string[];
  readonly command?: string[];
  readonly environment?: { readonly [name: string]: string };
}

/** A program that tells a system's figures in Prometheus' words, beside the system. It has one name for ever, by which it is asked. */
export function makeExporter(
  scope: Construct,
  monitoring: IMonitoring,
  props: ExporterProps,
): { readonly service: Service; readonly endpoints: Endpoint[] } {
  const service = new Service(scope, 'Exporter', {
    image: ContainerImage.fromRegistry(props.image),
    entrypoint: props.entrypoint,
    command: props.command,
    publicEnvironment: props.environment,
    user: USER,
    memory: EXPORTER_MEMORY,
    tmpfs: { '/tmp': Size.mebibytes(1) },
    updateStrategy: UpdateStrategy.STOP_FIRST,
  });
  service.joinNetwork(monitoring.network);
  return { service, endpoints: service.endpoints(props.port) };
}
