/*
 * References to images, by the grammar of the distribution project (github.com/distribution/reference).
 */

const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const DOMAIN =
  '(?:localhost|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)+|[a-zA-Z0-9-]+(?=:\\d))(?::\\d+)?';
const REFERENCE = new RegExp(
  `^(?:(${DOMAIN})/)?(${COMPONENT}(?:/${COMPONENT})*)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$`,
);

/** The parts of a reference such as `registry.example.com/shop/web:1.4.2@sha256:...`. */
export interface ImageReference {
  readonly registry?: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** The parts of a reference, or nothing when it is none. */
export function parseImageReference(reference: string): ImageReference | undefined {
  const match = REFERENCE.exec(reference);
  if (!match) return undefined;
  return { registry: match[1], repository: match[2], tag: match[3], digest: match[4] };
}

/** What is wrong with a reference that shall be run in production, or nothing. */
export function problemOfReference(reference: string): string | undefined {
  const parsed = parseImageReference(reference);
  if (!parsed) return `must be an image reference such as "registry.example.com/shop/web:1.4.2"`;
  if (parsed.digest) return undefined;
  if (parsed.tag === undefined) return 'must have a tag or a digest: without one the engine takes "latest", which is another image on another day';
  if (parsed.tag === 'latest') return 'must not have the tag "latest", which is another image on another day; name a version or a digest';
  return undefined;
}

/** An image of Docker Hub as a mirror has it; others stay as they are. */
export function throughMirror(reference: string, mirror: string | undefined): string {
  const parsed = parseImageReference(reference);
  if (mirror === undefined || !parsed || (parsed.registry !== undefined && parsed.registry !== 'docker.io')) return reference;
  const repository = parsed.repository.replace(/^library\//, '');
  return `${mirror}/${repository}${parsed.tag ? `:${parsed.tag}` : ''}${parsed.digest ? `@${parsed.digest}` : ''}`;
}
