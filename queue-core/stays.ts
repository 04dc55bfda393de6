// How long visitors stay: when those who are inside began, and after how long the others left. From both follows which share
// stays for how long (Kaplan and Meier), also of those who are still inside. An estimate: no limit rests on it.

import type { Cohort, SessionsState } from './document/sessions-state.ts';
import { COHORTS_MAX, STAY_CLASSES_MAX } from './limits.ts';
import type { Policy } from './policy.ts';
import type { EpochMs } from './time.ts';

export type Stays = Pick<SessionsState, 'active' | 'cohorts' | 'stayed'>;

const COHORT_MS_MIN = 1_000;

/** Classes of stays: eight for each doubling, and finer than two seconds at the beginning. */
const CLASSES_PER_DOUBLING = 8;
const FIRST_SECONDS = 20;

/** Stays remembered for each session that is inside, and at least. Then all counts are halved, so that the latest count most. */
const STAYS_PER_SESSION = 8;
const STAYS_MIN = 1_000;

/** From how many seconds on a stay is in a class. */
export function classBegin(index: number): number {
  return FIRST_SECONDS * (2 ** (index / CLASSES_PER_DOUBLING) - 1);
}

export function classOf(seconds: number): number {
  const index = Math.floor(CLASSES_PER_DOUBLING * Math.log2(1 + Math.max(0, seconds) / FIRST_SECONDS));
  return Math.min(STAY_CLASSES_MAX - 1, index);
}

/** How long the sessions of a cohort have lasted at `at`, on average, in seconds; below zero: their slots lie ahead. */
export function ageOf([[from, to]]: Cohort, at: EpochMs): number {
  return (at - (from + to) / 2) / 1_000;
}

/** Counts a session that begins at `admitAt`. */
export function noteBegin(stays: Stays, { sessionMs }: Policy, admitAt: EpochMs): void {
  const { cohorts } = stays;
  const last = cohorts.at(-1);
  const grain = Math.max(COHORT_MS_MIN, sessionMs / COHORTS_MAX);
  if (last !== undefined && admitAt < last[0][0] + grain) {
    const [[from, to], present] = last;
    stays.cohorts = [...cohorts.slice(0, -1), [[from, Math.max(to, admitAt)], present + 1]];
    return;
  }
  const begun: Cohort = [[admitAt, admitAt], 1];
  stays.cohorts = [...(cohorts.length < COHORTS_MAX ? cohorts : withOneLess(cohorts, admitAt)), begun];
}

/** Joins the two neighbours that are closest to each other for their age. */
function withOneLess(cohorts: readonly Cohort[], now: EpochMs): Cohort[] {
  let [closest, least] = [0, Number.POSITIVE_INFINITY];
  for (let index = 0; index + 1 < cohorts.length; index++) {
    const [from, to] = [cohorts[index]?.[0][0] ?? 0, cohorts[index + 1]?.[0][1] ?? 0];
    const span = (to - from) / Math.max(1, now - from);
    if (span < least) [closest, least] = [index, span];
  }
  const [a, b] = cohorts.slice(closest, closest + 2);
  if (a === undefined || b === undefined) return [...cohorts];
  return cohorts.toSpliced(closest, 2, [[a[0][0], b[0][1]], a[1] + b[1]]);
}

/** Counts a session out that began at `admitAt`. */
export function noteEnd(stays: Stays, admitAt: EpochMs, now: EpochMs): void {
  const index = Math.max(
    0,
    stays.cohorts.findLastIndex(([[from]]) => from <= admitAt),
  );
  const taken = takeFrom(stays, index, 1) || takeFrom(stays, stays.cohorts.length - 1, 1);
  if (taken > 0) noteStays(stays, Math.max(0, now - admitAt) / 1_000, 1);
}

/**
 * Counts sessions out that ended by themselves at `endedAt`: those that began a session before or, where these are gone, earlier
 * ones, whose ends were moved. A session that counted only for seconds is of the latest.
 */
export function noteExpired(stays: Stays, { sessionMs }: Policy, endedAt: EpochMs, sessions: number): void {
  const index = stays.cohorts.findLastIndex(([[from]]) => from <= endedAt - sessionMs);
  const taken = takeFrom(stays, index, sessions, { endedAt, secondsMin: sessionMs / 1_000 });
  const present = stays.cohorts.reduce((sum, [, there]) => sum + there, 0);
  takeFrom(stays, stays.cohorts.length - 1, Math.min(sessions - taken, Math.max(0, present - stays.active)), {
    endedAt,
    secondsMin: 0,
  });
}

/** Takes sessions from a cohort and those before it, and counts their stays where they are known. @returns how many */
function takeFrom(
  stays: Stays,
  latest: number,
  sessions: number,
  stay?: { endedAt: EpochMs; secondsMin: number },
): number {
  const cohorts: Cohort[] = [...stays.cohorts];
  let rest = sessions;
  for (let index = latest; index >= 0 && rest > 0; index--) {
    const cohort = cohorts[index];
    if (cohort === undefined) continue;
    const [times, present] = cohort;
    const taken = Math.min(rest, present);
    rest -= taken;
    cohorts[index] = [times, present - taken];
    if (stay !== undefined) noteStays(stays, Math.max(stay.secondsMin, ageOf(cohort, stay.endedAt)), taken);
  }
  if (rest < sessions) stays.cohorts = cohorts.filter(([, present]) => present > 0);
  return sessions - rest;
}

function noteStays(stays: Stays, seconds: number, sessions: number): void {
  const index = classOf(seconds);
  const counts = Array.from({ length: Math.max(index + 1, stays.stayed.length) }, (_, one) => stays.stayed[one] ?? 0);
  counts[index] = (counts[index] ?? 0) + sessions;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const isFull = total > Math.max(STAYS_MIN, STAYS_PER_SESSION * stays.active);
  stays.stayed = isFull ? counts.map((count) => Math.floor(count / 2)) : counts;
}
