// What operators decide about a room, and its state as visitors see it: limits, schedule, flow, state.

import type { DrandChain } from './draw.ts';
import type { EpochMs } from './time.ts';

/**
 * The state of a room as the board shows it.
 * scheduled: too early even for an entry; prequeue: entries are given; drawing: the opening has come, the draw's
 * randomness has not; paused: no position is called; soldOut: the origin reports nothing left; closed: over.
 */
export type RoomState = 'scheduled' | 'prequeue' | 'drawing' | 'open' | 'paused' | 'soldOut' | 'closed';

/** How far an opening has come by the clock alone. A change of stage does not change the room's version. */
export type Stage = 'ahead' | 'running' | 'over';

/**
 * Whether the operator lets the line move.
 * `paused`: no further position is called, visitors already called may still enter. Pro: no promise is taken back. Con:
 * the origin may still see as many newcomers as there are calls outstanding.
 * `held`: no position is called and no visitor enters. Pro: newcomers stop at once. Con: people who read "your turn" wait
 * again. In both, claim windows stand still and admitted visitors go on.
 */
export type Flow = 'running' | 'paused' | 'held';

export interface Policy {
  /** Hard limit of admissions; slots are granted one by one at this rate. Unit: visitors per minute. */
  newUsersPerMinute: number;
  /** Hard limit of concurrent sessions. */
  totalActiveUsers: number;
  /** Length of a session, from its slot on. */
  sessionMs: number;
  /**
   * Whether activity in the second half of a session extends it by a full length, up to `sessionTotalMsMax`.
   * Pro: visitors are not thrown out while filling in a form. Con: vacancies come later, the line moves more slowly.
   */
  sessionRenewal: boolean;
  /**
   * Longest stay from the slot on: no renewal extends a session beyond it. A lowered limit applies from the next renewal on.
   * Pro of shorter: nobody holds a place for ever, everyone in line gets a turn. Con: a visitor who is still busy then has
   * to line up again.
   */
  sessionTotalMsMax: number;
  /** How long a called visitor has to claim before the place lapses. */
  claimWindowMs: number;
  /**
   * HTTP status of the waiting page. 200: what every client and cache understands. 202: says "not yet" to machines.
   * 429: keeps robots away, but some proxies replace the body. 503: what crawlers and monitors know best as "come back later",
   * but balancers may take the gateway for broken.
   */
  queueingStatusCode: 200 | 202 | 429 | 503;
  health: HealthPolicy;
  stock: StockPolicy;
}

/**
 * How far admissions follow the origin's health.
 * `off`: the limits stay as they are set. Pro: nothing changes by itself. Con: an origin that is down gets every visitor.
 * `protect`: fewer are admitted while the origin is slow or fails, none while it is down. Pro: it can recover. Con: a fault that only
 * some visitors meet slows everybody down.
 * `find`: as `protect`; and how many people may be there at once is found by trying, between `peopleFloor` and `totalActiveUsers`.
 * Pro: nobody has to know beforehand what the site carries. Con: it is found by reaching it, so the site is slow for moments.
 */
export type HealthMode = 'off' | 'protect' | 'find';

// A type, not an interface: it is recorded as JSON.
export type HealthPolicy = {
  mode: HealthMode;
  /** Share of requests that fail, percent, from which nobody is admitted; from a quarter of it on, fewer are. */
  errorPercentMax: number;
  /** Mean response time, as a multiple of the usual one, from which fewer are admitted. */
  slowFactor: number;
  /** The same in ms, whatever is usual; null: `slowFactor` decides. */
  slowMs: number | null;
  /** Visitors per minute below which admissions are not slowed; they are stopped all the same. */
  rateFloor: number;
  /** For `find`: people at once from which the search begins and below which it does not go; null: a twentieth of `totalActiveUsers`. */
  peopleFloor: number | null;
  /** Path at the origin that is asked whether it responds, while nobody is admitted or what visitors met is too little to tell. */
  probePath: string;
};

// A type, not an interface: it is recorded as JSON.
export type StockPolicy = {
  /**
   * People inside at once, for each hundred that the origin says are left; null: as many as `totalActiveUsers`, until nothing is left.
   * Pro of lower: everybody who gets in finds something. Con: what they do not take waits until they leave.
   */
  peoplePercent: number | null;
  /** How long a number counts after the origin read it; an older one is not shown. */
  freshSeconds: number;
};

/** What is hard limits at a moment: the operator's, or less. */
export type Limits = Pick<Policy, 'newUsersPerMinute' | 'totalActiveUsers'>;

export interface Schedule {
  /** From when on visitors get an entry for the draw; null: from the moment of scheduling. */
  prequeueAt: EpochMs | null;
  opensAt: EpochMs;
  /** null: until an operator closes the room. */
  closesAt: EpochMs | null;
  /** The public randomness that the draw waits for; null: the draw rests on the committed secret alone, and says so. */
  beacon: BeaconChoice | null;
}

/** A schedule as an operator sets it: where nothing is said of the beacon, the choice stays as it was. */
export type NewSchedule = Omit<Schedule, 'beacon'> & { beacon?: Schedule['beacon'] };

/** Which public randomness a draw waits for, and what applies where it does not come. */
export interface BeaconChoice {
  chain: DrandChain;
  /** From the opening on, ms. */
  deadlineMs: number;
  /** `wait`: the room goes on drawing; `withoutBeacon`: 32 zero bytes take the beacon's place, and the proof says so. */
  afterDeadline: 'wait' | 'withoutBeacon';
}

/** The queue part of one room in a settings file. `opensInMs` counts from the creation of the room. */
export interface RoomSettings {
  room: string;
  policy: Policy;
  schedule: Omit<Schedule, 'opensAt'> & ({ opensAt: EpochMs } | { opensInMs: number });
  /** The room begins closed: its schedule is a plan, until an operator sets one. Absent: it does not. */
  closed?: boolean;
}

export interface Message {
  text: { ko: string; en: string };
  at: EpochMs;
}
