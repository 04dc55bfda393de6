// The queue as one function. `step` is total and pure: no clock, no chance, no I/O; stores load, step and save.
// Every command first lets time act (`advance`), then changes the room, then calls whoever may be called.
// Cost: bounded by the constants of limits.ts, whatever the number of people waiting.

import type { Command, Effect, JoinReply, Place, Reply, ReplyTo } from './command.ts';
import { CoreError } from './errors.ts';
import { RECENT_JOINS_MAX } from './limits.ts';
import { isFlowing, newRoom, openIfDue, reconfigure, reschedule, stateOf } from './opening.ts';
import { callNext, callsEarned, lapseCalls, observedMs } from './pacing.ts';
import type { EpochMs, RoomDocument, SessionRecord } from './room.ts';
import { claim, end, releaseDue, renew } from './sessions.ts';

/** What a store has loaded: the room, and a way to look up the session of a position. */
export interface State {
  room: RoomDocument | null;
  sessions: { get(position: number): SessionRecord | undefined };
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
    return {
      room: newRoom(command.settings, command.digest, command.secret, now),
      reply: { kind: 'done' },
      effects: [],
    };
  }
  const time = Math.max(now, state.room.at);
  const room = advance(state.room, time);
  const stepped = change(room, state.sessions, command, time);
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
      if (effect.kind === 'putSession') written.set(effect.position, effect.record);
      if (effect.kind === 'dropSessions') {
        written.clear();
        dropped = true;
      }
    }
  }
  return { room, replies, effects };
}

/** The position whose session a store that cannot look up synchronously has to load before `step`, or null. */
export function sessionNeeded(command: Command): number | null {
  return 'position' in command ? command.position : null;
}

/** Lets the time since the last step act. The result is the step's own copy; the rest of the step may change it. */
function advance(before: RoomDocument, now: EpochMs): RoomDocument {
  const room = { ...before, at: now };
  openIfDue(room, now);
  releaseDue(room, now);
  if (!isFlowing(room, now)) return room;
  const flowedFrom = Math.max(before.at, room.schedule.opensAt);
  const elapsed = observedMs(flowedFrom, now);
  room.runMs += elapsed;
  lapseCalls(room);
  room.callCredit += callsEarned(room, elapsed, now);
  callNext(room);
  return room;
}

function change(room: RoomDocument, sessions: State['sessions'], command: Command, now: EpochMs): Stepped {
  const effects: Effect[] = [];
  const done = (changed: RoomDocument = room): Stepped => ({ room: changed, reply: { kind: 'done' }, effects });
  const scheduled = (outcome: { room: RoomDocument; newEpoch: boolean }): Stepped => {
    if (outcome.newEpoch) effects.push({ kind: 'dropSessions' });
    return done(outcome.room);
  };
  switch (command.kind) {
    case 'configure':
      if (command.digest === room.settingsDigest) return done();
      return scheduled(reconfigure(room, command.settings, command.digest, command.secret, now));
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
    case 'setFlow':
      return done({ ...room, flow: command.flow });
    case 'setPolicy':
      return done({ ...room, policy: command.policy });
    case 'setSchedule':
      return scheduled(reschedule(room, command.schedule, command.secret, now));
    case 'setMessage':
      return done({ ...room, message: command.text === null ? null : { text: command.text, at: now } });
    case 'close':
      return done({ ...room, closed: true });
    case 'giveBeacon': {
      const drawn = room.draw.seed === null ? { ...room, draw: { ...room.draw, beacon: command.beacon } } : room;
      openIfDue(drawn, now);
      return done(drawn);
    }
    case 'reportStock': {
      const { remaining, asOf } = command;
      return done(room.stock !== null && room.stock.asOf > asOf ? room : { ...room, stock: { remaining, asOf } });
    }
    case 'reportOrigin':
      return done({ ...room, originFailingSince: command.healthy ? null : (room.originFailingSince ?? now) });
  }
}

function join(
  room: RoomDocument,
  sessions: State['sessions'],
  wish: Extract<Command, { kind: 'join' }>,
  now: EpochMs,
  effects: Effect[],
): JoinReply {
  const state = stateOf(room, now);
  if (state === 'closed' || state === 'soldOut') return { kind: 'refused', reason: state };
  if (state === 'scheduled') return { kind: 'refused', reason: 'tooEarly' };

  const place = repeatedPlace(room, wish.id) ?? newPlace(room, wish.id);
  const joined = { kind: 'joined', epoch: room.epoch, place, commitment: room.draw.commitment } as const;
  if (isFlowing(room, now)) callNext(room);
  if (wish.sid === null || place.kind === 'entry' || place.number > room.called) return { ...joined, claim: null };
  const { visitor, sid } = wish;
  const { epoch } = room;
  const claimed = claim(
    room,
    sessions.get(place.number),
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

function repeatedPlace(room: RoomDocument, id: string): Place | null {
  const index = room.recentJoins.lastIndexOf(id);
  if (index === -1) return null;
  const given = Math.max(room.entries, room.issued);
  const number = given - (room.recentJoins.length - 1 - index);
  const isEntry = room.draw.entries === null || number <= room.draw.entries;
  return { kind: isEntry ? 'entry' : 'position', number };
}
