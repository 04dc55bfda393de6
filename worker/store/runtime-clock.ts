// Stopwatch, pauses and randomness of the runtime, for stores.

import { randomId } from '../tokens/randomness.ts';

export const runtimeClock = {
  stopwatch: () => Date.now(),
  wait: (ms: number) => scheduler.wait(ms),
  random: () => Math.random(),
  randomId,
};
