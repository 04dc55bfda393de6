// Quantiles of the site's response times. Responses are counted in latency classes, so a quantile is known only as the upper
// bound of a class. Pure.

export interface UpperBound {
  ms: number;
  /** Longer than the last bound, which is `ms`. */
  isBeyond: boolean;
}

/** null: no responses. */
export function quantile(counts: readonly number[], boundsMs: readonly number[], share: number): UpperBound | null {
  const total = counts.reduce((all, count) => all + count, 0);
  if (total === 0) return null;
  let sum = 0;
  for (const [index, ms] of boundsMs.entries()) {
    sum += counts[index] ?? 0;
    if (sum >= total * share) return { ms, isBeyond: false };
  }
  return { ms: boundsMs.at(-1) ?? 0, isBeyond: true };
}
