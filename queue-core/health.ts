// What the room does about its origin's health: a circuit breaker on what admitted requests really meet, which slows admissions,
// stops them, and lets them come back in steps after good probes; and, where the operator chose so, a search for how many people the
// origin carries (additive increase, multiplicative decrease: Chiu and Jain 1989). It only ever takes the limits below the
// operator's, and every change that it makes is recorded with its cause.

import type { Actor, Json } from './audit.ts';
import { record } from './change.ts';
import { type Command, IN_A_RESPONSE, type OriginReply } from './command.ts';
import type { ObservedHealth } from './document/history-state.ts';
import { type HealthCause, type HealthState, PROBES_NEEDED_MIN, SHARE_WHOLE } from './document/origin-state.ts';
import type { RoomDocument } from './document/room-document.ts';
import { HEALTH_CELLS_MAX, OVERLOADED_MS_MAX } from './limits.ts';
import type { StepContext } from './machine.ts';
import { note } from './origin-calls.ts';
import type { HealthPolicy, Policy } from './policy.ts';
import { limitsInForce } from './room-state.ts';
import type { EpochMs } from './time.ts';

export const HEALTH_ACTOR: Actor = { id: 'origin-health', name: 'origin health', role: 'owner', address: null };

/** Gateways report once a second. */
const JUDGE_MS = 1_000;
const CELL_MS = 1_000;

/** What is judged: as young as this, so that a change is noticed within seconds. */
const WINDOW_MS = 4_000;
/** How slow it is, where the room searches how many people it carries. */
const SEARCH_WINDOW_MS = 10_000;
/** At little traffic further back, until there are so many requests, but no further than this. */
const REQUESTS_MIN = 10;
const WINDOW_MS_MAX = 30_000;

/** No page of a site that is well takes longer; where nothing is known of it yet, it may be a slow one. */
const STALLED_MS_MIN = 2_000;
const STALLED_MS_UNKNOWN = 10_000;

/** Nobody notices less, however fast the site usually is. */
const SLOW_MICROS_MIN = 150_000;

/** From this part of `errorPercentMax` on, admissions are slowed. */
const SLOWED_FROM = 1 / 4;
/** Admissions come back once what is seen is this much better than what slows them. */
const WELL_BELOW = 3 / 4;

/** A cut is judged by what is seen after it. */
const CUT_MS = 2_000;
/** Between two steps back to the whole rate. */
const STEP_MS = 5_000;
/** The rate after a stop, and the least share that cuts lead to. */
const SHARE_RESUMED = SHARE_WHOLE / 8;
const SHARE_MIN = SHARE_WHOLE / 64;

/** An origin that fails again sooner than this after it has come back is probed for longer the next time. */
const RELAPSE_MS = 60_000;
const PROBES_NEEDED_MAX = 24;
/** Probes of several gateways at once are one: the origin has to be well for a while. */
const PROBE_COUNT_MS = 1_500;

/** The usual response time is the mean of so many answers; then it falls quickly, and rises so slowly that a night of load changes little. */
const USUAL_OF_MAX = 200;
const USUAL_FALL = 1 / 16;
const USUAL_RISE = 1 / 8_192;

/** People more after each `STEP_MS` in which the origin was well and full: fast until it was too many once, then in small steps. */
const GROWTH_SEARCHING = 1.25;
const GROWTH = 1.02;
/** What is left after it was too many, of those who are there; and once the limit is about known, where larger cuts only swing. */
const AFTER_TOO_MANY = 0.9;
const AFTER_TOO_MANY_SETTLED = 0.95;
/** The limit binds: it would say nothing about the origin otherwise. */
const FULL = 0.95;
/** Those who are there too many leave by themselves; after this long it is cut again. */
const LEAVE_MS = 30_000;

/** Adds what a gateway saw in about the last second. */
export function observeHealth({ origin }: RoomDocument, seen: ObservedHealth | undefined, now: EpochMs): void {
  if (seen === undefined) return;
  const { cells } = origin.health;
  const at = Math.floor(now / CELL_MS) * CELL_MS;
  const last = cells.at(-1);
  const isSame = last?.at === at;
  const sum = (name: keyof ObservedHealth) => seen[name] + (isSame ? last[name] : 0);
  const timed = { timed: sum('timed'), totalMs: sum('totalMs') };
  const cell = { at, requests: sum('requests'), failures: sum('failures'), ...timed };
  const before = isSame ? cells.slice(0, -1) : cells;
  origin.health = { ...origin.health, cells: [...before, cell].slice(-HEALTH_CELLS_MAX) };
}

/** Lets what was seen of the origin act, at most once a second. */
export function followHealth(room: RoomDocument, context: StepContext): void {
  const { now } = context;
  const { mode } = room.config.policy.health;
  if (mode !== 'off' && isOverloaded(room.origin.health, now)) {
    if (room.origin.health.stage !== 'stopped') stop(room, { kind: 'signal' }, context);
    return;
  }
  if (now - room.origin.health.judgedAt < JUDGE_MS) return;
  const seen = judge(room.origin.health, room.config.policy.health, now);
  room.origin.health = learn({ ...room.origin.health, judgedAt: now }, seen);
  const { stage } = room.origin.health;
  if (mode === 'off') {
    if (stage !== 'steady') enter(room, { stage: 'steady', cause: null, share: SHARE_WHOLE }, context);
    return;
  }
  if (mode === 'find' && room.origin.health.peopleFound === null) beginSearch(room, now);
  if (stage === 'stopped') return;
  switch (seen.verdict) {
    case 'down':
      stop(room, seen.cause, context);
      break;
    case 'poor':
      if (mode === 'find') makeRoom(room, seen.cause, context);
      else slow(room, seen.cause, context);
      break;
    case 'unsure':
      break;
    case 'unknown':
      speedUp(room, context);
      break;
    case 'well':
      speedUp(room, context);
      if (mode === 'find' && seen.meanMicros !== null) searchOn(room, context);
  }
}

/** A gateway's probe; `good` if the origin responded in time and without a fault of the server. */
export function takeProbe(room: RoomDocument, good: boolean, context: StepContext): void {
  const { health } = room.origin;
  if (!isProbed(room, context.now)) return;
  if (health.stage === 'stopped') {
    const isTooSoon = health.goodProbeAt !== null && context.now - health.goodProbeAt < PROBE_COUNT_MS;
    if (good && isTooSoon) return;
    const goodProbes = good ? health.goodProbes + 1 : 0;
    room.origin.health = { ...health, goodProbes, goodProbeAt: good ? context.now : null };
    if (goodProbes < health.probesNeeded) return;
    // What was seen before says nothing about it now.
    room.origin.health = { ...room.origin.health, cells: [] };
    resume(room, context);
  } else if (good) room.origin.health = { ...health, cells: [] };
  else stop(room, { kind: 'errors', percent: 100 }, context);
}

function resume(room: RoomDocument, context: StepContext): void {
  const { share, cause } = room.origin.health;
  const resumed = { share: Math.min(share, SHARE_RESUMED), resumedAt: context.now };
  enter(room, { stage: 'slowed', cause, ...resumed }, context);
}

/** What the origin says of itself: for how long it wants no visitors; 0: it takes them again. */
export function takeSignal(
  room: RoomDocument,
  { forMs, call = IN_A_RESPONSE }: Extract<Command, { kind: 'reportOverload' }>,
  context: StepContext,
): OriginReply {
  const { health, signalledAt } = room.origin;
  const { by, mark } = call;
  if (mark !== null) {
    if (mark.at <= (signalledAt ?? 0)) return { kind: 'outdated' };
    room.origin.signalledAt = mark.at;
  }
  if (by !== null || forMs > 0 !== isOverloaded(health, context.now))
    note(room, { kind: 'overload', by, forMs }, context);
  const overloadedUntil = forMs === 0 ? null : context.now + Math.min(forMs, OVERLOADED_MS_MAX);
  room.origin.health = { ...health, overloadedUntil };
  const isSignalled = health.stage === 'stopped' && health.cause?.kind === 'signal';
  // It answers: a probe would say no more.
  if (forMs === 0 && isSignalled) resume(room, context);
  followHealth(room, context);
  return { kind: 'done' };
}

function isOverloaded({ overloadedUntil }: HealthState, now: EpochMs): boolean {
  return overloadedUntil !== null && now < overloadedUntil;
}

type Seen = { meanMicros: number | null; requests: number } & (
  | { verdict: 'down' | 'poor'; cause: HealthCause }
  /** Better than what slows admissions, not good enough to admit more. */
  | { verdict: 'unsure' }
  | { verdict: 'well' }
  /** Too few requests. */
  | { verdict: 'unknown' }
);

function judge(health: HealthState, policy: HealthPolicy, now: EpochMs): Seen {
  const { requests, failures } = seenLately(health, now, WINDOW_MS);
  // A search that follows each wave of requests swings; what it knew before a cut is forgotten with it.
  const { timed, totalMs } = seenLately(health, now, policy.mode === 'find' ? SEARCH_WINDOW_MS : WINDOW_MS);
  const meanMicros = timed === 0 ? null : Math.round((totalMs * 1_000) / timed);
  const about = { meanMicros, requests };
  if (requests < REQUESTS_MIN) return { verdict: 'unknown', ...about };
  const percent = (100 * failures) / requests;
  const errors: HealthCause = { kind: 'errors', percent: Math.round(percent) };
  if (percent >= policy.errorPercentMax) return { verdict: 'down', cause: errors, ...about };
  const slowPercent = policy.errorPercentMax * SLOWED_FROM;
  if (percent >= slowPercent) return { verdict: 'poor', cause: errors, ...about };
  const limitMicros = slowMicros(health, policy);
  if (meanMicros !== null && limitMicros !== null && meanMicros >= limitMicros) {
    const usualMs =
      policy.slowMs === null && health.usualMicros !== null ? Math.round(health.usualMicros / 1_000) : null;
    return { verdict: 'poor', cause: { kind: 'slow', ms: Math.round(meanMicros / 1_000), usualMs }, ...about };
  }
  const isSlow = meanMicros !== null && limitMicros !== null && meanMicros >= limitMicros * WELL_BELOW;
  return { verdict: isSlow || percent >= slowPercent * WELL_BELOW ? 'unsure' : 'well', ...about };
}

/** Of the last seconds, and at little traffic of as many before them as it takes. */
function seenLately({ cells }: HealthState, now: EpochMs, windowMs: number): ObservedHealth {
  const seen = { requests: 0, failures: 0, timed: 0, totalMs: 0 };
  for (const cell of cells.toReversed()) {
    const ageMs = now - cell.at;
    if (ageMs > WINDOW_MS_MAX || (ageMs > windowMs && seen.requests >= REQUESTS_MIN)) break;
    seen.requests += cell.requests;
    seen.failures += cell.failures;
    seen.timed += cell.timed;
    seen.totalMs += cell.totalMs;
  }
  return seen;
}

/** null: nothing is known that it could be compared with. */
function slowMicros({ usualMicros }: HealthState, { slowMs, slowFactor }: HealthPolicy): number | null {
  if (slowMs !== null) return slowMs * 1_000;
  return usualMicros === null ? null : Math.max(SLOW_MICROS_MIN, usualMicros * slowFactor);
}

function learn(health: HealthState, { verdict, meanMicros, requests }: Seen): HealthState {
  if (verdict !== 'well' || health.stage !== 'steady' || meanMicros === null) return health;
  const { usualMicros, usualOf } = health;
  if (usualMicros === null) return { ...health, usualMicros: meanMicros, usualOf: Math.min(requests, USUAL_OF_MAX) };
  if (usualOf < USUAL_OF_MAX) {
    const known = Math.min(USUAL_OF_MAX, usualOf + requests);
    const weight = (known - usualOf) / known;
    return { ...health, usualMicros: Math.round(usualMicros + (meanMicros - usualMicros) * weight), usualOf: known };
  }
  const change = (meanMicros - usualMicros) * (meanMicros < usualMicros ? USUAL_FALL : USUAL_RISE);
  return { ...health, usualMicros: Math.max(1, Math.round(usualMicros + change)) };
}

type InForce = Pick<HealthState, 'stage' | 'cause' | 'share'> & Partial<Pick<HealthState, 'peopleFound' | 'resumedAt'>>;

const ACTIONS = { steady: 'originSteady', slowed: 'originSlowed', stopped: 'originStopped' } as const;
/** What the log calls its records. */
export type HealthAction = (typeof ACTIONS)[HealthState['stage']] | 'peopleFound';

/** Changes what is in force, and records it. */
function enter(room: RoomDocument, change: InForce, context: StepContext): void {
  const { now } = context;
  const before = recorded(room);
  const { health } = room.origin;
  const since = change.stage === health.stage ? health.since : now;
  room.origin.health = { ...health, ...change, since, changedAt: now, goodProbes: 0, goodProbeAt: null };
  const action = ACTIONS[change.stage];
  record(room, { by: HEALTH_ACTOR, action, from: before, to: recorded(room) }, context);
}

function recorded(room: RoomDocument): Json {
  const { stage, cause } = room.origin.health;
  return { stage, cause: cause === null ? null : { ...cause }, ...limitsInForce(room) };
}

function stop(room: RoomDocument, cause: HealthCause, context: StepContext): void {
  const { health } = room.origin;
  const hasRelapsed = health.resumedAt !== null && context.now - health.resumedAt < RELAPSE_MS;
  const needed = hasRelapsed ? Math.min(PROBES_NEEDED_MAX, health.probesNeeded * 2) : PROBES_NEEDED_MIN;
  const found = health.peopleFound;
  const peopleFound = found === null ? null : peopleAfter(room, Math.min(found, room.sessions.active), AFTER_TOO_MANY);
  room.origin.health = { ...health, probesNeeded: needed, isSearching: false };
  enter(room, { stage: 'stopped', cause, share: health.share, peopleFound }, context);
}

function slow(room: RoomDocument, cause: HealthCause, context: StepContext): void {
  const { health } = room.origin;
  if (health.stage === 'slowed' && context.now - health.changedAt < CUT_MS) return;
  const share = Math.max(SHARE_MIN, Math.floor(health.share / 2));
  if (share < health.share) enter(room, { stage: 'slowed', cause, share }, context);
}

function speedUp(room: RoomDocument, context: StepContext): void {
  const { health } = room.origin;
  if (health.stage !== 'slowed' || context.now - health.changedAt < STEP_MS) return;
  const share = Math.min(SHARE_WHOLE, health.share * 2);
  const isWhole = share === SHARE_WHOLE;
  enter(room, { stage: isWhole ? 'steady' : 'slowed', cause: isWhole ? null : health.cause, share }, context);
}

/** Fewer people at once: what is left after it was too many. The search goes on; the room is as steady as before. */
function makeRoom(room: RoomDocument, cause: HealthCause, context: StepContext): void {
  const { origin, sessions } = room;
  const { health } = origin;
  const found = health.peopleFound ?? sessions.active;
  const isLeaving = sessions.active > found && context.now - health.changedAt < LEAVE_MS;
  if (isLeaving) origin.health = { ...health, cells: withoutTimes(health.cells) };
  if (isLeaving || context.now - health.changedAt < CUT_MS) return;
  const left = health.isSearching ? AFTER_TOO_MANY : AFTER_TOO_MANY_SETTLED;
  const peopleFound = peopleAfter(room, Math.min(found, sessions.active), left);
  origin.health = { ...health, isSearching: false };
  if (peopleFound >= found) return;
  origin.health = { ...origin.health, peopleFound, changedAt: context.now, cells: withoutTimes(health.cells) };
  const to = { peopleFound, cause: { ...cause } };
  record(room, { by: HEALTH_ACTOR, action: 'peopleFound', from: { peopleFound: found }, to }, context);
}

/** How slow it was with more people says nothing of how it is with fewer; what failed is not forgotten. */
function withoutTimes(cells: HealthState['cells']): HealthState['cells'] {
  return cells.map((cell) => ({ ...cell, timed: 0, totalMs: 0 }));
}

function peopleAfter({ config }: RoomDocument, active: number, left: number): number {
  return Math.max(peopleFloor(config.policy), Math.floor(active * left));
}

function peopleFloor({ health, totalActiveUsers }: Policy): number {
  return Math.min(totalActiveUsers, health.peopleFloor ?? Math.max(1, Math.floor(totalActiveUsers / 20)));
}

/** Those who are there are no news to the origin. */
function beginSearch({ origin, sessions, config: { policy } }: RoomDocument, now: EpochMs): void {
  const people = Math.max(peopleFloor(policy), sessions.active);
  const peopleFound = Math.min(policy.totalActiveUsers, people);
  origin.health = { ...origin.health, peopleFound, changedAt: now };
}

/** More people at once, where the limit binds. Small steps up are in the history; what they led to is recorded with the next cut. */
function searchOn({ origin, sessions, config }: RoomDocument, { now }: StepContext): void {
  const { health } = origin;
  const { peopleFound, isSearching } = health;
  if (peopleFound === null || now - health.changedAt < STEP_MS) return;
  // Who has to leave first says nothing of how it is without them.
  if (sessions.active < peopleFound * FULL || sessions.active > peopleFound) return;
  const more = Math.ceil(peopleFound * (isSearching ? GROWTH_SEARCHING : GROWTH));
  origin.health = { ...health, peopleFound: Math.min(config.policy.totalActiveUsers, more), changedAt: now };
}

/** Whether gateways should probe the origin: nobody is admitted there, or the few who were met failures. */
export function isProbed({ config, origin }: RoomDocument, now: EpochMs): boolean {
  const { health } = origin;
  if (config.policy.health.mode === 'off' || isOverloaded(health, now)) return false;
  if (health.stage === 'stopped') return true;
  const { requests, failures } = seenLately(health, now, WINDOW_MS);
  return requests < REQUESTS_MIN && failures > 0 && 100 * failures >= config.policy.health.errorPercentMax * requests;
}

/** Until a response counts as missing, ms, although it may still come. */
export function stalledMs({ slowMs, slowFactor }: HealthPolicy, usualMicros: number | null): number {
  if (slowMs !== null) return Math.max(STALLED_MS_MIN, slowMs);
  return usualMicros === null ? STALLED_MS_UNKNOWN : Math.max(STALLED_MS_MIN, (usualMicros * slowFactor) / 1_000);
}
