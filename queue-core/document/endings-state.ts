// The numbering of sessions that ended early. The endings themselves are rows.

import type { EpochMs } from '../time.ts';
import type { SubState } from './sub-state.ts';

export interface EndingsState {
  /** Number of the last early ending. Counts on across epochs, so that a gateway never mistakes a new one for an old one. */
  seq: number;
  /** Endings up to this number have been dropped from the list that gateways read. */
  droppedTo: number;
  /** Admission tokens issued before this are honoured only after their session's record was read. */
  renewBefore: EpochMs;
}

export const endingsState: SubState<EndingsState, unknown, { endings: EndingsState }> = {
  empty: () => ({ seq: 0, droppedTo: 0, renewBefore: 0 }),
  carryOver: ({ endings: { seq } }) => ({ seq, droppedTo: seq, renewBefore: 0 }),
};
