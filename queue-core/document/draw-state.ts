// The draw of one epoch: committed to when the room is scheduled, frozen at the opening, drawn once its randomness is there.

import { commitTo } from '../draw.ts';
import type { SubState } from './sub-state.ts';

export interface DrawState {
  /** SHA-256 of the secret, hex; public from scheduling on. */
  commitment: string;
  /** 32 bytes, hex; public once the room has opened. */
  secret: string;
  /** N, the entries that take part; null before the opening. */
  entries: number | null;
  /** 32 bytes, hex: the beacon's randomness, or zeros without one; null until known. */
  beacon: string | null;
  /** SHA-256("fairgate/draw/v1" || secret || beacon || uint64be(N)), hex; null until drawn. */
  seed: string | null;
}

export const drawState: SubState<DrawState, { secret: string }, unknown> = {
  empty: ({ secret }) => ({ commitment: commitTo(secret), secret, entries: null, beacon: null, seed: null }),
  carryOver: (_, { secret }) => drawState.empty({ secret }),
};
