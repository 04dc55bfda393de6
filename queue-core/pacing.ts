// How fast the line moves. Slots are granted one by one (GCRA), which is the hard limit; calls run ahead of slots just far
// enough that slots and vacancies are used although some called visitors do not come: as many as lately did not.

import type { PacingState } from './document/pacing-state.ts';
import type { RoomDocument } from './document/room-document.ts';
import { departuresPerMinute } from './history.ts';
import {
  CALL_FRESH_MS,
  CALL_GAIN,
  CALL_RATE_FACTOR_MAX,
  CALL_SAMPLES_MAX,
  SHOW_SHARE_MIN,
  SHOW_SHARE_NORMAL,
  SLOT_BACKLOG_MS,
  UNOBSERVED_MS_MAX,
} from './limits.ts';
import type { Policy } from './policy.ts';
import type { EpochMs } from './time.ts';
import { type Pace, paceRange } from './wait.ts';

/** Calls that may be saved up while no visitor waits or there is no vacancy: one second's worth, at least one. */
export function callBurst(policy: Policy): number {
  return Math.max(1, Math.floor(policy.newUsersPerMinute / 60));
}

/**
 * Grants the next slot no earlier than one emission interval after the last (GCRA, ITU-T I.371, with no tolerance), so
 * that no stretch of time holds more slots than the rate allows. Counted in whole microseconds: sums of fractions would
 * drift.
 * @returns when the slot opens, rounded up to a whole ms
 */
export function grantSlot(room: RoomDocument, now: EpochMs): EpochMs {
  const slot = Math.max(Math.ceil(now * 1_000), nextSlotMicros(room));
  room.pacing.lastSlotMicros = slot;
  return Math.ceil(slot / 1_000);
}

/** Distance between two slots at a policy's rate, rounded up, so that the rate is never exceeded. */
export function emissionIntervalMicros({ newUsersPerMinute }: Pick<Policy, 'newUsersPerMinute'>): number {
  return Math.ceil(60_000_000 / newUsersPerMinute);
}

/** GCRA's theoretical arrival time, by the rate in force. */
function nextSlotMicros({ pacing, config }: RoomDocument): number {
  const { lastSlotMicros } = pacing;
  if (lastSlotMicros === null) return Math.ceil(config.schedule.opensAt * 1_000);
  return lastSlotMicros + emissionIntervalMicros(config.policy);
}

/**
 * Calls earned in `elapsedMs` before `now`: the integral of `rate * m * clamp(GAIN * (3 s - backlog), 0, 8)`, where the
 * backlog of granted slots runs down second by second, below zero only for slots that those called left unused. The
 * multiplier `m` grows as the share of visitors who come falls, so that the line does not jam when most of it are ghosts.
 * Closed form, so it does not matter how often it is computed.
 */
export function callsEarned(room: RoomDocument, elapsedMs: number, now: EpochMs): number {
  const backlogNow = (Math.max(nextSlotMicros(room) / 1_000, room.pacing.callingSince) - now) / 1_000;
  const factorSeconds = factorAbove(backlogNow) - factorAbove(backlogNow + elapsedMs / 1000);
  const multiplier = Math.max(1, SHOW_SHARE_NORMAL / (showShare(room.pacing) ?? 1));
  return (room.config.policy.newUsersPerMinute / 60) * multiplier * factorSeconds;
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

/** Vacancies that are not owed to a visitor on standby. */
export function freePlaces({ config, sessions }: RoomDocument): number {
  return config.policy.totalActiveUsers - sessions.active - sessions.standby.length;
}

/**
 * Turns earned calls into calls, as far as visitors wait and there are vacancies for them: for each vacancy as many calls
 * as it lately took until one visitor came. Should more come than before, they wait on standby in order; the claim keeps
 * the limit.
 */
export function callNext(room: RoomDocument): void {
  const { pacing, line, config } = room;
  const earned = Math.floor(pacing.callCredit);
  const callable = Math.min(
    earned,
    line.issued - pacing.called,
    Math.floor(freePlaces(room) / (showShare(pacing) ?? 1)) - freshCalls(room),
  );
  if (callable < earned) pacing.callingSince = room.at;
  if (callable > 0) {
    pacing.called += callable;
    pacing.callCredit -= callable;
    recordCall(room);
  }
  pacing.callCredit = Math.min(pacing.callCredit, callBurst(config.policy));
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
    pacing.lapsed += Math.max(0, upTo - pacing.lapsedThrough - claimed);
    pacing.lapsedThrough = upTo;
    dropped++;
  }
  if (dropped > 0) pacing.calls = pacing.calls.slice(dropped);
}

/** Calls whose visitors have neither come nor lapsed. */
export function outstandingCalls({ calls, called, lapsedThrough }: PacingState): number {
  return calls.reduce((left, { claimed }) => left - claimed, called - lapsedThrough);
}

/** End of the claim window, by the running clock, for positions of a sample; the grain is in the visitor's favour. */
export function claimDeadline(policy: Policy, sampleAt: number): number {
  return sampleAt + callGrainMs(policy) + policy.claimWindowMs;
}

/** Calls so young that their visitors may not have polled yet; each reserves a place. */
function freshCalls({ pacing, config }: RoomDocument): number {
  const { calls, called, lapsedThrough, runMs } = pacing;
  const since = runMs - Math.max(CALL_FRESH_MS, 2 * callGrainMs(config.policy));
  let fresh = 0;
  let through = called;
  for (let index = calls.length - 1; index >= 0; index--) {
    const sample = calls[index];
    if (sample === undefined || sample.at <= since) break;
    const below = calls[index - 1]?.upTo ?? lapsedThrough;
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
 * stay away as lately", and no faster than vacancies come. Where the active limit binds: as measured, give or take; unknown until it can
 * be measured.
 */
export function paceOf(room: RoomDocument): Pace | null {
  const { policy } = room.config;
  if (freePlaces(room) < callBurst(policy)) return measuredPace(room.pacing);
  const { low, high } = paceRange(policy.newUsersPerMinute, showShare(room.pacing));
  return { low: Math.min(low, leastTurnover(room)), high };
}

/**
 * Vacancies a minute, at least, once the room is full: from sessions that last to their end or, as soon as visitors leave
 * before, from how long they stay (Little's law), with a margin because those who stay long leave last.
 */
function leastTurnover({ config, sessions, history, epoch }: RoomDocument): number {
  const { policy } = config;
  const { active } = sessions;
  const toTheEnd = (policy.totalActiveUsers * 60_000) / policy.sessionMs;
  const leaving = departuresPerMinute(history.recent.filter((bucket) => bucket.epoch === epoch));
  if (active === 0 || leaving < DEPARTURES_PER_MINUTE_MIN) return toTheEnd;
  return Math.max(toTheEnd, STAY_MARGIN * policy.totalActiveUsers * (leaving / active));
}

function measuredPace({ runMs, calls, called }: PacingState): Pace | null {
  const since = runMs - MEASURED_MS_MAX;
  const first = calls.find((sample) => sample.at >= since);
  if (first === undefined || runMs - first.at < MEASURED_MS_MIN) return null;
  const perMinute = ((called - first.upTo) * 60_000) / (runMs - first.at);
  return perMinute <= 0 ? null : { low: perMinute * 0.7, high: perMinute * 1.4 };
}

/** Share of those called lately who came; null while too few have had the time to. */
export function showShare({ runMs, calls, lapsedThrough }: PacingState): number | null {
  const settledBefore = runMs - 2 * CALL_FRESH_MS;
  let called = 0;
  let claimed = 0;
  let through = lapsedThrough;
  for (const sample of calls) {
    if (sample.at > settledBefore) break;
    called += sample.upTo - through;
    claimed += sample.claimed;
    through = sample.upTo;
  }
  return called < SHOWN_CALLS_MIN ? null : Math.max(claimed / called, SHOW_SHARE_MIN);
}
