// What a room does when its store comes back older than what it had acknowledged (a failover to a replica that lagged, a
// restart that lost the last second, an empty disk). No acknowledged place or session may be given to someone else: every
// client of the store reports what it last saw (its witness), the room moves forward past all of it, and gives nothing
// until every gateway that was there has reported. What no remaining gateway knows is covered by numbers and vacancies left
// unused.

import type { Actor } from './audit.ts';
import { record } from './change.ts';
import type { GatewayReport } from './document/changes-state.ts';
import type { OriginState } from './document/origin-state.ts';
import type { RecoveryState } from './document/recovery-state.ts';
import { draftOf, type RoomDocument } from './document/room-document.ts';
import type { SessionRecord } from './document/session-record.ts';
import { bucketEnd, countSessions } from './document/sessions-state.ts';
import { busiestArrivals } from './history.ts';
import { GATEWAYS_MAX, LOST_JOINS_MIN, LOST_MS_MAX, NEWBORN_MS_MAX, RECOVERY_MS, VIEW_STALE_MS_MAX } from './limits.ts';
import type { Effect, Sessions, StepContext, Table, Witness } from './machine.ts';
import { joinedMarks } from './origin-calls.ts';
import { callUpTo } from './pacing.ts';
import { isRecovering } from './room-state.ts';
import { NO_SESSIONS } from './session-overlay.ts';
import { joinedStock } from './stock.ts';
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
  const room = draftOf(stored === null || witness === null ? known : laterOf(stored, witness, time));
  // Rows of another opening, or of a room that was created in ignorance of this one.
  if (stored !== null && room.epoch !== stored.epoch) {
    effects.push({ kind: 'clear', table: 'session' }, { kind: 'clear', table: 'ending' });
  }
  room.at = time;
  room.changes.gateways = latestReports(stored, seen).slice(-GATEWAYS_MAX);
  // One of them may have been used in what was lost.
  room.changes.passes = [];
  room.recovery.running = recoveryOf(stored, seen, time);
  const sessionMsMax = Math.max(stored?.config.policy.sessionMs ?? 0, seen?.config.policy.sessionMs ?? 0);
  room.recovery.lostUntil = Math.max(room.recovery.lostUntil, bucketEnd(room.config.policy, time + sessionMsMax));
  if (witness !== null && seen?.epoch === room.epoch) {
    const isSame = stored?.epoch === room.epoch;
    if (isSame) passNumbers(room, stored, seen);
    const isJoined = isSame && witness.relation === 'diverged';
    if (isJoined) joinHistories(room, seen, time);
    const context = { now: time, sessions: isSame ? sessions : NO_SESSIONS, effects };
    restoreRows(room, witness.rows, isJoined, context);
  } else if (witness?.relation === 'before') {
    // Of an opening that is over, the log and the history go on.
    effects.push(...witness.rows.filter(({ table }) => CONTINUED.has(table)));
  }
  return { document: room, effects };
}

/** The room that goes on: as it was seen where that continues what is stored, else as it is stored. */
function laterOf(
  stored: RoomDocument,
  { document: seen, relation }: Witness<RoomDocument>,
  now: EpochMs,
): RoomDocument {
  if (seen.epoch === stored.epoch) return relation === 'after' ? seen : stored;
  const isNewborn = stored.createdAt > seen.createdAt && now - stored.createdAt < NEWBORN_MS_MAX;
  return seen.epoch > stored.epoch || isNewborn ? seen : stored;
}

/** No number of either side is given again. What is free on one side may be leased on the other, and stays unused. */
function passNumbers(room: RoomDocument, stored: RoomDocument, seen: RoomDocument): void {
  const { line, draw } = room;
  line.entries = draw.entries ?? Math.max(stored.line.entries, seen.line.entries);
  line.issued = Math.max(stored.line.issued, seen.line.issued);
  line.leaseSeq = Math.max(stored.line.leaseSeq, seen.line.leaseSeq);
  line.leasedUntil = draw.entries === null ? Math.max(stored.line.leasedUntil, seen.line.leasedUntil) : 0;
  line.free = [];
  line.leases = [];
}

/**
 * Another client of the store went on before the loss was noticed: what is stored stays, and goes past what was lost. Calls, slots
 * and operators' decisions of both sides hold, every session counts, and what the log has lost is recorded again.
 */
function joinHistories(room: RoomDocument, seen: RoomDocument, now: EpochMs): void {
  const { line, pacing, sessions, endings, changes } = room;
  const opened = room.draw.seed === null && seen.draw.entries !== null ? seen : room;
  const { schedule } = opened.config;
  room.draw = { ...opened.draw };
  line.entries = room.draw.entries ?? line.entries;
  callUpTo(room, seen.pacing.called);
  const { lastSlotMicros } = seen.pacing;
  if (lastSlotMicros !== null) pacing.lastSlotMicros = Math.max(pacing.lastSlotMicros ?? 0, lastSlotMicros);
  sessions.generation = Math.max(sessions.generation, seen.sessions.generation);
  sessions.revokedAt = Math.max(sessions.revokedAt, seen.sessions.revokedAt);
  room.origin = joinedOrigin(room.origin, seen.origin);
  if (seen.changes.version > changes.version) {
    const { version, changedAt, recent } = seen.changes;
    room.config = { ...seen.config };
    Object.assign(changes, { version, changedAt, changedSeq: 0, recent, inForceAt: null });
  }
  // An opening that one side has moved stays where the other side has opened.
  if (room.draw.entries !== null) room.config.schedule = schedule;
  line.leasedUntil = room.draw.entries === null ? Math.min(line.leasedUntil, room.config.schedule.opensAt) : 0;
  // Both sides have numbered their endings alike: every token's session is read once.
  endings.renewBefore = now + 1;
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

/** Tables that go on across openings. */
const CONTINUED: ReadonlySet<Table> = new Set(['audit', 'history', 'minute', 'origin']);

/**
 * Restores rows that the store has lost; a session that the store has stays where it is the later.
 * @param isJoined of another history than what is stored: its sessions are not counted yet, and its numbers of log records and
 * endings may be taken
 */
function restoreRows(
  room: RoomDocument,
  rows: Witness<RoomDocument>['rows'],
  isJoined: boolean,
  context: StepContext,
): void {
  const { epoch, endings, recovery, sessions } = room;
  const { now, effects } = context;
  for (const put of rows) {
    switch (put.table) {
      case 'session': {
        const { row, key } = put;
        const stored = context.sessions.get(key);
        if (row.epoch !== epoch) break;
        if (isJoined && row.ended === null && row.countsUntil > countedUntil(row, stored, now)) {
          countSessions(sessions, row.countsUntil, 1);
        }
        const both = stored === undefined ? row : joinedSession(row, stored);
        if (JSON.stringify(both) !== JSON.stringify(stored)) effects.push({ ...put, row: both });
        break;
      }
      case 'ending': {
        if (recovery.running !== null)
          recovery.running = { ...recovery.running, endings: recovery.running.endings + 1 };
        const seq = isJoined ? ++endings.seq : put.key;
        effects.push({ ...put, key: seq, row: { ...put.row, seq } });
        break;
      }
      case 'origin': {
        const seq = isJoined ? ++room.origin.recordSeq : put.key;
        effects.push({ ...put, key: seq, row: { ...put.row, seq } });
        break;
      }
      case 'audit':
        if (isJoined) record(room, put.row, context);
        else effects.push(put);
        break;
      case 'history':
      case 'minute':
      case 'draw':
      case 'template':
        effects.push(put);
        break;
    }
  }
}

/** The last report of each gateway that either side knows, oldest first. */
function latestReports(stored: RoomDocument | null, seen: RoomDocument | null): GatewayReport[] {
  const all = [seen, stored].flatMap((room) => room?.changes.gateways ?? []).sort((a, b) => a.at - b.at);
  return all.filter(({ id }, index) => all.findLastIndex((other) => other.id === id) === index);
}

/** Until when a session counts in what is stored. One position may have been given on both sides. */
function countedUntil({ sid }: SessionRecord, stored: SessionRecord | undefined, now: EpochMs): EpochMs {
  return stored?.sid === sid ? Math.max(now, stored.countsUntil) : now;
}

/** What the origin said last, to either side of the loss. */
function joinedOrigin(a: OriginState, b: OriginState): OriginState {
  const overloadedUntil = latest(a.health.overloadedUntil, b.health.overloadedUntil);
  return {
    stock: joinedStock(a.stock, b.stock),
    health: { ...a.health, overloadedUntil },
    recordSeq: Math.max(a.recordSeq, b.recordSeq),
    signalledAt: latest(a.signalledAt, b.signalledAt),
  };
}

/**
 * What is known of a position by what one side has seen and the other has: nothing of it that was acknowledged is lost. A position that was
 * given to two visitors stays with the one who is stored.
 */
function joinedSession(seen: SessionRecord, stored: SessionRecord): SessionRecord {
  if (seen.visitor !== stored.visitor) return stored;
  const [earlier, later] = isLater(seen, stored) ? [stored, seen] : [seen, stored];
  const calls = joinedMarks(earlier.calls, later.calls);
  const codeUsedAt = latest(earlier.codeUsedAt, later.codeUsedAt);
  if (earlier.sid !== later.sid) return { ...later, calls };
  const readmitted =
    later.ended?.reason !== 'completed' &&
    (isAsFar(earlier, later) ? earlier.readmitted || later.readmitted : later.readmitted);
  return {
    ...later,
    expiresAt: Math.max(earlier.expiresAt, later.expiresAt),
    countsUntil: Math.max(earlier.countsUntil, later.countsUntil),
    presentBy: earlier.presentBy === null || later.presentBy === null ? null : later.presentBy,
    readmitted,
    codeUsedAt,
    calls,
  };
}

/** Another session of one visitor was granted later; of one session, the last word is what was completed, then what ended last. */
function isLater(a: SessionRecord, b: SessionRecord): boolean {
  if (a.sid !== b.sid) return a.admitAt > b.admitAt;
  const [completed, other] = [a, b].map(({ ended }) => ended?.reason === 'completed');
  if (completed !== other) return completed === true;
  if (!isAsFar(a, b)) return endOf(a) === endOf(b) ? lastCall(a) > lastCall(b) : endOf(a) > endOf(b);
  return a.expiresAt > b.expiresAt || (a.expiresAt === b.expiresAt && a.presentBy === null);
}

function isAsFar(a: SessionRecord, b: SessionRecord): boolean {
  return endOf(a) === endOf(b) && lastCall(a) === lastCall(b);
}

function endOf({ ended }: SessionRecord): EpochMs {
  return ended?.at ?? 0;
}

function lastCall({ calls }: SessionRecord): EpochMs {
  return calls.at(-1)?.at ?? 0;
}

function latest(a: EpochMs | null, b: EpochMs | null): EpochMs | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
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

/** What a recovery may have changed, for the log. */
export function numbersOf({ line, sessions }: RoomDocument) {
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
