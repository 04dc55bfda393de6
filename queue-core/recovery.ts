// What a room does when its store comes back older than what it had acknowledged (a failover to a replica that lagged, a
// restart that lost the last second, an empty disk). Nobody who was told something may be contradicted to somebody else's
// gain: every client of the store tells what it last saw (its witness), the room moves forward past all of it, and gives
// nothing until all who were there have spoken. What nobody is left to tell is covered by room left free.

import type { Actor } from './audit.ts';
import { recorded } from './change.ts';
import { busiestArrivals, rebasedBucket } from './history.ts';
import {
  GATEWAYS_MAX,
  LOST_JOINS_MIN,
  LOST_MS_MAX,
  NEWBORN_MS_MAX,
  RECOVERY_MS,
  SLOT_BACKLOG_MS,
  VIEW_STALE_MS_MAX,
} from './limits.ts';
import type { Effect, Sessions, Witness } from './machine.ts';
import { isRecovering } from './opening.ts';
import type { EpochMs, RoomDocument, SessionRecord, Totals } from './room.ts';
import { bucketEnd, countSessions } from './sessions.ts';

/** Who writes what a loss changed into the log: no person. */
const STORE_ACTOR: Actor = { id: 'store', name: 'store', role: 'viewer', address: null };

/**
 * Moves the room past a loss.
 * @param stored what the store came back with; null: nothing
 * @param witness what one of its clients last saw; null: that client has nothing to add, but knows that something is lost
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
  const outcome = stored === null || witness === null ? known : past(stored, witness, time);
  // Rows of another opening, or of a room that was made in ignorance of this one.
  if (stored !== null && outcome.epoch !== stored.epoch) {
    effects.push({ kind: 'clear', table: 'session' }, { kind: 'clear', table: 'ending' });
  }
  const room: RoomDocument = {
    ...outcome,
    at: time,
    gateways: gatewaysOf(stored, seen),
    // One of them may have been taken up in what was lost.
    passes: [],
    recovery: recoveryOf(stored, seen, time),
    lostUntil: Math.max(outcome.lostUntil, bucketEnd(outcome, time + longestSession(stored, seen))),
  };
  if (witness !== null && seen?.epoch === room.epoch) {
    const isSame = stored?.epoch === room.epoch;
    // A log that went on after the loss is not written over.
    const logFrom = isSame && witness.relation === 'parted' ? stored.audit.seq + 1 : 0;
    giveBack(room, witness.rows, isSame ? sessions : NO_SESSIONS, logFrom, effects);
  } else if (witness?.relation === 'before') {
    // Of an opening that is over, the log and the history go on.
    effects.push(...witness.rows.filter(({ table }) => table === 'audit' || table === 'history'));
  }
  return { document: room, effects };
}

const NO_SESSIONS: Sessions = { get: () => undefined };

/** The later of two states, or both in one where each knows something that the other does not. */
function past(stored: RoomDocument, { document: seen, relation }: Witness<RoomDocument>, now: EpochMs): RoomDocument {
  if (seen.epoch !== stored.epoch) {
    const isNewborn = stored.bornAt > seen.bornAt && now - stored.bornAt < NEWBORN_MS_MAX;
    return seen.epoch > stored.epoch || isNewborn ? seen : stored;
  }
  switch (relation) {
    case 'after':
      return withNumbersOf(stored, seen);
    case 'before':
      return stored;
    case 'parted':
      return joined(stored, seen, now);
  }
}

/** What is stored may have been raised meanwhile by visitors' tokens. */
function withNumbersOf(stored: RoomDocument, seen: RoomDocument): RoomDocument {
  if (stored.entries <= seen.entries && stored.issued <= seen.issued) return seen;
  const entries = seen.draw.entries ?? Math.max(stored.entries, seen.entries);
  return { ...seen, entries, issued: Math.max(stored.issued, seen.issued), recentJoins: [] };
}

/**
 * Two histories of one opening that parted at the loss, because somebody went on before it was noticed. Every counter is
 * the higher one and every session counts, so the limits hold; numbers that both have given cannot be taken back.
 */
function joined(a: RoomDocument, b: RoomDocument, now: EpochMs): RoomDocument {
  const changed = b.version > a.version || (b.version === a.version && b.audit.seq > a.audit.seq) ? b : a;
  const called = b.called > a.called ? b : a;
  const isLonger = Math.max(b.entries, b.issued) > Math.max(a.entries, a.issued);
  const drawn = a.draw.seed === null && b.draw.entries !== null ? b : a;
  const room: RoomDocument = {
    ...a,
    settingsDigest: changed.settingsDigest,
    policy: changed.policy,
    schedule: changed.schedule,
    flow: changed.flow,
    closed: changed.closed,
    message: changed.message,
    version: changed.version,
    changedAt: changed.changedAt,
    inForceAt: null,
    recentChanges: changed.recentChanges,
    audit: b.audit.seq > a.audit.seq ? b.audit : a.audit,
    draw: drawn.draw,
    entries: drawn.draw.entries ?? Math.max(a.entries, b.entries),
    issued: Math.max(a.issued, b.issued),
    // Numbers of what was lost may have been given again since.
    recentJoins: isLonger ? [] : a.recentJoins,
    called: called.called,
    calls: called.calls,
    lapsedThrough: called.lapsedThrough,
    runMs: called.runMs,
    callCredit: 0,
    lastSlotAt: latest(a.lastSlotAt, b.lastSlotAt),
    endingSeq: Math.max(a.endingSeq, b.endingSeq),
    endingsDroppedTo: Math.max(a.endingsDroppedTo, b.endingsDroppedTo),
    // Both have numbered their endings alike: every token is looked up once.
    renewBefore: now + 1,
    generation: Math.max(a.generation, b.generation),
    revokedAt: Math.max(a.revokedAt, b.revokedAt),
    totals: { ...highest(a.totals, b.totals), lapsed: called.totals.lapsed },
  };
  for (const [endsAt, sessions] of b.expiries) countSessions(room, endsAt, sessions);
  room.bucket = rebasedBucket(a, room);
  return room;
}

function latest(a: EpochMs | null, b: EpochMs | null): EpochMs | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}

function highest(a: Totals, b: Totals): Totals {
  const names = Object.keys(a) as (keyof Totals)[];
  return Object.fromEntries(names.map((name) => [name, Math.max(a[name], b[name])])) as unknown as Totals;
}

function longestSession(stored: RoomDocument | null, seen: RoomDocument | null): number {
  return Math.max(stored?.policy.sessionMs ?? 0, seen?.policy.sessionMs ?? 0);
}

/** The last word of each gateway that either state has heard of. */
function gatewaysOf(stored: RoomDocument | null, seen: RoomDocument | null): RoomDocument['gateways'] {
  const all = [...(seen?.gateways ?? []), ...(stored?.gateways ?? [])].sort((a, b) => a.at - b.at);
  return all.filter(({ id }, index) => all.findLastIndex((other) => other.id === id) === index).slice(-GATEWAYS_MAX);
}

/** Begins the asking around, or goes on with it; who was there before the loss is waited for. */
function recoveryOf(stored: RoomDocument | null, seen: RoomDocument | null, now: EpochMs): RoomDocument['recovery'] {
  const present = [stored, seen].flatMap((room) =>
    room === null ? [] : room.gateways.filter(({ at }) => room.at - at <= VIEW_STALE_MS_MAX).map(({ id }) => id),
  );
  const going = stored !== null && isRecovering(stored, now) ? stored.recovery : null;
  const endings = stored?.endingSeq ?? seen?.endingSeq ?? 0;
  const begun = going ?? { since: now, until: now + RECOVERY_MS, awaited: [], endings };
  return { ...begun, awaited: [...new Set([...begun.awaited, ...present])].slice(-GATEWAYS_MAX) };
}

/**
 * Puts rows back that the store has lost; what it has of a session already stays where it is the later.
 * @param logFrom the first record of the log that may be put; above 0 where two histories have parted
 */
function giveBack(
  room: RoomDocument,
  rows: Witness<RoomDocument>['rows'],
  sessions: Sessions,
  logFrom: number,
  effects: Effect[],
): void {
  for (const put of rows) {
    switch (put.table) {
      case 'session': {
        const stored = sessions.get(put.key);
        if (put.row.epoch === room.epoch && (stored === undefined || isLater(put.row, stored))) effects.push(put);
        break;
      }
      case 'ending':
        if (room.recovery !== null) room.recovery = { ...room.recovery, endings: room.recovery.endings + 1 };
        if (logFrom > 0) {
          room.endingSeq++;
          effects.push({ ...put, key: room.endingSeq, row: { ...put.row, seq: room.endingSeq } });
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
  return a.ended !== null || a.expiresAt > b.expiresAt;
}

/**
 * Ends the asking around once its time is over. Where somebody who was there before the loss has stayed silent, what only
 * they could tell is provided for: numbers, sessions and slots that they may have given are left free until it cannot matter.
 * Mutates the step's own copy of the room.
 */
export function concludeRecovery(room: RoomDocument, now: EpochMs, effects: Effect[]): void {
  const { recovery } = room;
  if (recovery === null || now < recovery.until) return;
  const { since, awaited } = recovery;
  const silent = awaited.filter((id) => !room.gateways.some((one) => one.id === id && one.at >= since)).length;
  const before = { issued: room.issued, entries: room.entries, active: room.active };
  room.recovery = null;
  if (silent > 0) leaveFree(room, now, Math.max(0, room.endingSeq - recovery.endings));
  const { issued, entries, active } = room;
  const entry = { by: STORE_ACTOR, action: 'recover', from: before, to: { issued, entries, active, silent } };
  room.audit = recorded(room, entry, now, effects).audit;
}

/** @param endings that were lost: what ended may come back as it was before, and counts until it is over */
function leaveFree(room: RoomDocument, now: EpochMs, endings: number): void {
  const numbers = Math.max(LOST_JOINS_MIN, busiestArrivals(room, now));
  // A repeated join is known by its distance from the last number: none is known any more.
  room.recentJoins = [];
  if (room.draw.entries === null) {
    room.entries += numbers;
    return;
  }
  room.issued += numbers;
  if (room.draw.seed === null) return;
  const { newUsersPerMinute, totalActiveUsers, sessionMs } = room.policy;
  // Slots of the lost seconds reach as far ahead as their backlog does.
  const sessions = Math.ceil((newUsersPerMinute * (LOST_MS_MAX + SLOT_BACKLOG_MS)) / 60_000);
  const until = bucketEnd(room, now + sessionMs);
  countSessions(room, until, endings + Math.max(0, Math.min(sessions, totalActiveUsers - room.active)));
  room.lastSlotAt = Math.max(room.lastSlotAt ?? 0, now + SLOT_BACKLOG_MS);
  room.lostUntil = Math.max(room.lostUntil, until);
}
