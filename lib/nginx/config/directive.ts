import { Token } from 'cdktf';

/*
 * An nginx configuration as a tree, and the one place that turns it into text. A string is always text: it arrives in nginx as it is,
 * whatever characters it has. Only an `Expression`, which this library writes itself, may name variables.
 */

/** Text of ours in which nginx replaces variables. */
export class Expression {
  constructor(public readonly text: string) {}
}

/** What a directive is given. */
export type Argument = string | number | Expression;

/** A directive; with a block when `block` is there. */
export interface Directive {
  readonly name: string;
  readonly args: readonly Argument[];
  readonly block?: readonly ConfigNode[];
}

/** A remark for whoever reads the configuration on the engine. */
export interface Comment {
  readonly comment: string;
}

/** A line of a `map`: a value, or a regular expression after `~`, and what it becomes. */
export interface MapEntry {
  readonly from: string;
  readonly to: Argument;
}

export type ConfigNode = Directive | Comment | MapEntry;

export function directive(name: string, ...args: Argument[]): Directive {
  return { name, args };
}

export function block(name: string, args: readonly Argument[], children: readonly ConfigNode[]): Directive {
  return { name, args, block: children };
}

export function mapEntry(from: string, to: Argument): MapEntry {
  return { from, to };
}

export function comment(text: string): Comment {
  return { comment: text };
}

/** Text with nginx variables. Never for text of a user's. */
export function expression(text: string): Expression {
  return new Expression(text);
}

/** The text of a configuration. */
export function renderConfig(nodes: readonly ConfigNode[]): string {
  return nodes.map((node) => renderNode(node, '')).join('');
}

function renderNode(node: ConfigNode, indent: string): string {
  if ('comment' in node) return `${indent}# ${refuseControlCharacters(node.comment)}\n`;
  // Keys of a map are ours, and may be regular expressions, in which "$" is an end and not a variable.
  if ('from' in node) return `${indent}${renderArgument(expression(node.from))} ${renderArgument(node.to)};\n`;
  if (!/^[a-z][a-z0-9_]*$/.test(node.name)) fail(`${JSON.stringify(node.name)} is no directive`);
  const head = [node.name, ...node.args.map(renderArgument)].join(' ');
  if (!node.block) return `${indent}${head};\n`;
  return `${indent}${head} {\n${node.block.map((child) => renderNode(child, `${indent}    `)).join('')}${indent}}\n`;
}

/** An argument as nginx reads it back, character for character. */
export function renderArgument(argument: Argument): string {
  if (typeof argument === 'number') {
    if (!Number.isFinite(argument)) fail(`${argument} is no number`);
    return String(argument);
  }
  if (argument instanceof Expression) return quoted(argument.text, /^[A-Za-z0-9_./:=*@,+~^$!()-]+$/);
  // What a token stands for is unknown here, hence the quotes; it is left whole for Terraform to replace.
  const parts = Token.isUnresolved(argument) ? argument.split(/(\$\{TfToken\[[^\]]+\]\})/) : [argument];
  for (const [index, part] of parts.entries()) {
    // nginx has no escape for a dollar sign: text that contains one would become a variable.
    if (index % 2 === 0 && part.includes('$')) fail(`text must not contain "$", which nginx reads as a variable, got ${JSON.stringify(part)}`);
  }
  if (parts.length > 1) return `"${parts.map((part, index) => (index % 2 === 0 ? escaped(part) : part)).join('')}"`;
  return quoted(argument, /^[A-Za-z0-9_./:=*@,+~^!-]+$/);
}

function quoted(text: string, plain: RegExp): string {
  // The size of nginx's own buffer, in which an argument has to fit.
  if (Buffer.byteLength(text) > 4000) fail(`an argument must be at most 4000 bytes long, got ${Buffer.byteLength(text)}`);
  return plain.test(text) ? text : `"${escaped(text)}"`;
}

function escaped(text: string): string {
  return refuseControlCharacters(text).replace(/[\\"]/g, '\\$&');
}

function refuseControlCharacters(text: string): string {
  if (/[\0-\x1f\x7f]/.test(text)) fail(`text must not contain line breaks or other control characters, got ${JSON.stringify(text)}`);
  return text;
}

function fail(problem: string): never {
  throw new Error(`nginx configuration: ${problem}`);
}
