// One value of the store, cached in this gateway's memory. It is fetched again when it ages, by one request at a time
// however many read it, and the stale value is served meanwhile. Readers wait for a value that is too old; while the store
// fails they get the last one, and `failed` says so.

import type { Background } from '../http/request-env.ts';
import { type Clock, SteadyClock } from '../store/steady-clock.ts';

/** After this long, an in-flight fetch no longer blocks other fetches. */
export const FETCH_MS_MAX = 4_000;

/** Poll interval of requests that wait for another request's fetch. */
const POLL_MS = 20;

/** Pause after a failed fetch, so that not every request calls a failing store. */
const RETRY_MS = 1_000;

export interface Ages {
  /** From this age on the value is fetched again. */
  freshMs: number;
  /** Up to this age the stale value is served during the fetch. */
  staleMsMax: number;
}

/**
 * The store read the value at some moment between `fetchedAt` and `receivedAt`: the value's age counts from the first,
 * the store's clock in it from the second. One that another cache had held for a while is older by that.
 */
export interface Cached<T> {
  value: T;
  fetchedAt: number;
  receivedAt: number;
  /** Of the clock when it was fetched: after another one the value is of unknown age. */
  setBacks: number;
}

export class StaleWhileRevalidate<T> {
  /** The last value, however old; null: never fetched. */
  cached: Cached<T> | null = null;
  readonly #name: string;
  readonly #fetch: () => Promise<T>;
  readonly #clock: SteadyClock;
  readonly #ages: Ages;
  readonly #isObsolete: (cached: Cached<T>) => boolean;
  readonly #heldMs: (value: T) => number;
  #fetchingSince: number | null = null;
  #failedAt: number | null = null;
  /** Counts invalidations; the cached value is valid if its fetch started after the last one. */
  #generation = 0;
  #cachedGeneration = 0;

  /**
   * @param name what the value is, for the log
   * @param isObsolete whether the value must not be served any more, whatever its age
   * @param heldMs how old a value was when it was sent here; it counts for `staleMsMax` only
   */
  constructor(
    name: string,
    fetch: () => Promise<T>,
    clock: Clock,
    ages: Ages,
    isObsolete: (cached: Cached<T>) => boolean = () => false,
    heldMs: (value: T) => number = () => 0,
  ) {
    this.#name = name;
    this.#fetch = fetch;
    this.#clock = SteadyClock.over(clock);
    this.#ages = ages;
    this.#isObsolete = isObsolete;
    this.#heldMs = heldMs;
  }

  /** The last fetch failed; the value may be old. */
  get failed(): boolean {
    return this.#failedAt !== null;
  }

  /**
   * @param background keeps a fetch alive after the response to the request that started it
   * @param ages other ages, for a caller who needs a younger value
   * @returns null where no fetch has ever succeeded
   */
  async read(background: Background, ages: Ages = this.#ages): Promise<Cached<T> | null> {
    const age = this.#age();
    const isUsable = age + this.#held < ages.staleMsMax;
    if (age < ages.freshMs && isUsable) return this.cached;
    // A failing store must not delay requests that can do with the last value.
    if (isUsable || (this.failed && this.cached !== null)) {
      if (this.#mayFetch()) background(this.#fetchNow());
      return this.cached;
    }
    for (let rounds = 0; rounds < 2; rounds++) {
      if (this.#mayFetch()) await this.#fetchNow();
      else await this.#waitForFetch(ages);
      // The fetch that was waited for may have started before the value was invalidated: then once more.
      if (!this.#isInvalidated) break;
    }
    return this.cached;
  }

  /** Makes the next read fetch; the cached value is still served if that fails. */
  invalidate(): void {
    this.#generation++;
  }

  get #isInvalidated(): boolean {
    return this.#cachedGeneration < this.#generation;
  }

  #age(): number {
    if (this.cached === null || this.#isInvalidated || this.#isObsolete(this.cached)) return Number.POSITIVE_INFINITY;
    if (this.cached.setBacks !== this.#clock.setBacks) return Number.POSITIVE_INFINITY;
    return this.#clock.now() - this.cached.fetchedAt;
  }

  get #held(): number {
    return this.cached === null ? 0 : this.#heldMs(this.cached.value);
  }

  #mayFetch(): boolean {
    const now = this.#clock.now();
    if (this.#failedAt !== null && now - this.#failedAt < RETRY_MS) return false;
    return this.#fetchingSince === null || now - this.#fetchingSince > FETCH_MS_MAX;
  }

  /** Each request waits on a timer of its own: a promise shared between requests dies with the request that created it. */
  async #waitForFetch({ staleMsMax }: Ages): Promise<void> {
    const from = this.#clock.now();
    while (this.#fetchingSince !== null && this.#clock.now() - from < FETCH_MS_MAX) {
      await this.#clock.wait(POLL_MS);
      if (this.#age() + this.#held < staleMsMax) return;
    }
  }

  async #fetchNow(): Promise<void> {
    const { setBacks } = this.#clock;
    const fetchedAt = this.#clock.now();
    this.#fetchingSince = fetchedAt;
    const generation = this.#generation;
    try {
      const value = await this.#fetch();
      // A slow fetch that finishes after a later one brings an older value.
      if (this.cached === null || fetchedAt >= this.cached.fetchedAt) {
        this.cached = { value, fetchedAt, receivedAt: this.#clock.now(), setBacks };
        this.#cachedGeneration = generation;
      }
      this.#failedAt = null;
    } catch (error) {
      this.#failedAt = this.#clock.now();
      console.error(`Reading ${this.#name} from the store failed; retrying from ${RETRY_MS} ms on:`, error);
    } finally {
      if (this.#fetchingSince === fetchedAt) this.#fetchingSince = null;
    }
  }
}
