// A token bucket for each key, in this gateway's memory: enough to make frequent polling pointless. It protects the gateway
// from load and has no effect on the order of the line.

/** Buckets in memory, about 2 MB; beyond it the least recently used one is dropped. */
const KEYS_MAX = 20_000;

export interface Rate {
  /** Requests allowed at once. */
  burst: number;
  perSecond: number;
}

/** Status polls of one visitor: its page, a reload and a second tab. */
export const POLL_RATE: Rate = { burst: 20, perSecond: 2 };

/** Evidence packs of one room: each reads its whole log and history. */
export const EVIDENCE_RATE: Rate = { burst: 3, perSecond: 1 / 20 };

/** Tests of one target of alarms: an owner who sets it up tries a few times. */
export const ALARM_TEST_RATE: Rate = { burst: 5, perSecond: 1 / 10 };
/** Sites that one operator has asked whether they answer: a form that is corrected some times. */
export const SITE_TRIAL_RATE: Rate = { burst: 10, perSecond: 1 / 3 };

/** Event reports of one room: each page and file reads the log and up to a year of minutes, and `npm run report` fetches six. */
export const REPORT_RATE: Rate = { burst: 24, perSecond: 1 / 5 };

/** Calls that one key of a site signs: a site completes no more visits than a gateway can admit, and so many at once are a loop. */
export const ORIGIN_CALL_RATE: Rate = { burst: 400, perSecond: 200 };

export class RateLimit {
  readonly #rate: Rate;
  readonly #now: () => number;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(rate: Rate, now: () => number) {
    this.#rate = rate;
    this.#now = now;
  }

  /** Counts one request. @returns 0 if it is allowed, else the whole seconds until one is */
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
