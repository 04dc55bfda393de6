// Durations in bounded memory, however many there are: counts in buckets that grow by 2 %, so a percentile is right within 2 %.

const GROWTH = 1.02;
const SMALLEST_MS = 0.05;
/** The largest bucket ends above two minutes, beyond the bound of every request. */
const BUCKETS = 750;

export class LatencySamples {
  readonly #counts = new Uint32Array(BUCKETS);
  count = 0;
  maxMs = 0;

  add(ms: number): void {
    const bucket = Math.floor(Math.log(Math.max(1, ms / SMALLEST_MS)) / Math.log(GROWTH));
    const index = Math.min(BUCKETS - 1, bucket);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.count++;
    this.maxMs = Math.max(this.maxMs, ms);
  }

  /** The duration that this share of the samples does not exceed; null without samples. */
  percentile(share: number): number | null {
    if (this.count === 0) return null;
    const wanted = Math.ceil(this.count * share);
    let counted = 0;
    for (const [index, count] of this.#counts.entries()) {
      counted += count;
      if (counted >= wanted) return Math.min(this.maxMs, SMALLEST_MS * GROWTH ** (index + 1));
    }
    return this.maxMs;
  }
}
