// Whether the room is recovering from a loss of its store (recovery.ts), and for how long lost sessions may live.

import type { EpochMs } from '../time.ts';
import type { SubState } from './sub-state.ts';

/** While it runs, the room waits for the gateways that were there before the loss. */
export interface Recovery {
  since: EpochMs;
  until: EpochMs;
  /** Ids of those gateways. */
  awaited: string[];
  /** `endings.seq` as far as the rows are there; what lies above it was lost. */
  endings: number;
}

export interface RecoveryState {
  /** null: nothing is known to be lost. */
  running: Recovery | null;
  /** Until when sessions may live whose records the store has lost; 0: none ever was. */
  lostUntil: EpochMs;
}

export const recoveryState: SubState<RecoveryState, unknown, unknown> = {
  empty: () => ({ running: null, lostUntil: 0 }),
  carryOver: () => ({ running: null, lostUntil: 0 }),
};
