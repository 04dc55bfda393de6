// From a called place to a session and out again. A claim is granted only while a place is free and takes the next
// slot; what is granted is remembered under its position, so that a repeated claim gets the same session.

import type { ClaimReply, Command, Refusal } from './command.ts';
import { noteSlot } from './history.ts';
import { ENDINGS_MAX, EXPIRY_BUCKETS_MAX, STANDBY_MAX, STANDBY_SILENT_MS_MAX } from './limits.ts';
import type { Effect } from './machine.ts';
import { expiryGrainMs, stateOf } from './opening.ts';
import { callUpTo, grantSlot, recordClaim } from './pacing.ts';
import type { EndReason, EpochMs, RoomDocument, SessionRecord } from './room.ts';
import { aheadOf } from './wait.ts';

type Claim = Extract<Command, { kind: 'claim' }>;
type Renewal = Extract<Command, { kind: 'renew' }>;
type End = Extract<Command, { kind: 'end' }>;
type Found = SessionRecord | undefined;

/** Exchanges a called place for a session. Mutates the step's own copy of the room. */
export function claim(room: RoomDocument, record: Found, wish: Claim, now: EpochMs, effects: Effect[]): ClaimReply {
  const { position, visitor, sid } = wish;
  if (wish.epoch !== room.epoch) return refused('wrongEpoch');
  if (record !== undefined) {
    return record.visitor === visitor ? sessionReply(room, position, record, now) : refused('foreignPosition');
  }
  const shut = whyShut(room, now);
  if (shut !== null) return refused(shut);
  if (position < 1 || position > room.issued) return refused('unknownPosition');
  if (position > room.called) return { kind: 'waiting', ahead: aheadOf(position, room.called) };

  const onStandby = room.standby.some((other) => other.position === position);
  if (position <= room.lapsedThrough && !onStandby) return { kind: 'lapsed' };
  const ahead = room.standby.filter((other) => other.position < position).length;
  if (room.policy.totalActiveUsers - room.active <= ahead) {
    standBy(room, position, now);
    return { kind: 'standby', ahead };
  }
  if (onStandby) room.standby = room.standby.filter((other) => other.position !== position);

  const admitAt = grantSlot(room, now);
  const expiresAt = admitAt + room.policy.sessionMs;
  const granted = {
    epoch: room.epoch,
    generation: room.generation,
    visitor,
    sid,
    admitAt,
    expiresAt,
    countsUntil: bucketEnd(room, expiresAt),
    ended: null,
  };
  countSessions(room, granted.countsUntil, 1);
  recordClaim(room, position);
  room.totals = { ...room.totals, admitted: room.totals.admitted + 1 };
  noteSlot(room, admitAt);
  effects.push({ kind: 'put', table: 'session', key: position, row: granted });
  return sessionReply(room, position, granted, now);
}

/** Why nobody may enter at `now`; null: they may. Those called before a pause still may, those held may not. */
function whyShut(room: RoomDocument, now: EpochMs): Refusal | null {
  switch (stateOf(room, now)) {
    case 'closed':
      return 'closed';
    case 'soldOut':
      return 'soldOut';
    case 'scheduled':
    case 'prequeue':
    case 'drawing':
      return 'notOpen';
    case 'paused':
    case 'open':
      if (room.flow === 'held') return 'held';
      return room.originFailingSince === null ? null : 'originFailing';
  }
}

/** Looks up a session and extends it when its second half has begun and the policy says so. */
export function renew(room: RoomDocument, record: Found, wish: Renewal, now: EpochMs, effects: Effect[]): ClaimReply {
  const found = sessionOf(room, record, wish);
  if ('kind' in found) return found;
  const { sessionMs, sessionRenewal } = room.policy;
  const current = sessionReply(room, wish.position, found, now);
  if (current.kind !== 'admitted' || !sessionRenewal || found.expiresAt - now > sessionMs / 2) return current;
  const expiresAt = now + sessionMs;
  const renewed = { ...found, expiresAt, countsUntil: bucketEnd(room, expiresAt) };
  countSessions(room, found.countsUntil, -1);
  countSessions(room, renewed.countsUntil, 1);
  room.totals = { ...room.totals, renewed: room.totals.renewed + 1 };
  effects.push({ kind: 'put', table: 'session', key: wish.position, row: renewed });
  return sessionReply(room, wish.position, renewed, now);
}

/**
 * Takes a signed admission token as proof of a session whose record was lost with the store's last seconds. It counts once
 * more than the room may have counted it already; the surplus ends by itself.
 */
export function restoreSession(
  room: RoomDocument,
  record: Found,
  proof: Extract<Command, { kind: 'attestSession' }>,
  now: EpochMs,
  effects: Effect[],
): void {
  const { epoch, position, visitor, sid, admitAt, expiresAt } = proof;
  if (epoch !== room.epoch || record !== undefined || now >= room.lostUntil || now >= expiresAt) return;
  if (admitAt <= room.revokedAt) return;
  callUpTo(room, position);
  const countsUntil = bucketEnd(room, expiresAt);
  countSessions(room, countsUntil, 1);
  room.lostUntil = Math.max(room.lostUntil, countsUntil);
  const row = { epoch, generation: room.generation, visitor, sid, admitAt, expiresAt, countsUntil, ended: null };
  effects.push({ kind: 'put', table: 'session', key: position, row });
}

/** Ends a session before its time and frees its place at once. */
export function end(room: RoomDocument, record: Found, wish: End, now: EpochMs, effects: Effect[]): ClaimReply {
  const found = sessionOf(room, record, wish);
  if ('kind' in found) return found;
  const current = sessionReply(room, wish.position, found, now);
  if (current.kind !== 'admitted') return current;
  endSession(room, wish.position, found, wish.reason, now, effects);
  return { kind: 'ended', reason: wish.reason };
}

function endSession(
  room: RoomDocument,
  position: number,
  record: SessionRecord,
  reason: EndReason,
  now: EpochMs,
  effects: Effect[],
): void {
  countSessions(room, record.countsUntil, -1);
  room.totals = { ...room.totals, [reason]: room.totals[reason] + 1 };
  room.endingSeq++;
  effects.push({ kind: 'put', table: 'session', key: position, row: { ...record, ended: { reason, at: now } } });
  const ending = { seq: room.endingSeq, sid: record.sid, until: record.expiresAt };
  effects.push({ kind: 'put', table: 'ending', key: room.endingSeq, row: ending });
  boundEndings(room, now, effects);
}

/** Ends the session of a position at an operator's word. @returns whether there was one to end */
export function revoke(room: RoomDocument, record: Found, position: number, now: EpochMs, effects: Effect[]): boolean {
  if (record === undefined || record.epoch !== room.epoch) return false;
  if (sessionReply(room, position, record, now).kind !== 'admitted') return false;
  endSession(room, position, record, 'revoked', now, effects);
  return true;
}

/**
 * Ends every session at once. No record is touched: they belong to a generation that is over. Tokens issued before now
 * are refused by their time; those of the same second, which tokens cannot tell apart, count only after a look at the record.
 */
export function revokeAll(room: RoomDocument, now: EpochMs): void {
  room.totals = { ...room.totals, revoked: room.totals.revoked + room.active };
  room.active = 0;
  room.expiries = [];
  room.generation++;
  room.revokedAt = now;
  room.passes = [];
  room.renewBefore = now + 1;
}

/**
 * Keeps the list of endings within its bound: the older half goes, and tokens issued before now count only after a look
 * at their record. So a session that ended is refused everywhere, listed or not.
 */
function boundEndings(room: RoomDocument, now: EpochMs, effects: Effect[]): void {
  if (room.endingSeq - room.endingsDroppedTo <= ENDINGS_MAX) return;
  room.endingsDroppedTo = room.endingSeq - ENDINGS_MAX / 2;
  room.renewBefore = now;
  effects.push({ kind: 'drop', table: 'ending', from: 0, upTo: room.endingsDroppedTo });
}

function sessionOf(
  room: RoomDocument,
  record: Found,
  wish: { epoch: number; sid: string },
): SessionRecord | ClaimReply {
  if (wish.epoch !== room.epoch) return refused('wrongEpoch');
  if (record === undefined) return refused('unknownPosition');
  return record.sid === wish.sid ? record : refused('foreignPosition');
}

function sessionReply(room: RoomDocument, position: number, record: SessionRecord, now: EpochMs): ClaimReply {
  if (record.generation < room.generation) return { kind: 'ended', reason: 'revoked' };
  if (record.ended !== null) return { kind: 'ended', reason: record.ended.reason };
  if (now >= record.expiresAt) return { kind: 'ended', reason: 'expired' };
  const { sid, admitAt, expiresAt } = record;
  return { kind: 'admitted', position, sid, admitAt, expiresAt };
}

/** Notes who found no free place. Where the list is full, the earliest positions stay on it. */
function standBy(room: RoomDocument, position: number, now: EpochMs): void {
  const others = room.standby.filter((other) => other.position !== position);
  const index = others.findIndex((other) => other.position > position);
  const standby = others.toSpliced(index === -1 ? others.length : index, 0, { position, seenAt: now });
  room.standby = standby.slice(0, STANDBY_MAX);
}

/** Frees the places of sessions whose time is over, and forgets those on standby who fell silent. */
export function releaseDue(room: RoomDocument, now: EpochMs): void {
  const due = room.expiries.findIndex(([endsAt]) => endsAt > now);
  const over = room.expiries.slice(0, due === -1 ? room.expiries.length : due);
  if (over.length > 0) {
    const sessions = over.reduce((sum, [, count]) => sum + count, 0);
    room.expiries = room.expiries.slice(over.length);
    room.active -= sessions;
    room.totals = { ...room.totals, expired: room.totals.expired + sessions };
  }
  if (room.standby.some(({ seenAt }) => now - seenAt > STANDBY_SILENT_MS_MAX)) {
    room.standby = room.standby.filter(({ seenAt }) => now - seenAt <= STANDBY_SILENT_MS_MAX);
  }
}

/** When a session that ends then comes free. */
export function bucketEnd(room: RoomDocument, expiresAt: EpochMs): EpochMs {
  const grain = expiryGrainMs(room.policy, EXPIRY_BUCKETS_MAX);
  return Math.ceil(expiresAt / grain) * grain;
}

/** Counts sessions that end then in, or out again. */
export function countSessions(room: RoomDocument, endsAt: EpochMs, change: number): void {
  if (change === 0) return;
  room.active += change;
  const index = room.expiries.findIndex(([bucket]) => bucket >= endsAt);
  const found = index === -1 ? undefined : room.expiries[index];
  if (found === undefined || found[0] !== endsAt) {
    room.expiries = room.expiries.toSpliced(index === -1 ? room.expiries.length : index, 0, [endsAt, change]);
    return;
  }
  const count = found[1] + change;
  room.expiries = count === 0 ? room.expiries.toSpliced(index, 1) : room.expiries.with(index, [endsAt, count]);
}

function refused(reason: Refusal): ClaimReply {
  return { kind: 'refused', reason };
}
