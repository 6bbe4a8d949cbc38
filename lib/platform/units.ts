import { Fn, Op, Token } from 'cdktf';
import { Duration } from '../core/duration';

/**
 * A duration as Go prints it (`1m30s`, `500ms`): the provider compares what it reads back with that form, and any other spelling is
 * an update at every plan.
 */
export function goDuration(duration: Duration): string {
  const total = duration.toMilliseconds();
  if (total < 1000) return `${total}ms`;
  const hours = Math.floor(total / 3_600_000);
  const minutes = Math.floor((total % 3_600_000) / 60_000);
  const seconds = (total % 60_000) / 1000;
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  if (minutes > 0) return `${minutes}m${seconds}s`;
  return `${seconds}s`;
}

/** The same as the provider has it in a service, where it leaves out what is zero at the end: `1m`, `1h`. */
export function serviceDuration(duration: Duration): string {
  return goDuration(duration).replace(/m0s$/, 'm').replace(/h0m$/, 'h');
}

/** The period of the kernel's scheduler in which a quota of CPU time is counted, in microseconds; Docker's own default. */
export const CPU_PERIOD = 100_000;

/**
 * A number of CPUs as a quota. The provider's own `cpus` will not do: it reads some values back as others (0.05 as 0.1, 10 as `10.`), and
 * replaces the container at every plan.
 */
export function cpuQuota(cpus: number): number {
  // Arithmetic on a token is lost without a word.
  if (Token.isUnresolved(cpus)) return Fn.ceil(Token.asNumber(Op.mul(cpus, CPU_PERIOD)));
  return Math.max(1000, Math.round(cpus * CPU_PERIOD));
}
