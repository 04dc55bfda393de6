// What is kept of a draw once its opening is over: everything that a stranger needs to recompute it.

import { type Commitment, commitmentsOf } from './document/draw-state.ts';
import type { RoomDocument } from './document/room-document.ts';
import type { Beacon } from './draw.ts';
import type { BeaconChoice } from './policy.ts';
import type { EpochMs } from './time.ts';

export interface PastDraw {
  epoch: number;
  opensAt: EpochMs;
  /** Every commitment of the epoch, oldest first. */
  commitments: Commitment[];
  choice: BeaconChoice | null;
  /** null: drawn without a beacon. */
  beacon: Beacon | null;
  entries: number;
  secret: string;
  seed: string;
}

/** null: the room has not drawn. */
export function pastDraw({ epoch, config, draw }: RoomDocument): PastDraw | null {
  const { beacon, entries, secret, seed } = draw;
  if (entries === null || secret === null || seed === null) return null;
  const { opensAt, beacon: choice } = config.schedule;
  return { epoch, opensAt, commitments: commitmentsOf(draw), choice, beacon, entries, secret, seed };
}
