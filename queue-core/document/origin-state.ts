// What the origin last said of itself and of what is left, and what gateways saw of its health. queue-core/health.ts and stock.ts
// decide what follows from it.

import type { EpochMs } from '../time.ts';
import type { ObservedHealth } from './history-state.ts';
import type { SubState } from './sub-state.ts';

/** What the origin says is left. */
export interface Stock {
  remaining: number;
  /** When the origin read it. */
  asOf: EpochMs;
  lots: readonly Lot[];
}

/** A part of what is left that has a name: a clinic, a tier of tickets. */
export interface Lot {
  id: string;
  name: { ko: string; en: string };
  remaining: number;
  asOf: EpochMs;
  price: PriceRange | null;
}

/** In the smallest unit of the currency (ISO 4217). */
export interface PriceRange {
  low: number;
  high: number;
  currency: string;
}

/** What was seen in one second. */
export interface HealthCell extends ObservedHealth {
  /** Start of the second. */
  at: EpochMs;
}

/**
 * `steady`: the operator's limits. `slowed`: fewer visitors are admitted than the operator allows. `stopped`: nobody is called or
 * admitted.
 */
export type HealthStage = 'steady' | 'slowed' | 'stopped';

/** Why admissions are slowed or stopped. */
export type HealthCause =
  | { kind: 'errors'; percent: number }
  /** `usualMs` is null where an absolute limit decides. */
  | { kind: 'slow'; ms: number; usualMs: number | null }
  /** The origin asked for it. */
  | { kind: 'signal' };

export interface HealthState {
  stage: HealthStage;
  /** Since when it is in this stage. */
  since: EpochMs;
  /** null: steady. */
  cause: HealthCause | null;
  /** Part of the operator's rate that is in force, in parts of `SHARE_WHOLE`. */
  share: number;
  /** When share or `peopleFound` were changed last. */
  changedAt: EpochMs;
  /** When what was seen was judged last. */
  judgedAt: EpochMs;
  cells: readonly HealthCell[];
  /** Mean response time while the origin was well, in whole microseconds; null: not known yet. */
  usualMicros: number | null;
  /** Answers that it was learnt from, up to a bound. */
  usualOf: number;
  /** In a row, since the origin was stopped or a probe failed. */
  goodProbes: number;
  /** How many it takes to resume: more each time that it fails again right after it has resumed. */
  probesNeeded: number;
  /** When a good probe was counted last; null: none since the stop. */
  goodProbeAt: EpochMs | null;
  /** When it was stopped last and admissions came back; null: never. */
  resumedAt: EpochMs | null;
  /** The origin has asked for no visitors until then. */
  overloadedUntil: EpochMs | null;
  /** How many people at once the origin is known to carry, where the room finds that by itself; null: not known yet. */
  peopleFound: number | null;
  /** It was never too many yet, so the number grows fast. */
  isSearching: boolean;
}

/** All of the operator's rate. */
export const SHARE_WHOLE = 1_024;

/** Good probes in a row after which visitors are admitted again. */
export const PROBES_NEEDED_MIN = 3;

export interface OriginState {
  stock: Stock | null;
  health: HealthState;
  /** Number of the last record of what the origin said. Counts on across epochs; the records are rows (origin-record.ts). */
  recordSeq: number;
  /** When the origin signed its last word on being overloaded; null: it has sent none. */
  signalledAt: EpochMs | null;
}

export const originState: SubState<OriginState, { now: EpochMs }, { origin: OriginState }> = {
  empty: ({ now }) => ({ stock: null, health: steady(now), recordSeq: 0, signalledAt: null }),
  // What the origin usually takes and carries was learnt for the next opening too.
  carryOver: ({ origin }, { now }) => {
    const { recordSeq, signalledAt } = origin;
    const { usualMicros, usualOf, peopleFound, isSearching } = origin.health;
    const health = { ...steady(now), usualMicros, usualOf, peopleFound, isSearching };
    return { stock: null, health, recordSeq, signalledAt };
  },
};

function steady(now: EpochMs): HealthState {
  return {
    stage: 'steady',
    since: now,
    cause: null,
    share: SHARE_WHOLE,
    changedAt: now,
    judgedAt: now,
    cells: [],
    usualMicros: null,
    usualOf: 0,
    goodProbes: 0,
    probesNeeded: PROBES_NEEDED_MIN,
    goodProbeAt: null,
    resumedAt: null,
    overloadedUntil: null,
    peopleFound: null,
    isSearching: true,
  };
}
