// What a shared store was asked and how it went, since the last time somebody took the sums: for the gateway's metrics and
// for the room's history.

import type { Trouble } from './redis-link.ts';

/** Upper ends of the classes of list lengths; one more class holds longer ones. */
export const LENGTH_BOUNDS = [1, 2, 4, 8, 16, 32, 64, 128, 256] as const;

export interface Tallied {
  /** Lists that came to an end, and the commands in them. */
  lists: number;
  commands: number;
  /** Lists by length; one count a class of `LENGTH_BOUNDS` and one beyond. */
  lengths: number[];
  roundTrips: number;
  /** Somebody else had written first. */
  conflicts: number;
  /** Tries after an answer that was no answer. */
  retries: number;
  /** The store had come back older than it was. */
  losses: number;
  troubles: Partial<Record<Trouble, number>>;
}

export class StoreTally {
  conflicts = 0;
  retries = 0;
  losses = 0;
  #lists = 0;
  #commands = 0;
  #roundTrips = 0;
  #lengths: number[] = NO_LENGTHS;
  #troubles: Partial<Record<Trouble, number>> = {};

  list(commands: number, roundTrips: number): void {
    this.#lists++;
    this.#commands += commands;
    this.#roundTrips += roundTrips;
    const index = LENGTH_BOUNDS.findIndex((bound) => commands <= bound);
    const at = index === -1 ? LENGTH_BOUNDS.length : index;
    this.#lengths = this.#lengths.with(at, (this.#lengths[at] ?? 0) + 1);
  }

  trouble(kind: Trouble): void {
    this.#troubles = { ...this.#troubles, [kind]: (this.#troubles[kind] ?? 0) + 1 };
  }

  /** Everything since the last time. */
  take(): Tallied {
    const { conflicts, retries, losses } = this;
    const taken: Tallied = {
      lists: this.#lists,
      commands: this.#commands,
      lengths: this.#lengths,
      roundTrips: this.#roundTrips,
      conflicts,
      retries,
      losses,
      troubles: this.#troubles,
    };
    this.conflicts = 0;
    this.retries = 0;
    this.losses = 0;
    this.#lists = 0;
    this.#commands = 0;
    this.#roundTrips = 0;
    this.#lengths = NO_LENGTHS;
    this.#troubles = {};
    return taken;
  }
}

const NO_LENGTHS: number[] = new Array<number>(LENGTH_BOUNDS.length + 1).fill(0);
