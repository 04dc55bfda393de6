// What happened, in buckets of ten seconds: counted by the room itself from what it does, and by the gateways for what
// never reaches the room (refusals, the origin's answers). Closed buckets become rows; the open one is in the document.

import { HISTORY_BUCKET_MS, HISTORY_BUCKETS_MAX, RECENT_BUCKETS_MAX, SLOT_BUCKETS_MAX } from './limits.ts';
import type { Effect } from './machine.ts';
import { stateOf } from './opening.ts';
import type { EpochMs, RoomDocument, RoomState } from './room.ts';

/** Why a gateway turned a request away before it could have any effect on the room. */
export const REFUSAL_REASONS = ['noAdmission', 'badToken', 'prefetch', 'tooOften', 'crossSite'] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Upper ends of the latency classes of the origin, ms; one more class holds all that took longer. */
export const LATENCY_BOUNDS_MS = [50, 100, 200, 400, 800, 1_600, 3_200, 6_400] as const;

/** What gateways saw; sums of several gateways' counts mean the same as one gateway's. */
export interface Observed {
  refused: Partial<Record<RefusalReason, number>>;
  origin: {
    answers: number;
    /** Answers with a status of 500 or more. */
    errors: number;
    unreachable: number;
    /** Answers by time until the header came; one count a class of `LATENCY_BOUNDS_MS` and one beyond. */
    latency: number[];
  };
  /** How often gateways got in each other's way at a shared store, and asked it again; absent: never. */
  store?: { conflicts: number; retries: number };
}

/** What each visitor's way came to within one bucket. */
export interface Passed {
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

export interface HistoryBucket extends Passed, Observed {
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

/** The bucket that is still being filled: what came so far, and where the room's own counters stood. */
export interface OpenBucket {
  at: EpochMs;
  passed: Passed;
  observed: Observed;
  counted: Omit<Passed, 'admitted'>;
  /** Slots granted, by the start of the bucket in which they begin: this one, and those that lie ahead. */
  slots: [EpochMs, number][];
}

export const NOTHING_OBSERVED: Observed = {
  refused: {},
  origin: { answers: 0, errors: 0, unreachable: 0, latency: [] },
};

const NOTHING_PASSED: Passed = {
  arrived: 0,
  called: 0,
  admitted: 0,
  completed: 0,
  left: 0,
  revoked: 0,
  expired: 0,
  lapsed: 0,
};

export function emptyBucket(now: EpochMs): OpenBucket {
  const nothing = { passed: NOTHING_PASSED, observed: NOTHING_OBSERVED, counted: NOTHING_PASSED };
  return { at: bucketStart(now), ...nothing, slots: [] };
}

function bucketStart(at: EpochMs): EpochMs {
  return Math.floor(at / HISTORY_BUCKET_MS) * HISTORY_BUCKET_MS;
}

/** Key of a bucket's row. */
export function bucketKey(at: EpochMs): number {
  return Math.floor(at / HISTORY_BUCKET_MS);
}

/** Closes the open bucket where its time is over. Mutates the step's own copy of the room. */
export function closeBucketIfDue(room: RoomDocument, now: EpochMs, effects: Effect[]): void {
  if (bucketStart(now) <= room.bucket.at) return;
  const closed = bucketOf(room, room.bucket.at + HISTORY_BUCKET_MS);
  // Of those whose turn had passed, more came after all than others lapsed: the next bucket's to make up for.
  const owed = Math.min(0, passedSoFar(room).lapsed);
  const key = bucketKey(closed.at);
  effects.push({ kind: 'put', table: 'history', key, row: closed });
  effects.push({ kind: 'drop', table: 'history', from: 0, upTo: key - HISTORY_BUCKETS_MAX });
  room.recent = [...room.recent, closed].slice(-RECENT_BUCKETS_MAX);
  const passed = { ...NOTHING_PASSED, lapsed: owed };
  room.bucket = { ...emptyBucket(now), passed, counted: countersOf(room), slots: slotsAhead(room.bucket) };
}

function slotsAhead({ at, slots }: OpenBucket): OpenBucket['slots'] {
  return slots.filter(([begins]) => begins > at);
}

/**
 * Notes a slot where it begins, which may be some buckets ahead: people are let in then, not when they are told.
 * Mutates the step's own copy of the room.
 */
export function noteSlot(room: RoomDocument, slot: EpochMs): void {
  const { slots } = room.bucket;
  const last = slots.at(-1);
  const at = Math.max(bucketStart(slot), room.bucket.at);
  if (last !== undefined && (last[0] >= at || slots.length >= SLOT_BUCKETS_MAX)) {
    room.bucket = { ...room.bucket, slots: slots.with(-1, [last[0], last[1] + 1]) };
  } else room.bucket = { ...room.bucket, slots: [...slots, [at, 1]] };
}

/** The open bucket as it stands at `now`, in the form of a closed one. */
export function bucketOf(room: RoomDocument, now: EpochMs): HistoryBucket {
  const { at, observed } = room.bucket;
  const passed = passedSoFar(room);
  return {
    at,
    epoch: room.epoch,
    state: stateOf(room, now),
    ...passed,
    lapsed: Math.max(0, passed.lapsed),
    ...observed,
    waiting: room.draw.entries === null ? room.entries : room.issued - room.called,
    active: room.active,
    newUsersPerMinute: room.policy.newUsersPerMinute,
    totalActiveUsers: room.policy.totalActiveUsers,
  };
}

/** Carries the open bucket over into a new epoch, whose counters begin at zero. */
export function bucketAcrossEpochs(room: RoomDocument): Pick<RoomDocument, 'bucket' | 'recent'> {
  const { bucket, recent } = room;
  return { bucket: { ...bucket, passed: passedSoFar(room), counted: NOTHING_PASSED, slots: [] }, recent };
}

/** The open bucket of a room whose counters have jumped: what came before counts on, the jump does not. */
export function rebasedBucket(before: RoomDocument, after: RoomDocument): OpenBucket {
  const { bucket } = before;
  return { ...bucket, passed: passedSoFar(before), counted: countersOf(after), slots: slotsAhead(bucket) };
}

/** Most arrivals in one of the last buckets. */
export function busiestArrivals(room: RoomDocument, now: EpochMs): number {
  return Math.max(...[...room.recent, bucketOf(room, now)].map(({ arrived }) => arrived));
}

/** Adds what a gateway saw to the open bucket. Mutates the step's own copy of the room. */
export function observe(room: RoomDocument, seen: Observed): void {
  room.bucket = { ...room.bucket, observed: sum(room.bucket.observed, seen) };
}

export function sum(a: Observed, b: Observed): Observed {
  const refused = { ...a.refused };
  for (const reason of REFUSAL_REASONS) {
    const more = b.refused[reason];
    if (more !== undefined) refused[reason] = (refused[reason] ?? 0) + more;
  }
  const classes = Math.max(a.origin.latency.length, b.origin.latency.length);
  return {
    refused,
    origin: {
      answers: a.origin.answers + b.origin.answers,
      errors: a.origin.errors + b.origin.errors,
      unreachable: a.origin.unreachable + b.origin.unreachable,
      latency: Array.from({ length: classes }, (_, i) => (a.origin.latency[i] ?? 0) + (b.origin.latency[i] ?? 0)),
    },
    ...storeSum(a.store, b.store),
  };
}

function storeSum(a: Observed['store'], b: Observed['store']): Pick<Observed, 'store'> {
  if (a === undefined && b === undefined) return {};
  const total = (name: 'conflicts' | 'retries') => (a?.[name] ?? 0) + (b?.[name] ?? 0);
  return { store: { conflicts: total('conflicts'), retries: total('retries') } };
}

function passedSoFar(room: RoomDocument): Passed {
  const { passed, counted } = room.bucket;
  const counters = countersOf(room);
  const sums = { ...passed };
  for (const name of Object.keys(counters) as (keyof typeof counters)[]) sums[name] += counters[name] - counted[name];
  sums.admitted += room.bucket.slots.reduce((total, [at, slots]) => (at > room.bucket.at ? total : total + slots), 0);
  return sums;
}

function countersOf({ entries, issued, called, totals }: RoomDocument): Omit<Passed, 'admitted'> {
  const { completed, left, revoked, expired, lapsed } = totals;
  return { arrived: Math.max(entries, issued), called, completed, left, revoked, expired, lapsed };
}

/** Visitors a minute who were inside and left lately, in whatever way; 0 too where nothing is known yet. */
export function departuresPerMinute(closed: readonly HistoryBucket[]): number {
  const [first, last] = [closed[0], closed.at(-1)];
  if (first === undefined || last === undefined) return 0;
  const gone = closed.reduce(
    (sum, { completed, left, expired, revoked }) => sum + completed + left + expired + revoked,
    0,
  );
  return (gone * 60_000) / (last.at + HISTORY_BUCKET_MS - first.at);
}
