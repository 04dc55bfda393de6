// A room that was restored from a backup. What happened after the backup is not in it, so the room gives nothing for a while, in
// which waiting pages come with their signed places and prove which numbers were given (`restorePlace`), and vacancies that may
// be taken stay empty until those sessions are over. What a store loses by itself is another matter: recovery.ts.

import { record } from './change.ts';
import { draftOf, type RoomDocument } from './document/room-document.ts';
import { bucketEnd, countSessions } from './document/sessions-state.ts';
import type { Effect } from './machine.ts';
import { numbersOf, STORE_ACTOR } from './recovery.ts';
import { NO_SESSIONS } from './session-overlay.ts';
import type { EpochMs } from './time.ts';
import { POLL_JITTER, POLL_SECONDS_MAX, SLOT_BACKLOG_MS } from './wait.ts';

/** Every page that waits has come by then, and a place is restored some seconds after it was first seen. */
export const RESTORED_MS = POLL_SECONDS_MAX * (1 + POLL_JITTER) * 1_000 + 24_000;

/** Whether the room has opened, by its schedule, after the backup: which entries there were at the draw is not known. */
export function openedSince({ draw, config }: RoomDocument, now: EpochMs): boolean {
  return draw.entries === null && now >= config.schedule.opensAt;
}

/**
 * The room as it goes on from a backup.
 * @param stored as it was at the time of the backup
 * @param now the time of the restoration
 */
export function restoredRoom(stored: RoomDocument, now: EpochMs): { document: RoomDocument; effects: Effect[] } {
  const room = draftOf(stored);
  const { line, pacing, sessions, endings, changes, recovery } = room;
  const { policy } = room.config;
  const time = Math.max(now, stored.at);
  const before = { ...numbersOf(room), at: stored.at };
  room.at = time;
  recovery.running = { since: time, until: time + RESTORED_MS, awaited: [], endings: endings.seq };
  changes.gateways = [];
  changes.passes = [];
  // Blocks may have been used since.
  line.free = [];
  line.leases = [];
  line.leasedUntil = 0;
  if (room.draw.seed !== null) {
    const until = bucketEnd(policy, time + policy.sessionMs, sessions.expiries);
    const living = (after: EpochMs) =>
      sessions.expiries.reduce((sum, [end, count]) => (end >= after ? sum + count : sum), 0);
    const lostMs = time - stored.at + SLOT_BACKLOG_MS;
    const admitted = Math.ceil((policy.newUsersPerMinute * lostMs) / 60_000);
    // Those who were inside may have been renewed since.
    const inside = Math.min(policy.totalActiveUsers, living(stored.at) + admitted);
    countSessions(sessions, until, Math.max(0, inside - living(until)));
    pacing.lastSlotMicros = Math.max(pacing.lastSlotMicros ?? 0, Math.ceil((time + SLOT_BACKLOG_MS) * 1_000));
    recovery.lostUntil = Math.max(recovery.lostUntil, until);
  }
  const effects: Effect[] = [];
  const context = { now: time, sessions: NO_SESSIONS, effects };
  const to = { ...numbersOf(room), at: time };
  record(room, { by: STORE_ACTOR, action: 'recover', from: before, to }, context);
  return { document: room, effects };
}
