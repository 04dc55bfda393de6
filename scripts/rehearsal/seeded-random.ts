// Repeatable randomness: everything a rehearsal chooses comes from one seed, so the same command simulates the same visitors.
// Not for secrets.

export interface SeededRandom {
  /** Uniform in [0, 1). */
  next(): number;
  between(low: number, high: number): number;
  /** A copy in random order (Fisher-Yates). */
  shuffled<T>(items: readonly T[]): T[];
  /** An independent generator for one visitor, so that the choices of one do not change those of others. */
  fork(number: number): SeededRandom;
}

/** mulberry32: its 32 bits of state are enough to choose what visitors do. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    between: (low, high) => low + next() * (high - low),
    shuffled(items) {
      const order = [...items];
      for (let index = order.length - 1; index > 0; index--) {
        const other = Math.floor(next() * (index + 1));
        const [here, there] = [order[index], order[other]];
        if (here !== undefined && there !== undefined) [order[index], order[other]] = [there, here];
      }
      return order;
    },
    fork: (number) => seededRandom(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(number + 1, 0xc2b2ae35)),
  };
}
