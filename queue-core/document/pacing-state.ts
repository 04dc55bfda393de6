// How far the line was called and when the last slot was granted.

import type { SubState } from './sub-state.ts';

/** Positions up to `upTo` (from the previous sample's on) were called within one grain after `at`. */
export interface CallSample {
  /** By the room's running clock (`runMs`), which stands still while no visitor can claim. */
  at: number;
  upTo: number;
  /** How many of the sample's positions have claimed. */
  claimed: number;
}

export interface PacingState {
  /** Running clock in ms: advances while the room is open, flowing and observed. Claim windows are measured by it. */
  runMs: number;
  /** Highest position whose turn has come; never above `issued`. */
  called: number;
  /** Positions up to this one have had their whole claim window. */
  lapsedThrough: number;
  /** How many were called and did not claim within the window. */
  lapsed: number;
  calls: CallSample[];
  /** Of the calls before those: some of the last ones, and how many of these claimed in time. For estimates. */
  shownCalled: number;
  shownCome: number;
  /** The last slot granted, in whole microseconds since 1970; null: none yet. The hard rate limit rests on it. */
  lastSlotMicros: number | null;
}

export const pacingState: SubState<PacingState, unknown, { pacing: PacingState }> = {
  empty: () => ({
    runMs: 0,
    called: 0,
    lapsedThrough: 0,
    lapsed: 0,
    calls: [],
    shownCalled: 0,
    shownCome: 0,
    lastSlotMicros: null,
  }),
  carryOver: () => pacingState.empty(undefined),
};
