// Who comes when, over how many gateways, and what goes wrong: everything that a simulated night depends on besides the code
// under test.

import type { HealthMode } from '../../queue-core/policy.ts';
import { seededRandom } from '../rehearsal/seeded-random.ts';
import { exponential, logNormal, normal } from './chance.ts';

/**
 * wall: all arrive at the opening, within a second or spread over minutes; prequeue: most come before it and take part in the
 * draw; day: an open room from one midnight to the next, with a peak in the morning and one in the evening.
 */
export const SHAPES = ['wall', 'prequeue', 'day'] as const;
export type Shape = (typeof SHAPES)[number];

/** light: what a good week brings; heavy: a store that stalls, restarts and loses calls all the time. */
export const FAULTS = ['none', 'light', 'heavy'] as const;
export type Faults = (typeof FAULTS)[number];

export type OperatorChange = { atMs: number } & (
  | { kind: 'rate'; perMinute: number }
  | { kind: 'capacity'; people: number }
  | { kind: 'pause' | 'hold' | 'resume' }
);

/**
 * What becomes of the site. errors: every response is one; hang: it answers nothing any more; slow: so many times slower; flap: errors
 * and none, in turns of so many seconds; well: as it was.
 */
export type OriginFault = { atMs: number } & (
  | { kind: 'errors' | 'hang' | 'well' }
  | { kind: 'slow'; times: number }
  | { kind: 'flap'; seconds: number }
);

export interface Scenario {
  shape: Shape;
  visitors: number;
  /** How long they take to arrive. */
  overMs: number;
  gateways: number;
  /** Objects between gateways and the room; 0: none. */
  relays: number;
  newUsersPerMinute: number;
  totalActiveUsers: number;
  sessionMs: number;
  claimWindowMs: number;
  /** Share of the visitors who never come back. */
  noShow: number;
  /** Share of the visitors who join in bulk within seconds and never claim. */
  ghosts: number;
  /** Share of answers to joins and claims that are lost on their way to the visitor. */
  losses: number;
  /** Mean stay at the origin; who would stay beyond the session runs out. */
  stayMs: number;
  /** One way between a gateway and the room, median; one in a hundred takes more than four times as long. */
  latencyMs: number;
  /** The room object: time for one request, and for writing what a group of requests changed. */
  serviceMs: number;
  commitMs: number;
  /** People inside at which the origin becomes slow; at a quarter more it answers with errors. */
  originPeople: number;
  originFaults: readonly OriginFault[];
  /** From one page of a visitor inside to the next; 0: only the first one is played. */
  pageMs: number;
  health: HealthMode;
  faults: Faults;
  changes: readonly OperatorChange[];
  /** Visitors whose every poll is played and every answer checked. */
  watched: number;
  seed: number;
}

/** From the beginning of a run to its opening, at least: gateways have read the room by then. */
const LEAD_MS = 10_000;

const SHARED = {
  relays: 0,
  sessionMs: 300_000,
  claimWindowMs: 120_000,
  noShow: 0.2,
  ghosts: 0,
  losses: 0.01,
  stayMs: 180_000,
  latencyMs: 8,
  serviceMs: 1,
  commitMs: 4,
  faults: 'none',
  changes: [],
  originFaults: [],
  pageMs: 0,
  health: 'protect',
  watched: 1_000,
} as const;

/** What a shape begins with; options replace single values. */
export const SHAPE_DEFAULTS: Record<Shape, Omit<Scenario, 'seed' | 'originPeople'>> = {
  wall: {
    ...SHARED,
    shape: 'wall',
    visitors: 1_000_000,
    overMs: 1_000,
    gateways: 500,
    relays: 32,
    newUsersPerMinute: 33_000,
    totalActiveUsers: 300_000,
  },
  prequeue: {
    ...SHARED,
    shape: 'prequeue',
    visitors: 3_500_000,
    overMs: 40 * 60_000,
    gateways: 256,
    relays: 16,
    newUsersPerMinute: 33_000,
    totalActiveUsers: 300_000,
  },
  day: {
    ...SHARED,
    shape: 'day',
    visitors: 500_000,
    overMs: 24 * 3_600_000,
    gateways: 8,
    newUsersPerMinute: 600,
    totalActiveUsers: 4_000,
  },
};

/** When the room opens, in ms since the beginning of the run. */
export function openingOf({ shape, overMs }: Scenario): number {
  return shape === 'prequeue' ? LEAD_MS + Math.round(BEFORE_OPENING * overMs) : LEAD_MS;
}

/** Part of the time of a pre-queue that lies before the opening. */
const BEFORE_OPENING = 0.75;

/** Part of the visitors of a pre-queue who come before the opening, and the part of them who come in its last minutes. */
const ENTRANTS = 0.85;
const LATE_ENTRANTS = 0.6;

export interface Arrivals {
  /** Ascending, in ms since the beginning of the run; visitors are numbered by it. */
  at: Float64Array;
  isGhost: (visitor: number) => boolean;
}

export function arrivalsOf(scenario: Scenario): Arrivals {
  const { visitors, ghosts, seed } = scenario;
  const random = seededRandom(seed).fork(1);
  const opening = openingOf(scenario);
  const bulk = Math.round(visitors * ghosts);
  const at = new Float64Array(visitors);
  for (let index = 0; index < visitors - bulk; index++) at[index] = arrivalOf(scenario, opening, random);
  // In one burst each: a script on a few machines.
  const burstAt = Math.max(0, opening - GHOSTS_BEFORE_MS);
  const ghostTimes = Float64Array.from({ length: bulk }, () => burstAt + random.next() * GHOSTS_OVER_MS).sort();
  at.subarray(0, visitors - bulk).sort();
  return merged(at.slice(0, visitors - bulk), ghostTimes);
}

const GHOSTS_BEFORE_MS = 5_000;
const GHOSTS_OVER_MS = 8_000;

function merged(honest: Float64Array, ghosts: Float64Array): Arrivals {
  const at = new Float64Array(honest.length + ghosts.length);
  const ghost = new Uint8Array(at.length);
  for (let index = 0, h = 0, g = 0; index < at.length; index++) {
    const [nextHonest = Number.POSITIVE_INFINITY, nextGhost = Number.POSITIVE_INFINITY] = [honest[h], ghosts[g]];
    const isGhost = nextGhost < nextHonest;
    at[index] = isGhost ? nextGhost : nextHonest;
    ghost[index] = isGhost ? 1 : 0;
    if (isGhost) g++;
    else h++;
  }
  return { at, isGhost: (visitor) => ghost[visitor] === 1 };
}

type Random = ReturnType<typeof seededRandom>;

function arrivalOf({ shape, overMs }: Scenario, opening: number, random: Random): number {
  switch (shape) {
    case 'wall': {
      if (overMs <= 10_000) return opening + random.next() * overMs;
      return opening + Math.min(overMs, logNormal(random, overMs / 8, 0.8));
    }
    case 'prequeue': {
      const before = BEFORE_OPENING * overMs;
      if (random.next() >= ENTRANTS) {
        return opening + Math.min((1 - BEFORE_OPENING) * overMs, exponential(random, overMs / 20));
      }
      const early = random.next() >= LATE_ENTRANTS;
      return Math.max(
        0,
        opening - (early ? random.next() * before : Math.min(before, exponential(random, before / 10))),
      );
    }
    case 'day':
      return Math.min(overMs, Math.max(0, dayTime(random))) + opening;
  }
}

const HOUR_MS = 3_600_000;

/** A flat day with a peak at nine in the morning and a higher one at eight in the evening. */
function dayTime(random: Random): number {
  const kind = random.next();
  if (kind < 0.4) return random.next() * 24 * HOUR_MS;
  return kind < 0.65 ? (9 + normal(random)) * HOUR_MS : (20 + 0.75 * normal(random)) * HOUR_MS;
}
