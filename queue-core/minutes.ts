// What happened, in minutes: sums of the buckets of ten seconds (history.ts), the highest levels and limits within each minute, and the
// waits of those who were admitted. A minute in which nothing happened leaves no row.

import type { FlowCounts, HistoryBucket } from './document/history-state.ts';
import {
  type KnownWait,
  type MinuteBucket,
  type MinuteCount,
  NO_WAITS,
  WAIT_BOUNDS_SECONDS,
  type Waits,
} from './document/minute-state.ts';
import type { RoomDocument } from './document/room-document.ts';
import { MINUTE_BUCKETS_MAX, MINUTE_MS, TOLD_SECONDS_MAX } from './limits.ts';
import type { StepContext } from './machine.ts';
import { limitsInForce } from './room-state.ts';
import type { EpochMs } from './time.ts';

/** A range is in whole seconds, from a board that may be two seconds old, and a slot is waited for: as much does not count. */
const TOLERANCE_SECONDS = 5;

/** Key of a minute's row. */
export function minuteKey(at: EpochMs): number {
  return Math.floor(at / MINUTE_MS);
}

export function minuteStart(at: EpochMs): EpochMs {
  return minuteKey(at) * MINUTE_MS;
}

/** How much of a count a minute has. */
export function countIn(minute: MinuteBucket, name: MinuteCount): number {
  return minute[name] ?? 0;
}

/** The highest limits that were in force for what happened in a minute. */
export function highestLimits(minute: MinuteBucket): { newUsersPerMinute: number; totalActiveUsers: number } {
  const { newUsersPerMinute, totalActiveUsers, rateMax, peopleMax } = minute;
  return {
    newUsersPerMinute: Math.max(newUsersPerMinute, rateMax ?? 0),
    totalActiveUsers: Math.max(totalActiveUsers, peopleMax ?? 0),
  };
}

/** Adds a closed bucket to its minute; the minute before it becomes a row. */
export function addToMinute(room: RoomDocument, closed: HistoryBucket, context: StepContext): void {
  closeMinuteIfDue(room, closed.at, context);
  const { minute } = room;
  const { bucket } = minute;
  const { state, newUsersPerMinute, totalActiveUsers, waiting, active, epoch } = closed;
  const { stock: _, ...before } = bucket;
  const stock = room.origin.stock?.remaining;
  const exempt = countIn(bucket, 'exempt') + (closed.exempt ?? 0);
  const sums: MinuteBucket = {
    ...before,
    ...{ epoch, state, newUsersPerMinute, totalActiveUsers },
    ...counted(bucket, closed),
    ...{ exempt, entries: room.line.entries, waiting, active },
    ...refusedIn(bucket, closed),
    ...originIn(bucket, closed),
    ...(stock === undefined ? {} : { stock }),
  };
  const changed = LEVELS.some((name) => (bucket[name] ?? 0) !== closed[name]);
  room.minute = { ...minute, bucket: withoutZeros(sums), changed: minute.changed || changed };
}

/** Closes the open minute where its time is over at `at`. */
export function closeMinuteIfDue(room: RoomDocument, at: EpochMs, { effects }: StepContext): void {
  const { minute } = room;
  const { bucket, ahead } = minute;
  const start = minuteStart(at);
  if (start <= bucket.at) return;
  const key = minuteKey(bucket.at);
  if (minute.changed || hasContent(bucket)) {
    effects.push({ kind: 'put', table: 'minute', key, row: withoutPresent(bucket) });
    effects.push({ kind: 'drop', table: 'minute', from: 0, upTo: key - MINUTE_BUCKETS_MAX });
  }
  const { epoch, state, newUsersPerMinute, totalActiveUsers } = bucket;
  const levels = { waiting: countIn(bucket, 'waiting'), active: countIn(bucket, 'active') };
  const begun = withoutZeros({ at: start, epoch, state, newUsersPerMinute, totalActiveUsers, ...levels });
  const isAhead = ahead !== null && ahead.until >= start;
  const rateMax = isAhead ? { rateMax: ahead.rate } : {};
  room.minute = { bucket: { ...begun, ...rateMax }, changed: false, ahead: isAhead ? ahead : null };
  noteLevels(room);
}

/** Notes levels and limits that are the highest of this minute. Called after every command. */
export function noteLevels(room: RoomDocument): void {
  const { draw, line, pacing, sessions, minute } = room;
  const { bucket } = minute;
  const { newUsersPerMinute, totalActiveUsers } = limitsInForce(room);
  const waiting = draw.entries === null ? line.entries : line.issued - pacing.called;
  const higher: Partial<MinuteBucket> = {};
  if (waiting > countIn(bucket, 'waitingMax')) higher.waitingMax = waiting;
  if (sessions.active > countIn(bucket, 'activeMax')) higher.activeMax = sessions.active;
  if (newUsersPerMinute > (bucket.rateMax ?? 0)) higher.rateMax = newUsersPerMinute;
  if (totalActiveUsers > (bucket.peopleMax ?? 0)) higher.peopleMax = totalActiveUsers;
  if (Object.keys(higher).length > 0) room.minute = { ...minute, bucket: { ...bucket, ...higher } };
}

/** Notes under which rate a slot was granted, where it begins after this minute. */
export function noteRate(room: RoomDocument, slot: EpochMs): void {
  const { minute } = room;
  const { bucket, ahead } = minute;
  if (slot < bucket.at + MINUTE_MS) return;
  const { newUsersPerMinute: rate } = limitsInForce(room);
  const before = ahead ?? { rate: 0, until: 0 };
  room.minute = {
    ...minute,
    ahead: { rate: Math.max(rate, before.rate), until: Math.max(slot, before.until) },
  };
}

/** Notes how long a visitor has waited who is admitted now, as far as it is known. */
export function noteWait(room: RoomDocument, wait: KnownWait | undefined, slot: EpochMs): void {
  const { config, minute } = room;
  if (wait === undefined || !Number.isFinite(wait.since)) return;
  const seconds = Math.max(0, slot - Math.max(wait.since, config.schedule.opensAt)) / 1_000;
  const waits = minute.bucket.waits ?? NO_WAITS;
  const real = { ...waits, real: withOne(waits.real, seconds) };
  room.minute = { ...minute, bucket: { ...minute.bucket, waits: withTold(real, wait.told, seconds) } };
}

function withTold(waits: Waits, told: KnownWait['told'], seconds: number): Waits {
  if (told === null || !isRange(told)) return waits;
  const { low, high } = told;
  const isSooner = seconds < low - TOLERANCE_SECONDS;
  const isLater = seconds > high + TOLERANCE_SECONDS;
  return {
    ...waits,
    toldLow: withOne(waits.toldLow, low),
    toldHigh: withOne(waits.toldHigh, high),
    within: waits.within + (isSooner || isLater ? 0 : 1),
    sooner: waits.sooner + (isSooner ? 1 : 0),
    later: waits.later + (isLater ? 1 : 0),
  };
}

function isRange({ low, high }: { low: number; high: number }): boolean {
  return low >= 0 && low <= high && high <= TOLD_SECONDS_MAX;
}

function withOne(classes: readonly number[], seconds: number): number[] {
  const found = WAIT_BOUNDS_SECONDS.findIndex((bound) => seconds <= bound);
  const index = found === -1 ? WAIT_BOUNDS_SECONDS.length : found;
  return Array.from(
    { length: Math.max(classes.length, index + 1) },
    (_, i) => (classes[i] ?? 0) + (i === index ? 1 : 0),
  );
}

export function sumOfClasses(a: readonly number[], b: readonly number[]): number[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => (a[i] ?? 0) + (b[i] ?? 0));
}

const FLOW: readonly (keyof FlowCounts)[] = [
  ...(['arrived', 'called', 'admitted', 'completed', 'left', 'revoked', 'expired', 'lapsed'] as const),
];

function counted(bucket: MinuteBucket, closed: HistoryBucket): Partial<FlowCounts> {
  return Object.fromEntries(FLOW.map((name) => [name, countIn(bucket, name) + closed[name]]));
}

function refusedIn(bucket: MinuteBucket, { refused }: HistoryBucket): Pick<MinuteBucket, 'refused'> {
  const sums = { ...bucket.refused };
  for (const [reason, count] of Object.entries(refused) as [keyof typeof refused, number][]) {
    if (count > 0) sums[reason] = (sums[reason] ?? 0) + count;
  }
  return Object.keys(sums).length === 0 ? {} : { refused: sums };
}

function originIn(bucket: MinuteBucket, { origin }: HistoryBucket): Pick<MinuteBucket, 'origin'> {
  const before = bucket.origin ?? { answers: 0, errors: 0, unreachable: 0, latency: [] };
  const answers = before.answers + origin.answers;
  const unreachable = before.unreachable + origin.unreachable;
  if (answers + unreachable === 0) return {};
  const latency = sumOfClasses(before.latency, origin.latency);
  const last = latency.findLastIndex((count) => count > 0);
  const errors = before.errors + origin.errors;
  return { origin: { answers, errors, unreachable, latency: latency.slice(0, last + 1) } };
}

const COUNTS: readonly MinuteCount[] = [
  ...FLOW,
  ...(['entries', 'waiting', 'waitingMax', 'active', 'activeMax', 'exempt'] as const),
];

function withoutZeros(bucket: MinuteBucket): MinuteBucket {
  const some = { ...bucket };
  for (const name of COUNTS) if (some[name] === 0) delete some[name];
  return some;
}

/** What stays as it was is no content: its row would say what the one before it says. */
const LEVELS = ['state', 'newUsersPerMinute', 'totalActiveUsers', 'waiting', 'active'] as const;
const NO_CONTENT: ReadonlySet<string> = new Set([
  ...LEVELS,
  ...['at', 'epoch', 'entries', 'stock', 'rateMax', 'peopleMax', 'waitingMax', 'activeMax'],
]);

function hasContent(bucket: MinuteBucket): boolean {
  return Object.keys(bucket).some((name) => !NO_CONTENT.has(name));
}

/** Limits that were the highest and are those at the end need not be said twice. */
function withoutPresent({ rateMax = 0, peopleMax = 0, ...bucket }: MinuteBucket): MinuteBucket {
  return {
    ...bucket,
    ...(rateMax > bucket.newUsersPerMinute ? { rateMax } : {}),
    ...(peopleMax > bucket.totalActiveUsers ? { peopleMax } : {}),
  };
}
