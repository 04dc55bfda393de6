// What is known of the origin's answers: they were counted in classes, so a quantile is known as "at most", never as a
// point in between. Pure.

/** At most `ms`; `beyond`: more than the last class can tell, `ms` being its lower end. */
export interface AtMost {
  ms: number;
  beyond: boolean;
}

/** Upper end of the class in which the quantile lies; null: nobody answered. */
export function quantile(counts: readonly number[], boundsMs: readonly number[], share: number): AtMost | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let passed = 0;
  for (const [index, ms] of boundsMs.entries()) {
    passed += counts[index] ?? 0;
    if (passed >= total * share) return { ms, beyond: false };
  }
  return { ms: boundsMs.at(-1) ?? 0, beyond: true };
}
