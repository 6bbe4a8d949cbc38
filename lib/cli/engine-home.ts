import { labelName } from '../platform/labels';
import { inspected } from './docker';
import { Container, containerOf, Inspected } from './engine-container';
import { engineEvents } from './engine-events';
import { inContainerOfItsOwn } from './one-off-container';
import { StackHome, StackLabels } from './stack-home';

/** A stack on one engine. */
export class EngineHome implements StackHome {
  /** @param ids of its containers */
  constructor(
    private readonly stack: StackLabels,
    private readonly ids: readonly string[],
  ) {}

  public containers(): Container[] {
    return inspected<Inspected>('container', this.ids)
      .map((one) => containerOf(one))
      .sort((one, other) => (one.created > other.created ? -1 : 1));
  }

  public watch(started: (container: Container) => void, failed: (reason: string) => void): () => void {
    const { namespace, owner } = this.stack;
    const filters = [`label=${labelName('namespace')}=${namespace}`, `label=${labelName('owner')}=${owner}`, 'event=start'];
    return engineEvents(filters, (id) => inspected<Inspected>('container', [id]).forEach((one) => started(containerOf(one))), failed);
  }

  public runBeside(model: Container, program: readonly string[], memory: string | undefined): Promise<number> {
    return inContainerOfItsOwn(this.stack, model, program, memory);
  }
}
