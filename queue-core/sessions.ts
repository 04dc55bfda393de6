// From a called place to a session and out again. A claim is granted only while there is a vacancy and takes the next
// slot; the session is stored under its position, so that a repeated claim gets the same one.

import type { ClaimReply, Command, Refusal } from './command.ts';
import type { RoomDocument } from './document/room-document.ts';
import type { EndReason, SessionRecord } from './document/session-record.ts';
import { countSessions, type Expiries } from './document/sessions-state.ts';
import { noteSlot } from './history.ts';
import {
  ENDINGS_MAX,
  EXPIRIES_MAX,
  EXPIRY_BUCKETS_MAX,
  PRESENT_MS_MAX,
  STANDBY_MAX,
  STANDBY_SILENT_MS_MAX,
} from './limits.ts';
import type { StepContext } from './machine.ts';
import { callUpTo, grantSlot, recordClaim } from './pacing.ts';
import type { Policy, RoomState } from './policy.ts';
import { limitsInForce, pausedBy, stateOf } from './room-state.ts';
import { noteBegin, noteEnd, noteExpired } from './stays.ts';
import type { EpochMs } from './time.ts';
import { aheadOf } from './wait.ts';

type Claim = Extract<Command, { kind: 'claim' }> & { provisional?: boolean };
type Renewal = Extract<Command, { kind: 'renew' }>;
type End = Extract<Command, { kind: 'end' }>;
type Found = SessionRecord | undefined;

/** Exchanges a called place for a session. */
export function claim(room: RoomDocument, record: Found, command: Claim, context: StepContext): ClaimReply {
  const { now, effects } = context;
  const { position, visitor, sid, provisional = false } = command;
  const { epoch, config, line, pacing, sessions } = room;
  if (command.epoch !== epoch) return refused('wrongEpoch');
  if (record !== undefined) {
    return record.visitor === visitor ? present(room, position, record, context) : refused('foreignPosition');
  }
  const shut = whyShut(room, now);
  if (shut !== null) return refused(shut);
  if (position < 1 || position > line.issued) return refused('unknownPosition');
  if (position > pacing.called) return { kind: 'waiting', ahead: aheadOf(position, pacing.called) };

  const onStandby = sessions.standby.some((other) => other.position === position);
  if (position <= pacing.lapsedThrough && !onStandby) return { kind: 'lapsed' };
  const standby = takeVacancy(room, position, now);
  if (standby !== null) return standby;

  const admitAt = grantSlot(room, now);
  const expiresAt = admitAt + config.policy.sessionMs;
  const presentBy = provisional ? Math.min(admitAt + PRESENT_MS_MAX, expiresAt) : null;
  const countsUntil = bucketEnd(config.policy, presentBy ?? expiresAt, sessions.expiries);
  const { generation } = sessions;
  const granted = { epoch, generation, visitor, sid, admitAt, expiresAt, presentBy, countsUntil, ended: null };
  countSessions(sessions, countsUntil, 1);
  noteBegin(sessions, config.policy, admitAt);
  recordClaim(room, position);
  count(room, 'admitted');
  noteSlot(room, admitAt);
  effects.push({ kind: 'put', table: 'session', key: position, row: granted });
  return sessionReply(room, position, granted, now);
}

/** Takes a vacancy for a called position; where there is none, the position is on standby for the next. */
function takeVacancy(room: RoomDocument, position: number, now: EpochMs): ClaimReply | null {
  const { sessions } = room;
  const ahead = sessions.standby.filter((other) => other.position < position).length;
  if (limitsInForce(room).totalActiveUsers - sessions.active <= ahead) {
    standBy(sessions, position, now);
    return { kind: 'standby', ahead };
  }
  if (sessions.standby.some((other) => other.position === position)) {
    sessions.standby = sessions.standby.filter((other) => other.position !== position);
  }
  return null;
}

/**
 * Answers a visitor who comes again. A provisional session counts for its whole length from then on. If it had ceased to
 * count, its vacancy may be another's: the visitor then takes the next one, before all who are called later.
 */
function present(room: RoomDocument, position: number, record: SessionRecord, context: StepContext): ClaimReply {
  const { now, effects } = context;
  const { sessions, config } = room;
  const isOver = record.ended !== null || record.generation < sessions.generation || now >= record.expiresAt;
  if (record.presentBy === null || isOver) return sessionReply(room, position, record, now);
  const stillCounts = record.countsUntil > now;
  const standby = stillCounts ? null : takeVacancy(room, position, now);
  if (standby !== null) return standby;
  if (stillCounts) countSessions(sessions, record.countsUntil, -1);
  const countsUntil = bucketEnd(config.policy, record.expiresAt, sessions.expiries);
  const row = { ...record, presentBy: null, countsUntil };
  countSessions(sessions, countsUntil, 1);
  effects.push({ kind: 'put', table: 'session', key: position, row });
  return sessionReply(room, position, row, now);
}

/** Why no visitor may enter at `now`; null: they may. Visitors called before a pause may, in a held room they may not. */
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
      if (room.config.flow === 'held') return 'held';
      return pausedBy(room) === 'origin' ? 'originFailing' : null;
  }
}

/**
 * Until when a session would be extended at `now`; null: not at all. It is once its second half has begun, where the policy
 * says so, up to the absolute end. In a closed or sold-out room there is nothing to stay for: it goes on to its present end.
 */
export function renewedEnd(
  policy: Policy,
  state: RoomState,
  { admitAt, expiresAt }: Pick<SessionRecord, 'admitAt' | 'expiresAt'>,
  now: EpochMs,
): EpochMs | null {
  if (!policy.sessionRenewal || state === 'closed' || state === 'soldOut') return null;
  if (expiresAt - now > policy.sessionMs / 2) return null;
  const end = Math.min(now + policy.sessionMs, admitAt + policy.sessionTotalMsMax);
  return end > expiresAt ? end : null;
}

/** Looks up a session and extends it where that is due. */
export function renew(room: RoomDocument, record: Found, command: Renewal, context: StepContext): ClaimReply {
  const { now, effects } = context;
  const found = sessionOf(room, record, command);
  if ('kind' in found) return found;
  const { policy } = room.config;
  if (found.presentBy !== null) return present(room, command.position, found, context);
  const current = sessionReply(room, command.position, found, now);
  if (current.kind !== 'admitted') return current;
  const expiresAt = renewedEnd(policy, stateOf(room, now), found, now);
  if (expiresAt === null) return current;
  const renewed = { ...found, expiresAt, countsUntil: bucketEnd(policy, expiresAt, room.sessions.expiries) };
  countSessions(room.sessions, found.countsUntil, -1);
  countSessions(room.sessions, renewed.countsUntil, 1);
  count(room, 'renewed');
  effects.push({ kind: 'put', table: 'session', key: command.position, row: renewed });
  return sessionReply(room, command.position, renewed, now);
}

/**
 * Takes a signed admission token as proof of a session whose record was lost with the store's last seconds. The session
 * may count twice, because the room may have counted it already; the surplus ends by itself.
 */
export function restoreSession(
  room: RoomDocument,
  record: Found,
  proof: Extract<Command, { kind: 'restoreSession' }>,
  { now, effects }: StepContext,
): void {
  const { epoch, position, visitor, sid } = proof;
  const { sessions, recovery } = room;
  // Tokens carry seconds with fractions.
  const [admitAt, expiresAt] = [Math.round(proof.admitAt), Math.round(proof.expiresAt)];
  if (epoch !== room.epoch || record !== undefined || now >= recovery.lostUntil || now >= expiresAt) return;
  // Before the draw no session can be counted: the room was set back to before its opening.
  if (room.draw.seed === null || admitAt <= sessions.revokedAt) return;
  callUpTo(room, position);
  const countsUntil = bucketEnd(room.config.policy, expiresAt, sessions.expiries);
  countSessions(sessions, countsUntil, 1);
  recovery.lostUntil = Math.max(recovery.lostUntil, countsUntil);
  const { generation } = sessions;
  const row = { epoch, generation, visitor, sid, admitAt, expiresAt, presentBy: null, countsUntil, ended: null };
  effects.push({ kind: 'put', table: 'session', key: position, row });
}

/** Ends a session before its time; its vacancy is there at once. */
export function end(room: RoomDocument, record: Found, command: End, context: StepContext): ClaimReply {
  if ('visitor' in command && record === undefined && command.epoch === room.epoch) {
    const { sessions } = room;
    const isOnStandby = sessions.standby.some(({ position }) => position === command.position);
    if (!isOnStandby) return refused('unknownPosition');
    sessions.standby = sessions.standby.filter(({ position }) => position !== command.position);
    return { kind: 'ended', reason: command.reason };
  }
  const found = sessionOf(room, record, command);
  if ('kind' in found) return found;
  const current = sessionReply(room, command.position, found, context.now);
  if (current.kind !== 'admitted') return current;
  endSession(room, command.position, found, command.reason, context);
  return { kind: 'ended', reason: command.reason };
}

function endSession(
  room: RoomDocument,
  position: number,
  record: SessionRecord,
  reason: EndReason,
  context: StepContext,
): void {
  const { now, effects } = context;
  countSessions(room.sessions, record.countsUntil, -1);
  noteEnd(room.sessions, record.admitAt, now);
  count(room, reason);
  const seq = ++room.endings.seq;
  effects.push({ kind: 'put', table: 'session', key: position, row: { ...record, ended: { reason, at: now } } });
  effects.push({ kind: 'put', table: 'ending', key: seq, row: { seq, sid: record.sid, until: record.expiresAt } });
  boundEndings(room, context);
}

/** Ends the session of a position for an operator. @returns whether there was one to end */
export function revoke(room: RoomDocument, record: Found, position: number, context: StepContext): boolean {
  if (record === undefined || record.epoch !== room.epoch) return false;
  if (sessionReply(room, position, record, context.now).kind !== 'admitted') return false;
  endSession(room, position, record, 'revoked', context);
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

function count({ sessions }: RoomDocument, name: keyof RoomDocument['sessions']['totals']): void {
  sessions.totals = { ...sessions.totals, [name]: sessions.totals[name] + 1 };
}

function sessionOf(
  room: RoomDocument,
  record: Found,
  command: { epoch: number } & ({ sid: string } | { visitor: string }),
): SessionRecord | ClaimReply {
  if (command.epoch !== room.epoch) return refused('wrongEpoch');
  if (record === undefined) return refused('unknownPosition');
  const isTheirs = 'sid' in command ? record.sid === command.sid : record.visitor === command.visitor;
  return isTheirs ? record : refused('foreignPosition');
}

function sessionReply(room: RoomDocument, position: number, record: SessionRecord, now: EpochMs): ClaimReply {
  if (record.generation < room.sessions.generation) return { kind: 'ended', reason: 'revoked' };
  if (record.ended !== null) return { kind: 'ended', reason: record.ended.reason };
  if (now >= record.expiresAt) return { kind: 'ended', reason: 'expired' };
  const { sid, admitAt, expiresAt, presentBy } = record;
  return { kind: 'admitted', position, sid, admitAt, expiresAt, presentBy };
}

/** Puts a position on standby. Where the list is full, the earliest positions stay on it. */
function standBy(sessions: RoomDocument['sessions'], position: number, now: EpochMs): void {
  const others = sessions.standby.filter((other) => other.position !== position);
  const index = others.findIndex((other) => other.position > position);
  const standby = others.toSpliced(index === -1 ? others.length : index, 0, { position, seenAt: now });
  sessions.standby = standby.slice(0, STANDBY_MAX);
}

/** Ends sessions whose time is over, and drops those on standby who fell silent. */
export function releaseDue({ sessions, config }: RoomDocument, now: EpochMs): void {
  const due = sessions.expiries.findIndex(([endsAt]) => endsAt > now);
  const over = sessions.expiries.slice(0, due === -1 ? sessions.expiries.length : due);
  if (over.length > 0) {
    const expired = over.reduce((sum, [, count]) => sum + count, 0);
    sessions.expiries = sessions.expiries.slice(over.length);
    sessions.active -= expired;
    sessions.totals = { ...sessions.totals, expired: sessions.totals.expired + expired };
    for (const [endsAt, count] of over) noteExpired(sessions, config.policy, endsAt, count);
  }
  const isHeard = ({ seenAt }: { seenAt: EpochMs }) => now - seenAt <= STANDBY_SILENT_MS_MAX;
  if (!sessions.standby.every(isHeard)) sessions.standby = sessions.standby.filter(isHeard);
}

/**
 * Until when a session that ends at `expiresAt` counts: ends are counted in buckets. Where a document has many buckets
 * already, new ones are coarser and coarser, so that their number stays bounded; such sessions count longer, never shorter.
 */
export function bucketEnd(policy: Policy, expiresAt: EpochMs, expiries: Expiries = []): EpochMs {
  const crowded = Math.max(0, Math.ceil((expiries.length - EXPIRIES_MAX / 2) / BUCKETS_PER_GRAIN));
  const grain = expiryGrainMs(policy) * 2 ** crowded;
  return Math.ceil(expiresAt / grain) * grain;
}

/** Buckets of one grain in a crowded document before the grain doubles: 32 doublings fit into the bound. */
const BUCKETS_PER_GRAIN = EXPIRIES_MAX / 64;

/** Grain in which session ends are counted: a power of two seconds, so that ends of any session length share buckets. */
function expiryGrainMs({ sessionMs }: Policy): number {
  let grain = 1_000;
  while (sessionMs / grain > EXPIRY_BUCKETS_MAX) grain *= 2;
  return grain;
}

function refused(reason: Refusal): ClaimReply {
  return { kind: 'refused', reason };
}
