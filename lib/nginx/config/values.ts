import { Duration } from '../../core/duration';
import { Size } from '../../core/size';

/** A size as nginx writes it: `10m`, `64k`, or bytes. */
export function nginxSize(size: Size): string {
  const bytes = size.toBytes();
  if (bytes > 0 && bytes % (1024 * 1024) === 0) return `${bytes / (1024 * 1024)}m`;
  if (bytes > 0 && bytes % 1024 === 0) return `${bytes / 1024}k`;
  return String(bytes);
}

/** A time as nginx writes it: `30s` or `1500ms`. */
export function nginxTime(duration: Duration): string {
  const milliseconds = duration.toMilliseconds();
  return milliseconds % 1000 === 0 ? `${milliseconds / 1000}s` : `${milliseconds}ms`;
}
