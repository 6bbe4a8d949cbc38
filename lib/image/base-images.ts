/**
 * The images of registries that a Dockerfile stands on: what its FROM lines name, but for earlier stages, `scratch`, and names with a variable in them,
 * which the build knows and we do not.
 */
export function baseImages(dockerfile: string): string[] {
  const stages = new Set(['scratch']);
  const found: string[] = [];
  for (const [, name, stage] of dockerfile.matchAll(/^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(\S+)(?:[ \t]+AS[ \t]+(\S+))?/gim)) {
    if (!stages.has(name.toLowerCase()) && !name.includes('$')) found.push(name);
    if (stage) stages.add(stage.toLowerCase());
  }
  return found;
}
