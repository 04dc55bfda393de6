// The embedded store: one Durable Object a room, reached by RPC. A call that fails is repeated once, because
// every command is safe to repeat; then the store counts as unreachable.

import type { RoomView } from '../../queue-core/board.ts';
import type { Command } from '../../queue-core/command.ts';
import type { Applied, RoomObject, Viewed } from './room-object.ts';
import { type Replies, type RoomStore, StoreUnavailable, UnknownRoom } from './room-store.ts';

/** A visitor's request does not wait longer than this for the store; a page that retries by itself serves better. */
const STORE_MS_MAX = 3_000;

const ATTEMPTS_MAX = 2;

export class DurableStore implements RoomStore {
  readonly #rooms: DurableObjectNamespace<RoomObject>;

  constructor(rooms: DurableObjectNamespace<RoomObject>) {
    this.#rooms = rooms;
  }

  async apply<const C extends readonly Command[]>(room: string, commands: C): Promise<Replies<C>> {
    const applied = await this.#ask<Applied>(room, (object) => object.apply(commands) as Promise<Applied>);
    if (applied.kind === 'busy') throw new StoreUnavailable('more lists are waiting than it takes');
    if (applied.kind === 'unknownRoom') throw new UnknownRoom(room);
    return applied.replies as Replies<C>;
  }

  async view(room: string, endingsAfter: number): Promise<RoomView> {
    const viewed = await this.#ask<Viewed>(room, (object) => object.view(endingsAfter) as Promise<Viewed>);
    if (viewed.kind === 'unknownRoom') throw new UnknownRoom(room);
    return viewed.view;
  }

  async #ask<T>(room: string, question: (object: DurableObjectStub<RoomObject>) => Promise<T>): Promise<T> {
    let failure: unknown;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const deadline = AbortSignal.timeout(STORE_MS_MAX / ATTEMPTS_MAX);
      const late = new Promise<never>((_, reject) => {
        deadline.addEventListener('abort', () => reject(deadline.reason), { once: true });
      });
      try {
        return await Promise.race([question(this.#rooms.get(this.#rooms.idFromName(room))), late]);
      } catch (error) {
        failure = error;
      }
    }
    throw new StoreUnavailable('no answer from the room', { cause: failure });
  }
}
