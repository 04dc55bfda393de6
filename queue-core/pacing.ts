// How fast the line moves. Slots are granted one by one (GCRA), which is the hard limit. Calls run ahead of slots just far
// enough that slots and vacancies are used although some called visitors do not come: as many as lately did not.

import type { PacingState } from './document/pacing-state.ts';
import type { RoomDocument } from './document/room-document.ts';
import { departuresPerMinute } from './history.ts';
import {
  CALL_FRESH_MS,
  CALL_SAMPLES_MAX,
  SHOW_SHARE_MIN,
  SHOW_SHARE_UNKNOWN,
  STANDBY_MAX,
  UNOBSERVED_MS_MAX,
} from './limits.ts';
import { type ObservedLine, paceFrom } from './pace.ts';
import type { Limits, Policy } from './policy.ts';
import { isFlowing, limitsInForce, policyInForce } from './room-state.ts';
import { peopleForStock } from './stock.ts';
import type { EpochMs } from './time.ts';
import { type Pace, SLOT_BACKLOG_MS } from './wait.ts';

/**
 * Grants the next slot no earlier than one emission interval after the last (GCRA, ITU-T I.371, with no tolerance), so
 * that no stretch of time holds more slots than the rate allows. Counted in whole microseconds: sums of fractions would
 * drift.
 * @returns when the slot opens, rounded up to a whole ms
 */
export function grantSlot(room: RoomDocument, now: EpochMs): EpochMs {
  room.pacing.lastSlotMicros = Math.max(Math.ceil(now * 1_000), nextSlotMicros(room));
  return Math.ceil(room.pacing.lastSlotMicros / 1_000);
}

/** When the slot opens that would be granted next. */
export function nextSlot(room: RoomDocument, now: EpochMs): EpochMs {
  return Math.max(now, Math.ceil(nextSlotMicros(room) / 1_000));
}

/** Distance between two slots at a policy's rate, rounded up, so that the rate is never exceeded. */
export function emissionIntervalMicros({ newUsersPerMinute }: Pick<Limits, 'newUsersPerMinute'>): number {
  return Math.ceil(60_000_000 / newUsersPerMinute);
}

/** GCRA's theoretical arrival time, by the rate in force. */
function nextSlotMicros(room: RoomDocument): number {
  const { lastSlotMicros } = room.pacing;
  if (lastSlotMicros === null) return Math.ceil(room.config.schedule.opensAt * 1_000);
  return lastSlotMicros + emissionIntervalMicros(limitsInForce(room));
}

/** Grain of the call samples: fine enough for the window, coarse enough for the bound. */
export function callGrainMs(policy: Policy): number {
  return Math.max(1_000, Math.ceil(policy.claimWindowMs / CALL_SAMPLES_MAX));
}

/** Vacancies that are not owed to a visitor on standby. */
export function freePlaces(room: RoomDocument): number {
  return limitsInForce(room).totalActiveUsers - room.sessions.active - room.sessions.standby.length;
}

/**
 * Calls visitors for the slots of the next seconds and for the vacancies: for each as many as it lately took until one
 * came, less those called before who are still expected. Should more come than before, their slots lie further ahead, or
 * they wait on standby in order; the claim keeps the limits. How often this is computed does not matter.
 */
export function callNext(room: RoomDocument): void {
  const { pacing, line } = room;
  const waiting = line.issued - pacing.called;
  if (waiting <= 0) return;
  const share = showShare(room);
  const [places, slots] = [freePlaces(room) + vacanciesSoon(room), freeSlots(room)];
  const calls =
    share === null
      ? Math.min(callsFor(room, places, 1), callsFor(room, slots, SHOW_SHARE_UNKNOWN))
      : callsFor(room, Math.min(places, slots), share);
  const callable = Math.min(waiting, calls);
  if (callable > 0) callUpTo(room, pacing.called + callable);
}

/**
 * Vacancies until a visitor who is called now can claim: as many as people left lately, where they leave steadily. A visitor who finds
 * none is on standby, so they are only a part of those who can be.
 */
function vacanciesSoon(room: RoomDocument): number {
  // Where what is left binds, who leaves has mostly taken some of it: no vacancy comes of that.
  if (limitsInForce(room).totalActiveUsers === peopleForStock(room)) return 0;
  const { history, epoch } = room;
  const closed = history.recent.filter((bucket) => bucket.epoch === epoch).slice(-STEADY_BUCKETS);
  if (closed.length < STEADY_BUCKETS) return 0;
  const perMinute = Math.min(...closed.map((bucket) => departuresPerMinute([bucket])));
  return Math.min(STANDBY_MAX / 4, Math.floor((perMinute * VACANCY_LEAD_MS) / 60_000));
}

function callsFor(room: RoomDocument, wanted: number, share: number): number {
  return Math.floor((wanted - expectedVisitors(room, share)) / share);
}

/** Slots of the next seconds that are not granted; below zero where more are. */
function freeSlots(room: RoomDocument): number {
  const now = room.at * 1_000;
  const next = Math.max(now, nextSlotMicros(room));
  return Math.floor((now + SLOT_BACKLOG_MS * 1_000 - next) / emissionIntervalMicros(limitsInForce(room))) + 1;
}

/** Called visitors who have not come and still may, at the share that lately came. */
function expectedVisitors(room: RoomDocument, share: number): number {
  const fresh = freshMs(policyInForce(room));
  let expected = 0;
  for (const { at, calls, claimed } of callsFromLatest(room.pacing)) {
    const left = 1 - (room.pacing.runMs - at) / fresh;
    if (left <= 0) break;
    expected += Math.min(1, 2 * left) * (share * calls - claimed);
  }
  return Math.max(0, expected);
}

/** Until a call is this old, its visitor may not have polled yet. At a low rate a whole interval, or a slow visitor's slot is lost. */
function freshMs(policy: Policy): number {
  return Math.max(CALL_FRESH_MS, 2 * callGrainMs(policy), emissionIntervalMicros(policy) / 1_000);
}

/** Positions of each sample and how many of them have claimed. */
function* callsFromLatest({
  calls,
  lapsedThrough,
}: PacingState): Iterable<{ at: number; calls: number; claimed: number }> {
  for (let index = calls.length - 1; index >= 0; index--) {
    const sample = calls[index];
    if (sample === undefined) return;
    const { at, upTo, claimed } = sample;
    yield { at, calls: upTo - (calls[index - 1]?.upTo ?? lapsedThrough), claimed };
  }
}

function recordCall({ pacing, config }: RoomDocument): void {
  const { calls, runMs, called } = pacing;
  const last = calls.at(-1);
  if (last !== undefined && runMs < last.at + callGrainMs(config.policy)) {
    pacing.calls = [...calls.slice(0, -1), { ...last, upTo: called }];
    return;
  }
  const [first, second, ...rest] = calls;
  const remaining =
    calls.length >= CALL_SAMPLES_MAX && first && second
      ? [{ ...second, claimed: first.claimed + second.claimed }, ...rest]
      : calls;
  pacing.calls = [...remaining, { at: runMs, upTo: called, claimed: 0 }];
}

/** Treats every position up to this one as called. */
export function callUpTo(room: RoomDocument, position: number): void {
  room.line.issued = Math.max(room.line.issued, position);
  if (position <= room.pacing.called) return;
  room.pacing.called = position;
  recordCall(room);
}

/** Notes that a called position has claimed. After a loss a position may claim twice; it counts once. */
export function recordClaim({ pacing }: RoomDocument, position: number): void {
  if (position <= pacing.lapsedThrough) {
    pacing.lapsed = Math.max(0, pacing.lapsed - 1);
    return;
  }
  const index = pacing.calls.findIndex((sample) => position <= sample.upTo);
  const sample = pacing.calls[index];
  if (sample === undefined) throw new RangeError(`Position ${position} is above the ${pacing.called} called.`);
  const calls = sample.upTo - (pacing.calls[index - 1]?.upTo ?? pacing.lapsedThrough);
  pacing.calls = pacing.calls.with(index, { ...sample, claimed: Math.min(calls, sample.claimed + 1) });
}

/** Lets the places lapse that were called a whole claim window ago and were not claimed. */
export function lapseCalls({ pacing, config }: RoomDocument): void {
  let dropped = 0;
  for (const { at, upTo, claimed } of pacing.calls) {
    if (claimDeadline(config.policy, at) > pacing.runMs) break;
    noteShown(pacing, upTo - pacing.lapsedThrough, claimed);
    pacing.lapsed += Math.max(0, upTo - pacing.lapsedThrough - claimed);
    pacing.lapsedThrough = upTo;
    dropped++;
  }
  if (dropped > 0) pacing.calls = pacing.calls.slice(dropped);
}

/** Remembers how many came of those whose claim window is over: in a full room the next calls may be minutes away. */
function noteShown(pacing: PacingState, calls: number, claimed: number): void {
  const [called, come] = [pacing.shownCalled + calls, pacing.shownCome + Math.min(calls, claimed)];
  const kept = Math.min(1, SHOWN_CALLS / Math.max(1, called));
  pacing.shownCalled = Math.round(called * kept);
  pacing.shownCome = Math.min(pacing.shownCalled, Math.round(come * kept));
}

/** Calls whose visitors have neither come nor lapsed. */
export function outstandingCalls({ calls, called, lapsedThrough }: PacingState): number {
  return calls.reduce((left, { claimed }) => left - claimed, called - lapsedThrough);
}

/** End of the claim window, by the running clock, for positions of a sample; the grain is in the visitor's favour. */
export function claimDeadline(policy: Policy, sampleAt: number): number {
  return sampleAt + callGrainMs(policy) + policy.claimWindowMs;
}

/** How long a stretch between two observations counts for calls and claim windows. */
export function observedMs(from: EpochMs, to: EpochMs): number {
  return Math.min(Math.max(0, to - from), UNOBSERVED_MS_MAX);
}

/** From the call to the claim, at the front of the line. */
const VACANCY_LEAD_MS = 1_000;
/** Where people come and leave together, some buckets are empty: nobody is called for vacancies that are a session away. */
const STEADY_BUCKETS = 3;

/** Calls that a share of shown-up visitors is read from; fewer say nothing. */
const SHOWN_CALLS_MIN = 20;
/** The share follows the last calls: those of so many seconds, and as many more as keep chance small. */
const SHOWN_MS = 5_000;
const SHOWN_CALLS = 100;
/** What an estimate of the pace is made from. */
export function observedLine(room: RoomDocument): ObservedLine {
  const { at, line, pacing, sessions } = room;
  const shown = lately(room);
  if (shown.called < SHOWN_CALLS_MIN) {
    shown.called += pacing.shownCalled;
    shown.come += pacing.shownCome;
  }
  const share = shown.called === 0 ? SHOW_SHARE_UNKNOWN : shown.come / shown.called;
  return {
    at,
    waiting: line.issued - pacing.called,
    expected: sessions.standby.length + expectedVisitors(room, share),
    shown,
    nextSlotSeconds: (nextSlot(room, at) - at) / 1_000,
    active: sessions.active,
    cohorts: sessions.cohorts,
    stayed: sessions.stayed,
    renewed: sessions.totals.renewed,
  };
}

/** null: unknown, or nothing moves. */
export function paceOf(room: RoomDocument): Pace | null {
  return isFlowing(room, room.at) ? paceFrom(observedLine(room), policyInForce(room)) : null;
}

/**
 * Share of those called lately who came; null while too few have had the time to. Where those called since then have already come in
 * greater part, it is theirs. From one stretch to the next it falls to a half at most: where the store or the network stalls for
 * seconds, nobody can come, and were the line called for all of them, everybody would come at once.
 */
export function showShare(room: RoomDocument): number | null {
  const { called, come } = lately(room);
  if (called < SHOWN_CALLS_MIN) return null;
  let share = Math.max(come / called, SHOW_SHARE_MIN);
  let most = 1;
  for (const before of settledStretches(room)) {
    share = Math.max(share, (most * before.come) / before.called);
    most /= 2;
    if (most <= share) break;
  }
  return share;
}

interface Shown {
  called: number;
  come: number;
}

/** Of those called lately: how many had the time to come, and how many did. */
function lately(room: RoomDocument): Shown {
  const { pacing } = room;
  const [settled = { called: 0, come: 0 }] = settledStretches(room);
  const since = { called: 0, come: 0 };
  const freshFrom = pacing.runMs - freshMs(policyInForce(room));
  for (const { at, calls, claimed } of callsFromLatest(pacing)) {
    if (at <= freshFrom) break;
    since.called += calls;
    since.come += claimed;
  }
  const sinceIsMore = since.called >= SHOWN_CALLS_MIN && since.come * settled.called > settled.come * since.called;
  return sinceIsMore && settled.called >= SHOWN_CALLS_MIN ? since : settled;
}

/** Those who had the time to come, latest first, in stretches of `SHOWN_MS` or `SHOWN_CALLS`, whichever is more; the last may be less. */
function* settledStretches(room: RoomDocument): Iterable<Shown> {
  const { pacing } = room;
  let until = pacing.runMs - freshMs(policyInForce(room));
  const settledAt = until;
  let stretch = { called: 0, come: 0 };
  for (const { at, calls, claimed } of callsFromLatest(pacing)) {
    if (at > settledAt) continue;
    if (at < until - SHOWN_MS && stretch.called >= SHOWN_CALLS) {
      yield stretch;
      until = at;
      stretch = { called: 0, come: 0 };
    }
    stretch.called += calls;
    stretch.come += claimed;
  }
  if (stretch.called > 0) yield stretch;
}
