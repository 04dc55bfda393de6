// What the openings before this one have counted, so that a room's counters in a monitoring system only ever rise.

import { highestNumber, type LineState } from './line-state.ts';
import type { PacingState } from './pacing-state.ts';
import type { SessionsState, SessionTotals } from './sessions-state.ts';
import type { SubState } from './sub-state.ts';

/** Counts of a room since it was created. */
export interface LifetimeCounts extends SessionTotals {
  arrived: number;
  called: number;
  lapsed: number;
}

export interface LifetimeState {
  /** Of the openings that are over. */
  before: LifetimeCounts;
}

interface Counted {
  line: LineState;
  pacing: PacingState;
  sessions: SessionsState;
  lifetime: LifetimeState;
}

export const lifetimeState: SubState<LifetimeState, unknown, Counted> = {
  empty: () => ({
    before: {
      ...{ arrived: 0, called: 0, lapsed: 0 },
      ...{ admitted: 0, readmitted: 0, renewed: 0, completed: 0, left: 0, revoked: 0, expired: 0 },
    },
  }),
  carryOver: (room) => ({ before: lifetimeCounts(room) }),
};

/** The openings that are over and the present one. */
export function lifetimeCounts({ line, pacing, sessions, lifetime }: Counted): LifetimeCounts {
  const present = { arrived: highestNumber(line), called: pacing.called, lapsed: pacing.lapsed, ...sessions.totals };
  const names = Object.keys(present) as (keyof LifetimeCounts)[];
  return Object.fromEntries(
    names.map((name) => [name, lifetime.before[name] + present[name]]),
  ) as unknown as LifetimeCounts;
}
