// How visits end before their time, and how the origin gives a turn back. A completed visit is the last word: nothing reopens it.

import { type ClaimReply, type Command, type OriginCall, type ReadmitReply, refused } from './command.ts';
import type { RoomDocument } from './document/room-document.ts';
import type { EndReason, SessionRecord } from './document/session-record.ts';
import { bucketEnd, countSessions } from './document/sessions-state.ts';
import { ENDINGS_MAX } from './limits.ts';
import type { StepContext } from './machine.ts';
import { marked, noteVisit, seenBefore } from './origin-calls.ts';
import { noteEnd } from './stays.ts';
import type { EpochMs } from './time.ts';

type End = Extract<Command, { kind: 'end' }>;
type Readmission = Extract<Command, { kind: 'readmit' }>;
type Found = SessionRecord | undefined;

const CALLS = { completed: 'complete', revoked: 'revoke' } as const;

/** Ends a session before its time; its vacancy is there at once. */
export function end(room: RoomDocument, record: Found, command: End, context: StepContext): ClaimReply {
  const call = 'call' in command ? command.call : undefined;
  const reply = endVisit(room, record, command, call, context);
  if (call !== undefined && command.reason !== 'left' && !isRepeated(record, call)) {
    noteVisit(room, CALLS[command.reason], command.position, call, reply, context);
  }
  return reply;
}

/** A call that came before is on record already. */
function isRepeated(record: Found, { mark }: OriginCall): boolean {
  return record !== undefined && seenBefore(record.calls, mark) === 'same';
}

function endVisit(
  room: RoomDocument,
  record: Found,
  command: End,
  call: OriginCall | undefined,
  context: StepContext,
): ClaimReply {
  const { now } = context;
  const { position, reason } = command;
  if ('visitor' in command && record === undefined && command.epoch === room.epoch && call === undefined) {
    return dropStandby(room, position)
      ? { kind: 'ended', reason, at: now, reference: null }
      : refused('unknownPosition');
  }
  const found = sessionOf(room, record, command);
  if ('kind' in found) return found;
  const current = sessionReply(room, position, found, now);
  const seen = seenBefore(found.calls, call?.mark ?? null);
  // What was completed is the last word, whenever it comes.
  if (seen === 'outdated' && reason !== 'completed') return refused('outdatedCall');
  if (seen === 'same') return current;
  const row = { ...found, calls: marked(found.calls, call?.mark ?? null) };
  const reference = ('reference' in command ? command.reference : null) ?? null;
  if (current.kind === 'admitted') return endSession(room, position, row, { reason, reference }, context);
  if (reason === 'completed') return completeLate(room, position, row, reference, context);
  if (found.readmitted) {
    const ended = { reason, at: now, reference: null };
    stopCounting(room, found, now);
    putSession(position, { ...row, ended, readmitted: false }, context);
    return { kind: 'ended', ...ended };
  }
  if (call !== undefined) putSession(position, row, context);
  return current;
}

/** What was completed counts though its session was over already, and gets its reference once. No vacancy comes of it. */
function completeLate(
  room: RoomDocument,
  position: number,
  record: SessionRecord,
  reference: string | null,
  context: StepContext,
): ClaimReply {
  const before = record.ended?.reason === 'completed' ? record.ended : null;
  const ended = {
    reason: 'completed' as const,
    at: before?.at ?? context.now,
    reference: before?.reference ?? reference,
  };
  if (stopCounting(room, record, context.now)) countSession(room, 'completed');
  const row = { ...record, ended, readmitted: false };
  dropStandby(room, position);
  putSession(position, row, context);
  return sessionReply(room, position, row, context.now);
}

/** Gives the turn back to a visitor who was thrown out; one who is inside gets the full length, up to the absolute end. */
export function readmit(room: RoomDocument, record: Found, command: Readmission, context: StepContext): ReadmitReply {
  const reply = readmitVisit(room, record, command, context);
  if (!isRepeated(record, command.call)) noteVisit(room, 'readmit', command.position, command.call, reply, context);
  return reply;
}

function readmitVisit(room: RoomDocument, record: Found, command: Readmission, context: StepContext): ReadmitReply {
  const { now } = context;
  const { position, call } = command;
  const found = sessionOf(room, record, command);
  if ('kind' in found) return found;
  const current = sessionReply(room, position, found, now);
  const seen = seenBefore(found.calls, call.mark);
  if (seen === 'outdated') return refused('outdatedCall');
  const isCompleted = found.ended?.reason === 'completed';
  if (seen === 'same' && !isCompleted) return current.kind === 'admitted' ? current : { kind: 'readmitted' };
  if (isCompleted) return refused('completed');
  const row = { ...found, calls: marked(found.calls, call.mark) };
  if (current.kind !== 'admitted') {
    putSession(position, { ...row, readmitted: true }, context);
    return { kind: 'readmitted' };
  }
  const { policy } = room.config;
  const expiresAt = Math.max(
    found.expiresAt,
    Math.min(now + policy.sessionMs, found.admitAt + policy.sessionTotalMsMax),
  );
  const countsUntil =
    found.presentBy === null ? bucketEnd(policy, expiresAt, room.sessions.expiries) : found.countsUntil;
  if (countsUntil !== found.countsUntil) {
    countSessions(room.sessions, found.countsUntil, -1);
    countSessions(room.sessions, countsUntil, 1);
  }
  const extended = { ...row, expiresAt, countsUntil };
  putSession(position, extended, context);
  return sessionReply(room, position, extended, now) as ReadmitReply;
}

export function lookUp(
  room: RoomDocument,
  record: Found,
  command: Extract<Command, { kind: 'lookUp' }>,
  now: EpochMs,
): ClaimReply {
  const found = sessionOf(room, record, command);
  return 'kind' in found ? found : sessionReply(room, command.position, found, now);
}

function endSession(
  room: RoomDocument,
  position: number,
  record: SessionRecord,
  { reason, reference }: { reason: EndReason; reference: string | null },
  context: StepContext,
): ClaimReply {
  const { now, effects } = context;
  countSessions(room.sessions, record.countsUntil, -1);
  noteEnd(room.sessions, record.admitAt, now);
  countSession(room, reason);
  dropStandby(room, position);
  const seq = ++room.endings.seq;
  putSession(position, { ...record, ended: { reason, at: now, reference } }, context);
  effects.push({ kind: 'put', table: 'ending', key: seq, row: { seq, sid: record.sid, until: record.expiresAt } });
  boundEndings(room, context);
  return { kind: 'ended', reason, at: now, reference };
}

/** Ends the session of a position for an operator. @returns whether there was one to end */
export function revoke(room: RoomDocument, record: Found, position: number, context: StepContext): boolean {
  if (record === undefined || record.epoch !== room.epoch) return false;
  if (sessionReply(room, position, record, context.now).kind !== 'admitted') return false;
  endSession(room, position, record, { reason: 'revoked', reference: null }, context);
  return true;
}

/**
 * Ends every session at once. No record is touched: they belong to a generation that is over. Tokens issued before now
 * are refused by their time; those of the same second, which tokens cannot tell apart, are honoured only after a read of
 * the record.
 */
export function revokeAll({ sessions, endings, changes }: RoomDocument, now: EpochMs): void {
  sessions.totals = { ...sessions.totals, revoked: sessions.totals.revoked + sessions.active };
  sessions.active = 0;
  sessions.expiries = [];
  sessions.cohorts = [];
  sessions.generation++;
  sessions.revokedAt = now;
  changes.passes = [];
  endings.renewBefore = now + 1;
}

/**
 * Keeps the list of endings within its bound: the older half goes, and tokens issued before now are honoured only after a
 * read of their record. So a session that ended is refused everywhere, listed or not.
 */
function boundEndings({ endings }: RoomDocument, { now, effects }: StepContext): void {
  if (endings.seq - endings.droppedTo <= ENDINGS_MAX) return;
  endings.droppedTo = endings.seq - ENDINGS_MAX / 2;
  endings.renewBefore = now;
  effects.push({ kind: 'drop', table: 'ending', from: 0, upTo: endings.droppedTo });
}

/**
 * A session whose time is over may count until the end of its bucket; from now on it does not.
 * @returns whether it did
 */
export function stopCounting({ sessions }: RoomDocument, record: SessionRecord, now: EpochMs): boolean {
  const counts = record.ended === null && record.generation === sessions.generation && record.countsUntil > now;
  if (!counts) return false;
  countSessions(sessions, record.countsUntil, -1);
  noteEnd(sessions, record.admitAt, record.expiresAt);
  return true;
}

/** @returns whether the position was on standby */
export function dropStandby({ sessions }: RoomDocument, position: number): boolean {
  if (!sessions.standby.some((other) => other.position === position)) return false;
  sessions.standby = sessions.standby.filter((other) => other.position !== position);
  return true;
}

export function putSession(position: number, row: SessionRecord, { effects }: StepContext): void {
  effects.push({ kind: 'put', table: 'session', key: position, row });
}

export function countSession({ sessions }: RoomDocument, name: keyof RoomDocument['sessions']['totals']): void {
  sessions.totals = { ...sessions.totals, [name]: sessions.totals[name] + 1 };
}

export function sessionOf(
  room: RoomDocument,
  record: Found,
  command: { epoch: number } & ({ sid: string } | { visitor: string }),
): SessionRecord | ReturnType<typeof refused> {
  if (command.epoch !== room.epoch) return refused('wrongEpoch');
  if (record === undefined) return refused('unknownPosition');
  const isTheirs = 'sid' in command ? record.sid === command.sid : record.visitor === command.visitor;
  return isTheirs ? record : refused('foreignPosition');
}

export function sessionReply(room: RoomDocument, position: number, record: SessionRecord, now: EpochMs): ClaimReply {
  const { ended, sid, admitAt, expiresAt, presentBy } = record;
  const { generation, revokedAt } = room.sessions;
  if (ended !== null) return { kind: 'ended', ...ended };
  if (record.generation < generation) return { kind: 'ended', reason: 'revoked', at: revokedAt, reference: null };
  if (now >= expiresAt) return { kind: 'ended', reason: 'expired', at: expiresAt, reference: null };
  return { kind: 'admitted', position, sid, admitAt, expiresAt, presentBy };
}
