import type { Container } from './engine-container';

/** Where a stack is, as far as that makes a difference to commands: one engine, or a Swarm. */
export interface StackHome {
  /** The containers of the stack that are there now, the newest first. */
  containers(): Container[];

  /**
   * Tells of containers that start from now on; of one that is there already it may tell, too.
   *
   * @param failed told why, when nothing more can be heard
   * @returns what ends it
   */
  watch(started: (container: Container) => void, failed: (reason: string) => void): () => void;

  /** Runs a program beside an app, with what the app has, and removes what it ran in. Gives its exit code. */
  runBeside(model: Container, program: readonly string[], memory: string | undefined): Promise<number>;
}

/** Of which stack. */
export interface StackLabels {
  readonly namespace: string;
  /** The path of its construct. */
  readonly path: string;
  /** The id of the state that it was deployed from; nothing on a Swarm. */
  readonly owner: string;
}
