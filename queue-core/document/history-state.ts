// The history as counts in buckets of ten seconds: the bucket that is being filled, the last closed ones, and the shape of
// the rows. history.ts fills them.

import { HISTORY_BUCKET_MS } from '../limits.ts';
import type { RoomState } from '../policy.ts';
import type { EpochMs } from '../time.ts';
import { highestNumber, type LineState } from './line-state.ts';
import type { PacingState } from './pacing-state.ts';
import type { SessionsState } from './sessions-state.ts';
import type { SubState } from './sub-state.ts';

/** Why a gateway turned a request away before it could have any effect on the room. */
export const REFUSAL_REASONS = ['noAdmission', 'badToken', 'prefetch', 'tooOften', 'crossSite'] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Upper ends of the latency classes of the origin, ms; one more class holds all that took longer. */
export const LATENCY_BOUNDS_MS = [50, 100, 200, 400, 800, 1_600, 3_200, 6_400] as const;

/**
 * What admitted visitors met, each of them once in a few seconds, so that one visitor alone cannot speak for the site. Ordinary
 * requests only: no exempt or outside path, no upgrade, no operator's look.
 */
export interface ObservedHealth {
  requests: number;
  /** Status 500 or more, no response in time, or no connection. */
  failures: number;
  /** Requests whose time until the header says something: answered, and without a body, which a visitor may send slowly. */
  timed: number;
  /** Sum of those times, ms. */
  totalMs: number;
}

/** Starts of gateways whose processes somebody watches over; an edge that starts and ends them by itself tells none. */
export interface GatewayStarts {
  started: number;
  restarted: number;
}

/** What gateways saw. Counts of several gateways add up. */
export interface Observed {
  refused: Partial<Record<RefusalReason, number>>;
  origin: {
    answers: number;
    /** Responses with a status of 500 or more. */
    errors: number;
    unreachable: number;
    /** Responses by time until the header came; one count a class of `LATENCY_BOUNDS_MS` and one beyond. */
    latency: number[];
  };
  /** What admitted visitors met at the origin; absent: nothing. */
  health?: ObservedHealth;
  /** Requests that an exemption let through; absent: none. */
  exempt?: number;
  /** Gateways that were started since the last report of theirs, for the first time or again after a fault; absent: none. */
  starts?: GatewayStarts;
  /** Conflicts between gateways at a shared store, and retries there; absent: none. */
  store?: { conflicts: number; retries: number };
}

/** What happened to visitors within one bucket. */
export interface FlowCounts {
  arrived: number;
  called: number;
  /** Slots that began: the moment from which a visitor may be inside, never more than the rate. */
  admitted: number;
  completed: number;
  left: number;
  revoked: number;
  expired: number;
  lapsed: number;
}

export interface HistoryBucket extends FlowCounts, Observed {
  /** Start of the bucket; it ends `HISTORY_BUCKET_MS` later. */
  at: EpochMs;
  epoch: number;
  /** As at the end of the bucket. */
  state: RoomState;
  waiting: number;
  active: number;
  newUsersPerMinute: number;
  totalActiveUsers: number;
}

/** The room's own counters that buckets are differences of. */
export type Counters = Omit<FlowCounts, 'admitted'>;

/** The bucket that is being filled: what was counted so far, and where the room's counters stood at its last count. */
export interface OpenBucket {
  at: EpochMs;
  flow: FlowCounts;
  observed: Observed;
  counters: Counters;
  /** Slots granted, by the start of the bucket in which they begin: this one, and those that lie ahead. */
  slots: readonly (readonly [EpochMs, number])[];
}

export interface HistoryState {
  open: OpenBucket;
  /** The last closed buckets, oldest first. */
  recent: HistoryBucket[];
}

interface Counted {
  line: LineState;
  pacing: PacingState;
  sessions: SessionsState;
}

export const NOTHING_OBSERVED: Observed = {
  refused: {},
  origin: { answers: 0, errors: 0, unreachable: 0, latency: [] },
};

const NO_COUNTERS: Counters = { arrived: 0, called: 0, completed: 0, left: 0, revoked: 0, expired: 0, lapsed: 0 };

export const NO_FLOW: FlowCounts = { ...NO_COUNTERS, admitted: 0 };

export const historyState: SubState<HistoryState, { now: EpochMs }, Counted & { history: HistoryState }> = {
  empty: ({ now }) => ({ open: emptyBucket(now), recent: [] }),
  // The new epoch's counters begin at zero; what the open bucket counted before stays in it.
  carryOver: (before) => {
    const { open, recent } = before.history;
    return { open: { ...open, flow: flowSoFar(before), counters: NO_COUNTERS, slots: [] }, recent };
  },
};

export function emptyBucket(now: EpochMs): OpenBucket {
  return { at: bucketStart(now), flow: NO_FLOW, observed: NOTHING_OBSERVED, counters: NO_COUNTERS, slots: [] };
}

export function bucketStart(at: EpochMs): EpochMs {
  return Math.floor(at / HISTORY_BUCKET_MS) * HISTORY_BUCKET_MS;
}

export function slotsAhead({ at, slots }: OpenBucket): OpenBucket['slots'] {
  return slots.filter(([begins]) => begins > at);
}

/** What the open bucket has counted until now. */
export function flowSoFar(room: Counted & { history: HistoryState }): FlowCounts {
  const { open } = room.history;
  const counters = countersOf(room);
  const flow = { ...open.flow };
  for (const name of Object.keys(counters) as (keyof Counters)[]) flow[name] += counters[name] - open.counters[name];
  flow.admitted += open.slots.reduce((total, [at, slots]) => (at > open.at ? total : total + slots), 0);
  return flow;
}

export function countersOf({ line, pacing, sessions }: Counted): Counters {
  const { completed, left, revoked, expired } = sessions.totals;
  const { called, lapsed } = pacing;
  return { arrived: highestNumber(line), called, completed, left, revoked, expired, lapsed };
}
