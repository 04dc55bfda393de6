// From a called place to a session. A claim is granted only while there is a vacancy and takes the next
// slot; the session is stored under its position, so that a repeated claim gets the same one.

import { type ClaimReply, type Command, type Refusal, refused } from './command.ts';
import type { RoomDocument } from './document/room-document.ts';
import type { SessionRecord } from './document/session-record.ts';
import { bucketEnd, countSessions } from './document/sessions-state.ts';
import { countSession, dropStandby, putSession, sessionOf, sessionReply, stopCounting } from './endings.ts';
import { noteSlot } from './history.ts';
import { PRESENT_MS_MAX, STANDBY_MAX, STANDBY_SILENT_MS_MAX } from './limits.ts';
import type { StepContext } from './machine.ts';
import { noteWait } from './minutes.ts';
import { callUpTo, grantSlot, recordClaim } from './pacing.ts';
import type { Policy, RoomState } from './policy.ts';
import { limitsInForce, pausedBy, stateOf } from './room-state.ts';
import { noteBegin, noteExpired } from './stays.ts';
import type { EpochMs } from './time.ts';
import { aheadOf } from './wait.ts';

type Claim = Extract<Command, { kind: 'claim' }> & { provisional?: boolean };
type Renewal = Extract<Command, { kind: 'renew' }>;
type Redemption = Extract<Command, { kind: 'redeem' }>;
type Found = SessionRecord | undefined;

/** Exchanges a called place for a session; one whose turn was given back, for another. */
export function claim(room: RoomDocument, record: Found, command: Claim, context: StepContext): ClaimReply {
  const { now } = context;
  const { position, visitor } = command;
  const { epoch, line, pacing, sessions } = room;
  if (command.epoch !== epoch) return refused('wrongEpoch');
  if (record !== undefined && record.visitor !== visitor) return refused('foreignPosition');
  const isReadmitted = record?.readmitted === true;
  if (record !== undefined && !isReadmitted) return present(room, position, record, context);
  const onStandby = sessions.standby.some((other) => other.position === position);
  const isCalled = isReadmitted || (position >= 1 && position <= pacing.called);
  const isLapsed = isCalled && !isReadmitted && position <= pacing.lapsedThrough && !onStandby;
  const shut = whyShut(room, now);
  if (shut !== null) {
    // Who comes while nothing is left is first, in order, when something is returned.
    if (shut === 'soldOut' && isCalled && !isLapsed) standBy(room, position);
    return refused(shut);
  }
  if (position < 1 || position > line.issued) return refused('unknownPosition');
  if (!isCalled) return { kind: 'waiting', ahead: aheadOf(position, pacing.called) };
  if (isLapsed) return { kind: 'lapsed' };
  if (record !== undefined && stopCounting(room, record, now)) {
    putSession(position, { ...record, countsUntil: now }, context);
  }
  return takeVacancy(room, position) ?? grant(room, record, command, context);
}

function grant(room: RoomDocument, record: Found, command: Claim, context: StepContext): ClaimReply {
  const { now } = context;
  const { position, visitor, sid, provisional = false, wait } = command;
  const { epoch, config, sessions } = room;
  const admitAt = grantSlot(room, now);
  const expiresAt = admitAt + config.policy.sessionMs;
  const presentBy = provisional ? Math.min(admitAt + PRESENT_MS_MAX, expiresAt) : null;
  const countsUntil = bucketEnd(config.policy, presentBy ?? expiresAt, sessions.expiries);
  const { generation } = sessions;
  const times = { admitAt, expiresAt, presentBy, countsUntil };
  const granted = { ...newSession({ epoch, generation, visitor, sid, ...times }), calls: record?.calls ?? [] };
  countSessions(sessions, countsUntil, 1);
  noteBegin(sessions, config.policy, admitAt);
  if (record === undefined) {
    recordClaim(room, position);
    noteWait(room, wait, admitAt);
  }
  countSession(room, record === undefined ? 'admitted' : 'readmitted');
  noteSlot(room, admitAt);
  putSession(position, granted, context);
  return sessionReply(room, position, granted, now);
}

type Begun = Omit<SessionRecord, 'ended' | 'readmitted' | 'codeUsedAt' | 'calls'>;

export function newSession(begun: Begun): SessionRecord {
  return { ...begun, ended: null, readmitted: false, codeUsedAt: null, calls: [] };
}

/** Takes a vacancy for a called position; where there is none, the position is on standby for the next. */
function takeVacancy(room: RoomDocument, position: number): ClaimReply | null {
  const { sessions } = room;
  const ahead = sessions.standby.filter((other) => other.position < position).length;
  if (limitsInForce(room).totalActiveUsers - sessions.active <= ahead) {
    standBy(room, position);
    return { kind: 'standby', ahead };
  }
  dropStandby(room, position);
  return null;
}

/**
 * Answers a visitor who comes again. A provisional session counts for its whole length from then on. If it had ceased to
 * count, its vacancy may be another's: the visitor then takes the next one, before all who are called later.
 */
function present(room: RoomDocument, position: number, record: SessionRecord, context: StepContext): ClaimReply {
  const { now } = context;
  const { sessions, config } = room;
  const isOver = record.ended !== null || record.generation < sessions.generation || now >= record.expiresAt;
  if (record.presentBy === null || isOver) return sessionReply(room, position, record, now);
  const stillCounts = record.countsUntil > now;
  const shut = stillCounts ? null : whyShut(room, now);
  if (shut !== null) {
    if (shut === 'soldOut') standBy(room, position);
    return refused(shut);
  }
  const standby = stillCounts ? null : takeVacancy(room, position);
  if (standby !== null) return standby;
  if (stillCounts) countSessions(sessions, record.countsUntil, -1);
  const countsUntil = bucketEnd(config.policy, record.expiresAt, sessions.expiries);
  const row = { ...record, presentBy: null, countsUntil };
  countSessions(sessions, countsUntil, 1);
  putSession(position, row, context);
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
  const { now } = context;
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
  countSession(room, 'renewed');
  putSession(command.position, renewed, context);
  return sessionReply(room, command.position, renewed, now);
}

/** Uses a code of the hand-off: each that was issued later than the last one used, while its session lives. */
export function redeem(room: RoomDocument, record: Found, command: Redemption, context: StepContext): ClaimReply {
  const found = sessionOf(room, record, command);
  if ('kind' in found) return found;
  const reply = sessionReply(room, command.position, found, context.now);
  if (reply.kind !== 'admitted') return reply;
  const { issuedAt } = command;
  if (found.codeUsedAt !== null && issuedAt <= found.codeUsedAt) return refused('codeUsed');
  putSession(command.position, { ...found, codeUsedAt: issuedAt }, context);
  return reply;
}

/**
 * Takes a signed admission token as proof of a session whose record was lost with the store's last seconds. The session
 * may count twice, because the room may have counted it already; the surplus ends by itself.
 */
export function restoreSession(
  room: RoomDocument,
  record: Found,
  proof: Extract<Command, { kind: 'restoreSession' }>,
  context: StepContext,
): void {
  const { now } = context;
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
  const row = newSession({ epoch, generation, visitor, sid, admitAt, expiresAt, presentBy: null, countsUntil });
  putSession(position, row, context);
}

/** Puts a position on standby. Where the list is full, the earliest positions stay on it. */
function standBy({ sessions, pacing }: RoomDocument, position: number): void {
  const others = sessions.standby.filter((other) => other.position !== position);
  const index = others.findIndex((other) => other.position > position);
  const heard = { position, seenAt: pacing.runMs };
  sessions.standby = others.toSpliced(index === -1 ? others.length : index, 0, heard).slice(0, STANDBY_MAX);
}

/** Ends sessions whose time is over, and drops those on standby who fell silent while they could have entered. */
export function releaseDue({ sessions, config, pacing }: RoomDocument, now: EpochMs): void {
  const due = sessions.expiries.findIndex(([endsAt]) => endsAt > now);
  const over = sessions.expiries.slice(0, due === -1 ? sessions.expiries.length : due);
  if (over.length > 0) {
    const expired = over.reduce((sum, [, count]) => sum + count, 0);
    sessions.expiries = sessions.expiries.slice(over.length);
    sessions.active -= expired;
    sessions.totals = { ...sessions.totals, expired: sessions.totals.expired + expired };
    for (const [endsAt, count] of over) noteExpired(sessions, config.policy, endsAt, count);
  }
  const isHeard = ({ seenAt }: { seenAt: number }) => pacing.runMs - seenAt <= STANDBY_SILENT_MS_MAX;
  if (!sessions.standby.every(isHeard)) sessions.standby = sessions.standby.filter(isHeard);
}
