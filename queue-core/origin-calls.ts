// What the origin says by its calls: none is obeyed twice, and each is on record.

import type { ClaimReply, OriginCall, ReadmitReply } from './command.ts';
import type { OriginRecord, VisitCall } from './document/origin-record.ts';
import type { RoomDocument } from './document/room-document.ts';
import type { CallMark } from './document/session-record.ts';
import { CALL_MARKS_MAX, ORIGIN_RECORDS_MAX } from './limits.ts';
import type { StepContext } from './machine.ts';

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
  return mark === null ? marks : joinedMarks(marks, [mark]);
}

/** The calls that either side of a loss has obeyed. */
export function joinedMarks(a: Marks, b: Marks): Marks {
  const all = new Map([...a, ...b].map((mark) => [mark.id, mark]));
  return [...all.values()].toSorted((one, other) => one.at - other.at).slice(-CALL_MARKS_MAX);
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
