// One value of the store kept in this gateway's memory: fetched anew when it ages, however many ask, by one request at a
// time. The previous value is served meanwhile; one that is too old is waited for; where the store is lost, the last one
// stays and says so.

import type { Background } from '../gateway.ts';

/** A fetch that takes longer is given up as a mark, so that another request may try. */
export const FETCH_MS_MAX = 4_000;

/** Requests that find no usable value look again this often for the one that another request is fetching. */
const LOOK_AGAIN_MS = 20;

/** Wait after a failed fetch, so that a lost store is not asked by every request. */
const RETRY_MS = 1_000;

export interface Clock {
  /** A stopwatch in ms; only differences are used. */
  now(): number;
  wait(ms: number): Promise<void>;
}

export interface Ages {
  /** Age at which the value is fetched anew. */
  freshMs: number;
  /** Age up to which the previous value is served meanwhile. */
  staleMsMax: number;
}

/** The store read it at some moment between asking and receiving: its age counts from the first, its clock from the last. */
export interface Cached<T> {
  value: T;
  askedAt: number;
  receivedAt: number;
}

export class StaleWhileRevalidate<T> {
  /** The last value, however old; null: never fetched. */
  cached: Cached<T> | null = null;
  readonly #fetch: () => Promise<T>;
  readonly #clock: Clock;
  readonly #ages: Ages;
  readonly #isWorthless: (kept: Cached<T>) => boolean;
  #fetchingSince: number | null = null;
  #failedAt: number | null = null;
  /** Counts how often the value was outdated; the kept one is worth as much as the count when it was asked for. */
  #generation = 0;
  #cachedGeneration = 0;

  /** @param isOver whether the value is worth nothing any more, whatever its age */
  constructor(fetch: () => Promise<T>, clock: Clock, ages: Ages, isOver: (kept: Cached<T>) => boolean = () => false) {
    this.#fetch = fetch;
    this.#clock = clock;
    this.#ages = ages;
    this.#isWorthless = isOver;
  }

  /** The store's last answer was a failure. */
  get failed(): boolean {
    return this.#failedAt !== null;
  }

  /**
   * @param background keeps a fetch alive beyond the request that began it
   * @param ages other ages for a caller who needs a younger value
   * @returns null where nothing has ever been fetched
   */
  async read(background: Background, ages: Ages = this.#ages): Promise<Cached<T> | null> {
    const age = this.#age();
    if (age < ages.freshMs) return this.cached;
    if (age < ages.staleMsMax) {
      if (this.#mayFetch()) background(this.#fetchNow());
      return this.cached;
    }
    if (this.failed && this.cached !== null) {
      // A lost store must not slow down those who need nothing of it.
      if (this.#mayFetch()) background(this.#fetchNow());
      return this.cached;
    }
    for (let rounds = 0; rounds < 2; rounds++) {
      if (this.#mayFetch()) await this.#fetchNow();
      else await this.#waitForFetch(ages);
      // What was waited for may have been asked before the value was outdated: then once more.
      if (!this.#isInvalidated) break;
    }
    return this.cached;
  }

  /** Has the next read fetch anew; what was kept still serves where that fails. */
  invalidate(): void {
    this.#generation++;
  }

  get #isInvalidated(): boolean {
    return this.#cachedGeneration < this.#generation;
  }

  #age(): number {
    if (this.cached === null || this.#isInvalidated || this.#isWorthless(this.cached)) return Number.POSITIVE_INFINITY;
    return this.#clock.now() - this.cached.askedAt;
  }

  #mayFetch(): boolean {
    const now = this.#clock.now();
    if (this.#failedAt !== null && now - this.#failedAt < RETRY_MS) return false;
    return this.#fetchingSince === null || now - this.#fetchingSince > FETCH_MS_MAX;
  }

  /** Each request waits with a timer of its own: a promise shared between requests does not survive the first one's end. */
  async #waitForFetch({ staleMsMax }: Ages): Promise<void> {
    const from = this.#clock.now();
    while (this.#fetchingSince !== null && this.#clock.now() - from < FETCH_MS_MAX) {
      await this.#clock.wait(LOOK_AGAIN_MS);
      if (this.#age() < staleMsMax) return;
    }
  }

  async #fetchNow(): Promise<void> {
    const askedAt = this.#clock.now();
    this.#fetchingSince = askedAt;
    const edition = this.#generation;
    try {
      const value = await this.#fetch();
      // A fetch that was given up and answers after a later one brings nothing newer.
      if (this.cached === null || askedAt >= this.cached.askedAt) {
        this.cached = { value, askedAt, receivedAt: this.#clock.now() };
        this.#cachedGeneration = edition;
      }
      this.#failedAt = null;
    } catch (error) {
      this.#failedAt = this.#clock.now();
      console.error('The store could not be read:', error);
    } finally {
      if (this.#fetchingSince === askedAt) this.#fetchingSince = null;
    }
  }
}
