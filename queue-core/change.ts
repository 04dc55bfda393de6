// What operators change: one door for all of it. A change is made once, on the version it was decided on, and is recorded
// in the same act; what cannot be recorded is not done.

import { type AuditEntry, difference, json, nextRecord } from './audit.ts';
import type { Change, ChangeRefusal, ChangeReply, Command } from './command.ts';
import { AUDIT_RECORDS_MAX, PASSES_MAX, RECENT_CHANGES_MAX } from './limits.ts';
import type { Effect, Sessions } from './machine.ts';
import { reschedule, type Stage, stageOf, stateOf } from './opening.ts';
import type { EpochMs, PassGiven, RoomDocument, Schedule } from './room.ts';
import { revoke, revokeAll } from './sessions.ts';
import { rfc3339 } from './time.ts';

type Wish = Extract<Command, { kind: 'change' }>;

/** What a change does: the room after it and what the log says of it; null where it was so already. */
type Effected = { room: RoomDocument; from: AuditEntry['from']; to: AuditEntry['to']; lasting: boolean } | null;

export function change(
  room: RoomDocument,
  sessions: Sessions,
  wish: Wish,
  now: EpochMs,
  effects: Effect[],
): { room: RoomDocument; reply: ChangeReply } {
  const made = room.recentChanges.find(({ id }) => id === wish.id);
  if (made !== undefined) return { room, reply: { kind: 'changed', version: made.version, at: made.at } };
  if (wish.ifVersion === null ? loosens(room, wish.change) : wish.ifVersion !== room.version) {
    return { room, reply: { kind: 'conflict', version: room.version } };
  }
  if (wish.ifStage !== undefined && wish.ifStage !== stageOf(stateOf(room, now))) {
    return { room, reply: { kind: 'conflict', version: room.version } };
  }
  if (room.audit.seq >= AUDIT_RECORDS_MAX) return { room, reply: { kind: 'refused', reason: 'logFull' } };
  const effected = carryOut({ ...room }, sessions, wish.change, now, effects);
  if (typeof effected === 'string') return { room, reply: { kind: 'refused', reason: effected } };
  if (effected === null) return { room, reply: { kind: 'unchanged', version: room.version } };

  const changed = recorded(effected.room, { by: wish.by, action: wish.change.kind, ...effected }, now, effects);
  if (effected.lasting) Object.assign(changed, newVersion(changed, now));
  const { version } = changed;
  changed.recentChanges = [...changed.recentChanges, { id: wish.id, version, at: now }].slice(-RECENT_CHANGES_MAX);
  return { room: changed, reply: { kind: 'changed', version, at: now } };
}

/** What every change of a room's settings brings with it. */
export function newVersion(
  room: RoomDocument,
  now: EpochMs,
): Pick<RoomDocument, 'version' | 'changedAt' | 'inForceAt'> {
  return { version: room.version + 1, changedAt: now, inForceAt: null };
}

/** Adds a record to the room's log. */
export function recorded(room: RoomDocument, entry: AuditEntry, now: EpochMs, effects: Effect[]): RoomDocument {
  const record = nextRecord(room.audit, entry, now);
  effects.push({ kind: 'put', table: 'audit', key: record.seq, row: record });
  return { ...room, audit: { seq: record.seq, hash: record.hash } };
}

/** Whoever stops the line need not know what others just did; but in a held room a pause lets people in again. */
function loosens(room: RoomDocument, wanted: Change): boolean {
  return wanted.kind === 'setFlow' && wanted.flow === 'paused' && room.flow === 'held';
}

/** How far the opening has come right after a change, by the clock that it was made by. */
export function stageAfter(wanted: Change, at: EpochMs, before: Stage): Stage {
  switch (wanted.kind) {
    case 'setSchedule': {
      const { opensAt, closesAt } = wanted.schedule;
      if (closesAt !== null && closesAt <= at) return 'over';
      return at < opensAt ? 'ahead' : 'running';
    }
    case 'openNow':
      return 'running';
    case 'close':
      return 'over';
    default:
      return before;
  }
}

function carryOut(
  room: RoomDocument,
  sessions: Sessions,
  wanted: Change,
  now: EpochMs,
  effects: Effect[],
): Effected | ChangeRefusal {
  switch (wanted.kind) {
    case 'setFlow':
      if (stateOf(room, now) === 'closed') return 'alreadyClosed';
      return edited(room, { flow: room.flow }, { flow: wanted.flow });
    case 'setPolicy': {
      const policy = difference(room.policy, wanted.policy);
      return policy === null ? null : { room: { ...room, policy: wanted.policy }, ...policy, lasting: true };
    }
    case 'setMessage': {
      const text = difference({ text: room.message?.text ?? null }, { text: wanted.text });
      const message = wanted.text === null ? null : { text: wanted.text, at: now };
      return text === null ? null : { room: { ...room, message }, ...text, lasting: true };
    }
    case 'setSchedule':
      return scheduled(room, wanted.schedule, wanted.secret, now, effects);
    case 'openNow': {
      const state = stateOf(room, now);
      if (state !== 'scheduled' && state !== 'prequeue' && state !== 'closed') return 'alreadyOpen';
      const { closesAt, beacon } = room.schedule;
      const stillAhead = closesAt !== null && closesAt > now ? closesAt : null;
      const schedule = { prequeueAt: null, opensAt: now, closesAt: stillAhead, beacon };
      return scheduled(room, schedule, wanted.secret, now, effects);
    }
    case 'close':
      if (stateOf(room, now) === 'closed') return 'alreadyClosed';
      return edited(room, { closed: room.closed }, { closed: true });
    case 'revokeAll': {
      const { active } = room;
      revokeAll(room, now);
      return { room, from: { active }, to: { active: 0 }, lasting: false };
    }
    case 'endSession': {
      const { position } = wanted;
      const record = sessions.get(position);
      if (!revoke(room, record, position, now, effects)) return 'unknownPosition';
      return { room, from: { position, sid: record?.sid ?? '' }, to: null, lasting: false };
    }
    case 'givePass':
      return {
        room: { ...room, passes: passesWith(room, wanted.sid, wanted.useBy, now) },
        from: null,
        to: { sid: wanted.sid, until: rfc3339(wanted.expiresAt) },
        lasting: false,
      };
    case 'usePass': {
      const { sid } = wanted;
      if (!room.passes.some((pass) => pass.sid === sid && now < pass.useBy)) return 'passSpent';
      const passes = room.passes.filter((pass) => pass.sid !== sid);
      return { room: { ...room, passes }, from: null, to: { sid }, lasting: false };
    }
  }
}

function passesWith({ passes }: RoomDocument, sid: string, useBy: EpochMs | null, now: EpochMs): PassGiven[] {
  if (useBy === null) return passes;
  return [...passes.filter((pass) => now < pass.useBy), { sid, useBy }].slice(-PASSES_MAX);
}

function edited<K extends 'flow' | 'closed'>(
  room: RoomDocument,
  before: Pick<RoomDocument, K>,
  after: Pick<RoomDocument, K>,
): Effected {
  const differs = difference(before, after);
  return differs === null ? null : { room: { ...room, ...after }, ...differs, lasting: true };
}

function scheduled(room: RoomDocument, schedule: Schedule, secret: string, now: EpochMs, effects: Effect[]): Effected {
  const outcome = reschedule(room, schedule, secret, now);
  const before = { epoch: room.epoch, ...inWords(room.schedule) };
  const differs = difference(before, { epoch: outcome.room.epoch, ...inWords(outcome.room.schedule) });
  if (differs === null) return null;
  if (outcome.newEpoch) forgetSessions(effects);
  return { room: outcome.room, ...differs, lasting: true };
}

/** A new epoch began: sessions and endings of earlier ones may go. */
export function forgetSessions(effects: Effect[]): void {
  effects.push({ kind: 'clear', table: 'session' }, { kind: 'clear', table: 'ending' });
}

function inWords({ prequeueAt, opensAt, closesAt, beacon }: Schedule) {
  const moment = (at: EpochMs | null) => (at === null ? null : rfc3339(at));
  return {
    prequeueAt: moment(prequeueAt),
    opensAt: rfc3339(opensAt),
    closesAt: moment(closesAt),
    beacon: json(beacon),
  };
}
