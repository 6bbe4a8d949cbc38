/** What several runs say together. */
export interface Estimate {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** How probable it is that the true median lies between low and high. */
  readonly confidence: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The ratios of runs that were made one after the other: what slows the machine for a while slows both. */
export function pairedRatios(ours: readonly number[], peers: readonly number[]): number[] {
  return ours.map((value, index) => value / peers[index]);
}

/**
 * The median and its interval by order statistics: the innermost pair of sorted values that holds the true median with 95 %, whatever
 * the values' distribution; all of them where there are too few.
 */
export function estimate(values: readonly number[]): Estimate {
  const sorted = [...values].sort((a, b) => a - b);
  let rank = 0;
  while (rank + 1 < sorted.length / 2 && coverage(sorted.length, rank + 1) >= 0.95) rank++;
  return { median: median(sorted), low: sorted[rank], high: sorted[sorted.length - 1 - rank], confidence: coverage(sorted.length, rank) };
}

/** The probability that the median is not among the `rank` + 1 outermost places on either side: at most `rank` of `count` tosses are heads. */
function coverage(count: number, rank: number): number {
  let tail = 0;
  let ways = 1;
  for (let heads = 0; heads <= rank; heads++) {
    tail += ways;
    ways = (ways * (count - heads)) / (heads + 1);
  }
  return Math.max(0, 1 - (2 * tail) / 2 ** count);
}
