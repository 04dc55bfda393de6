// Rooms in Redis as a gateway uses them: through a relay. A room has one relay, or several where one is not enough; each
// gateway keeps to one of them, and the relays share the room in Redis.

import type { RoomView, ViewRequest } from '../../../queue-core/board.ts';
import type { Command, Reply } from '../../../queue-core/command.ts';
import type { Page, Rows } from '../../../queue-core/machine.ts';
import { STORE_MS_MAX, withDeadline } from '../deadline.ts';
import { type DirectoryStore, type Replies, type RoomStore, requireRecovered } from '../room-store.ts';
import {
  type Applied,
  decodeRows,
  requireDone,
  type StoredRows,
  type StoreRefusal,
  type Viewed,
} from '../store-result.ts';
import type { StoreCounts } from '../store-stats.ts';
import type { Relay, RelayReply } from './relay.ts';

interface RelayStoreOptions {
  relays: DurableObjectNamespace<Relay>;
  /** Which of a room's relays this gateway keeps to. */
  relay: number;
  directory: DirectoryStore;
  /** Receives what the relay counted since its last reply. */
  onCounts: (room: string, counts: StoreCounts) => void;
}

export class RelayStore implements RoomStore {
  readonly directory: DirectoryStore;
  readonly #options: RelayStoreOptions;

  constructor(options: RelayStoreOptions) {
    this.#options = options;
    this.directory = options.directory;
  }

  async apply<const C extends readonly Command[]>(room: string, commands: C): Promise<Replies<C>> {
    const { replies } = await this.#call(
      room,
      (relay) => relay.apply(room, commands) as Promise<RelayReply<Applied<Reply>>>,
    );
    return requireRecovered(replies) as Replies<C>;
  }

  async view(room: string, request: ViewRequest): Promise<RoomView> {
    return (await this.#call(room, (relay) => relay.view(room, request) as Promise<RelayReply<Viewed<RoomView>>>)).view;
  }

  async rows<T extends 'history' | 'audit'>(room: string, table: T, page: Page): Promise<Rows[T][]> {
    const rows = await this.#call(room, (relay) => relay.rows(room, table, page) as Promise<RelayReply<StoredRows>>);
    return decodeRows(table, rows, room);
  }

  async #call<Result extends { kind: string }>(
    room: string,
    call: (relay: DurableObjectStub<Relay>) => Promise<RelayReply<Result>>,
  ): Promise<Exclude<Result, StoreRefusal>> {
    const { relays, relay, onCounts } = this.#options;
    const reply = await withDeadline(STORE_MS_MAX, call(relays.get(relays.idFromName(`${room} ${relay}`))));
    onCounts(room, reply.counts);
    return requireDone(reply.result, room);
  }
}
