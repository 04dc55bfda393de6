// What the origin says by its calls: none is obeyed twice, and each is on record.

import type { ClaimReply, OriginCall, ReadmitReply } from './command.ts';
import type { OriginRecord, VisitCall } from './document/origin-record.ts';
import type { OriginState, Stock } from './document/origin-state.ts';
import type { RoomDocument } from './document/room-document.ts';
import type { CallMark } from './document/session-record.ts';
import { CALL_MARKS_MAX, ORIGIN_RECORDS_MAX } from './limits.ts';
import type { StepContext } from './machine.ts';
import type { EpochMs } from './time.ts';

type Marks = readonly CallMark[];

/**
 * Whether a call about a visit came before. An origin sends a call again under its id, and signs it anew. One that was signed before
 * the last one is a replay, or was overtaken.
 */
export function seenBefore(marks: Marks, mark: CallMark | null): 'new' | 'same' | 'outdated' {
  if (mark === null) return 'new';
  if (marks.some(({ id }) => id === mark.id)) return 'same';
  const isOlder = mark.at < (marks.at(-1)?.at ?? 0);
  // None may be forgotten that could come again with the time of this one.
  const isCrowded = marks.length >= CALL_MARKS_MAX && marks[0]?.at === mark.at;
  return isOlder || isCrowded ? 'outdated' : 'new';
}

export function marked(marks: Marks, mark: CallMark | null): Marks {
  return mark === null ? marks : [...marks, mark].toSorted((a, b) => a.at - b.at).slice(-CALL_MARKS_MAX);
}

/** The calls that either side of a loss has obeyed. */
export function joinedMarks(a: Marks, b: Marks): Marks {
  const all = new Map([...a, ...b].map((mark) => [mark.id, mark]));
  return [...all.values()].toSorted((one, other) => one.at - other.at).slice(-CALL_MARKS_MAX);
}

/** What the origin said last, to either side of a loss. */
export function joinedOrigin(a: OriginState, b: OriginState): OriginState {
  const latest = (one: EpochMs | null, other: EpochMs | null) => Math.max(one ?? 0, other ?? 0) || null;
  const overloadedUntil = latest(a.health.overloadedUntil, b.health.overloadedUntil);
  return {
    stock: joinedStock(a.stock, b.stock),
    health: { ...a.health, overloadedUntil },
    recordSeq: Math.max(a.recordSeq, b.recordSeq),
    signalledAt: latest(a.signalledAt, b.signalledAt),
  };
}

/** Of each number the later one; of two of one moment the lower. */
function joinedStock(a: Stock | null, b: Stock | null): Stock | null {
  if (a === null || b === null) return a ?? b;
  const isLater = <T extends { remaining: number; asOf: EpochMs }>(one: T, other: T) =>
    one.asOf > other.asOf || (one.asOf === other.asOf && one.remaining <= other.remaining);
  const [later, earlier] = isLater(a, b) ? [a, b] : [b, a];
  const lots = later.lots.map((lot) => {
    const same = earlier.lots.find(({ id }) => id === lot.id);
    return same === undefined || isLater(lot, same) ? lot : same;
  });
  return { ...later, lots };
}

/** Records a call about a visit. What a response completes is in the record of its session, and what it gives back as often as a page is opened. */
export function noteVisit(
  room: RoomDocument,
  kind: VisitCall,
  position: number,
  { by }: OriginCall,
  reply: ClaimReply | ReadmitReply,
  context: StepContext,
): void {
  if (by === null && kind !== 'revoke') return;
  note(room, { by, kind, position, refused: reply.kind === 'refused' ? reply.reason : null }, context);
}

type Unnumbered<R> = R extends unknown ? Omit<R, 'seq' | 'at' | 'epoch'> : never;

/** Records what the origin said. The older half of the records goes when there are too many. */
export function note(
  { origin, epoch }: RoomDocument,
  said: Unnumbered<OriginRecord>,
  { now, effects }: StepContext,
): void {
  const seq = ++origin.recordSeq;
  effects.push({ kind: 'put', table: 'origin', key: seq, row: { seq, at: now, epoch, ...said } as OriginRecord });
  if (seq % (ORIGIN_RECORDS_MAX / 2) !== 0) return;
  effects.push({ kind: 'drop', table: 'origin', from: 0, upTo: seq - ORIGIN_RECORDS_MAX / 2 });
}
