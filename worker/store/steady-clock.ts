// A clock that never goes back, over one of the machine that may be set back. How much time had passed by then is not known: what
// was timed before may be older than it seems, and code that depends on its age compares `setBacks`.

export interface Clock {
  /** In ms; only differences are used. */
  now(): number;
  wait(ms: number): Promise<void>;
}

/** Readings that differ by less are of one clock; meanwhile time stands still. */
const SET_BACK_MS_MIN = 10;

export class Stopwatch {
  readonly #raw: () => number;
  #latest = Number.NEGATIVE_INFINITY;
  #setBackByMs = 0;
  #setBacks = 0;

  constructor(raw: () => number) {
    this.#raw = raw;
  }

  readonly now = (): number => {
    const now = this.#raw() + this.#setBackByMs;
    const missingMs = this.#latest - now;
    if (missingMs >= SET_BACK_MS_MIN) {
      this.#setBacks++;
      this.#setBackByMs += missingMs;
    }
    this.#latest = Math.max(this.#latest, now);
    return this.#latest;
  };

  /** How often the clock was set back, up to now. */
  get setBacks(): number {
    this.now();
    return this.#setBacks;
  }
}

/** The same for those who wait by it. */
export class SteadyClock extends Stopwatch implements Clock {
  readonly wait: (ms: number) => Promise<void>;

  constructor(clock: Clock) {
    super(() => clock.now());
    this.wait = (ms) => clock.wait(ms);
  }

  static over(clock: Clock): SteadyClock {
    return clock instanceof SteadyClock ? clock : new SteadyClock(clock);
  }
}
