// Random numbers of the shapes that networks and people have, from one seed.

import type { SeededRandom } from '../rehearsal/seeded-random.ts';

/** Standard normal (Box and Muller). */
export function normal({ next }: SeededRandom): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

/** A log-normal with this median: most values near it, some far above. `spread` is the deviation of its logarithm. */
export function logNormal(random: SeededRandom, median: number, spread: number): number {
  return median * Math.exp(spread * normal(random));
}

export function exponential({ next }: SeededRandom, mean: number): number {
  return -mean * Math.log(1 - next());
}
