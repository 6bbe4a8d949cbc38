import { Aspects, IAspect, TerraformStack } from 'cdktf';
import { IConstruct } from 'constructs';

const REACHES = Symbol.for('cdktf-django.ReachesStacks');

/** Lets an aspect that is added above a stack, at the app for example, reach the stack: cdktf 0.21 begins at each stack and never asks what is above it. */
export function reachStacks(aspect: IAspect): void {
  (aspect as { [REACHES]?: boolean })[REACHES] = true;
}

/** Applies to a stack what was added above it and wants to reach it. Other aspects stay as cdktf has them. */
export class InheritedAspects implements IAspect {
  public static applyTo(stack: TerraformStack): void {
    const there = Aspects.of(stack).all.some((aspect) => aspect instanceof InheritedAspects);
    if (!there) Aspects.of(stack).add(new InheritedAspects(stack));
  }

  private constructor(private readonly stack: TerraformStack) {}

  public visit(node: IConstruct): void {
    for (const scope of this.stack.node.scopes.slice(0, -1)) {
      for (const aspect of Aspects.of(scope).all) if (REACHES in aspect) aspect.visit(node);
    }
  }
}
