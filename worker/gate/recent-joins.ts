// Joins that this gateway has answered lately: a client whose answer was lost repeats the request with the same key, and gets the
// same place. Held in memory only: a join that is repeated at another gateway, or much later, is a new place.

import type { Place } from '../../queue-core/command.ts';
import { STORE_MS_MAX } from '../store/deadline.ts';
import type { Clock } from '../store/steady-clock.ts';

/** Ten seconds of 3,000 joins each: as long as a page waits for an answer. About 4 MB. */
const RECENT_JOINS_MAX = 32_768;

/** A request looks again after this whether another one with its key has got a place. */
const LOOK_AGAIN_MS = 10;

export interface GivenPlace {
  epoch: number;
  place: Place;
  commitment: string;
}

/** A place, and whether its visitor got a session with it. */
export type RecentJoin = GivenPlace & { admitted: boolean };

export class RecentJoins {
  readonly #clock: Clock;
  /** A number: a request has been joining since then. */
  readonly #joins = new Map<string, RecentJoin | number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The place that was given for this id in this epoch. null: this request has to take one, and says what came of it by
   * `remember` or `forget`; others with the same id wait for it.
   * @param id of the join: 64 bits that follow from the room and the client's key
   */
  async find(id: string, epoch: number): Promise<RecentJoin | null> {
    for (;;) {
      const join = this.#joins.get(id);
      const isJoining = typeof join === 'number' && this.#clock.now() - join < STORE_MS_MAX;
      if (!isJoining && (typeof join === 'number' || join?.epoch !== epoch)) {
        this.#set(id, this.#clock.now());
        return null;
      }
      if (typeof join === 'object') return join;
      await this.#clock.wait(LOOK_AGAIN_MS);
    }
  }

  remember(id: string, join: RecentJoin): void {
    this.#set(id, join);
  }

  forget(id: string): void {
    this.#joins.delete(id);
  }

  #set(id: string, join: RecentJoin | number): void {
    this.#joins.set(id, join);
    if (this.#joins.size <= RECENT_JOINS_MAX) return;
    for (const oldest of this.#joins.keys()) {
      this.#joins.delete(oldest);
      return;
    }
  }
}
