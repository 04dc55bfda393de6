// The life of a room: how it comes to be, when it opens, how it closes, and what it is called at any moment.
// One state machine; nothing else decides whether a room is open.

import { NO_RECORD } from './audit.ts';
import type { RoomSettings } from './command.ts';
import { commitTo, drawSeed, NO_BEACON } from './draw.ts';
import { bucketAcrossEpochs, emptyBucket } from './history.ts';
import type { EpochMs, Policy, RoomDocument, RoomState, Schedule } from './room.ts';

/** The room's state at `now`, in the words of the board. */
export function stateOf(room: RoomDocument, now: EpochMs): RoomState {
  const { prequeueAt, opensAt, closesAt } = room.schedule;
  if (room.closed || (closesAt !== null && now >= closesAt)) return 'closed';
  if (room.draw.entries === null && now < opensAt) {
    return prequeueAt !== null && now < prequeueAt ? 'scheduled' : 'prequeue';
  }
  if (room.draw.seed === null) return 'drawing';
  if (room.stock?.remaining === 0) return 'soldOut';
  return room.flow === 'running' ? 'open' : 'paused';
}

/** How far an opening has come by the clock alone, which no version of the room tells. */
export type Stage = 'ahead' | 'running' | 'over';

export function stageOf(state: RoomState): Stage {
  switch (state) {
    case 'scheduled':
    case 'prequeue':
      return 'ahead';
    case 'closed':
      return 'over';
    case 'drawing':
    case 'open':
    case 'paused':
    case 'soldOut':
      return 'running';
  }
}

/** Whether people may be called: open, the origin answers, and nothing is missing that the store had acknowledged. */
export function isFlowing(room: RoomDocument, now: EpochMs): boolean {
  return stateOf(room, now) === 'open' && room.originFailingSince === null && !isRecovering(room, now);
}

/** Whether the room asks around what its store has lost; it gives no place, call, session or change meanwhile. */
export function isRecovering(room: RoomDocument, now: EpochMs): boolean {
  return room.recovery !== null && now < room.recovery.until;
}

/** The document of a room's first opening. */
export function newRoom(
  settings: RoomSettings,
  firstEpoch: number,
  digest: string,
  secret: string,
  now: EpochMs,
): RoomDocument {
  const { prequeueAt, closesAt, beacon } = settings.schedule;
  const opensAt = 'opensAt' in settings.schedule ? settings.schedule.opensAt : now + settings.schedule.opensInMs;
  const schedule = { prequeueAt, opensAt, closesAt, beacon };
  const { room, policy } = settings;
  const lasting: Lasting = {
    room,
    bornAt: now,
    epoch: firstEpoch,
    settingsDigest: digest,
    policy,
    endingSeq: 0,
    version: 1,
    changedAt: now,
    inForceAt: null,
    recentChanges: [],
    audit: NO_RECORD,
    gateways: [],
    bucket: emptyBucket(now),
    recent: [],
  };
  return newEpoch(lasting, schedule, secret, now);
}

/** What outlives an epoch. Endings are numbered on, so that a gateway never mistakes a new one for one it has seen. */
type Lasting = Pick<
  RoomDocument,
  | 'room'
  | 'bornAt'
  | 'epoch'
  | 'settingsDigest'
  | 'policy'
  | 'endingSeq'
  | 'version'
  | 'changedAt'
  | 'inForceAt'
  | 'recentChanges'
  | 'audit'
  | 'gateways'
  | 'bucket'
  | 'recent'
>;

function newEpoch(lasting: Lasting, schedule: Schedule, secret: string, now: EpochMs): RoomDocument {
  return {
    ...lasting,
    schedule,
    draw: { commitment: commitTo(secret), secret, entries: null, beacon: null, seed: null },
    flow: 'running',
    closed: false,
    message: null,
    stock: null,
    originFailingSince: null,
    at: now,
    runMs: 0,
    entries: 0,
    issued: 0,
    called: 0,
    lapsedThrough: 0,
    callCredit: 0,
    calls: [],
    lastSlotAt: null,
    callingSince: schedule.opensAt,
    active: 0,
    expiries: [],
    standby: [],
    endingsDroppedTo: lasting.endingSeq,
    renewBefore: 0,
    generation: 0,
    revokedAt: 0,
    recentJoins: [],
    passes: [],
    recovery: null,
    lostUntil: 0,
    totals: { admitted: 0, renewed: 0, completed: 0, left: 0, revoked: 0, expired: 0, lapsed: 0 },
  };
}

/**
 * Sets when the room opens. Before the opening it is moved and everybody keeps their entry under the same commitment.
 * After it, a schedule with the same opening, to the second, moves only the closing; one with another opening, or any once
 * the room is closed, begins a new epoch, and no token of the old one is valid any more.
 * @returns the document and whether a new epoch began
 */
export function reschedule(
  room: RoomDocument,
  schedule: Schedule,
  secret: string,
  now: EpochMs,
): { room: RoomDocument; newEpoch: boolean } {
  if (stateOf(room, now) !== 'closed') {
    if (room.draw.entries === null) return { room: { ...room, schedule }, newEpoch: false };
    // What was drawn was drawn then, with that beacon.
    const { opensAt, beacon } = room.schedule;
    if (isSameSecond(schedule.opensAt, opensAt)) {
      return { room: { ...room, schedule: { ...schedule, opensAt, beacon } }, newEpoch: false };
    }
  }
  return { room: newEpoch({ ...lastingOf(room), epoch: room.epoch + 1 }, schedule, secret, now), newEpoch: true };
}

/** A form shows no more of an opening that was at once than its second, and sends that back. */
export function isSameSecond(a: EpochMs, b: EpochMs): boolean {
  return Math.floor(a / 1000) === Math.floor(b / 1000);
}

function lastingOf(document: RoomDocument): Lasting {
  const { room, bornAt, epoch, settingsDigest, policy, endingSeq } = document;
  const { version, changedAt, inForceAt, recentChanges, audit, gateways } = document;
  return {
    room,
    bornAt,
    epoch,
    settingsDigest,
    policy,
    endingSeq,
    version,
    changedAt,
    inForceAt,
    recentChanges,
    audit,
    gateways,
    ...bucketAcrossEpochs(document),
  };
}

/** Applies an edited settings file: its policy always, its schedule only where it names a time that differs. */
export function reconfigure(
  room: RoomDocument,
  settings: RoomSettings,
  digest: string,
  secret: string,
  now: EpochMs,
): { room: RoomDocument; newEpoch: boolean } {
  const edited = { ...room, settingsDigest: digest, policy: settings.policy };
  if (!('opensAt' in settings.schedule)) return { room: edited, newEpoch: false };
  const { prequeueAt, opensAt, closesAt, beacon } = settings.schedule;
  const schedule = { prequeueAt, opensAt, closesAt, beacon };
  if (opensAt === room.schedule.opensAt) return { room: { ...edited, schedule }, newEpoch: false };
  return reschedule(edited, schedule, secret, now);
}

/** At the opening, freezes N; as soon as the draw's randomness is there, draws. Mutates the step's own copy. */
export function openIfDue(room: RoomDocument, now: EpochMs): void {
  if (now < room.schedule.opensAt || room.closed) return;
  if (room.draw.entries === null) {
    room.issued = room.entries;
    room.draw = { ...room.draw, entries: room.entries };
  }
  const beacon = room.schedule.beacon === null ? NO_BEACON : room.draw.beacon;
  if (room.draw.seed !== null || room.draw.entries === null || beacon === null) return;
  room.draw = { ...room.draw, beacon, seed: drawSeed(room.draw.secret, beacon, room.draw.entries) };
}

/** Grain in which session ends are counted: a power of two seconds, so that ends of any session length share buckets. */
export function expiryGrainMs(policy: Policy, bucketsMax: number): number {
  let grain = 1_000;
  while (policy.sessionMs / grain > bucketsMax) grain *= 2;
  return grain;
}
