import { join } from 'node:path';
import ts from 'typescript';
import { blocks, compile, examples, root } from './support/snippets';

jest.setTimeout(60_000);

const planted = [
  { where: 'planted: a prop that there is not', code: "new NginxProxy(this, 'Proxy', { httpport: 80 });" },
  { where: 'planted: a name that there is not', code: "new Nginx(this, 'Proxy');" },
  { where: 'planted: a whole program', code: "import { Nothing } from 'cdktf-django';\nexport { Nothing };" },
];
const inCode = examples();
const inPages = ['README.md', join('docs', 'projects.md')].flatMap((page) => blocks(page));
const { problems, program } = compile([...inCode, ...inPages, ...planted]);
const checker = program.getTypeChecker();

describe('code in the documentation compiles', () => {
  test.each(inCode.map(({ where }) => where))('%s', (where) => expect(problems[where]).toEqual([]));
  test.each(inPages.map(({ where }) => where))('%s', (where) => expect(problems[where]).toEqual([]));
});

describe('a mistake is found', () => {
  test.each(planted.map(({ where }) => where))('%s', (where) => expect(problems[where]).not.toEqual([]));

  test('and examples are', () => expect(inCode.length).toBeGreaterThan(15));
});

interface Documented {
  readonly name: string;
  readonly symbol: ts.Symbol;
  /** Whether it is a member that may be left out. */
  readonly optional: boolean;
}

const isHidden = (symbol: ts.Symbol) =>
  symbol.name.startsWith('_') ||
  symbol.getJsDocTags(checker).some((tag) => tag.name === 'internal') ||
  (symbol.declarations ?? []).some((one) => (ts.getCombinedModifierFlags(one) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0);

/** Everything that a user can see, but for what comes from other libraries. */
function documented(path: string): Documented[] {
  const module_ = checker.getSymbolAtLocation(program.getSourceFile(path)!)!;
  return checker.getExportsOfModule(module_).flatMap((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    if (isHidden(symbol)) return [];
    const members = [...(symbol.members?.values() ?? []), ...(symbol.exports?.values() ?? [])].filter(
      (member) => !isHidden(member) && !(member.flags & (ts.SymbolFlags.Constructor | ts.SymbolFlags.Prototype | ts.SymbolFlags.TypeParameter)),
    );
    const own = { name: symbol.name, symbol, optional: false };
    return [
      own,
      ...members.map((member) => ({
        name: `${symbol.name}.${member.name}`,
        symbol: member,
        optional: (member.flags & ts.SymbolFlags.Optional) !== 0,
      })),
    ];
  });
}

describe('what users see is documented', () => {
  const all = documented(join(root, 'lib', 'index.ts'));

  test('and is classes, interfaces and enumerations: what jsii knows', () => {
    const top = all.filter(({ name }) => !name.includes('.'));
    const known = ts.SymbolFlags.Class | ts.SymbolFlags.Interface | ts.SymbolFlags.Enum;
    expect(top.filter(({ symbol }) => (symbol.flags & known) === 0).map(({ name }) => name)).toEqual([]);
    expect(top.length).toBeGreaterThan(60);
    expect(all.length).toBeGreaterThan(300);
  });

  test('with a docstring', () => {
    // A member of a class may have the one of the interface that it implements.
    expect(
      all.filter(({ symbol }) => ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim() === '').map(({ name }) => name),
    ).toEqual([]);
  });

  test('with a default for each prop that may be left out', () => {
    const props = all.filter(({ optional, symbol }) => optional && symbol.declarations!.some((one) => ts.isPropertySignature(one)));
    expect(props.length).toBeGreaterThan(80);
    const defaults = (symbol: ts.Symbol) =>
      symbol
        .getJsDocTags(checker)
        .filter((tag) => tag.name === 'default')
        .map((tag) => ts.displayPartsToString(tag.text));
    expect(
      props
        .filter(({ symbol }) => defaults(symbol).length !== 1 || defaults(symbol)[0] === '' || /^undefined/.test(defaults(symbol)[0]))
        .map(({ name }) => name),
    ).toEqual([]);
  });

  test('and none for a prop that may not', () => {
    const required = all.filter(({ optional }) => !optional);
    expect(required.filter(({ symbol }) => symbol.getJsDocTags(checker).some((tag) => tag.name === 'default')).map(({ name }) => name)).toEqual([]);
  });
});
