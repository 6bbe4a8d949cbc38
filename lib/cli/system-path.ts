/** The last part of the path of most servers says nothing. */
const UNSAID = ['Server', 'Scheduler', 'Process', 'Receiver'];

/** What people call a server: the path of its construct below the stack, but `Shop/App` and not `Shop/App/Server`. */
export function systemPath(path: string): string {
  const parts = path.split('/');
  return (parts.length > 1 && UNSAID.includes(parts[parts.length - 1]) ? parts.slice(0, -1) : parts).join('/');
}

/** Whether a path is of a system, or of one above it. */
export function isWithin(system: string, above: string): boolean {
  return system === above || system.startsWith(`${above}/`);
}
