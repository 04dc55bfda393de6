// The contract of one part of a room's document. Each part says for itself how it begins and what of it outlives an opening, so
// that a new field cannot be forgotten in one of the two places.

import type { DrawSecret } from '../draw.ts';
import type { Schedule } from '../policy.ts';
import type { EpochMs } from '../time.ts';

/** A new opening of a room that exists. */
export interface Opening {
  schedule: Schedule;
  secret: DrawSecret;
  now: EpochMs;
}

/** A part reads other parts only as far as its `Room` type says. */
export interface SubState<State, Initial, Room> {
  /** At the creation of the room. */
  empty(initial: Initial): State;
  /** At the beginning of another epoch. */
  carryOver(before: Room, opening: Opening): State;
}
