import { readTokens } from '../nginx/config/tokens';
import { Arguments, Synthesized } from '../support/synth';

/*
 * A synthesized stack as its readers read it, by rules that were written apart from the renderers: Terraform's templates, nginx's words, JSON, lists of arguments.
 */

/** Stands around an expression of Terraform's; no generated text has it. */
const [OPEN, CLOSE] = ['\uE000', '\uE001'];

/** A text as Terraform reads a template: what is literal in it, and marked expressions. */
export function terraformDecoded(text: string): string {
  let result = '';
  for (let at = 0; at < text.length;) {
    if (text.startsWith('$${', at) || text.startsWith('%%{', at)) {
      result += text.slice(at + 1, at + 3);
      at += 3;
    } else if (text.startsWith('${', at) || text.startsWith('%{', at)) {
      const end = text.indexOf('}', at);
      if (end < 0) throw new Error(`an expression that does not end: ${JSON.stringify(text)}`);
      result += `${OPEN}${text.slice(at, end + 1)}${CLOSE}`;
      at = end + 1;
    } else {
      result += text[at++];
    }
  }
  return result;
}

/** Hashes of contents, and ids made of them: other ones for every value. */
const withoutHashes = (text: string) =>
  text
    .replace(/[0-9a-f]{12,64}/g, 'HASH')
    .replace(/_[0-9A-Fa-f]{8}\b/g, '_ID')
    .replace(/-[0-9a-f]{8}(?=\.conf$)/g, '-HASH')
    // Groups of secrets follow from their paths.
    .replace(/\b[2-5]\d{4}\b/g, 'GROUP');

function decodedFile(path: string, content: string, raw: boolean): unknown {
  if (path.endsWith('.json')) return JSON.parse(content) as unknown;
  if (path.endsWith('.conf') && !raw) return readTokens(content).map(({ text, syntax }) => (syntax ? { syntax: text } : text));
  return content;
}

function decodedContainer(container: Arguments, raw: boolean): unknown {
  const env = ((container.env ?? []) as string[]).map((line): [string, string] => {
    const at = line.indexOf('=');
    return [line.slice(0, at), line.slice(at + 1)];
  });
  const labels = ((container.labels ?? []) as { label: string; value: string }[]).filter(({ label }) => !/\.(fingerprint|content)$/.test(label));
  return {
    ...container,
    env: { names: env.length, ...Object.fromEntries(env) },
    labels: Object.fromEntries(labels.map(({ label, value }) => [label, value])),
    upload: Object.fromEntries(
      ((container.upload ?? []) as Arguments[]).map((one) => [one.file, { ...one, content: decodedFile(one.file, one.content, raw) }]),
    ),
    mounts: Object.fromEntries(((container.mounts ?? []) as Arguments[]).map((one) => [one.target, one])),
    depends_on: undefined,
  };
}

function mapped(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((one) => mapped(one, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [change(name), mapped(one, change)]));
}

/**
 * All resources of a stack, by address.
 *
 * @param raw whether nginx's files stay as they are
 */
export function decodedStack(synth: Synthesized, raw = false): Record<string, unknown> {
  const resources = Object.entries(synth.addresses()).map(([address, resource]): [string, unknown] => {
    const plain = mapped({ ...resource, '//': undefined }, terraformDecoded) as Arguments;
    return [address, address.startsWith('docker_container.') ? decodedContainer(plain, raw) : plain];
  });
  return Object.fromEntries(resources);
}

/** The first place at which two decoded stacks differ, when each text of one has to be a text of the other with something put in its place. */
export function difference(expected: unknown, found: unknown, inserted: (text: string) => readonly string[], path = ''): string | undefined {
  if (typeof expected === 'string' && typeof found === 'string') {
    const allowed = inserted(expected).map(withoutHashes);
    return allowed.includes(withoutHashes(found)) ? undefined : `${path}: ${JSON.stringify(found)} is none of ${JSON.stringify(allowed.slice(0, 3))}`;
  }
  if (typeof expected !== 'object' || typeof found !== 'object' || expected === null || found === null) {
    return expected === found ? undefined : `${path}: ${JSON.stringify(found)} is not ${JSON.stringify(expected)}`;
  }
  const [ours, theirs] = [expected, found].map((one) => Object.entries(one).filter(([, value]) => value !== undefined) as [string, unknown][]);
  if (ours.length !== theirs.length) return `${path}: has ${theirs.map(([name]) => name).join()} and not ${ours.map(([name]) => name).join()}`;
  const byName = new Map(theirs.map(([name, value]) => [withoutHashes(name), value]));
  for (const [name, value] of ours) {
    const there = inserted(name)
      .map(withoutHashes)
      .find((one) => byName.has(one));
    if (there === undefined) return `${path}: ${JSON.stringify(name)} is not among ${JSON.stringify([...byName.keys()].slice(0, 9))}`;
    const found_ = difference(value, byName.get(there), inserted, `${path}/${name}`);
    if (found_ !== undefined) return found_;
  }
  return undefined;
}
