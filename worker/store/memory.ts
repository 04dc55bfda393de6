// The reference store: one process's memory, for tests and simulation. Its clock is given, so that time can be played.

import { type Ending, type RoomView, viewOf } from '../../queue-core/board.ts';
import type { Command } from '../../queue-core/command.ts';
import { ENDINGS_PER_VIEW_MAX } from '../../queue-core/limits.ts';
import type { EpochMs, RoomDocument, SessionRecord } from '../../queue-core/room.ts';
import { stepAll } from '../../queue-core/step.ts';
import { type Replies, type RoomStore, UnknownRoom } from './room-store.ts';

export interface MemoryRoom {
  room: RoomDocument;
  sessions: Map<number, SessionRecord>;
  endings: Ending[];
}

export class MemoryStore implements RoomStore {
  readonly rooms = new Map<string, MemoryRoom>();
  readonly #now: () => EpochMs;

  constructor(now: () => EpochMs) {
    this.#now = now;
  }

  async apply<const C extends readonly Command[]>(room: string, commands: C): Promise<Replies<C>> {
    return this.#run(room, commands).replies as Replies<C>;
  }

  async view(room: string, endingsAfter: number): Promise<RoomView> {
    const { held } = this.#run(room, [{ kind: 'tick' }]);
    const { at } = held.room;
    const unseen = held.endings.filter(({ seq, until }) => seq > endingsAfter && until > at);
    return viewOf(held.room, unseen.slice(0, ENDINGS_PER_VIEW_MAX), at);
  }

  #run(id: string, commands: readonly Command[]) {
    const now = this.#now();
    const found = this.rooms.get(id);
    if (found === undefined && commands[0]?.kind !== 'configure') throw new UnknownRoom(id);
    const sessions = found?.sessions ?? new Map<number, SessionRecord>();
    let endings = found?.endings ?? [];
    const { room, replies, effects } = stepAll({ room: found?.room ?? null, sessions }, commands, now);
    if (room === null) throw new UnknownRoom(id);
    for (const effect of effects) {
      switch (effect.kind) {
        case 'putSession':
          sessions.set(effect.position, effect.record);
          break;
        case 'appendEnding':
          endings.push({ seq: effect.seq, sid: effect.sid, until: effect.until });
          break;
        case 'dropEndings':
          endings = endings.filter(({ seq }) => seq > effect.upTo);
          break;
        case 'dropSessions':
          sessions.clear();
          endings = [];
          break;
      }
    }
    const held = { room, sessions, endings };
    this.rooms.set(id, held);
    return { held, replies };
  }
}
