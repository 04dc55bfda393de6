// The queue as one function. `step` is total and pure: no clock, no randomness, no I/O; stores load, step and save.
// Every command first applies what is due by now (`advance`), then changes the room, then calls as many visitors as the
// pacing allows.
// All of it edits one draft that `step` copied from the document. Cost: bounded by the constants of limits.ts, whatever
// the number of visitors waiting.

import { takeDelivery, takeNotice } from './alarms.ts';
import { change, countUp, reconfigure, record } from './change.ts';
import { refutes, timeOfCommand } from './clock.ts';
import type { Command, Reply, ReplyTo } from './command.ts';
import { draftOf, newRoom, type RoomDocument } from './document/room-document.ts';
import { ROUND_AFTER_OPENING_MS } from './draw.ts';
import { end, lookUp, readmit } from './endings.ts';
import { CoreError } from './errors.ts';
import { takeReport } from './gateway-reports.ts';
import { followHealth, takeProbe, takeSignal } from './health.ts';
import { closeBucketIfDue } from './history.ts';
import { assertRoom } from './invariants.ts';
import { lease, returnLease } from './lease.ts';
import { LEAP_MS_MIN } from './limits.ts';
import { join, restorePlace } from './line.ts';
import type { Effect, Machine, Sessions, StepContext } from './machine.ts';
import { noteLevels } from './minutes.ts';
import { openIfDue, soonestOpening, takeDraw } from './opening.ts';
import { callNext, lapseCalls, observedMs } from './pacing.ts';
import { concludeRecovery, recoverRoom, STORE_ACTOR } from './recovery.ts';
import { isFlowing, isRecovering } from './room-state.ts';
import { SessionOverlay } from './session-overlay.ts';
import { claim, redeem, releaseDue, renew, restoreSession } from './sessions.ts';
import { takeStock } from './stock.ts';
import { decodeRoom, encodeDocument } from './stored-format.ts';
import { type EpochMs, rfc3339 } from './time.ts';

/** What a store has loaded: the room, and a way to look up the session of a position. */
export interface State {
  room: RoomDocument | null;
  sessions: Sessions;
}

/** Applies one command at the store's time `now` (ms). Throws only `CoreError`, for misuse. */
export function step<C extends Command>(
  state: State,
  command: C,
  now: EpochMs,
): { room: RoomDocument; reply: ReplyTo<C>; effects: Effect[] } {
  const { room, replies, effects } = stepAll(state, [command], now);
  return { room, reply: replies[0] as ReplyTo<C>, effects };
}

/** Applies commands in order as one act: each sees what the ones before it did. */
export function stepAll(
  state: State,
  commands: readonly Command[],
  now: EpochMs,
): { room: RoomDocument; replies: Reply[]; effects: Effect[] } {
  const effects: Effect[] = [];
  const replies: Reply[] = [];
  const sessions = new SessionOverlay(state.sessions);
  let draft = state.room === null ? null : draftOf(state.room);
  for (const command of commands) {
    const before = effects.length;
    if (draft === null) {
      draft = createRoom(command, now, effects);
      replies.push({ kind: 'done' });
    } else {
      const context = { now: timeOfCommand(draft, command, now), sessions, effects };
      if (refutes(draft, command, now)) holdAtLeap(draft, now, context);
      advance(draft, context);
      replies.push(apply(draft, command, context));
      openIfDue(draft, context.now);
      if (isFlowing(draft, context.now)) callNext(draft);
      noteLevels(draft);
    }
    for (const effect of effects.slice(before)) sessions.apply(effect);
  }
  if (draft === null) throw new CoreError('unknownRoom', 'Commands are needed to create a room, and none came.');
  return { room: draft, replies, effects };
}

/** The room as the machine that stores run. */
export const roomMachine: Machine<RoomDocument, Command, Reply> = {
  encode: encodeDocument,
  decode: decodeRoom,
  begins: ({ kind }) => kind === 'configure',
  sessionNeeded(command) {
    if (command.kind === 'change') return command.change.kind === 'endSession' ? command.change.position : null;
    return 'position' in command ? command.position : null;
  },
  run(document, sessions, commands, now) {
    if (document !== null) assertRoom(document);
    const { room, replies, effects } = stepAll({ room: document, sessions }, commands, now);
    assertRoom(room);
    return { document: room, replies, effects };
  },
  recover(stored, witness, sessions, now) {
    const recovered = recoverRoom(stored, witness, sessions, now);
    if (recovered !== null) assertRoom(recovered.document);
    return recovered;
  },
  isRecovering,
};

function createRoom(command: Command, now: EpochMs, effects: Effect[]): RoomDocument {
  if (command.kind !== 'configure') {
    throw new CoreError('unknownRoom', `"${command.kind}" came before "configure"; configure the room first.`);
  }
  const { by, settings, firstEpoch = 1, digest, secret } = command;
  const room = newRoom(settings, firstEpoch, digest, secret, now);
  const { policy, schedule } = room.config;
  const to = { policy: { ...policy }, opensAt: rfc3339(schedule.opensAt) };
  const context = { now, sessions: new Map(), effects };
  record(room, { by, action: 'configure', from: null, to }, context);
  return room;
}

/** Holds a room whose clock leapt, and records it once; resuming the room says that the clock is right. */
function holdAtLeap(room: RoomDocument, clockTime: EpochMs, context: StepContext): void {
  const { flow, leap } = room.config;
  if (leap !== null) return;
  room.config.flow = 'held';
  room.config.leap = { from: room.at, to: clockTime };
  const from = { flow, time: rfc3339(room.at) };
  record(room, { by: STORE_ACTOR, action: 'clockLeap', from, to: { flow: 'held', time: rfc3339(clockTime) } }, context);
  countUp(room, context.now);
}

/** Lets the time since the last step act. */
function advance(room: RoomDocument, context: StepContext): void {
  const { now } = context;
  const { pacing, recovery, config } = room;
  const flowedFrom = Math.max(room.at, config.schedule.opensAt, recovery.running?.until ?? 0);
  endLeapOfLeases(room, now);
  room.at = now;
  closeBucketIfDue(room, context);
  concludeRecovery(room, context);
  if (!isRecovering(room, now) || mayKnowRound(room, now)) openIfDue(room, now);
  releaseDue(room, now);
  followHealth(room, context);
  if (!isFlowing(room, now)) return;
  pacing.runMs += observedMs(flowedFrom, now);
  lapseCalls(room);
  callNext(room);
}

/** The beacon of the draw may be out: no place that a command restores takes part any more. */
function mayKnowRound({ config }: RoomDocument, now: EpochMs): boolean {
  return now >= config.schedule.opensAt + ROUND_AFTER_OPENING_MS;
}

/**
 * Entries that were leased while time stood still live on after a leap that is acted on, and the opening waits for them. An opening
 * that would have come meanwhile is now: entries were given on, and its beacon may be known.
 */
function endLeapOfLeases(room: RoomDocument, now: EpochMs): void {
  const { at, config, draw, line } = room;
  if (config.leap === null || draw.entries !== null || now - at < LEAP_MS_MIN) return;
  if (line.leasedUntil > at) line.leasedUntil = now + (line.leasedUntil - at);
  config.schedule = { ...config.schedule, opensAt: Math.max(config.schedule.opensAt, soonestOpening(room, now)) };
}

function apply(room: RoomDocument, command: Command, context: StepContext): Reply {
  const { now, sessions } = context;
  if (isRecovering(room, now) && !isAllowedInRecovery(room, command)) return { kind: 'recovering' };
  switch (command.kind) {
    case 'join':
      return join(room, command, context);
    case 'lease':
      return lease(room, command, context);
    case 'claim':
      return claim(room, sessions.get(command.position), command, context);
    case 'renew':
      return renew(room, sessions.get(command.position), command, context);
    case 'end':
      return end(room, sessions.get(command.position), command, context);
    case 'readmit':
      return readmit(room, sessions.get(command.position), command, context);
    case 'lookUp':
      return lookUp(room, sessions.get(command.position), command, now);
    case 'redeem':
      return redeem(room, sessions.get(command.position), command, context);
    case 'reportStock':
      return takeStock(room, command, context);
    case 'reportOverload':
      return takeSignal(room, command, context);
    case 'takeNotice':
      return takeNotice(room, command, context);
    case 'change':
      return change(room, command, context);
    case 'configure':
      reconfigure(room, command, context);
      break;
    case 'tick':
      break;
    case 'report':
      takeReport(room, command, context);
      followHealth(room, context);
      break;
    case 'returnLease':
      returnLease(room, command);
      break;
    case 'restorePlace':
      restorePlace(room, command, context);
      break;
    case 'restoreSession':
      restoreSession(room, sessions.get(command.position), command, context);
      break;
    case 'draw':
      takeDraw(room, command, now);
      break;
    case 'reportProbe':
      takeProbe(room, command.good, context);
      break;
    case 'reportDelivery':
      takeDelivery(room, command, context);
      break;
  }
  return { kind: 'done' };
}

/** Commands that give nothing to a visitor go on while the room finds out what was lost. */
/** A gateway that has just started says what is configured, before it reads the room. */
function isAllowedInRecovery({ config }: RoomDocument, command: Command): boolean {
  if (command.kind === 'configure') return command.digest === config.settingsDigest;
  return ALLOWED_IN_RECOVERY.has(command.kind);
}

const ALLOWED_IN_RECOVERY: ReadonlySet<Command['kind']> = new Set([
  'tick',
  'report',
  'restorePlace',
  'reportStock',
  'reportProbe',
  'reportOverload',
]);
