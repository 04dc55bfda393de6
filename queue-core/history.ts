// What happened, in buckets of ten seconds: the room counts what it does itself, the gateways report what never reaches
// the room (refusals, the origin's responses). Closed buckets become rows; the open one is in the document.

import {
  bucketStart,
  countersOf,
  emptyBucket,
  flowSoFar,
  type HistoryBucket,
  NO_FLOW,
  NOTHING_OBSERVED,
  type Observed,
  type ObservedHealth,
  REFUSAL_REASONS,
  slotsAhead,
} from './document/history-state.ts';
import type { RoomDocument } from './document/room-document.ts';
import { HISTORY_BUCKET_MS, HISTORY_BUCKETS_MAX, RECENT_BUCKETS_MAX, SLOT_BUCKETS_MAX } from './limits.ts';
import type { StepContext } from './machine.ts';
import { addToMinute, closeMinuteIfDue, noteRate } from './minutes.ts';
import { limitsInForce, stateOf } from './room-state.ts';
import type { EpochMs } from './time.ts';

/** Key of a bucket's row. */
export function bucketKey(at: EpochMs): number {
  return Math.floor(at / HISTORY_BUCKET_MS);
}

/** Closes the open bucket where its time is over. */
export function closeBucketIfDue(room: RoomDocument, context: StepContext): void {
  const { history } = room;
  const start = bucketStart(context.now);
  if (start <= history.open.at) return;
  const closed = bucketOf(room, history.open.at + HISTORY_BUCKET_MS);
  // More lapsed positions claimed after all than others lapsed: the next bucket makes up for the negative count.
  const lapsed = Math.min(0, flowSoFar(room).lapsed);
  const ahead = slotsAhead(history.open);
  // Slots that began while nobody loaded the room belong to the bucket of their own time.
  const meanwhile = ahead.filter(([at]) => at < start);
  const buckets = [closed, ...meanwhile.map(([at, admitted]) => ({ ...quietBucket(room, at), admitted }))];
  for (const bucket of buckets) {
    const key = bucketKey(bucket.at);
    context.effects.push({ kind: 'put', table: 'history', key, row: bucket });
    context.effects.push({ kind: 'drop', table: 'history', from: 0, upTo: key - HISTORY_BUCKETS_MAX });
    addToMinute(room, bucket, context);
  }
  history.recent = [...history.recent, ...buckets].slice(-RECENT_BUCKETS_MAX);
  const slots = ahead.filter(([at]) => at >= start);
  history.open = { ...emptyBucket(context.now), flow: { ...NO_FLOW, lapsed }, counters: countersOf(room), slots };
  closeMinuteIfDue(room, context.now, context);
}

/** A bucket of a time at which the room was not loaded. */
function quietBucket(room: RoomDocument, at: EpochMs): HistoryBucket {
  const { health: _, exempt: __, store: ___, starts: ____, ...bucket } = bucketOf(room, at + HISTORY_BUCKET_MS);
  return { ...bucket, ...NO_FLOW, ...NOTHING_OBSERVED, at };
}

/** Notes a slot in the bucket in which it begins, which may lie ahead: the visitor enters then, not at the claim. */
export function noteSlot(room: RoomDocument, slot: EpochMs): void {
  const { history } = room;
  const { open } = history;
  const last = open.slots.at(-1);
  const at = Math.max(bucketStart(slot), open.at);
  const isInLast = last !== undefined && (last[0] >= at || open.slots.length >= SLOT_BUCKETS_MAX);
  const slots: typeof open.slots = isInLast ? open.slots.with(-1, [last[0], last[1] + 1]) : [...open.slots, [at, 1]];
  history.open = { ...open, slots };
  noteRate(room, slot);
}

/** The open bucket as it stands at `now`, in the form of a closed one. */
export function bucketOf(room: RoomDocument, now: EpochMs): HistoryBucket {
  const { draw, line, pacing, sessions, history } = room;
  const flow = flowSoFar(room);
  return {
    at: history.open.at,
    epoch: room.epoch,
    state: stateOf(room, now),
    ...flow,
    lapsed: Math.max(0, flow.lapsed),
    ...history.open.observed,
    waiting: draw.entries === null ? line.entries : line.issued - pacing.called,
    active: sessions.active,
    ...limitsInForce(room),
  };
}

/** Most arrivals in one of the last buckets. */
export function busiestArrivals(room: RoomDocument, now: EpochMs): number {
  return Math.max(...[...room.history.recent, bucketOf(room, now)].map(({ arrived }) => arrived));
}

/** Adds what a gateway saw to the open bucket. */
export function observe({ history }: RoomDocument, seen: Observed): void {
  history.open = { ...history.open, observed: sum(history.open.observed, seen) };
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
    ...healthSum(a.health, b.health),
    ...exemptSum(a.exempt, b.exempt),
    ...storeSum(a.store, b.store),
    ...startsSum(a.starts, b.starts),
  };
}

function healthSum(a: Observed['health'], b: Observed['health']): Pick<Observed, 'health'> {
  if (a === undefined && b === undefined) return {};
  const total = (name: keyof ObservedHealth) => (a?.[name] ?? 0) + (b?.[name] ?? 0);
  const [requests, failures] = [total('requests'), total('failures')];
  return { health: { requests, failures, timed: total('timed'), totalMs: total('totalMs') } };
}

function exemptSum(a: Observed['exempt'], b: Observed['exempt']): Pick<Observed, 'exempt'> {
  return a === undefined && b === undefined ? {} : { exempt: (a ?? 0) + (b ?? 0) };
}

function storeSum(a: Observed['store'], b: Observed['store']): Pick<Observed, 'store'> {
  if (a === undefined && b === undefined) return {};
  const total = (name: 'conflicts' | 'retries') => (a?.[name] ?? 0) + (b?.[name] ?? 0);
  return { store: { conflicts: total('conflicts'), retries: total('retries') } };
}

function startsSum(a: Observed['starts'], b: Observed['starts']): Pick<Observed, 'starts'> {
  if (a === undefined && b === undefined) return {};
  const total = (name: 'started' | 'restarted') => (a?.[name] ?? 0) + (b?.[name] ?? 0);
  return { starts: { started: total('started'), restarted: total('restarted') } };
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
