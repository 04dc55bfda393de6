// The contract of one part of a room's document. Each part says for itself how it begins, what of it outlives an opening,
// and how two copies merge after a loss of the store, so that a new field cannot be forgotten in one of the three places.

import type { Schedule } from '../policy.ts';
import type { EpochMs } from '../time.ts';

/** A new opening of a room that exists. */
export interface Opening {
  schedule: Schedule;
  /** 32 random bytes, hex. */
  secret: string;
  now: EpochMs;
}

/** A part reads other parts only as far as its `Room` type says. */
export interface SubState<State, Initial, Room> {
  /** At the creation of the room. */
  empty(initial: Initial): State;
  /** At the beginning of another epoch. */
  carryOver(before: Room, opening: Opening): State;
  /**
   * Merges two histories of one epoch that diverged when the store lost writes. Limits must hold for both, so counters take
   * the higher value and every session counts.
   * @param stored what the store has; `seen`: what one of its clients had seen before the loss
   */
  merge(stored: Room, seen: Room, now: EpochMs): State;
}

/** A time that may be unset: the later of two. */
export function latest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}
