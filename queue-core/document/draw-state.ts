// The draw of one epoch: committed to when the room is scheduled, frozen at the opening, drawn once its secret and its public
// randomness are there.

import { type Beacon, commitTo, type DrawSecret } from '../draw.ts';
import type { EpochMs } from '../time.ts';
import type { SubState } from './sub-state.ts';

export interface Commitment {
  /** SHA-256 of the secret, hex. */
  commitment: string;
  at: EpochMs;
}

export interface DrawState {
  /** Public from scheduling on. */
  commitment: string;
  committedAt: EpochMs;
  /** Commitments of this epoch that this one has replaced, oldest first. */
  replaced: Commitment[];
  /** Of the secret while it is not revealed; null: it was never sealed. */
  sealed: string | null;
  /** 32 bytes, hex; null: not revealed yet. Public once drawn. */
  secret: string | null;
  /** N, the entries that take part; null before the opening. */
  entries: number | null;
  /** The beacon that was drawn with; null: none, or not drawn yet. */
  beacon: Beacon | null;
  /** SHA-256("fairgate/draw/v1" || secret || randomness || uint64be(N)), hex; null until drawn. */
  seed: string | null;
}

interface Initial {
  secret: DrawSecret;
  now: EpochMs;
}

export const drawState: SubState<DrawState, Initial, unknown> = {
  empty: ({ secret, now }) => ({ ...committed(secret, now), replaced: [], entries: null, beacon: null, seed: null }),
  carryOver: (_, initial) => drawState.empty(initial),
};

/** The parts of a draw that a new secret decides. */
export function committed(
  secret: DrawSecret,
  now: EpochMs,
): Pick<DrawState, 'commitment' | 'committedAt' | 'sealed' | 'secret'> {
  if (typeof secret === 'string') return { commitment: commitTo(secret), committedAt: now, sealed: null, secret };
  const { commitment, sealed } = secret;
  return { commitment, committedAt: now, sealed, secret: null };
}

/** Every commitment of the epoch, oldest first. */
export function commitmentsOf({ replaced, commitment, committedAt }: DrawState): Commitment[] {
  return [...replaced, { commitment, at: committedAt }];
}
