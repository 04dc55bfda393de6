// Operators' changes. A change is made once, on the version it was decided on, and is recorded in the same step; what
// cannot be recorded is not done.

import { type AuditEntry, difference, nextRecord } from './audit.ts';
import type { Change, ChangeRefusal, ChangeReply, Command } from './command.ts';
import { type Confirmation, consequencesOf, isConfirmed } from './consequences.ts';
import type { IssuedPass } from './document/changes-state.ts';
import { committed } from './document/draw-state.ts';
import type { RoomDocument } from './document/room-document.ts';
import type { DrawSecret } from './draw.ts';
import { revoke, revokeAll } from './endings.ts';
import { AUDIT_RECORDS_MAX, COMMITMENTS_MAX, PASSES_MAX, RECENT_CHANGES_MAX } from './limits.ts';
import type { Effect, StepContext } from './machine.ts';
import { applySettings, cancelOpening, presentOpening, reschedule } from './opening.ts';
import { type PastDraw, pastDraw } from './past-draw.ts';
import type { NewSchedule, Schedule } from './policy.ts';
import { stageOf, stateOf } from './room-state.ts';
import { type EpochMs, rfc3339 } from './time.ts';

/** What a change did, for the log; `countsUp`: it changed the room's settings, so the version counts up. */
type Done = Pick<AuditEntry, 'from' | 'to'> & { countsUp: boolean };

/** Makes a change in the draft, unless it was made before, was decided on another version, or is refused. */
export function change(
  room: RoomDocument,
  command: Extract<Command, { kind: 'change' }>,
  context: StepContext,
): ChangeReply {
  const { changes } = room;
  const { version } = changes;
  const repeated = changes.recent.find(({ id }) => id === command.id);
  const stage = () => stageOf(stateOf(room, context.now));
  if (repeated !== undefined) {
    return { kind: 'changed', version: repeated.version, at: repeated.at, stage: stage() };
  }
  const { ifVersion } = command;
  if (ifVersion === null ? loosens(room, command.change) : ifVersion !== 'any' && ifVersion !== version) {
    return { kind: 'conflict', version, changedSeq: changes.changedSeq };
  }
  if (command.ifStage !== undefined && command.ifStage !== stage()) {
    return { kind: 'conflict', version, changedSeq: 0 };
  }
  if (changes.audit.seq >= AUDIT_RECORDS_MAX) return { kind: 'refused', reason: 'logFull' };
  const schedule = scheduleIn(room, command.change, context.now);
  if (schedule !== null) {
    const consequences = consequencesOf(presentOpening(room, context.now), schedule, context.now);
    if (!isConfirmed(consequences, command.confirm ?? UNCONFIRMED)) return { kind: 'unconfirmed', consequences };
  }
  const done = make(room, command.change, command.by.name, context);
  if (typeof done === 'string') return { kind: 'refused', reason: done };
  if (done === null) return { kind: 'unchanged', version };

  record(room, { by: command.by, action: command.change.kind, from: done.from, to: done.to }, context);
  if (done.countsUp) countUp(room, context.now);
  const made = { id: command.id, version: room.changes.version, at: context.now };
  room.changes.recent = [...room.changes.recent, made].slice(-RECENT_CHANGES_MAX);
  return { kind: 'changed', version: made.version, at: made.at, stage: stage() };
}

/** Applies an edited settings file; what it changes is recorded like an operator's change. */
export function reconfigure(
  room: RoomDocument,
  { settings, digest, secret, by }: Extract<Command, { kind: 'configure' }>,
  context: StepContext,
): void {
  if (digest === room.config.settingsDigest) return;
  const recorded = ({ epoch, config }: RoomDocument) => ({
    epoch,
    ...config.policy,
    opensAt: rfc3339(config.schedule.opensAt),
  });
  const before = recorded(room);
  const drawn = pastDraw(room);
  if (applySettings(room, settings, digest, secret, context.now)) endEpoch(drawn, context.effects);
  const differs = difference(before, recorded(room));
  if (differs === null) return;
  record(room, { by, action: 'configure', ...differs }, context);
  countUp(room, context.now);
}

/** Adds a record to the room's log. */
export function record({ changes }: RoomDocument, entry: AuditEntry, { now, effects }: StepContext): void {
  const added = nextRecord(changes.audit, entry, now);
  effects.push({ kind: 'put', table: 'audit', key: added.seq, row: added });
  changes.audit = { seq: added.seq, hash: added.hash };
}

/** After what was done is recorded. */
export function countUp({ changes }: RoomDocument, now: EpochMs): void {
  changes.version++;
  changes.changedAt = now;
  changes.changedSeq = changes.audit.seq;
  changes.inForceAt = null;
}

/** An operator may stop the line without knowing the latest changes; but in a held room a pause lets visitors in again. */
function loosens({ config }: RoomDocument, wanted: Change): boolean {
  return wanted.kind === 'setFlow' && wanted.flow === 'paused' && config.flow === 'held';
}

const UNCONFIRMED: Confirmation = {};

/** The schedule that a change would set; null: none, or it will be refused. */
function scheduleIn(room: RoomDocument, wanted: Change, now: EpochMs): Pick<Schedule, 'opensAt' | 'closesAt'> | null {
  if (wanted.kind === 'setSchedule') return wanted.schedule;
  return wanted.kind === 'openNow' && mayOpenNow(room, now) ? scheduleFromNow(room, now) : null;
}

function mayOpenNow(room: RoomDocument, now: EpochMs): boolean {
  const state = stateOf(room, now);
  return state === 'scheduled' || state === 'prequeue' || state === 'closed';
}

function scheduleFromNow({ config }: RoomDocument, now: EpochMs): Schedule {
  const { closesAt, beacon } = config.schedule;
  return { prequeueAt: null, opensAt: now, closesAt: closesAt !== null && closesAt > now ? closesAt : null, beacon };
}

/** @returns null where nothing would change */
function make(room: RoomDocument, wanted: Change, by: string, context: StepContext): Done | ChangeRefusal | null {
  const { config, changes, sessions } = room;
  const { now } = context;
  switch (wanted.kind) {
    case 'setFlow': {
      if (stateOf(room, now) === 'closed') return 'alreadyClosed';
      const done = edited({ flow: config.flow }, { flow: wanted.flow });
      config.flow = wanted.flow;
      if (wanted.flow === 'running') config.leap = null;
      return done;
    }
    case 'setPolicy': {
      const done = edited(config.policy, wanted.policy);
      config.policy = wanted.policy;
      return done;
    }
    case 'setMessage': {
      const done = edited({ text: config.message?.text ?? null }, { text: wanted.text });
      if (done !== null) config.message = wanted.text === null ? null : { text: wanted.text, at: now };
      return done;
    }
    case 'setSchedule':
      return setSchedule(room, wanted.schedule, wanted.secret, context);
    case 'openNow': {
      if (!mayOpenNow(room, now)) return 'alreadyOpen';
      return setSchedule(room, scheduleFromNow(room, now), wanted.secret, context);
    }
    case 'cancelOpening':
      if (presentOpening(room, now).hasOpened) return 'alreadyOpen';
      if (config.closed) return 'alreadyClosed';
      cancelOpening(room, now);
      return { from: { cancelled: false }, to: { cancelled: true }, countsUp: true };
    case 'recommit': {
      if (room.draw.entries !== null || stateOf(room, now) === 'closed') return 'alreadyOpen';
      const { draw } = room;
      const { commitment } = draw;
      if (draw.replaced.length >= COMMITMENTS_MAX) return 'logFull';
      draw.replaced = [...draw.replaced, { commitment, at: draw.committedAt }];
      Object.assign(draw, committed(wanted.secret, now));
      return { from: { commitment }, to: { commitment: draw.commitment }, countsUp: true };
    }
    case 'close':
      if (stateOf(room, now) === 'closed') return 'alreadyClosed';
      if (presentOpening(room, now).hasOpened) config.closed = true;
      else cancelOpening(room, now);
      return { from: { closed: false }, to: { closed: true }, countsUp: true };
    case 'revokeAll': {
      const { active } = sessions;
      revokeAll(room, now);
      return { from: { active }, to: { active: 0 }, countsUp: false };
    }
    case 'endSession': {
      const { position } = wanted;
      const session = context.sessions.get(position);
      if (!revoke(room, session, position, context)) return 'unknownPosition';
      return { from: { position, sid: session?.sid ?? '' }, to: null, countsUp: false };
    }
    case 'givePass': {
      const { sid, useBy, expiresAt } = wanted;
      if (useBy !== null) changes.passes = passesWith(changes.passes, { sid, useBy }, now);
      return { from: null, to: { sid, until: rfc3339(expiresAt) }, countsUp: false };
    }
    case 'acknowledgeAlarm': {
      const { alarms } = room;
      const alarm = alarms.raised.find(({ kind }) => kind === wanted.alarm);
      if (alarm === undefined) return 'unknownAlarm';
      if (alarm.acknowledged !== null) return null;
      const { kind, number, since } = alarm;
      const known = { ...alarm, acknowledged: { by, at: now } };
      room.alarms = { ...alarms, raised: alarms.raised.map((one) => (one === alarm ? known : one)) };
      return { from: null, to: { alarm: kind, number, since: rfc3339(since) }, countsUp: false };
    }
    case 'usePass': {
      const { sid } = wanted;
      if (!changes.passes.some((pass) => pass.sid === sid && now < pass.useBy)) return 'passSpent';
      changes.passes = changes.passes.filter((pass) => pass.sid !== sid);
      return { from: null, to: { sid }, countsUp: false };
    }
  }
}

function passesWith(passes: readonly IssuedPass[], issued: IssuedPass, now: EpochMs): IssuedPass[] {
  return [...passes.filter(({ useBy }) => now < useBy), issued].slice(-PASSES_MAX);
}

function edited<T extends object>(before: T, after: T): Done | null {
  const differs = difference(before, after);
  return differs === null ? null : { ...differs, countsUp: true };
}

function setSchedule(room: RoomDocument, wanted: NewSchedule, secret: DrawSecret, context: StepContext): Done | null {
  const schedule = { ...wanted, beacon: wanted.beacon === undefined ? room.config.schedule.beacon : wanted.beacon };
  const recorded = ({ epoch, config }: RoomDocument) => {
    const { prequeueAt, opensAt, closesAt, beacon } = config.schedule;
    const { closed } = config;
    const time = (at: EpochMs | null) => (at === null ? null : rfc3339(at));
    return {
      epoch,
      closed,
      prequeueAt: time(prequeueAt),
      opensAt: rfc3339(opensAt),
      closesAt: time(closesAt),
      beacon:
        beacon === null
          ? null
          : { chain: beacon.chain.hash, deadlineMs: beacon.deadlineMs, afterDeadline: beacon.afterDeadline },
    };
  };
  const before = recorded(room);
  const drawn = pastDraw(room);
  if (reschedule(room, schedule, secret, context.now)) endEpoch(drawn, context.effects);
  return edited(before, recorded(room));
}

/** A new epoch began: sessions and endings of earlier ones may go, the proof of the draw stays. */
function endEpoch(drawn: PastDraw | null, effects: Effect[]): void {
  if (drawn !== null) effects.push({ kind: 'put', table: 'draw', key: drawn.epoch, row: drawn });
  effects.push({ kind: 'clear', table: 'session' }, { kind: 'clear', table: 'ending' });
}
