// A bounded token bucket for each key, in this gateway's memory: enough to make polling too often pointless.
// It protects the gateway, not the order of the line; nobody gains a place by it or loses one.

/** Keys remembered; the one not seen for longest goes first. About 2 MB. */
const KEYS_MAX = 20_000;

export interface Rate {
  /** Requests that may come at once. */
  burst: number;
  perSecond: number;
}

export class RateLimit {
  readonly #rate: Rate;
  readonly #now: () => number;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(rate: Rate, now: () => number) {
    this.#rate = rate;
    this.#now = now;
  }

  /** @returns 0 where the request may pass, else the whole seconds until one may */
  secondsToWait(key: string): number {
    const now = this.#now();
    const { burst, perSecond } = this.#rate;
    const last = this.#buckets.get(key) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, last.tokens + (Math.max(0, now - last.at) / 1000) * perSecond);
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
    if (this.#buckets.size > KEYS_MAX) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    return tokens >= 1 ? 0 : Math.ceil((1 - tokens) / perSecond);
  }
}
