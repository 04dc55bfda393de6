// What a room does when its store comes back older than what it had acknowledged (a failover to a replica that lagged, a
// restart that lost the last second, an empty disk). No acknowledged place or session may be given to someone else: every
// client of the store reports what it last saw (its witness), the room moves forward past all of it, and gives nothing
// until every gateway that was there has reported. What no remaining gateway knows is covered by numbers and vacancies left
// unused.

import type { Actor } from './audit.ts';
import { record } from './change.ts';
import { latestReports } from './document/changes-state.ts';
import type { RecoveryState } from './document/recovery-state.ts';
import { draftOf, mergeRooms, type RoomDocument } from './document/room-document.ts';
import type { SessionRecord } from './document/session-record.ts';
import { countSessions } from './document/sessions-state.ts';
import { busiestArrivals } from './history.ts';
import { GATEWAYS_MAX, LOST_JOINS_MIN, LOST_MS_MAX, NEWBORN_MS_MAX, RECOVERY_MS, VIEW_STALE_MS_MAX } from './limits.ts';
import type { Effect, Sessions, StepContext, Witness } from './machine.ts';
import { isRecovering } from './room-state.ts';
import { NO_SESSIONS } from './session-overlay.ts';
import { bucketEnd } from './sessions.ts';
import type { EpochMs } from './time.ts';
import { SLOT_BACKLOG_MS } from './wait.ts';

/** Who is recorded for what the store did: no person. */
export const STORE_ACTOR: Actor = { id: 'store', name: 'store', role: 'viewer', address: null };

/**
 * Moves the room past a loss.
 * @param stored what the store came back with; null: nothing
 * @param witness what one of its clients last saw; null: that client has nothing to add, but knows that writes are lost
 * @param sessions the stored sessions of the witness's rows
 */
export function recoverRoom(
  stored: RoomDocument | null,
  witness: Witness<RoomDocument> | null,
  sessions: Sessions,
  now: EpochMs,
): { document: RoomDocument; effects: Effect[] } | null {
  const seen = witness?.document ?? null;
  const known = stored ?? seen;
  if (known === null) return null;
  const time = Math.max(now, known.at, seen?.at ?? 0);
  const effects: Effect[] = [];
  const room = draftOf(stored === null || witness === null ? known : moveForward(stored, witness, time));
  // Rows of another opening, or of a room that was created in ignorance of this one.
  if (stored !== null && room.epoch !== stored.epoch) {
    effects.push({ kind: 'clear', table: 'session' }, { kind: 'clear', table: 'ending' });
  }
  room.at = time;
  room.changes.gateways = latestReports(stored?.changes.gateways ?? [], seen?.changes.gateways ?? []).slice(
    -GATEWAYS_MAX,
  );
  // One of them may have been used in what was lost.
  room.changes.passes = [];
  room.recovery.running = recoveryOf(stored, seen, time);
  const sessionMsMax = Math.max(stored?.config.policy.sessionMs ?? 0, seen?.config.policy.sessionMs ?? 0);
  room.recovery.lostUntil = Math.max(room.recovery.lostUntil, bucketEnd(room.config.policy, time + sessionMsMax));
  if (witness !== null && seen?.epoch === room.epoch) {
    const isSame = stored?.epoch === room.epoch;
    // A log that went on after the loss is not overwritten.
    const logFrom = isSame && witness.relation === 'diverged' ? stored.changes.audit.seq + 1 : 0;
    restoreRows(room, witness.rows, isSame ? sessions : NO_SESSIONS, logFrom, effects);
  } else if (witness?.relation === 'before') {
    // Of an opening that is over, the log and the history go on.
    effects.push(...witness.rows.filter(({ table }) => table === 'audit' || table === 'history'));
  }
  return { document: room, effects };
}

/** The later of two states, or both merged where each knows something that the other does not. */
function moveForward(
  stored: RoomDocument,
  { document: seen, relation }: Witness<RoomDocument>,
  now: EpochMs,
): RoomDocument {
  if (seen.epoch !== stored.epoch) {
    const isNewborn = stored.createdAt > seen.createdAt && now - stored.createdAt < NEWBORN_MS_MAX;
    return seen.epoch > stored.epoch || isNewborn ? seen : stored;
  }
  switch (relation) {
    case 'after':
      return withNumbersOf(stored, seen);
    case 'before':
      return stored;
    case 'diverged':
      return mergeRooms(stored, seen, now);
  }
}

/** What is stored may have been raised meanwhile by visitors' tokens. */
function withNumbersOf(stored: RoomDocument, seen: RoomDocument): RoomDocument {
  if (stored.line.entries <= seen.line.entries && stored.line.issued <= seen.line.issued) return seen;
  const entries = seen.draw.entries ?? Math.max(stored.line.entries, seen.line.entries);
  const issued = Math.max(stored.line.issued, seen.line.issued);
  return { ...seen, line: { ...seen.line, entries, issued, free: [], leases: [] } };
}

/** Begins the recovery, or continues it; the gateways that were there before the loss are awaited. */
function recoveryOf(stored: RoomDocument | null, seen: RoomDocument | null, now: EpochMs): RecoveryState['running'] {
  const present = [stored, seen].flatMap((room) =>
    room === null
      ? []
      : room.changes.gateways.filter(({ at }) => room.at - at <= VIEW_STALE_MS_MAX).map(({ id }) => id),
  );
  const running = stored !== null && isRecovering(stored, now) ? stored.recovery.running : null;
  const endings = stored?.endings.seq ?? seen?.endings.seq ?? 0;
  const begun = running ?? { since: now, until: now + RECOVERY_MS, awaited: [], endings };
  return { ...begun, awaited: [...new Set([...begun.awaited, ...present])].slice(-GATEWAYS_MAX) };
}

/**
 * Restores rows that the store has lost; a session that the store has stays where it is the later.
 * @param logFrom the first record of the log that may be written; above 0 where two histories have diverged
 */
function restoreRows(
  { epoch, endings, recovery }: RoomDocument,
  rows: Witness<RoomDocument>['rows'],
  sessions: Sessions,
  logFrom: number,
  effects: Effect[],
): void {
  for (const put of rows) {
    switch (put.table) {
      case 'session': {
        const stored = sessions.get(put.key);
        if (put.row.epoch === epoch && (stored === undefined || isLater(put.row, stored))) effects.push(put);
        break;
      }
      case 'ending':
        if (recovery.running !== null)
          recovery.running = { ...recovery.running, endings: recovery.running.endings + 1 };
        if (logFrom > 0) {
          const seq = ++endings.seq;
          effects.push({ ...put, key: seq, row: { ...put.row, seq } });
        } else effects.push(put);
        break;
      case 'audit':
        if (put.key >= logFrom) effects.push(put);
        break;
      case 'history':
      case 'template':
        effects.push(put);
        break;
    }
  }
}

/** A session only ever goes on: granted, extended, ended. */
function isLater(a: SessionRecord, b: SessionRecord): boolean {
  if (a.sid !== b.sid || b.ended !== null) return false;
  return a.ended !== null || a.expiresAt > b.expiresAt || (a.presentBy === null && b.presentBy !== null);
}

/**
 * Ends the recovery once its time is over. Where a gateway that was there before the loss has stayed silent, the room
 * provides for what only that gateway knew: numbers, sessions and slots that it may have given stay unused until that
 * cannot matter any more.
 */
export function concludeRecovery(room: RoomDocument, context: StepContext): void {
  const { recovery, changes, endings } = room;
  const { now } = context;
  if (recovery.running === null || now < recovery.running.until) return;
  const { since, awaited, endings: endingsThere } = recovery.running;
  const silent = awaited.filter((id) => !changes.gateways.some((one) => one.id === id && one.at >= since)).length;
  const before = numbersOf(room);
  recovery.running = null;
  if (silent > 0) leaveUnused(room, Math.max(0, endings.seq - endingsThere), now);
  record(room, { by: STORE_ACTOR, action: 'recover', from: before, to: { ...numbersOf(room), silent } }, context);
}

/**
 * A signed place proves a loss that no client of the store has noticed, as after a restored copy. Who was admitted in the lost
 * time is not known, so every vacancy is left to them until their sessions are over.
 * @param beside numbers of the lost time have been given again: the sessions of those who hold them now stand beside the lost ones
 */
export function assumeLoss(room: RoomDocument, context: StepContext, { beside = false } = {}): void {
  const { recovery, sessions, draw } = room;
  const { policy } = room.config;
  const { now } = context;
  if (now < recovery.lostUntil && !beside) return;
  const before = numbersOf(room);
  const until = bucketEnd(policy, now + policy.sessionMs, sessions.expiries);
  const present = policy.totalActiveUsers * (beside ? 2 : 1);
  if (draw.seed !== null) countSessions(sessions, until, Math.max(0, present - sessions.active));
  recovery.lostUntil = Math.max(recovery.lostUntil, until);
  record(room, { by: STORE_ACTOR, action: 'recover', from: before, to: { ...numbersOf(room), silent: 0 } }, context);
}

function numbersOf({ line, sessions }: RoomDocument) {
  return { issued: line.issued, entries: line.entries, active: sessions.active };
}

/** @param endings that were lost: what ended may come back as it was before, and counts until it is over */
function leaveUnused(room: RoomDocument, endings: number, now: EpochMs): void {
  const { line, draw, pacing, sessions, recovery } = room;
  const { policy } = room.config;
  const numbers = Math.max(LOST_JOINS_MIN, busiestArrivals(room, now));
  line.free = [];
  line.leases = [];
  if (draw.entries === null) {
    line.entries += numbers;
    return;
  }
  line.issued += numbers;
  if (draw.seed === null) return;
  // Slots of the lost seconds reach as far ahead as their backlog does.
  const granted = Math.ceil((policy.newUsersPerMinute * (LOST_MS_MAX + SLOT_BACKLOG_MS)) / 60_000);
  const until = bucketEnd(policy, now + policy.sessionMs, sessions.expiries);
  countSessions(sessions, until, endings + Math.max(0, Math.min(granted, policy.totalActiveUsers - sessions.active)));
  pacing.lastSlotMicros = Math.max(pacing.lastSlotMicros ?? 0, Math.ceil((now + SLOT_BACKLOG_MS) * 1_000));
  recovery.lostUntil = Math.max(recovery.lostUntil, until);
}
