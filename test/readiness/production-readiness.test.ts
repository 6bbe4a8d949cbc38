import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { App, Aspects, IAspect, TerraformStack, Testing } from 'cdktf';
import { IConstruct } from 'constructs';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ContainerImage, GunicornApp, PostgresDb, ProductionReadiness, ReadinessLevel } from '../../lib';
import { findings, said } from '../support/readiness';
import { root } from '../support/snippets';

function appWithStack(): { app: App; stack: TerraformStack; hello: GunicornApp } {
  const app = Testing.app();
  const stack = new TerraformStack(app, 'shop');
  new DockerProvider(stack, 'Docker');
  const image = ContainerImage.fromRegistry(`localhost/hello:1@sha256:${'0'.repeat(64)}`);
  const hello = new GunicornApp(stack, 'Hello', { image, module: 'app:app', replicas: 1 });
  return { app, stack, hello };
}

const LONE = { path: 'shop/Hello', rule: 'SingleReplica', level: 'warning' };
const LOCAL = { path: 'shop', rule: 'LocalState', level: 'warning' };

describe('the aspect', () => {
  test('judges all stacks of an app, which aspects of cdktf itself do not reach', () => {
    const { app } = appWithStack();
    const seen: string[] = [];
    const plain: IAspect = { visit: (node: IConstruct) => void seen.push(node.node.path) };
    Aspects.of(app).add(new ProductionReadiness());
    Aspects.of(app).add(plain);
    expect(findings(app)).toEqual([LOCAL, LONE]);
    expect(seen).toEqual([]);
  });

  test('judges a stack, or a part of one', () => {
    const { app, stack, hello } = appWithStack();
    Aspects.of(hello).add(new ProductionReadiness());
    expect(findings(app)).toEqual([LONE]);
    Aspects.of(stack).add(new ProductionReadiness());
    expect(findings(app)).toEqual([LOCAL, LONE]);
  });

  test('says a thing once, by however many ways it comes and however often a stack is synthesized', () => {
    const { app, stack } = appWithStack();
    Aspects.of(app).add(new ProductionReadiness());
    Aspects.of(stack).add(new ProductionReadiness());
    findings(app);
    expect(findings(app)).toEqual([LOCAL, LONE]);
  });

  test('changes nothing of what is synthesized', () => {
    const plain = Testing.synth(appWithStack().stack, true);
    const judged = appWithStack();
    Aspects.of(judged.app).add(new ProductionReadiness());
    expect(Testing.synth(judged.stack, true)).toBe(plain);
  });

  test('says what is wrong, what it saw, and what to do', () => {
    const { app } = appWithStack();
    Aspects.of(app).add(new ProductionReadiness());
    expect(said(app).find(({ path }) => path === 'shop/Hello')!.message).toBe(
      'SingleReplica: The app has one server: while it is restarted, nobody answers. Here: replicas is 1. Set replicas to 2 or more.',
    );
  });
});

describe('the level', () => {
  test('is one for all rules where one is given', () => {
    const loud = appWithStack();
    Aspects.of(loud.app).add(new ProductionReadiness({ level: ReadinessLevel.ERROR }));
    expect(findings(loud.app)).toEqual([
      { ...LOCAL, level: 'error' },
      { ...LONE, level: 'error' },
    ]);
  });

  test('of an error keeps the app from being synthesized, and names the construct', () => {
    const { app } = appWithStack();
    Aspects.of(app).add(new ProductionReadiness({ level: ReadinessLevel.ERROR }));
    expect(() => app.synth()).toThrow(/\[shop\/Hello\] SingleReplica: The app has one server/);
  });

  test('of a warning does not', () => {
    const { app, stack } = appWithStack();
    Aspects.of(app).add(new ProductionReadiness({ level: ReadinessLevel.WARNING }));
    app.synth();
    // What `cdktf` prints comes from the manifest.
    const printed = app.manifest
      .forStack(stack)
      .annotations.map(({ constructPath, level, message }) => [constructPath, level, message.split(':')[0]]);
    expect(printed).toEqual([
      ['shop', '@cdktf/warn', 'LocalState'],
      ['shop/Hello', '@cdktf/warn', 'SingleReplica'],
    ]);
  });
});

describe('a suppression', () => {
  const reason = 'only we ourselves use it';

  test('silences its rule at the construct and below, whenever it is declared, and no other rule', () => {
    const { app, hello } = appWithStack();
    Aspects.of(app).add(new ProductionReadiness());
    ProductionReadiness.suppress(hello, 'SingleReplica', reason);
    expect(findings(app)).toEqual([LOCAL]);
    const other = appWithStack();
    Aspects.of(other.app).add(new ProductionReadiness());
    ProductionReadiness.suppress(other.stack, 'SingleReplica', reason);
    expect(findings(other.app)).toEqual([LOCAL]);
  });

  test('does not silence it above, or beside', () => {
    const { app, stack, hello } = appWithStack();
    Aspects.of(app).add(new ProductionReadiness());
    const image = ContainerImage.fromRegistry(`localhost/hello:1@sha256:${'0'.repeat(64)}`);
    new GunicornApp(stack, 'Other', { image, module: 'app:app', replicas: 1 });
    ProductionReadiness.suppress(hello.service, 'SingleReplica', reason);
    ProductionReadiness.suppress(hello, 'LocalState', reason);
    expect(findings(app)).toEqual([LOCAL, LONE, { ...LONE, path: 'shop/Other' }]);
  });

  test('is kept with its reason at the construct', () => {
    const { hello } = appWithStack();
    ProductionReadiness.suppress(hello, 'SingleReplica', reason);
    expect(hello.node.metadata.map(({ type, data }) => [type, data])).toEqual([
      ['cdktf-django/readiness-suppression', { rule: 'SingleReplica', reason }],
    ]);
  });

  test.each(['', ' ', 'wontfix', '         x         '])('with the reason %j is refused', (short) => {
    const { stack } = appWithStack();
    expect(() => ProductionReadiness.suppress(new PostgresDb(stack, 'Db'), 'NoBackup', short)).toThrow(
      `shop/Db: the reason to suppress NoBackup must have 10 characters or more, got ${JSON.stringify(short)}`,
    );
  });

  test('of a rule that there is not is refused, with the rules that there are', () => {
    const { stack } = appWithStack();
    expect(() => ProductionReadiness.suppress(stack, 'NoBackups', reason)).toThrow(
      /^shop: there is no readiness rule "NoBackups"; the rules are PlainHttp, .*NoBackup, /,
    );
  });
});

describe('the rules', () => {
  test('have ids of their own, and whole sentences', () => {
    const { rules } = ProductionReadiness;
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
    for (const { id, sentence, remedy } of rules) {
      expect(id).toMatch(/^([A-Z][a-z]+)+$/);
      for (const text of [sentence, remedy]) expect(text).toMatch(/^[A-Z][^\n|]+\.$/);
    }
  });

  test('are those of the table in the README', () => {
    const rows = readFileSync(join(root, 'README.md'), 'utf8').match(/^\| `[A-Za-z]+` \| (error|warning) \| .*$/gm) ?? [];
    const wanted = ProductionReadiness.rules.map(({ id, level, sentence }) => `| \`${id}\` | ${level} | ${sentence} |`);
    if (rows.join('\n') !== wanted.join('\n')) throw new Error(`the table of readiness rules in README.md must be:\n\n${wanted.join('\n')}\n`);
  });
});
