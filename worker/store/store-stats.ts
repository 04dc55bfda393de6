// Counts of what a shared store did since they were last taken: for the gateway's metrics and for the room's history.

import type { FailureKind } from './redis/redis-client.ts';

/** Upper bounds of the histogram of batch sizes; one more bucket holds larger ones. */
export const BATCH_SIZE_BOUNDS = [1, 2, 4, 8, 16, 32, 64, 128, 256] as const;

export interface StoreCounts {
  /** Commits that ended, well or not, and the commands in them. */
  batches: number;
  commands: number;
  /** Commits by number of commands: one count for each of `BATCH_SIZE_BOUNDS`, and one beyond. */
  batchSizes: number[];
  roundTrips: number;
  /** Another client had written first. */
  conflicts: number;
  /** Attempts after a failure. */
  retries: number;
  /** The store had come back older than it was. */
  losses: number;
  failures: Partial<Record<FailureKind, number>>;
}

export class StoreStats {
  conflicts = 0;
  retries = 0;
  losses = 0;
  #batches = noBatches();

  /** One commit, however many attempts it took. */
  recordBatch(commands: number, roundTrips: number): void {
    const counts = this.#batches;
    counts.batches++;
    counts.commands += commands;
    counts.roundTrips += roundTrips;
    const found = BATCH_SIZE_BOUNDS.findIndex((bound) => commands <= bound);
    const bucket = found === -1 ? BATCH_SIZE_BOUNDS.length : found;
    counts.batchSizes[bucket] = (counts.batchSizes[bucket] ?? 0) + 1;
  }

  recordFailure(kind: FailureKind): void {
    const { failures } = this.#batches;
    failures[kind] = (failures[kind] ?? 0) + 1;
  }

  /** Everything since the last call. */
  take(): StoreCounts {
    const { conflicts, retries, losses } = this;
    const taken = { ...this.#batches, conflicts, retries, losses };
    this.conflicts = 0;
    this.retries = 0;
    this.losses = 0;
    this.#batches = noBatches();
    return taken;
  }
}

function noBatches(): Omit<StoreCounts, 'conflicts' | 'retries' | 'losses'> {
  const batchSizes = new Array<number>(BATCH_SIZE_BOUNDS.length + 1).fill(0);
  return { batches: 0, commands: 0, batchSizes, roundTrips: 0, failures: {} };
}
