// How many numbers to lease ahead, from what was asked for in the last second.

/** Requests are counted in slices of this length, over a second. */
const SLICE_MS = 100;
const SLICES = 10;

/** Where fewer were asked for in the last second, or fewer are expected, none are leased ahead: they would often be unused. */
const RUSH_MIN = 8;
const AHEAD_MIN = 4;

/** The next block is leased while what is left will last for this long yet. */
const LAST_MS = 60;

/** Numbers are leased ahead for so long; where few come, for as long as it takes until `FEW` have come. */
export const AHEAD_FOR_MS = 125;
const FEW = 16;

interface Slice {
  slice: number;
  /** Numbers asked for, and the sum of the squares of what each request asked for. */
  count: number;
  squares: number;
}

export class Demand {
  #slices: Slice[] = [];

  /** @param nowMs of a monotonic clock */
  add(count: number, nowMs: number): void {
    const slice = Math.floor(nowMs / SLICE_MS);
    const last = this.#slices.at(-1);
    if (last?.slice === slice) {
      last.count += count;
      last.squares += count * count;
    } else this.#slices = [...this.#recent(nowMs), { slice, count, squares: count * count }];
  }

  /**
   * How many to lease beside those for visitors who are there: what will nearly always be used. It is the mean of a Poisson process
   * of requests less a standard deviation.
   * @param lifeMs of the lease
   */
  ahead(lifeMs: number, nowMs: number): number {
    return aheadOf(this.#recent(nowMs), lifeMs);
  }

  /** Whether so many come that another block will be used, and this one will soon have no number left. */
  isRunningOut(left: number, lifeMs: number, nowMs: number): boolean {
    const recent = this.#recent(nowMs);
    return left <= perMsOf(recent) * LAST_MS && aheadOf(recent, lifeMs) > 0;
  }

  #recent(nowMs: number): Slice[] {
    const slice = Math.floor(nowMs / SLICE_MS);
    return this.#slices.filter((one) => slice - one.slice < SLICES);
  }
}

function perMsOf(recent: readonly Slice[]): number {
  return askedIn(recent) / (SLICES * SLICE_MS);
}

function askedIn(recent: readonly Slice[]): number {
  return recent.reduce((sum, { count }) => sum + count, 0);
}

function aheadOf(recent: readonly Slice[], lifeMs: number): number {
  const asked = askedIn(recent);
  const share = Math.min(lifeMs, Math.max(AHEAD_FOR_MS, FEW / perMsOf(recent))) / (SLICES * SLICE_MS);
  const mean = share * asked;
  const variance = share * recent.reduce((sum, { squares }) => sum + squares, 0);
  return asked < RUSH_MIN || mean < AHEAD_MIN ? 0 : Math.max(0, Math.floor(mean - Math.sqrt(variance)));
}
