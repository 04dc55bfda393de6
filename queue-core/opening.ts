// When a room opens: schedules, settings files, and the draw at the opening.

import type { RoomDocument } from './document/room-document.ts';
import { beginEpoch } from './document/room-document.ts';
import { drawSeed, NO_BEACON } from './draw.ts';
import type { RoomSettings, Schedule } from './policy.ts';
import { stateOf } from './room-state.ts';
import type { EpochMs } from './time.ts';

/**
 * Sets when the room opens. Before the opening it is moved and every visitor keeps their entry under the same commitment; it comes
 * no sooner than gateways have ceased to give out the entries that they leased, two seconds at most.
 * After it, a schedule with the same opening, to the second, moves only the closing; one with another opening, or any once
 * the room is closed, begins a new epoch, and no token of the old one is valid any more.
 * @returns whether a new epoch began
 */
export function reschedule(room: RoomDocument, schedule: Schedule, secret: string, now: EpochMs): boolean {
  if (stateOf(room, now) !== 'closed') {
    if (room.draw.entries === null) {
      room.config.schedule = { ...schedule, opensAt: Math.max(schedule.opensAt, room.line.leasedUntil) };
      return false;
    }
    // The draw was made at that opening, with that beacon.
    const { opensAt, beacon } = room.config.schedule;
    if (isSameSecond(schedule.opensAt, opensAt)) {
      room.config.schedule = { ...schedule, opensAt, beacon };
      return false;
    }
  }
  beginEpoch(room, { schedule, secret, now });
  return true;
}

/** A form shows an opening that was set to "now" to the second only, and sends that back. */
export function isSameSecond(a: EpochMs, b: EpochMs): boolean {
  return Math.floor(a / 1000) === Math.floor(b / 1000);
}

/**
 * Applies an edited settings file: its policy always, its schedule only where it names a time that differs.
 * @returns whether a new epoch began
 */
export function applySettings(
  room: RoomDocument,
  settings: RoomSettings,
  digest: string,
  secret: string,
  now: EpochMs,
): boolean {
  room.config.settingsDigest = digest;
  room.config.policy = settings.policy;
  if (!('opensAt' in settings.schedule)) return false;
  const { prequeueAt, opensAt, closesAt, beacon } = settings.schedule;
  const schedule = { prequeueAt, opensAt, closesAt, beacon };
  if (opensAt !== room.config.schedule.opensAt) return reschedule(room, schedule, secret, now);
  room.config.schedule = schedule;
  return false;
}

/** At the opening, freezes N; as soon as the draw's randomness is there, draws. */
export function openIfDue(room: RoomDocument, now: EpochMs): void {
  const { config, draw, line } = room;
  if (now < config.schedule.opensAt || config.closed) return;
  if (draw.entries === null) {
    line.issued = line.entries;
    line.free = [];
    line.leases = [];
    line.leasedUntil = 0;
    draw.entries = line.entries;
  }
  const beacon = config.schedule.beacon === null ? NO_BEACON : draw.beacon;
  if (draw.seed !== null || beacon === null) return;
  draw.beacon = beacon;
  draw.seed = drawSeed(draw.secret, beacon, draw.entries);
}
