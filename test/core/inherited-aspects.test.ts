import { Aspects, IAspect, TerraformStack, Testing } from 'cdktf';
import { Construct, IConstruct } from 'constructs';
import { InheritedAspects, reachStacks } from '../../lib/core/inherited-aspects';

class Seen implements IAspect {
  public readonly paths: string[] = [];
  public visit(node: IConstruct): void {
    this.paths.push(node.node.path);
  }
}

test('an aspect that wants to reach stacks is brought to those below it, however often that is asked for', () => {
  const app = Testing.app();
  const group = new Construct(app, 'group');
  const stack = new TerraformStack(group, 'stack');
  new Construct(stack, 'Part');
  const [wants, wantsFromGroup, doesNot] = [new Seen(), new Seen(), new Seen()];
  reachStacks(wants);
  reachStacks(wantsFromGroup);
  Aspects.of(app).add(wants);
  Aspects.of(app).add(doesNot);
  InheritedAspects.applyTo(stack);
  InheritedAspects.applyTo(stack);
  Aspects.of(group).add(wantsFromGroup);
  Testing.synth(stack);
  expect([wants.paths, wantsFromGroup.paths, doesNot.paths]).toEqual([['group/stack', 'group/stack/Part'], ['group/stack', 'group/stack/Part'], []]);
});

test('one that was added to the stack itself is left to cdktf', () => {
  const stack = new TerraformStack(Testing.app(), 'stack');
  const own = new Seen();
  reachStacks(own);
  Aspects.of(stack).add(own);
  InheritedAspects.applyTo(stack);
  Testing.synth(stack);
  expect(own.paths).toEqual(['stack']);
});
