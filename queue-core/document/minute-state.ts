// The history as counts in minutes, which are kept for a year: the minute that is being filled, and the shape of the rows. What is
// zero is left out, because a room that is always open has half a million rows. minutes.ts fills them.

import { MINUTE_MS } from '../limits.ts';
import type { Policy, RoomState } from '../policy.ts';
import type { EpochMs } from '../time.ts';
import type { FlowCounts, Observed } from './history-state.ts';
import type { SubState } from './sub-state.ts';

/** Counts of one minute, and levels within it. Absent: 0. */
interface MinuteCounts extends FlowCounts {
  /** Entries before the opening, so far in this epoch. */
  entries: number;
  /** At the end of the minute, and the most within it. */
  waiting: number;
  waitingMax: number;
  active: number;
  activeMax: number;
  /** Requests that an exemption let through. */
  exempt: number;
}

export interface MinuteBucket extends Partial<MinuteCounts> {
  /** Start of the minute. */
  at: EpochMs;
  epoch: number;
  /** The state and the limits in force at its end. */
  state: RoomState;
  newUsersPerMinute: number;
  totalActiveUsers: number;
  /** The highest limits within it, of the rate also those under which its slots were granted earlier; absent: those at its end. */
  rateMax?: number;
  peopleMax?: number;
  refused?: Observed['refused'];
  origin?: Observed['origin'];
  /** What the origin said was left, at the end; absent: nothing. */
  stock?: number;
  waits?: Waits;
}

export type MinuteCount = keyof MinuteCounts;

/** Upper ends of the classes of waits, in seconds; one more class holds all that took longer. */
export const WAIT_BOUNDS_SECONDS = [
  ...[1, 2, 3, 5, 7, 10, 15, 20, 30, 45],
  ...[60, 90, 120, 180, 240, 300, 420, 600, 900, 1_200, 1_800, 2_700],
  ...[3_600, 5_400, 7_200, 10_800, 14_400, 21_600, 43_200, 86_400],
] as const;

/** Waits of visitors who were admitted in one minute, as counts by class; classes after the last one that has any are left out. */
export interface Waits {
  /** From the join, or from the opening where that was later, to the slot. */
  real: readonly number[];
  /** The ends of the range that the visitor was shown at the join. */
  toldLow: readonly number[];
  toldHigh: readonly number[];
  /** Of those who were shown one: the wait was in it, shorter, longer. */
  within: number;
  sooner: number;
  later: number;
}

export const NO_WAITS: Waits = { real: [], toldLow: [], toldHigh: [], within: 0, sooner: 0, later: 0 };

export interface OpenMinute {
  bucket: MinuteBucket;
  /** State or limits have changed since the last minute, so there is something to keep even if nothing else happened. */
  changed: boolean;
  /** Slots that begin after this minute: the highest rate under which they were granted, and when the last of them begins. */
  ahead: { rate: number; until: EpochMs } | null;
}

/** What a visitor's queue token says of their wait. It is counted and never decides anything. */
export interface KnownWait {
  /** When the place was given. */
  since: EpochMs;
  /** The range that was shown with it, in seconds; null: none was. */
  told: { low: number; high: number } | null;
}

export const minuteState: SubState<OpenMinute, { now: EpochMs; policy: Policy }, { minute: OpenMinute }> = {
  // That a room begins is worth a row, whatever else happens.
  empty: ({ now, policy: { newUsersPerMinute, totalActiveUsers } }) => {
    const at = Math.floor(now / MINUTE_MS) * MINUTE_MS;
    const bucket = { at, epoch: 1, state: 'prequeue', newUsersPerMinute, totalActiveUsers } as const;
    return { bucket, changed: true, ahead: null };
  },
  carryOver: ({ minute }) => minute,
};
