// How fast the line moves. Slots are granted one by one (GCRA), which is the hard limit; calls run ahead of slots just
// far enough that slots and places are used although some of those called do not come: as many as lately did not.

import { departuresPerMinute } from './history.ts';
import {
  CALL_FRESH_MS,
  CALL_GAIN,
  CALL_RATE_FACTOR_MAX,
  CALL_SAMPLES_MAX,
  SLOT_BACKLOG_MS,
  UNOBSERVED_MS_MAX,
} from './limits.ts';
import type { EpochMs, Policy, RoomDocument } from './room.ts';
import { type Pace, paceRange } from './wait.ts';

/** Calls that may be stored up while nobody waits or no place is free: one second's worth, at least one. */
export function callBurst(policy: Policy): number {
  return Math.max(1, Math.floor(policy.newUsersPerMinute / 60));
}

/**
 * Grants the next slot no earlier than one emission interval after the last (GCRA, ITU-T I.371, with no tolerance), so
 * that no stretch of time holds more slots than the rate allows.
 */
export function grantSlot(room: RoomDocument, now: EpochMs): EpochMs {
  const slot = Math.max(now, nextSlotAt(room));
  room.lastSlotAt = slot;
  return slot;
}

/** GCRA's theoretical arrival time, by the rate in force. */
function nextSlotAt({ lastSlotAt, schedule, policy }: RoomDocument): EpochMs {
  return lastSlotAt === null ? schedule.opensAt : lastSlotAt + 60_000 / policy.newUsersPerMinute;
}

/**
 * Calls earned in `elapsedMs` before `now`: the integral of `rate * clamp(GAIN * (3 s - backlog), 0, 8)`, where the
 * backlog of granted slots runs down second by second, below zero only for slots that those called left unused. Closed
 * form, so it does not matter how often it is asked.
 */
export function callsEarned(room: RoomDocument, elapsedMs: number, now: EpochMs): number {
  const backlogNow = (Math.max(nextSlotAt(room), room.callingSince) - now) / 1000;
  const factorSeconds = factorAbove(backlogNow) - factorAbove(backlogNow + elapsedMs / 1000);
  return (room.policy.newUsersPerMinute / 60) * factorSeconds;
}

/** Integral of the call factor over all backlogs above `backlog` (seconds). */
function factorAbove(backlog: number): number {
  const missing = SLOT_BACKLOG_MS / 1000 - backlog;
  if (missing <= 0) return 0;
  const missingAtCeiling = CALL_RATE_FACTOR_MAX / CALL_GAIN;
  if (missing <= missingAtCeiling) return (CALL_GAIN * missing * missing) / 2;
  return (CALL_GAIN * missingAtCeiling * missingAtCeiling) / 2 + CALL_RATE_FACTOR_MAX * (missing - missingAtCeiling);
}

/** Grain of the call samples: fine enough for the window, coarse enough for the bound. */
export function callGrainMs(policy: Policy): number {
  return Math.max(1_000, Math.ceil(policy.claimWindowMs / CALL_SAMPLES_MAX));
}

/** Places that are neither taken nor owed to somebody on standby. */
export function freePlaces(room: RoomDocument): number {
  return room.policy.totalActiveUsers - room.active - room.standby.length;
}

/**
 * Turns earned calls into calls, as far as people wait and places are free for them: for each free place so many as it took
 * lately until one came. Should more come than before, they wait at the door in order; the limit is the claim's to keep.
 */
export function callNext(room: RoomDocument): void {
  const callable = Math.min(
    Math.floor(room.callCredit),
    room.issued - room.called,
    Math.floor(freePlaces(room) / (showShare(room) ?? 1)) - freshCalls(room),
  );
  if (callable < Math.floor(room.callCredit)) room.callingSince = room.at;
  if (callable > 0) {
    room.called += callable;
    room.callCredit -= callable;
    recordCall(room);
  }
  room.callCredit = Math.min(room.callCredit, callBurst(room.policy));
}

function recordCall(room: RoomDocument): void {
  const last = room.calls.at(-1);
  if (last !== undefined && room.runMs < last.at + callGrainMs(room.policy)) {
    room.calls = [...room.calls.slice(0, -1), { ...last, upTo: room.called }];
    return;
  }
  const [first, second, ...rest] = room.calls;
  const kept =
    room.calls.length >= CALL_SAMPLES_MAX && first && second
      ? [{ ...second, claimed: first.claimed + second.claimed }, ...rest]
      : room.calls;
  room.calls = [...kept, { at: room.runMs, upTo: room.called, claimed: 0 }];
}

/** Takes it as proven that everybody up to this position was called before. */
export function callUpTo(room: RoomDocument, position: number): void {
  room.issued = Math.max(room.issued, position);
  if (position <= room.called) return;
  room.called = position;
  recordCall(room);
}

/** Notes that a called position has come. */
export function recordClaim(room: RoomDocument, position: number): void {
  if (position <= room.lapsedThrough) {
    room.totals = { ...room.totals, lapsed: room.totals.lapsed - 1 };
    return;
  }
  const index = room.calls.findIndex((sample) => position <= sample.upTo);
  room.calls = room.calls.with(index, claimedOneMore(room, index));
}

function claimedOneMore(room: RoomDocument, index: number) {
  const sample = room.calls[index];
  if (sample === undefined) throw new RangeError('A position above `called` cannot claim.');
  return { ...sample, claimed: sample.claimed + 1 };
}

/** Lets the places of those lapse who were called a whole claim window ago and did not come. */
export function lapseCalls(room: RoomDocument): void {
  let lapsed = 0;
  let through = room.lapsedThrough;
  let dropped = 0;
  for (const sample of room.calls) {
    if (claimDeadline(room, sample.at) > room.runMs) break;
    lapsed += sample.upTo - through - sample.claimed;
    through = sample.upTo;
    dropped++;
  }
  if (dropped === 0) return;
  room.calls = room.calls.slice(dropped);
  room.lapsedThrough = through;
  room.totals = { ...room.totals, lapsed: room.totals.lapsed + lapsed };
}

/** Calls whose visitors have neither come nor lapsed. */
export function outstandingCalls({ calls, called, lapsedThrough }: RoomDocument): number {
  return calls.reduce((left, { claimed }) => left - claimed, called - lapsedThrough);
}

/** End of the claim window, by the running clock, for positions of a sample; the grain is in the visitor's favour. */
export function claimDeadline(room: Pick<RoomDocument, 'policy'>, sampleAt: number): number {
  return sampleAt + callGrainMs(room.policy) + room.policy.claimWindowMs;
}

/** Calls so young that their visitors may not have polled yet; each reserves a place. */
function freshCalls(room: RoomDocument): number {
  const since = room.runMs - Math.max(CALL_FRESH_MS, 2 * callGrainMs(room.policy));
  let fresh = 0;
  let through = room.called;
  for (let index = room.calls.length - 1; index >= 0; index--) {
    const sample = room.calls[index];
    if (sample === undefined || sample.at <= since) break;
    const below = room.calls[index - 1]?.upTo ?? room.lapsedThrough;
    fresh += through - below - sample.claimed;
    through = below;
  }
  return fresh;
}

/** How long a stretch between two observations counts for calls and claim windows. */
export function observedMs(from: EpochMs, to: EpochMs): number {
  return Math.min(Math.max(0, to - from), UNOBSERVED_MS_MAX);
}

/** Calls that a share of shown-up visitors is read from; fewer say nothing. */
const SHOWN_CALLS_MIN = 20;
/** Stretch of calls by which the pace is measured where places, not the rate, limit the line. */
const MEASURED_MS_MIN = 20_000;
const MEASURED_MS_MAX = 120_000;
/** Fewer people who left say nothing about how long people stay. */
const DEPARTURES_PER_MINUTE_MIN = 20;
const STAY_MARGIN = 0.5;

/**
 * Positions a minute that the line moves, as a range. Where the rate limits: between "everybody comes" and "as many
 * stay away as lately", and no faster than places come free. Where places limit: as measured, give or take; unknown
 * until it can be measured.
 */
export function paceOf(room: RoomDocument): Pace | null {
  const rate = room.policy.newUsersPerMinute;
  if (freePlaces(room) < callBurst(room.policy)) return measuredPace(room);
  const { low, high } = paceRange(rate, showShare(room));
  return { low: Math.min(low, leastTurnover(room)), high };
}

/**
 * Places a minute that come free at least once all are taken: by sessions that last to their end or, as soon as people
 * leave before, by how long they stay (Little's law), with a margin because those who stay long leave last.
 */
function leastTurnover({ policy, active, recent, epoch }: RoomDocument): number {
  const toTheEnd = (policy.totalActiveUsers * 60_000) / policy.sessionMs;
  const leaving = departuresPerMinute(recent.filter((bucket) => bucket.epoch === epoch));
  if (active === 0 || leaving < DEPARTURES_PER_MINUTE_MIN) return toTheEnd;
  return Math.max(toTheEnd, STAY_MARGIN * policy.totalActiveUsers * (leaving / active));
}

function measuredPace(room: RoomDocument): Pace | null {
  const since = room.runMs - MEASURED_MS_MAX;
  const first = room.calls.find((sample) => sample.at >= since);
  if (first === undefined || room.runMs - first.at < MEASURED_MS_MIN) return null;
  const perMinute = ((room.called - first.upTo) * 60_000) / (room.runMs - first.at);
  return perMinute <= 0 ? null : { low: perMinute * 0.7, high: perMinute * 1.4 };
}

/** Share of those called lately who came; null while too few have had the time to. */
export function showShare(room: RoomDocument): number | null {
  const settledBefore = room.runMs - 2 * CALL_FRESH_MS;
  let called = 0;
  let claimed = 0;
  let through = room.lapsedThrough;
  for (const sample of room.calls) {
    if (sample.at > settledBefore) break;
    called += sample.upTo - through;
    claimed += sample.claimed;
    through = sample.upTo;
  }
  return called < SHOWN_CALLS_MIN ? null : Math.max(claimed / called, 1 / CALL_RATE_FACTOR_MAX);
}
