// A combining queue: what arrives while a commit is under way goes into the next one, together. No timer, one commit in
// flight. Only for where all requests share one context (a Durable Object): promises must not be shared between requests of
// a plain isolate.

/** Lists waiting for a commit; beyond it callers are told to come back, and the gate stays closed for them. */
const LISTS_WAITING_MAX = 4_096;

interface Waiting<List, Answer> {
  list: List;
  resolve: (answer: Answer) => void;
  reject: (reason: unknown) => void;
}

export class GroupCommit<List, Answer> {
  readonly #commit: (lists: readonly List[]) => Promise<readonly Answer[]>;
  readonly #batchesPerCommitMax: number;
  #waiting: Waiting<List, Answer>[] = [];
  #committing = false;

  /**
   * @param commit carries lists out in order as one act and answers each; where it throws, all of them fail
   * @param togetherMax lists in one commit
   */
  constructor(commit: (lists: readonly List[]) => Promise<readonly Answer[]>, togetherMax = LISTS_WAITING_MAX) {
    this.#commit = commit;
    this.#batchesPerCommitMax = togetherMax;
  }

  /** @returns null where too many wait already */
  add(list: List): Promise<Answer> | null {
    if (this.#waiting.length >= LISTS_WAITING_MAX) return null;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#waiting.push({ list, resolve, reject });
    if (!this.#committing) void this.#commitWaiting();
    return promise;
  }

  async #commitWaiting(): Promise<void> {
    this.#committing = true;
    while (this.#waiting.length > 0) {
      const together = this.#waiting.slice(0, this.#batchesPerCommitMax);
      this.#waiting = this.#waiting.slice(together.length);
      try {
        const answers = await this.#commit(together.map(({ list }) => list));
        for (const [index, { resolve }] of together.entries()) resolve(answers[index] as Answer);
      } catch (error) {
        for (const { reject } of together) reject(error);
      }
    }
    this.#committing = false;
  }
}
