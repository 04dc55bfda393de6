// The queue as one function. `step` is total and pure: no clock, no chance, no I/O; stores load, step and save.
// Every command first lets time act (`advance`), then changes the room, then calls whoever may be called.
// Cost: bounded by the constants of limits.ts, whatever the number of people waiting.

import { difference } from './audit.ts';
import { change, forgetSessions, newVersion, recorded } from './change.ts';
import type { Command, JoinReply, Place, Reply, ReplyTo } from './command.ts';
import { CoreError } from './errors.ts';
import { closeBucketIfDue, observe } from './history.ts';
import { GATEWAYS_MAX, RECENT_JOINS_MAX, VIEW_STALE_MS_MAX } from './limits.ts';
import type { Effect, Machine, Sessions } from './machine.ts';
import { isFlowing, isRecovering, newRoom, openIfDue, reconfigure, stateOf } from './opening.ts';
import { callNext, callsEarned, lapseCalls, observedMs } from './pacing.ts';
import { concludeRecovery, recoverRoom } from './recovery.ts';
import type { EpochMs, RoomDocument, SessionRecord } from './room.ts';
import { claim, end, releaseDue, renew, restoreSession } from './sessions.ts';
import { rfc3339 } from './time.ts';

/** What a store has loaded: the room, and a way to look up the session of a position. */
export interface State {
  room: RoomDocument | null;
  sessions: Sessions;
}

export interface Stepped<R extends Reply = Reply> {
  room: RoomDocument;
  reply: R;
  effects: Effect[];
}

/** Applies one command at the store's time `now` (ms). Throws only `CoreError`, for misuse. */
export function step<C extends Command>(state: State, command: C, now: EpochMs): Stepped<ReplyTo<C>>;
export function step(state: State, command: Command, now: EpochMs): Stepped {
  if (state.room === null) {
    if (command.kind !== 'configure') {
      throw new CoreError('unknownRoom', `"${command.kind}" came before "configure"; configure the room first.`);
    }
    const effects: Effect[] = [];
    const made = newRoom(command.settings, command.firstEpoch ?? 1, command.digest, command.secret, now);
    const { policy, schedule } = made;
    const to = { policy: { ...policy }, opensAt: rfc3339(schedule.opensAt) };
    const room = recorded(made, { by: command.by, action: 'configure', from: null, to }, now, effects);
    return { room, reply: { kind: 'done' }, effects };
  }
  const time = Math.max(now, state.room.at);
  const effects: Effect[] = [];
  const room = advance(state.room, time, effects);
  const stepped = carryOut(room, state.sessions, command, time, effects);
  openIfDue(stepped.room, time);
  if (isFlowing(stepped.room, time)) callNext(stepped.room);
  return stepped;
}

/** Applies commands in order as one act: each sees what the ones before it did. */
export function stepAll(state: State, commands: readonly Command[], now: EpochMs) {
  const written = new Map<number, SessionRecord>();
  let dropped = false;
  const sessions = {
    get: (position: number) => written.get(position) ?? (dropped ? undefined : state.sessions.get(position)),
  };
  const effects: Effect[] = [];
  const replies: Reply[] = [];
  let room = state.room;
  for (const command of commands) {
    const stepped = step({ room, sessions }, command, now);
    room = stepped.room;
    replies.push(stepped.reply);
    for (const effect of stepped.effects) {
      effects.push(effect);
      if (effect.kind === 'put' && effect.table === 'session') written.set(effect.key, effect.row);
      if (effect.kind === 'clear' && effect.table === 'session') {
        written.clear();
        dropped = true;
      }
    }
  }
  return { room, replies, effects };
}

/** The room as the machine that stores run. */
export const roomMachine: Machine<RoomDocument, Command, Reply> = {
  encode: (document) => JSON.stringify(document),
  decode: (text) => JSON.parse(text),
  begins: ({ kind }) => kind === 'configure',
  sessionNeeded(command) {
    if (command.kind === 'change') return command.change.kind === 'endSession' ? command.change.position : null;
    return 'position' in command ? command.position : null;
  },
  run(document, sessions, commands, now) {
    const { room, replies, effects } = stepAll({ room: document, sessions }, commands, now);
    if (room === null) throw new CoreError('unknownRoom', 'Nothing was asked of a room that does not exist.');
    return { document: room, replies, effects };
  },
  recover: recoverRoom,
  isRecovering,
};

/** Lets the time since the last step act. The result is the step's own copy; the rest of the step may change it. */
function advance(before: RoomDocument, now: EpochMs, effects: Effect[]): RoomDocument {
  const room = { ...before, at: now };
  closeBucketIfDue(room, now, effects);
  concludeRecovery(room, now, effects);
  if (!isRecovering(room, now)) openIfDue(room, now);
  releaseDue(room, now);
  if (!isFlowing(room, now)) {
    room.callingSince = now;
    return room;
  }
  const flowedFrom = Math.max(before.at, room.schedule.opensAt, before.recovery?.until ?? 0);
  const elapsed = observedMs(flowedFrom, now);
  room.runMs += elapsed;
  if (now - elapsed > flowedFrom) room.callingSince = Math.max(room.callingSince, now - elapsed);
  lapseCalls(room);
  room.callCredit += callsEarned(room, elapsed, now);
  callNext(room);
  return room;
}

function carryOut(room: RoomDocument, sessions: Sessions, command: Command, now: EpochMs, effects: Effect[]): Stepped {
  const done = (changed: RoomDocument = room): Stepped => ({ room: changed, reply: { kind: 'done' }, effects });
  if (isRecovering(room, now) && !TELLS_ONLY.has(command.kind)) return { room, reply: { kind: 'recovering' }, effects };
  switch (command.kind) {
    case 'configure':
      if (command.digest === room.settingsDigest) return done();
      return done(reconfigured(room, command, now, effects));
    case 'tick':
      return done();
    case 'join':
      return { room, reply: join(room, sessions, command, now, effects), effects };
    case 'claim':
      return { room, reply: claim(room, sessions.get(command.position), command, now, effects), effects };
    case 'renew':
      return { room, reply: renew(room, sessions.get(command.position), command, now, effects), effects };
    case 'end':
      return { room, reply: end(room, sessions.get(command.position), command, now, effects), effects };
    case 'change':
      return { ...change(room, sessions, command, now, effects), effects };
    case 'report':
      report(room, command, now);
      return done();
    case 'attest':
      attest(room, command);
      return done();
    case 'attestSession':
      restoreSession(room, sessions.get(command.position), command, now, effects);
      return done();
    case 'giveBeacon':
      return done(room.draw.seed === null ? { ...room, draw: { ...room.draw, beacon: command.beacon } } : room);
    case 'reportStock': {
      const { remaining, asOf } = command;
      return done(room.stock !== null && room.stock.asOf > asOf ? room : { ...room, stock: { remaining, asOf } });
    }
    case 'reportOrigin':
      return done({ ...room, originFailingSince: command.healthy ? null : (room.originFailingSince ?? now) });
  }
}

/** Commands that take nothing from anybody: they go on while a room asks around what was lost. */
const TELLS_ONLY: ReadonlySet<Command['kind']> = new Set(['tick', 'report', 'attest', 'reportStock', 'reportOrigin']);

/** Takes a signed place as given. An entry that missed its draw has none; its visitor joins anew. */
function attest(room: RoomDocument, { epoch, place }: Extract<Command, { kind: 'attest' }>): void {
  if (epoch !== room.epoch) return;
  const frozen = room.draw.entries !== null;
  if (frozen !== (place.kind === 'position')) return;
  if (place.number <= (frozen ? room.issued : room.entries)) return;
  if (frozen) room.issued = place.number;
  else room.entries = place.number;
  // A repeated join is known by its distance from the last number: none is known any more.
  room.recentJoins = [];
}

/** Applies edited settings; what they change is recorded like anybody's change. */
function reconfigured(
  room: RoomDocument,
  { settings, digest, secret, by }: Extract<Command, { kind: 'configure' }>,
  now: EpochMs,
  effects: Effect[],
): RoomDocument {
  const outcome = reconfigure(room, settings, digest, secret, now);
  if (outcome.newEpoch) forgetSessions(effects);
  const inWords = ({ epoch, policy, schedule }: RoomDocument) => ({
    epoch,
    ...policy,
    opensAt: rfc3339(schedule.opensAt),
  });
  const differs = difference(inWords(room), inWords(outcome.room));
  if (differs === null) return outcome.room;
  const edited = recorded(outcome.room, { by, action: 'configure', ...differs }, now, effects);
  return { ...edited, ...newVersion(edited, now) };
}

/**
 * Takes a gateway's report, once. One that is told again, because its answer was lost, is answered with a view of now, so
 * its gateway counts as heard of now.
 */
function report(room: RoomDocument, told: Extract<Command, { kind: 'report' }>, now: EpochMs): void {
  const { gateway: id, seq, version } = told;
  const known = room.gateways.find((other) => other.id === id);
  if (known !== undefined && seq < known.seq) return;
  if (known === undefined || seq > known.seq) observe(room, told.observed);
  const others = room.gateways.filter((other) => other.id !== id);
  room.gateways = [...others, { id, seq, at: now, version }].slice(-GATEWAYS_MAX);
  if (room.inForceAt === null && isInForce(room, now)) room.inForceAt = now;
}

/**
 * A change is in force everywhere as soon as every gateway that could still answer from an older view has reported a newer
 * one; a gateway that has been silent for longer reads anew before it answers. With more gateways than are remembered, or
 * new ones all the time, the age that views may reach decides.
 */
function isInForce({ gateways, version, changedAt }: RoomDocument, now: EpochMs): boolean {
  if (now - changedAt > VIEW_STALE_MS_MAX) return true;
  const answering = gateways.filter(({ at }) => now - at <= VIEW_STALE_MS_MAX);
  return answering.length < GATEWAYS_MAX && answering.every((one) => one.version >= version);
}

function join(
  room: RoomDocument,
  sessions: Sessions,
  wish: Extract<Command, { kind: 'join' }>,
  now: EpochMs,
  effects: Effect[],
): JoinReply {
  const state = stateOf(room, now);
  if (state === 'closed' || state === 'soldOut') return { kind: 'refused', reason: state };
  if (state === 'scheduled') return { kind: 'refused', reason: 'tooEarly' };

  const repeated = repeatedPlace(room, wish);
  const place = repeated ?? newPlace(room, wish.id);
  const joined = { kind: 'joined', epoch: room.epoch, place, commitment: room.draw.commitment } as const;
  if (isFlowing(room, now)) callNext(room);
  if (wish.sid === null || place.kind === 'entry' || place.number > room.called) return { ...joined, claim: null };
  const { visitor, sid } = wish;
  const { epoch } = room;
  const claimed = claim(
    room,
    repeated === null ? undefined : sessions.get(place.number),
    { kind: 'claim', epoch, position: place.number, visitor, sid },
    now,
    effects,
  );
  return { ...joined, claim: claimed };
}

/** Entries and later positions are one sequence: N entries are positions 1..N, in another order. */
function newPlace(room: RoomDocument, id: string): Place {
  room.recentJoins = [...room.recentJoins, id].slice(-RECENT_JOINS_MAX);
  if (room.draw.entries === null) {
    room.entries++;
    return { kind: 'entry', number: room.entries };
  }
  room.issued++;
  return { kind: 'position', number: room.issued };
}

function repeatedPlace(room: RoomDocument, { id, before }: Extract<Command, { kind: 'join' }>): Place | null {
  const given = Math.max(room.entries, room.issued);
  // An entry that a loss took out of the draw is no place.
  const known = before?.place.kind === 'entry' ? (room.draw.entries ?? given) : given;
  if (before?.epoch === room.epoch && before.place.number <= known) return before.place;
  const index = room.recentJoins.lastIndexOf(id);
  if (index === -1) return null;
  const number = given - (room.recentJoins.length - 1 - index);
  const isEntry = room.draw.entries === null || number <= room.draw.entries;
  return { kind: isEntry ? 'entry' : 'position', number };
}
