// Time that passes only when everything due has happened: a queue of events in order of their time and, at one time, of their
// scheduling. Promises that an event settles are followed to their end before the next event, so that a run depends on
// nothing but its seed.

/** The grain of time: fine enough for the way to a store, coarse enough that many events share one. A power of two, so exact. */
export const TICK_MS = 0.25;

/** Longest run: a day and a night. */
export const VIRTUAL_MS_MAX = 36 * 3_600_000;

/** Ticks of the longest run and this many events in order fit into the 53 bits of a number. */
const ORDER = 2 ** 23;

/** Promises that wait for each other in one chain, at most: joining through a relay takes less than 12. */
const CHAIN_MAX = 16;

/** So often it is checked that no chain is longer. */
const CHECK_EVERY = 1_024;

const EVENTS_AT_FIRST = 4_096;

/** What to do for one subject, a visitor or a gateway: an event of millions costs no object. */
export type Action = (subject: number) => void;

export class VirtualTime {
  /** Ms since the beginning of the run. */
  now = 0;
  /** Events that have happened. */
  events = 0;
  readonly #actions: Action[] = [];
  readonly #calls: ((() => void) | null)[] = [];
  readonly #freeCalls: number[] = [];
  /** A binary heap: time and order in one number, and beside it the action and its subject. */
  #keys = new Float64Array(EVENTS_AT_FIRST);
  #actionOf = new Int32Array(EVENTS_AT_FIRST);
  #subjectOf = new Int32Array(EVENTS_AT_FIRST);
  #length = 0;
  #order = 0;
  readonly #perform: number;

  constructor() {
    this.#perform = this.action((call) => this.#performCall(call));
  }

  /** Registers an action. @returns its number for `schedule` */
  action(action: Action): number {
    return this.#actions.push(action) - 1;
  }

  /** @param at in ms; what lies in the past happens now */
  schedule(at: number, action: number, subject: number): void {
    if (!(at <= VIRTUAL_MS_MAX)) throw new RangeError(`Event at ${at} ms; a run lasts ${VIRTUAL_MS_MAX} ms at most.`);
    const tick = Math.ceil(Math.max(at, this.now) / TICK_MS);
    this.#order = (this.#order + 1) % ORDER;
    this.#push(tick * ORDER + this.#order, action, subject);
  }

  call(at: number, perform: () => void): void {
    const index = this.#freeCalls.pop() ?? this.#calls.push(null) - 1;
    this.#calls[index] = perform;
    this.schedule(at, this.#perform, index);
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.call(this.now + ms, resolve));
  }

  /** Lets everything happen until `isOver`, or until nothing is left to happen. */
  async run(isOver: () => boolean): Promise<void> {
    for (let turns = 1; this.#length > 0 && !isOver(); turns++) {
      const tick = this.#tickOfFirst();
      this.now = tick * TICK_MS;
      while (this.#length > 0 && this.#tickOfFirst() === tick) this.#performFirst();
      for (let left = CHAIN_MAX; left > 0; left--) await null;
      if (turns % CHECK_EVERY === 0) await this.#checkChains();
    }
  }

  #tickOfFirst(): number {
    return Math.floor((this.#keys[0] ?? 0) / ORDER);
  }

  /** What comes after a chain that is too long would come too late, and at another moment in another run. */
  async #checkChains(): Promise<void> {
    const order = this.#order;
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#order !== order) throw new Error(`A chain of promises is longer than ${CHAIN_MAX}; raise CHAIN_MAX.`);
  }

  #performCall(index: number): void {
    const perform = this.#calls[index];
    this.#calls[index] = null;
    this.#freeCalls.push(index);
    perform?.();
  }

  #performFirst(): void {
    const [action, subject] = [this.#actionOf[0] ?? 0, this.#subjectOf[0] ?? 0];
    this.#pop();
    this.events++;
    this.#actions[action]?.(subject);
  }

  #push(key: number, action: number, subject: number): void {
    if (this.#length === this.#keys.length) this.#grow();
    const keys = this.#keys;
    let at = this.#length++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = keys[parent] as number;
      if (above <= key) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, key, action, subject);
  }

  #pop(): void {
    const keys = this.#keys;
    const last = --this.#length;
    const key = keys[last] as number;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= last) break;
      if (child + 1 < last && (keys[child + 1] as number) < (keys[child] as number)) child++;
      if ((keys[child] as number) >= key) break;
      this.#move(child, at);
      at = child;
    }
    this.#put(at, key, this.#actionOf[last] as number, this.#subjectOf[last] as number);
  }

  #move(from: number, to: number): void {
    this.#keys[to] = this.#keys[from] as number;
    this.#actionOf[to] = this.#actionOf[from] as number;
    this.#subjectOf[to] = this.#subjectOf[from] as number;
  }

  #put(at: number, key: number, action: number, subject: number): void {
    this.#keys[at] = key;
    this.#actionOf[at] = action;
    this.#subjectOf[at] = subject;
  }

  #grow(): void {
    const length = 2 * this.#keys.length;
    const [keys, actionOf, subjectOf] = [new Float64Array(length), new Int32Array(length), new Int32Array(length)];
    keys.set(this.#keys);
    actionOf.set(this.#actionOf);
    subjectOf.set(this.#subjectOf);
    [this.#keys, this.#actionOf, this.#subjectOf] = [keys, actionOf, subjectOf];
  }
}
