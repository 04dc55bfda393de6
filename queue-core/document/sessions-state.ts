// Admitted visitors as the document counts them. Each session itself is a row (session-record.ts).

import { EXPIRIES_MAX, EXPIRY_BUCKETS_MAX } from '../limits.ts';
import type { Policy } from '../policy.ts';
import type { EpochMs } from '../time.ts';
import type { SubState } from './sub-state.ts';

/** A called visitor who claimed and found no vacancy: first in line for the next one. */
export interface Standby {
  position: number;
  /** By the room's running clock (`runMs`), which stands still while nobody can enter. */
  seenAt: number;
}

/** How sessions began and ended; each only grows within an epoch. */
export interface SessionTotals {
  /** Visitors, each once. */
  admitted: number;
  /** Sessions of visitors whose turn the origin has given back. */
  readmitted: number;
  renewed: number;
  completed: number;
  left: number;
  revoked: number;
  expired: number;
}

/** [end of bucket, sessions], ascending: when active sessions end by themselves. */
export type Expiries = readonly (readonly [endsAt: EpochMs, sessions: number])[];

/** Sessions that began within a time and are still there. */
export type Cohort = readonly [began: readonly [from: EpochMs, to: EpochMs], present: number];

export interface SessionsState {
  /** Sessions that count against `totalActiveUsers`: the sum of `expiries`. */
  active: number;
  expiries: Expiries;
  /** By when they began, ascending. For estimates (stays.ts): never more than `active`, but perhaps fewer. */
  cohorts: readonly Cohort[];
  /** Sessions that are over, by how long they lasted: one count for each class (stays.ts). */
  stayed: readonly number[];
  standby: Standby[];
  /** Raised when an operator ended every session; sessions of earlier generations are over. */
  generation: number;
  /** When that happened last; 0: never in this epoch. */
  revokedAt: EpochMs;
  totals: SessionTotals;
}

export const sessionsState: SubState<SessionsState, unknown, { sessions: SessionsState }> = {
  empty: () => ({
    active: 0,
    expiries: [],
    cohorts: [],
    stayed: [],
    standby: [],
    generation: 0,
    revokedAt: 0,
    totals: { admitted: 0, readmitted: 0, renewed: 0, completed: 0, left: 0, revoked: 0, expired: 0 },
  }),
  carryOver: () => sessionsState.empty(undefined),
};

/**
 * Joins neighbouring buckets at the later end until they leave room for new ones: sessions then count longer, never shorter.
 */
export function withinBound(expiries: Expiries): Expiries {
  let fitting = expiries;
  while (fitting.length > EXPIRIES_MAX / 2) {
    fitting = fitting.flatMap(([endsAt, sessions], index) => {
      const before = fitting[index - 1]?.[1] ?? 0;
      const isLast = index === fitting.length - 1;
      if (index % 2 === 1) return [[endsAt, before + sessions] as const];
      return isLast ? [[endsAt, sessions] as const] : [];
    });
  }
  return fitting;
}

/**
 * Adds sessions that end at `endsAt`, or removes them with a negative `change`. After a loss a session may be counted at
 * another time than its record says; then it counts until that time.
 */
export function countSessions(
  state: Pick<SessionsState, 'active' | 'expiries'>,
  endsAt: EpochMs,
  change: number,
): void {
  const { expiries } = state;
  const next = expiries.findIndex(([bucket]) => bucket >= endsAt);
  const index = next === -1 ? expiries.length : next;
  const found = expiries[index];
  const counted = found?.[0] === endsAt ? found[1] : 0;
  const count = Math.max(0, counted + change);
  if (count === counted) return;
  state.active += count - counted;
  state.expiries = expiries.toSpliced(index, counted > 0 ? 1 : 0, ...(count > 0 ? [[endsAt, count] as const] : []));
}

/**
 * Until when a session that ends at `expiresAt` counts: ends are counted in buckets. Where a document has many buckets
 * already, new ones are coarser and coarser, so that their number stays bounded; such sessions count longer, never shorter.
 */
export function bucketEnd(policy: Policy, expiresAt: EpochMs, expiries: Expiries = []): EpochMs {
  const crowded = Math.max(0, Math.ceil((expiries.length - EXPIRIES_MAX / 2) / BUCKETS_PER_GRAIN));
  const grain = expiryGrainMs(policy) * 2 ** crowded;
  return Math.ceil(expiresAt / grain) * grain;
}

/** Buckets of one grain in a crowded document before the grain doubles: 32 doublings fit into the bound. */
const BUCKETS_PER_GRAIN = EXPIRIES_MAX / 64;

/** Grain in which session ends are counted: a power of two seconds, so that ends of any session length share buckets. */
function expiryGrainMs({ sessionMs }: Policy): number {
  let grain = 1_000;
  while (sessionMs / grain > EXPIRY_BUCKETS_MAX) grain *= 2;
  return grain;
}
