import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import ts from 'typescript';

export const root = resolve(__dirname, '..', '..');

/** Code in a docstring or a page. */
export interface Snippet {
  readonly where: string;
  readonly code: string;
}

/** Each `@example` of the library's docstrings. */
export function examples(): Snippet[] {
  const paths = readdirSync(join(root, 'lib'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
  return paths.sort().flatMap((path) => {
    const found: Snippet[] = [];
    const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true);
    const visit = (node: ts.Node): void => {
      for (const tag of ts.getJSDocTags(node)) {
        if (tag.tagName.text !== 'example' || tag.parent.parent !== node) continue;
        const { line } = source.getLineAndCharacterOfPosition(tag.getStart());
        found.push({ where: `${relative(root, path)}:${line + 1}`, code: ts.getTextOfJSDocComment(tag.comment) ?? '' });
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  });
}

/** Each block of TypeScript in a Markdown page. */
export function blocks(page: string): Snippet[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^```(?:ts|typescript)\n([\s\S]*?)^```$/gm)].map((match) => ({
    where: `${page}:${text.slice(0, match.index).split('\n').length}`,
    code: match[1],
  }));
}

/** The names that lib/index.ts exports. */
export function exportedNames(): string[] {
  const parse = (path: string) => ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true);
  const names = parse(join(root, 'lib', 'index.ts'))
    .statements.filter(ts.isExportDeclaration)
    .flatMap((statement) => {
      if (statement.exportClause && ts.isNamedExports(statement.exportClause)) return statement.exportClause.elements.map((one) => one.name.text);
      const path = join(root, 'lib', `${(statement.moduleSpecifier as ts.StringLiteral).text}.ts`);
      return parse(path).statements.flatMap((one) =>
        (ts.isClassDeclaration(one) || ts.isInterfaceDeclaration(one) || ts.isEnumDeclaration(one)) &&
        one.modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword)
          ? [one.name!.text]
          : [],
      );
    });
  return names.sort();
}

/** What a snippet may use without declaring it. */
const prelude = () => `
import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { Aspects, TerraformStack, TerraformVariable } from 'cdktf';
import type { Construct } from 'constructs';
import { ${exportedNames().join(', ')} } from 'cdktf-django';
declare const image: ContainerImage;
declare const staticVolume: Volume;
declare const db: PostgresDb;
declare const shop: DjangoService;
declare const hello: GunicornApp;
declare const proxy: NginxProxy;
declare const monitoring: Monitoring;
declare class ShopStack extends TerraformStack { constructor(scope: Construct, id: string); }
`;

function program(files: ReadonlyMap<string, string>): ts.Program {
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)).config as { compilerOptions: object };
  const { options } = ts.convertCompilerOptionsFromJson(
    { ...config.compilerOptions, noUnusedLocals: false, noUnusedParameters: false, baseUrl: root, paths: { 'cdktf-django': ['lib/index.ts'] } },
    root,
  );
  const host = ts.createCompilerHost(options, true);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.getSourceFile = (path, version, ...rest) =>
    files.has(path) ? ts.createSourceFile(path, files.get(path)!, version, true) : getSourceFile(path, version, ...rest);
  return ts.createProgram([...files.keys(), join(root, 'lib', 'index.ts')], options, host);
}

function asModule({ code }: Snippet): string {
  // A whole program imports the library itself; a part of one stands in the constructor of a stack.
  if (/from 'cdktf-django'/.test(code)) return code;
  const imports = code.match(/^import .*$/gm) ?? [];
  return `${prelude()}
export function snippet(this: TerraformStack): void {
${code.replace(/^import .*$/gm, '')}
}
${imports.join('\n')}
`;
}

/** What the compiler says about snippets, by where they are; and the program, whose types can be asked. */
export function compile(snippets: Snippet[]): { readonly problems: { [where: string]: string[] }; readonly program: ts.Program } {
  const files = new Map(snippets.map((snippet, count) => [join(root, `snippet-${count}.ts`), asModule(snippet)]));
  const whole = program(files);
  const problems = Object.fromEntries(
    snippets.map((snippet, count) => {
      const source = whole.getSourceFile(join(root, `snippet-${count}.ts`))!;
      const found = [...whole.getSyntacticDiagnostics(source), ...whole.getSemanticDiagnostics(source)];
      return [snippet.where, found.map((one) => ts.flattenDiagnosticMessageText(one.messageText, '\n'))];
    }),
  );
  return { problems, program: whole };
}
