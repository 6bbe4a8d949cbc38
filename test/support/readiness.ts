import { App, TerraformStack } from 'cdktf';
// What a synth begins with; the rest of it takes longer and adds nothing here.
import { invokeAspects } from 'cdktf/lib/synthesize/synthesizer';

/** What the readiness aspect said about a construct. */
export interface Finding {
  readonly path: string;
  readonly rule: string;
  readonly level: string;
}

/** The annotations of an app's stacks, after aspects have been there, in the order of the tree. */
export function said(app: App): { readonly path: string; readonly level: string; readonly message: string }[] {
  for (const stack of app.node.findAll().filter((one): one is TerraformStack => TerraformStack.isStack(one))) invokeAspects(stack);
  return app.node
    .findAll()
    .flatMap((one) =>
      one.node.metadata
        .filter(({ type }) => type === '@cdktf/warn' || type === '@cdktf/error')
        .map(({ type, data }) => ({ path: one.node.path, level: type === '@cdktf/warn' ? 'warning' : 'error', message: String(data) })),
    );
}

/** Those of the rules, without their words. */
export function findings(app: App): Finding[] {
  return said(app).flatMap(({ path, level, message }) => {
    const rule = /^([A-Z]\w+): .+ Here: .+\. \S/.exec(message)?.[1];
    return rule ? [{ path, rule, level }] : [];
  });
}
