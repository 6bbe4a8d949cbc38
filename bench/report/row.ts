import { Estimate, estimate, median, pairedRatios } from './statistics';

/** What was measured of one of the two. */
export interface Series {
  readonly name: string;
  readonly unit: string;
  readonly median: number;
  readonly runs: readonly number[];
}

/** What the ratio of ours to the peer's has to be. */
export interface Target {
  readonly kind: 'at least' | 'at most';
  readonly ratio: number;
  /** Whether it is met only when the whole interval meets it. @default - when the median does */
  readonly wholly?: boolean;
}

/** `short` only when the whole interval is; `open` when it is neither that nor met; `none` without a target. */
export type Verdict = 'met' | 'open' | 'short' | 'none';

/** One comparison. */
export interface Row {
  readonly what: string;
  readonly ours: Series;
  readonly peer: Series;
  readonly ratios: readonly number[];
  readonly ratio: Estimate;
  readonly target?: Target;
  readonly verdict: Verdict;
}

/** One of the two in a comparison: runs in the order in which they were made. */
export interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly runs: readonly number[];
}

/** Compares runs that were made in turns. */
export function compare(what: string, ours: Measured, peer: Measured, target?: Target): Row {
  const ratios = pairedRatios(ours.runs, peer.runs);
  const ratio = estimate(ratios);
  return { what, ours: series(ours), peer: series(peer), ratios, ratio, target, verdict: verdict(ratio, target) };
}

export function verdict(ratio: Estimate, target?: Target): Verdict {
  if (!target) return 'none';
  const meets = (value: number) => (target.kind === 'at least' ? value >= target.ratio : value <= target.ratio);
  if (target.wholly ? meets(ratio.low) && meets(ratio.high) : meets(ratio.median)) return 'met';
  return meets(ratio.low) || meets(ratio.high) ? 'open' : 'short';
}

function series(measured: Measured): Series {
  return { ...measured, median: median(measured.runs) };
}
