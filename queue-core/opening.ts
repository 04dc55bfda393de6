// When a room opens: schedules, settings files, and the draw at the opening.

import type { Command } from './command.ts';
import { beginsEpoch, type PresentOpening } from './consequences.ts';
import type { ConfigState } from './document/config-state.ts';
import type { RoomDocument } from './document/room-document.ts';
import { beginEpoch } from './document/room-document.ts';
import { type Beacon, commitTo, type DrawSecret, drawSeed, isRandomnessOf, NO_BEACON, roundAfter } from './draw.ts';
import { outstandingCalls } from './pacing.ts';
import type { BeaconChoice, RoomSettings, Schedule } from './policy.ts';
import { stateOf } from './room-state.ts';
import { type EpochMs, isSameSecond } from './time.ts';

/**
 * Sets when the room opens. Before the opening it is moved, also that of a room that was closed meanwhile, and every visitor keeps
 * their entry under the same commitment; it comes no sooner than `soonestOpening`.
 * After it, a schedule with the same opening, to the second, moves only the closing; one with another opening, or any once
 * the room is closed, begins a new epoch, and no token of the old one is valid any more.
 * @returns whether a new epoch began
 */
export function reschedule(room: RoomDocument, schedule: Schedule, secret: DrawSecret, now: EpochMs): boolean {
  const present = presentOpening(room, now);
  if (beginsEpoch(present, schedule.opensAt)) {
    beginEpoch(room, { schedule, secret, now });
    return true;
  }
  const { config } = room;
  if (present.hasOpened) {
    // The draw was made at that opening, with that beacon.
    const { opensAt, beacon } = config.schedule;
    config.schedule = { ...schedule, opensAt, beacon };
    return false;
  }
  const opensAt = Math.max(schedule.opensAt, soonestOpening(room, now));
  config.moved = movedTo(config, opensAt, now);
  config.schedule = { ...schedule, opensAt };
  config.closed = false;
  return false;
}

/** Takes back an opening that has not come: the room is closed, and every visitor keeps their entry for another one. */
export function cancelOpening({ config }: RoomDocument, now: EpochMs): void {
  config.moved = { was: config.schedule.opensAt, at: now };
  config.closed = true;
}

/** What visitors are told of an opening that moves: the one that they knew; null: nothing, it is the one they knew or the first. */
function movedTo({ closed, moved, schedule }: ConfigState, opensAt: EpochMs, now: EpochMs): ConfigState['moved'] {
  // A closed room shows no opening: what visitors knew is the one that was cancelled.
  const known = closed ? (moved?.was ?? null) : schedule.opensAt;
  if (known === null) return null;
  if (isSameSecond(known, opensAt)) return closed ? null : moved;
  return { was: known, at: now };
}

export function presentOpening(room: RoomDocument, now: EpochMs): PresentOpening {
  const { config, draw, line, pacing, sessions } = room;
  const { opensAt } = config.schedule;
  const { active } = sessions;
  const waiting = draw.seed === null ? line.entries : line.issued - pacing.called + outstandingCalls(pacing);
  return {
    opensAt,
    hasOpened: draw.entries !== null || (!config.closed && now >= opensAt),
    isClosed: stateOf(room, now) === 'closed',
    waiting,
    active,
  };
}

/**
 * Gateways have ceased to give out the entries that they leased, two seconds at most; and where there are entries, now: the beacon
 * of an opening in the past is known already, and who moved it there could choose among the orders.
 */
export function soonestOpening({ line }: RoomDocument, now: EpochMs): EpochMs {
  return line.entries > 0 ? Math.max(line.leasedUntil, now) : line.leasedUntil;
}

/**
 * Applies an edited settings file: its policy always, its schedule only where it names a time that differs. Once the room has
 * opened, a file that names an earlier opening means this one, which was moved, and the beacon of the draw stays.
 * @returns whether a new epoch began
 */
export function applySettings(
  room: RoomDocument,
  settings: RoomSettings,
  digest: string,
  secret: DrawSecret,
  now: EpochMs,
): boolean {
  room.config.settingsDigest = digest;
  room.config.policy = settings.policy;
  if (!('opensAt' in settings.schedule)) return false;
  const { prequeueAt, opensAt, closesAt, beacon } = settings.schedule;
  const schedule = { prequeueAt, opensAt, closesAt, beacon };
  const { draw, config } = room;
  const present = config.schedule;
  const isFrozen = draw.entries !== null;
  const isPresent = isFrozen ? opensAt <= present.opensAt : opensAt === present.opensAt;
  if (!isPresent) return reschedule(room, schedule, secret, now);
  config.schedule = isFrozen ? { ...schedule, opensAt: present.opensAt, beacon: present.beacon } : schedule;
  return false;
}

/** At the opening, freezes N; draws where the secret is in the open and no beacon is awaited. */
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
  if (draw.secret !== null) drawWith(room, draw.secret, null, now);
}

/** Takes a secret and a beacon from outside; what does not fit changes nothing. */
export function takeDraw(
  room: RoomDocument,
  { epoch, secret, beacon }: Extract<Command, { kind: 'draw' }>,
  now: EpochMs,
): void {
  if (epoch !== room.epoch || !/^[0-9a-f]{64}$/.test(secret) || commitTo(secret) !== room.draw.commitment) return;
  drawWith(room, secret, beacon, now);
}

function drawWith({ config, draw }: RoomDocument, secret: string, beacon: Beacon | null, now: EpochMs): void {
  const { beacon: choice, opensAt } = config.schedule;
  if (draw.seed !== null || draw.entries === null) return;
  if (beacon === null ? choice !== null && !mayGoWithout(choice, opensAt, now) : !isAwaited(choice, opensAt, beacon))
    return;
  draw.secret = secret;
  draw.beacon = beacon;
  draw.seed = drawSeed(secret, beacon?.randomness ?? NO_BEACON, draw.entries);
}

/** Whether the deadline is over, and the operator chose to draw without the beacon then. */
export function mayGoWithout({ deadlineMs, afterDeadline }: BeaconChoice, opensAt: EpochMs, now: EpochMs): boolean {
  return afterDeadline === 'withoutBeacon' && now >= opensAt + deadlineMs;
}

function isAwaited(choice: BeaconChoice | null, opensAt: EpochMs, beacon: Beacon): boolean {
  return choice !== null && beacon.round === roundAfter(choice.chain, opensAt) && isRandomnessOf(beacon);
}
