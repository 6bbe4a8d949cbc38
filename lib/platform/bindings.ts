import { TerraformResource } from 'cdktf';
import { IConstruct } from 'constructs';
import { Endpoint } from '../workload/endpoint';

/** What a platform made for a workload. Whoever runs after the workload waits for all of its `resources`. */
export interface Binding {
  readonly resources: TerraformResource[];
}

/** A construct that the platform has made something for. */
export interface Bound extends IConstruct {
  readonly _binding: Binding;
}

export interface NetworkBinding extends Binding {
  /** What a member names to join. */
  readonly reference: string;
}

export interface VolumeBinding extends Binding {
  /** What a mount names. */
  readonly name: string;
}

export type FilesBinding = Binding;

export type SecretBinding = Binding;

export interface ServiceBinding extends Binding {
  /** Where the service's servers listen; one per address that a client has to know. */
  readonly endpoints: (port: number) => Endpoint[];
  /** The whole service's names on the engine, for logs; tokens where a name changes with each generation. */
  readonly names: string[];
}

export type JobBinding = Binding;

export interface ImageBinding extends Binding {
  /** What a container names as its image. */
  readonly imageId: string;
  /** What tells the image's content from another: letters and digits, unknown until it is built or pulled. */
  readonly identity: string;
}
