import { labelName } from '../platform/labels';
import { Container } from './engine-container';
import { engineEvents } from './engine-events';
import { inServiceOfItsOwn } from './one-off-service';
import { StackHome, StackLabels } from './stack-home';
import { SwarmServiceInspected, swarmServices, taskContainers } from './swarm-tasks';

/** Milliseconds from one look for new tasks to the next one. */
const INTERVAL = 2000;

/** A stack on a Swarm, of which a manager is asked. */
export class SwarmHome implements StackHome {
  constructor(private readonly stack: StackLabels) {}

  public containers(): Container[] {
    // Its services are asked for anew: a release makes others of its jobs.
    return taskContainers(swarmServices().filter((service) => this.has(service)));
  }

  public watch(started: (container: Container) => void, failed: (reason: string) => void): () => void {
    const looking = setInterval(() => {
      try {
        for (const found of this.containers()) if (found.running) started(found);
      } catch {
        // A manager that does not answer for a moment is asked again.
      }
    }, INTERVAL);
    // Of containers it tells those of its own node alone; that it has gone is heard here.
    const end = engineEvents(['type=daemon'], () => undefined, failed);
    return () => {
      clearInterval(looking);
      end();
    };
  }

  public runBeside(model: Container, program: readonly string[], memory: string | undefined): Promise<number> {
    return inServiceOfItsOwn(this.stack, model, program, memory);
  }

  private has({ Spec: { Labels } }: SwarmServiceInspected): boolean {
    return Labels[labelName('namespace')] === this.stack.namespace && Labels[labelName('path')].split('/')[0] === this.stack.path;
  }
}
