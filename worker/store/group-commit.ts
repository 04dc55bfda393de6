// Group commit: batches that arrive while a commit is in flight go into the next one together. One commit in flight, and no timer
// unless it has a pace. Only for code whose callers share one context (a Durable Object): a plain isolate must not share promises between
// requests.

/** Batches waiting for a commit. Beyond it callers get `busy` and retry, and the gate stays closed for them. */
export const BATCHES_PENDING_MAX = 4_096;

interface Pending<Batch, Result> {
  batch: Batch;
  resolve: (result: Result) => void;
  reject: (reason: unknown) => void;
}

/** Commits begin at least this far apart; the first one begins at once. */
export interface Pace {
  intervalMs: number;
  /** A stopwatch in ms. */
  now: () => number;
  wait: (ms: number) => Promise<void>;
}

export class GroupCommit<Batch, Result> {
  readonly #commit: (batches: readonly Batch[]) => Promise<readonly Result[]>;
  readonly #batchesPerCommitMax: number;
  readonly #pace: Pace | null;
  #begunAt = Number.NEGATIVE_INFINITY;
  #pending: Pending<Batch, Result>[] = [];
  #committing = false;

  /** @param commit applies batches in order as one transaction and returns one result each; if it throws, all of them fail */
  constructor(
    commit: (batches: readonly Batch[]) => Promise<readonly Result[]>,
    batchesPerCommitMax = BATCHES_PENDING_MAX,
    pace: Pace | null = null,
  ) {
    this.#commit = commit;
    this.#pace = pace;
    this.#batchesPerCommitMax = batchesPerCommitMax;
  }

  add(batch: Batch): Promise<Result | { kind: 'busy' }> {
    if (this.#pending.length >= BATCHES_PENDING_MAX) return Promise.resolve({ kind: 'busy' });
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#pending.push({ batch, resolve, reject });
    if (!this.#committing) void this.#commitPending();
    return promise;
  }

  async #commitPending(): Promise<void> {
    this.#committing = true;
    while (this.#pending.length > 0) {
      if (this.#pace !== null) await this.#keepPace(this.#pace);
      const group = this.#pending.splice(0, this.#batchesPerCommitMax);
      try {
        const results = await this.#commit(group.map(({ batch }) => batch));
        for (const [index, { resolve }] of group.entries()) resolve(results[index] as Result);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#committing = false;
  }

  async #keepPace({ intervalMs, now, wait }: Pace): Promise<void> {
    const ms = Math.min(intervalMs, this.#begunAt + intervalMs - now());
    if (ms > 0) await wait(ms);
    this.#begunAt = now();
  }
}
