// What a shared store was asked and how it went, since the last time somebody took the sums: for the gateway's metrics and
// for the room's history.

import type { FailureKind } from './redis/redis-client.ts';

/** Upper ends of the classes of list lengths; one more class holds longer ones. */
export const BATCH_SIZE_BOUNDS = [1, 2, 4, 8, 16, 32, 64, 128, 256] as const;

export interface StoreCounts {
  /** Lists that came to an end, and the commands in them. */
  batches: number;
  commands: number;
  /** Lists by length; one count a class of `LENGTH_BOUNDS` and one beyond. */
  batchSizes: number[];
  roundTrips: number;
  /** Somebody else had written first. */
  conflicts: number;
  /** Tries after an answer that was no answer. */
  retries: number;
  /** The store had come back older than it was. */
  losses: number;
  failures: Partial<Record<FailureKind, number>>;
}

export class StoreStats {
  conflicts = 0;
  retries = 0;
  losses = 0;
  #batches = 0;
  #commands = 0;
  #roundTrips = 0;
  #batchSizes: number[] = NO_LENGTHS;
  #failures: Partial<Record<FailureKind, number>> = {};

  recordBatch(commands: number, roundTrips: number): void {
    this.#batches++;
    this.#commands += commands;
    this.#roundTrips += roundTrips;
    const index = BATCH_SIZE_BOUNDS.findIndex((bound) => commands <= bound);
    const at = index === -1 ? BATCH_SIZE_BOUNDS.length : index;
    this.#batchSizes = this.#batchSizes.with(at, (this.#batchSizes[at] ?? 0) + 1);
  }

  recordFailure(kind: FailureKind): void {
    this.#failures = { ...this.#failures, [kind]: (this.#failures[kind] ?? 0) + 1 };
  }

  /** Everything since the last time. */
  take(): StoreCounts {
    const { conflicts, retries, losses } = this;
    const taken: StoreCounts = {
      batches: this.#batches,
      commands: this.#commands,
      batchSizes: this.#batchSizes,
      roundTrips: this.#roundTrips,
      conflicts,
      retries,
      losses,
      failures: this.#failures,
    };
    this.conflicts = 0;
    this.retries = 0;
    this.losses = 0;
    this.#batches = 0;
    this.#commands = 0;
    this.#roundTrips = 0;
    this.#batchSizes = NO_LENGTHS;
    this.#failures = {};
    return taken;
  }
}

const NO_LENGTHS: number[] = new Array<number>(BATCH_SIZE_BOUNDS.length + 1).fill(0);
