// Chance that can be repeated: everything a rehearsal chooses comes from one seed, so that the same command plays the
// same people. Not for secrets.

export interface Chance {
  /** Uniform in [0, 1). */
  next(): number;
  between(low: number, high: number): number;
  /** A new order of the same things (Fisher-Yates). */
  shuffled<T>(things: readonly T[]): T[];
  /** Chance of its own for one of many, so that what one visitor does moves nobody else's choices. */
  fork(number: number): Chance;
}

/** mulberry32: 32 bits of state are ample for choosing who stays away. */
export function chanceFrom(seed: number): Chance {
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
    shuffled(things) {
      const order = [...things];
      for (let index = order.length - 1; index > 0; index--) {
        const other = Math.floor(next() * (index + 1));
        const [here, there] = [order[index], order[other]];
        if (here !== undefined && there !== undefined) [order[index], order[other]] = [there, here];
      }
      return order;
    },
    fork: (number) => chanceFrom(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(number + 1, 0xc2b2ae35)),
  };
}
