import { posix } from 'node:path';

/** Whether a text is an absolute path of a folder on a host, and in no spelling the whole of its disk. */
export function isHostFolder(path: string): boolean {
  return /^\/[^\0\n]*$/.test(path) && posix.normalize(path).replace(/\/+$/, '') !== '';
}
