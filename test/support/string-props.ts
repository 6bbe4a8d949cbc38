import { join } from 'node:path';
import ts from 'typescript';

/** Whether a text can come in by a type: a string, a list of them, or a map from or to them. */
function takesText(type: ts.Type, checker: ts.TypeChecker): boolean {
  const plain = checker.getNonNullableType(type);
  if (plain.flags & ts.TypeFlags.EnumLike) return false;
  if (plain.flags & ts.TypeFlags.StringLike) return true;
  const element = plain.getNumberIndexType();
  // The names of a map are text, whatever its values are.
  return (element !== undefined && takesText(element, checker)) || plain.getStringIndexType() !== undefined;
}

const hidden = (symbol: ts.Symbol) =>
  symbol.getJsDocTags().some(({ name }) => name === 'internal') ||
  (symbol.declarations ?? []).some((one) => ts.getCombinedModifierFlags(one) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected));

/**
 * Everything in the public API that text of a user's can come in by: members of structs as `Struct.member`, parameters of methods as `Class.method(name)`. Read
 * from the sources, so that it is never older than they are.
 */
export function stringProps(): string[] {
  const index = join(__dirname, '..', '..', 'lib', 'index.ts');
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.CommonJS,
    moduleResolution: ts.ModuleResolutionKind.Node10,
    strict: true,
    skipLibCheck: true,
  };
  const program = ts.createProgram([index], options);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(index)!;
  const found: string[] = [];
  for (const exported of checker.getExportsOfModule(checker.getSymbolAtLocation(source)!)) {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const declaration = symbol.declarations![0];
    if (hidden(symbol)) continue;
    const ours = (type: ts.Type) =>
      type.getProperties().filter((one) => one.declarations?.some(({ parent }) => parent === declaration) && !hidden(one));
    const isStruct = ts.isInterfaceDeclaration(declaration) && !/^I[A-Z]/.test(symbol.name);
    if (isStruct) {
      for (const member of ours(checker.getDeclaredTypeOfSymbol(symbol))) {
        if (takesText(checker.getTypeOfSymbolAtLocation(member, declaration), checker)) found.push(`${symbol.name}.${member.name}`);
      }
    }
    if (!ts.isClassDeclaration(declaration)) continue;
    for (const type of [checker.getTypeOfSymbolAtLocation(symbol, declaration), checker.getDeclaredTypeOfSymbol(symbol)]) {
      for (const method of ours(type)) {
        for (const parameter of checker
          .getTypeOfSymbolAtLocation(method, declaration)
          .getCallSignatures()
          .flatMap((one) => one.getParameters())) {
          if (takesText(checker.getTypeOfSymbolAtLocation(parameter, declaration), checker))
            found.push(`${symbol.name}.${method.name}(${parameter.name})`);
        }
      }
    }
  }
  return found.sort();
}
